// Nothing of one identity is ever given to another, whoever asks in which order, and nothing that a caller
// writes into a request changes what others get.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HUB, HUB_LIST } from './support/counting.js';
import { play } from './support/play.js';

const TOKENS = { ONE_TOKEN: 'bp_pat_the_token_of_one_0123456789', TWO_TOKEN: 'bp_pat_the_token_of_two_0123456789' };

/** Every pair of credential, workspace and bot, and one that names its own ids. */
const PROFILES = ['one', 'two'].flatMap((credential) =>
  ['wkspace_1', 'wkspace_2'].flatMap((workspace_id) => ['bot_1', 'bot_2'].map((bot_id) => ({ name: `${credential}-${workspace_id}-${bot_id}`, credential, workspace_id, bot_id, bots: ['bot_1', 'bot_2'], integrations: ['int_1', 'int_2'] }))),
);

const STAGE = {
  env: TOKENS,
  settings: {
    access_log: 'off',
    credentials: [{ name: 'one', token: 'env:ONE_TOKEN' }, { name: 'two', token: 'env:TWO_TOKEN' }],
    profiles: PROFILES,
  },
  keys: PROFILES.map(({ name }) => ({ name, profile: name, operations: ['all'] })),
};

/** All that an answer may depend on, as the upstream sees it. */
const SEEN = ['authorization', 'x-workspace-id', 'x-bot-id', 'x-integration-id', 'x-integration-alias', 'x-multiple-integrations', 'x-odd'];
const seenBy = (request) => Object.fromEntries(SEEN.map((name) => [name, request.header(name) ?? null]));

/** The same row of numbers in each run: a failure can be looked at again. */
function* numbers(state) {
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

test('random requests: each caller gets what was made for it', async (t) => {
  const stage = await play(t, STAGE);
  stage.upstream.on('GET ', (request) => ({ json: { target: request.target, seen: seenBy(request) } }));
  const random = numbers(20251126);
  const one = (list) => list[Math.floor(random.next().value * list.length)];
  const targets = ['/v1/admin/bots', '/v1/admin/bots/bot_1', '/v1/admin/bots/bot_2', '/v1/admin/integrations', '/v1/admin/usages/multiple?ids=bot_1', '/v1/admin/integrations?name=a', HUB, `${HUB_LIST}?installedByBotId=bot_1`];
  let hits = 0;
  for (let i = 0; i < 1500; i += 1) {
    const profile = one(PROFILES);
    const target = one(targets);
    const isShared = target === HUB;
    const headers = { authorization: `Bearer ${stage.gateway.keys[profile.name]}`, 'x-bot-id': null };
    if (one([0, 1])) headers['x-multiple-integrations'] = 'true';
    if (one([0, 0, 1])) headers['x-odd'] = one(['1', '2']);
    if (one([0, 0, 1])) headers['x-integration-id'] = one(['int_1', 'int_2']);
    const response = await stage.ask('GET', target, { headers });
    assert.equal(response.status, 200, response.text);
    const { seen, ...rest } = response.json;
    const isHit = /hit/.test(response.header('cache-status') ?? '');
    hits += isHit;
    assert.equal(rest.target, target);
    const what = `request ${i}: ${target} as ${profile.name}, ${JSON.stringify(headers)}: ${JSON.stringify(seen)}`;
    assert.equal(seen['x-multiple-integrations'], headers['x-multiple-integrations'] ?? null, what);
    if (isShared) {
      assert.equal(seen['x-odd'], null, what);
      continue;
    }
    assert.equal(seen.authorization, `Bearer ${TOKENS[`${profile.credential.toUpperCase()}_TOKEN`]}`, what);
    assert.equal(seen['x-odd'], headers['x-odd'] ?? null, what);
    if (seen['x-workspace-id'] !== null) assert.equal(seen['x-workspace-id'], profile.workspace_id, what);
    if (seen['x-bot-id'] !== null) assert.equal(seen['x-bot-id'], profile.bot_id, what);
    if (seen['x-integration-id'] !== null) assert.equal(seen['x-integration-id'], headers['x-integration-id'], what);
  }
  t.diagnostic(`${hits} of 1500 from the store`);
  assert.ok(hits > 300, `${hits} hits`);
});

// What an attacker asks first; then the victim asks for the plain target.
const VICTIM = `${HUB_LIST}?name=a&version=1`;
const ATTACKS = {
  'another host': [VICTIM, { 'x-forwarded-host': 'evil.test', forwarded: 'host=evil.test', 'x-host': 'evil.test' }],
  'another path by a header': [VICTIM, { 'x-original-url': '/evil', 'x-rewrite-url': '/evil' }],
  'another method by a header': [VICTIM, { 'x-http-method-override': 'DELETE', 'x-method-override': 'PUT' }],
  'another scheme': [VICTIM, { 'x-forwarded-proto': 'evil', 'x-forwarded-scheme': 'evil' }],
  'a language': [VICTIM, { 'accept-language': 'evil', accept: 'text/evil' }],
  'a cookie': [VICTIM, { cookie: 'lang=evil' }],
  'an origin': [VICTIM, { origin: 'https://evil.test', referer: 'https://evil.test' }],
  'an agent': [VICTIM, { 'user-agent': 'evil' }],
  'ids that are not taken': [VICTIM, { 'x-workspace-id': 'wkspace_1', 'x-integration-alias': 'evil' }],
  'a range': [VICTIM, { range: 'bytes=0-3' }],
  'a condition': [VICTIM, { 'if-none-match': '"evil"', 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }],
  'an odd coding': [VICTIM, { 'accept-encoding': 'evil, br' }],
  'a doubled name': [`${HUB_LIST}?name=a&version=1&version=evil`, {}],
  'a doubled name in front': [`${HUB_LIST}?version=evil&name=a&version=1`, {}],
  'an encoded separator': [`${HUB_LIST}?name=a%26version=1`, {}],
  'a semicolon': [`${HUB_LIST}?name=a;version=1`, {}],
  'an encoded name': [`${HUB_LIST}?n%61me=evil&version=1`, {}],
  'another case': [`${HUB_LIST}?Name=a&version=1`, {}],
  'an empty value': [`${HUB_LIST}?name=a&version=1&evil`, {}],
  'a plus': [`${HUB_LIST}?name=a+&version=1`, {}],
  'a slash more': [`${HUB_LIST}/?name=a&version=1`, {}],
  'an encoded slash': [`${HUB_LIST.replace('/hub/', '/hub%2F')}?name=a&version=1`, {}],
  'another case of the path': [`${HUB_LIST.replace('hub', 'HUB')}?name=a&version=1`, {}],
  'a style sheet': [`${HUB_LIST}/evil.css?name=a&version=1`, {}],
  'a path parameter': [`${HUB_LIST};evil.css?name=a&version=1`, {}],
  'an encoded question mark': [`${HUB_LIST}%3Fname=a&version=1`, {}],
  'an encoded hash': [`${HUB_LIST}%23?name=a&version=1`, {}],
};

test(`what one caller writes is not what another gets: ${Object.keys(ATTACKS).length} ways`, async (t) => {
  const stage = await play(t, { settings: { access_log: 'off' }, keys: [{ operations: ['all', 'unknown'] }], announces: [/./] });
  const echo = (request) => ({ json: { head: `${request.startLine}\n${request.rawHead.toString('latin1')}` }, headers: { etag: `"${stage.upstream.requests.length}"` } });
  stage.upstream.on('GET ', echo);
  let turn = 0;
  for (const [what, [target, headers]] of Object.entries(ATTACKS)) {
    // A place in the query that belongs to this attack alone.
    turn += 1;
    const mark = (text) => `${text}&turn=${turn}`;
    await stage.ask('GET', mark(target), { headers });
    const response = await stage.ask('GET', mark(VICTIM));
    assert.equal(response.status, 200, what);
    assert.doesNotMatch(response.text, /evil/i, what);
    assert.match(response.json.head, new RegExp(`^GET ${mark(VICTIM).replace(/[?]/g, '[?]')} HTTP`), what);
  }
});

test('what a HEAD with odd fields brings about is not what another gets', async (t) => {
  const stage = await play(t);
  stage.upstream.on('', (request) => ({ json: {}, headers: { etag: '"v1"', 'x-language': request.header('accept-language') ?? 'none' } }));
  await stage.ask('GET', HUB);
  const head = await stage.ask('HEAD', HUB, { headers: { 'cache-control': 'no-cache', 'accept-language': 'evil' } });
  assert.equal(head.header('x-language'), 'evil', 'it went upstream');
  const victim = await stage.ask('GET', HUB);
  assert.match(victim.header('cache-status'), /hit/);
  assert.equal(victim.header('x-language'), 'none');
});

test('a private page under a name that looks public is not kept for others', async (t) => {
  const stage = await play(t, { ...STAGE, keys: STAGE.keys.map((key) => ({ ...key, operations: ['all', 'unknown'] })) });
  stage.upstream.on('GET ', (request) => ({ json: { seen: seenBy(request) }, headers: { 'cache-control': 'public, max-age=3600' } }));
  for (const target of ['/v1/admin/account/me/a.css', '/v1/chat/users/a.png', '/v1/admin/bots/bot_1/x.js', '/v1/admin/hub/../account/me', '/unknown/a.css', '/v1/admin/hub/integrations/x;/v1/admin/account/me']) {
    const first = await stage.ask('GET', target, { headers: { authorization: `Bearer ${stage.gateway.keys[PROFILES[0].name]}`, 'x-bot-id': null } });
    const second = await stage.ask('GET', target, { headers: { authorization: `Bearer ${stage.gateway.keys[PROFILES[7].name]}`, 'x-bot-id': null } });
    if (first.status !== 200) {
      assert.equal(second.status, first.status);
      continue;
    }
    assert.match(first.json.seen.authorization, /of_one/, target);
    assert.match(second.json.seen.authorization, /of_two/, target);
  }
});
