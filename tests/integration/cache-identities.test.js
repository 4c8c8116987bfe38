// Nothing of one identity is ever given to another, whoever asks in which order, and nothing that a caller
// writes into a request changes what others get.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { ADMIN, purge } from './support/admin.js';
import { HUB, HUB_LIST } from './support/counting.js';
import { startGateway } from './support/gateway.js';
import { play, troublePlay } from './support/play.js';
import { ask } from './support/raw.js';
import { startRedis } from './support/redis.js';

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

const PRIVATE = ['/v1/admin/bots', '/v1/admin/bots/bot_1', '/v1/admin/bots/bot_2', '/v1/admin/integrations', '/v1/admin/usages/multiple?ids=bot_1', '/v1/admin/integrations?name=a', `${HUB_LIST}?installedByBotId=bot_1`, `${HUB_LIST}?a=1&InstalledByBotId%5b%5d=bot_2`];
const SHARED = [HUB, `${HUB_LIST}?a=1&b=2`, `${HUB_LIST}?b=2&a=1`, '/v1/admin/hub/integrations/intver_1'];

/** A request of one of the identities, with whatever a client may add. */
function randomRequest(one) {
  const profile = one(PROFILES);
  const headers = { 'x-bot-id': one([null, null, 'bot_1', 'bot_2']), 'accept-encoding': one([null, 'gzip']) };
  if (one([0, 1])) headers['x-multiple-integrations'] = 'true';
  if (one([0, 0, 1])) headers['x-odd'] = one(['1', '2']);
  if (one([0, 0, 1])) headers['x-integration-id'] = one(['int_1', 'int_2']);
  if (one([0, 0, 1])) headers['x-integration-alias'] = one(['main', 'other']);
  if (one([0, 0, 0, 0, 1])) headers['cache-control'] = one(['no-cache', 'no-store', 'max-age=0', 'max-stale']);
  if (one([0, 0, 0, 0, 1])) headers['if-none-match'] = one(['"1"', '"evil"', '*']);
  const method = one([...Array(30).fill('GET'), 'HEAD', 'PUT']);
  const target = method === 'PUT' ? '/v1/admin/bots/bot_1' : one(one([PRIVATE, PRIVATE, SHARED]));
  return { profile, method, target, headers };
}

/** What the upstream saw of the request that this is the answer to. */
function seenIn(response) {
  const isZipped = response.header('content-encoding') === 'gzip';
  const body = JSON.parse(isZipped ? gunzipSync(response.body) : response.body);
  return body.code ? JSON.parse(body.message) : body;
}

/** The order of different parameters is no difference. */
const sorted = (target) => target.split(/[?&]/).sort().join('&');

/** Of the fields that an answer may depend on, each is this caller's own. */
function assertIsFor({ profile, target, headers }, { seen, target: seenTarget }, what) {
  const isShared = SHARED.includes(target);
  assert.equal(sorted(seenTarget), sorted(target), what);
  assert.equal(seen['x-multiple-integrations'], headers['x-multiple-integrations'] ?? null, what);
  // What says no-store is nobody's but the caller's, and goes as it is.
  const odd = headers['x-odd'] ?? null;
  if (isShared) {
    for (const name of SEEN.slice(1, 5)) assert.equal(seen[name], null, `${name} ${what}`);
    assert.equal(seen['x-odd'], headers['cache-control'] === 'no-store' && seen['x-odd'] ? odd : null, what);
    return;
  }
  assert.equal(seen.authorization, `Bearer ${TOKENS[`${profile.credential.toUpperCase()}_TOKEN`]}`, what);
  assert.equal(seen['x-odd'], odd, what);
  assert.ok([null, profile.workspace_id].includes(seen['x-workspace-id']), what);
  assert.ok([null, headers['x-bot-id'] ?? profile.bot_id].includes(seen['x-bot-id']), what);
  for (const name of ['x-integration-id', 'x-integration-alias']) assert.ok([null, headers[name]].includes(seen[name]), `${name} ${what}`);
}

test('random requests, many at once, through two gateways: each caller gets what was made for it', async (t) => {
  const redis = await startRedis(t);
  const settings = { ...STAGE.settings, ...ADMIN, cache: { redis_private: true }, redis: { url: redis.url }, workers: 2 };
  const stage = await troublePlay(t, { ...STAGE, settings: { ...settings, upstream: { retries: 0 } }, announces: [/./] });
  const random = numbers(20251126);
  const one = (list) => list[Math.floor(random.next().value * list.length)];
  stage.upstream.on('', (request) => {
    const body = { target: request.target, seen: seenBy(request) };
    const isFailure = one([...Array(12).fill(false), true]);
    const error = { code: 503, type: 'Internal', id: 'err_1', message: JSON.stringify(body) };
    return {
      status: isFailure ? 503 : 200,
      json: isFailure ? error : body,
      headers: { etag: one(['"1"', '"2"']) },
      gzip: request.header('accept-encoding') === 'gzip',
      delay: one([0, 0, 1, 5]),
    };
  });
  const gateways = [stage.gateway, await startGateway(t, stage.upstream, { ...STAGE, settings: { ...settings, upstream: { retries: 0, breaker: { enabled: false } } } })];
  gateways[1].announce(/./);
  t.after(() => gateways[1].stop());
  const outcomes = { hit: 0, collapsed: 0, redis: 0, stale: 0, failed: 0 };
  let left = 3000;
  const client = async () => {
    while (left-- > 0) {
      const asked = randomRequest(one);
      const gateway = one(gateways);
      // Softly: what is stored still helps when the upstream fails.
      if (left % 50 === 0) await purge(t, gateway, { all: true });
      const response = await ask(t, gateway, asked.method, asked.target, {
        headers: { ...asked.headers, authorization: `Bearer ${gateway.keys[asked.profile.name]}` },
        ...(asked.method === 'PUT' && { body: '{}' }),
      });
      const status = response.header('cache-status') ?? '';
      outcomes.hit += /; hit/.test(status);
      outcomes.collapsed += /collapsed/.test(status);
      outcomes.redis += /detail=redis/.test(status);
      outcomes.stale += /stale-if-error/.test(status);
      outcomes.failed += response.status === 503;
      assert.ok([200, 304, 503].includes(response.status), `${response.status}: ${response.text}`);
      if (asked.method === 'GET' && response.status !== 304) assertIsFor(asked, seenIn(response), `${status}: ${JSON.stringify(asked)}`);
    }
  };
  await Promise.all(Array.from({ length: 12 }, client));
  t.diagnostic(`of 3000: ${JSON.stringify(outcomes)}`);
  for (const [outcome, count] of Object.entries(outcomes)) assert.ok(count > 0, `${outcome} came about`);
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
  'a dot at the end': [`${HUB_LIST}.?name=a&version=1`, {}],
  'an encoded dot at the end': [`${HUB_LIST}%2e?name=a&version=1`, {}],
  'a segment of dots': [`${HUB_LIST}/..;/integrations?name=a&version=1`, {}],
  'an encoded blank at the end': [`${HUB_LIST}%20?name=a&version=1`, {}],
  'an encoded letter': [`${HUB_LIST.replace('hub', '%68ub')}?name=a&version=1`, { 'x-odd': 'evil' }],
  'another order': [`${HUB_LIST}?version=1&name=a`, { 'x-odd': 'evil' }],
  'no-store': [VICTIM, { 'cache-control': 'no-store', 'x-odd': 'evil' }],
  'only-if-cached': [VICTIM, { 'cache-control': 'only-if-cached', 'x-odd': 'evil' }],
  'a trace': [VICTIM, { traceparent: '00-evil', tracestate: 'evil=1' }],
  'a name with an underscore': [VICTIM, { x_forwarded_host: 'evil', x_odd: 'evil' }],
  'a body': [VICTIM, { 'content-length': '4' }, 'evil'],
};

test(`what one caller writes is not what another gets: ${Object.keys(ATTACKS).length} ways`, async (t) => {
  const stage = await play(t, { settings: { access_log: 'off' }, keys: [{ operations: ['all', 'unknown'] }], announces: [/./] });
  const echo = (request) => ({ json: { head: `${request.startLine}\n${request.rawHead.toString('latin1')}` }, headers: { etag: `"${stage.upstream.requests.length}"` } });
  stage.upstream.on('GET ', echo);
  let turn = 0;
  for (const [what, [target, headers, body]] of Object.entries(ATTACKS)) {
    // A place in the query that belongs to this attack alone.
    turn += 1;
    const mark = (text) => `${text}&turn=${turn}`;
    await stage.ask('GET', mark(target), { headers, body });
    const response = await stage.ask('GET', mark(VICTIM));
    assert.equal(response.status, 200, what);
    assert.doesNotMatch(response.text, /evil/i, what);
    const asked = response.json.head.split(' ')[1];
    assert.ok([mark(VICTIM), mark(target)].includes(asked) && sorted(asked) === sorted(mark(VICTIM)), `${what}: ${asked}`);
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
  for (const target of ['/v1/admin/account/me/a.css', '/v1/chat/users/a.png', '/v1/admin/bots/bot_1/x.js', '/v1/admin/hub/../account/me', '/unknown/a.css', '/v1/admin/hub/integrations/x;/v1/admin/account/me', '/v1/admin/hub/integrations/x/latest/..;/a.css', '/v1/admin/hub/integrations/x/1.0.0/a.css', '/v1/admin/bots/bot_1;a.css', '/v1/admin/bots/bot_1%2Fa.css', '/v1/admin/bots/bot_1%3Fa.css', '/v1/admin/bots?/v1/admin/hub/integrations/x/1.0.0']) {
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
