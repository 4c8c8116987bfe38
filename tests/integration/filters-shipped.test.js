// Each filter of lua-filters/ by itself, in front of the official client, with answers that come plain and in gzip.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { botpressClient, errorOf } from './support/client.js';
import { BOT } from './support/counting.js';
import { shipped, withFilters } from './support/filters.js';
import { play } from './support/play.js';

const USERS = '/v1/chat/users';
const SECRET = 'sEcReT-value-that-must-not-leave';
const PADDING = 'ä'.repeat(900); // so that gzip comes down, too

/** A play with one filter, once for each form in which the upstream answers; the client asks for gzip itself. */
function each(name, what, entry, act) {
  for (const gzip of [false, true]) {
    test(`${name}: ${what}, answers in ${gzip ? 'gzip' : 'plain'}`, async (t) => {
      const { settings, ...rest } = entry.of ?? {};
      const stage = await play(t, {
        ...withFilters(t, [{ file: shipped(name), ...entry.filter }], settings),
        ...rest,
      });
      stage.gateway.keepSecret(SECRET);
      const on = (line, json) => stage.upstream.on(line, { json, gzip });
      const as = (key, more) => botpressClient({ url: stage.gateway.url, key: stage.gateway.keys[key] }, more);
      await act({ ...stage, on, as });
    });
  }
}

each('redact_secrets', 'no secret reaches the client, which finds the types that it knows', {
  filter: { options: { keep: ['file.url'] } },
  of: { settings: { profiles: [{ name: 'support', credential: 'team' }] }, keys: [{ operations: ['all', 'createBotApiKey'] }] },
}, async ({ client, on, ask }) => {
  const integration = { enabled: true, webhookUrl: `https://w/${SECRET}`, webhookId: SECRET, configuration: { key: SECRET } };
  const bot = { id: 'bot_1', name: PADDING, signingSecret: SECRET, configuration: { data: { a: SECRET } }, integrations: { alias: integration } };
  on(`GET ${BOT}`, { bot });
  on('POST /v1/admin/bots/baks', { id: 'bak_1', value: SECRET });
  on('PUT /v1/files', { file: { id: 'file_1', key: 'a.txt', url: 'https://down', uploadUrl: 'https://up' } });
  const seen = (await client.getBot({ id: 'bot_1' })).bot;
  assert.deepEqual(seen, {
    ...bot,
    signingSecret: '***',
    configuration: { data: {} },
    integrations: { alias: { enabled: true, webhookUrl: '***', webhookId: '***', configuration: {} } },
  });
  assert.deepEqual((await client.getBot({ id: 'bot_1' })).bot, seen, 'from the store');
  const made = await ask('POST', '/v1/admin/bots/baks', { body: '{}', headers: { 'x-workspace-id': 'wkspace_1' } });
  assert.deepEqual(made.json, { id: 'bak_1', value: '***' });
  const { file } = await client.upsertFile({ key: 'a.txt', size: 1 });
  assert.deepEqual([file.uploadUrl, file.url], ['https://up', 'https://down']);
});

each('mask_emails', 'for the key that it is for alone', {
  filter: { keys: ['reporting'], options: { with: '(hidden)' } },
  of: { keys: [{ name: 'dev' }, { name: 'reporting' }] },
}, async ({ as, on }) => {
  const payload = { text: `Write to ann@example.com, ${PADDING}` };
  on('GET /v1/chat/messages', { messages: [{ id: 'm1', payload, userId: 'u1' }], meta: {} });
  const text = async (key) => (await as(key).listMessages({ conversationId: 'c1' })).messages[0].payload.text;
  assert.equal(await text('reporting'), payload.text.replace('ann@example.com', '(hidden)'));
  assert.equal(await text('dev'), payload.text);
});

each('business_hours', 'closed at no time or always', {
  filter: { operations: ['delete*'], options: { days: [], teams: ['release'], message: 'Ask Ann.' } },
  of: { keys: [{ name: 'dev' }, { name: 'release' }] },
}, async ({ as, on, upstream }) => {
  on(`DELETE ${USERS}/u1`, {});
  on(`GET ${USERS}/u1`, { user: { id: 'u1', name: PADDING } });
  const error = await errorOf(as('dev').deleteUser({ id: 'u1' }));
  assert.equal(error.type, 'Forbidden');
  assert.match(error.message, /deleteUser is allowed from 09:00 to 17:00 utc only\. Ask Ann\./);
  assert.equal(upstream.requests.length, 0);
  assert.equal((await as('dev').getUser({ id: 'u1' })).user.name, PADDING);
  await as('release').deleteUser({ id: 'u1' });
  assert.equal(upstream.requestsTo('DELETE').length, 1);
});

each('tag_requests', 'fields that nobody can pretend', {
  filter: { options: { request: { 'x-team': '{key}', 'x-op': '{operation}' }, response: { 'x-served': 'gateway of {profile}' } } },
  of: { keys: [{ name: 'qa' }] },
}, async ({ as, on, upstream, ask }) => {
  on(`GET ${USERS}/u1`, { user: { id: 'u1', name: PADDING } });
  const client = as('qa', { headers: { 'x-team': 'the boss' } });
  assert.equal((await client.getUser({ id: 'u1' })).user.name, PADDING);
  const sent = upstream.requests[0];
  assert.deepEqual([sent.header('x-team'), sent.header('x-op')], ['qa', 'getUser']);
  assert.equal((await ask('GET', `${USERS}/u1`)).header('x-served'), 'gateway of support');
});

each('blue_green', 'a share of the conversations goes to the other bot, each always the same way', {
  filter: { options: { blue: 'bot_1', green: 'bot_2', percent: 50 } },
  of: { settings: { profiles: [{ name: 'support', credential: 'team', workspace_id: 'wkspace_1', bot_id: 'bot_1', bots: ['bot_2'] }] } },
}, async ({ client, on, upstream }) => {
  on('GET /v1/chat/messages', { messages: [], meta: { nextToken: PADDING } });
  const bots = {};
  for (let i = 0; i < 60; i++) {
    const conversationId = `conv_${i % 20}`;
    await client.listMessages({ conversationId });
    (bots[conversationId] ??= new Set()).add(upstream.requests.at(-1).header('x-bot-id'));
  }
  const ways = Object.values(bots).map((set) => [...set].join());
  assert.deepEqual([...new Set(ways)].sort(), ['bot_1', 'bot_2'], 'each of one, and both of them');
});

each('read_only_key', 'reads and nothing else', {
  filter: { keys: ['qa'], options: { but: ['getOrCreateUser'], message: 'Use staging.' } },
  of: { keys: [{ name: 'qa' }, { name: 'dev' }] },
}, async ({ as, on, upstream }) => {
  const user = { id: 'u1', tags: {}, name: PADDING };
  on(`GET ${USERS}/u1`, { user });
  on(`POST ${USERS}`, { user });
  on(`POST ${USERS}/get-or-create`, { user });
  assert.equal((await as('qa').getUser({ id: 'u1' })).user.name, PADDING);
  const error = await errorOf(as('qa').createUser({ tags: {} }));
  assert.equal(error.type, 'Forbidden');
  assert.match(error.message, /The key qa is read-only, and createUser would change something\. Use staging\./);
  await as('qa').getOrCreateUser({ tags: {} });
  await as('dev').createUser({ tags: {} });
  assert.equal(upstream.requestsTo('POST').length, 2);
});

test('redact_secrets: however an answer is cut, at random places', async (t) => {
  const stage = await play(t, withFilters(t, [{ file: shipped('redact_secrets') }]));
  stage.gateway.keepSecret(SECRET);
  const script = { extractScript: SECRET, fallbackHandlerScript: SECRET };
  const json = {
    bot: { signingSecret: SECRET, integrations: { a: { configuration: { k: [SECRET] }, webhookUrl: SECRET } }, name: PADDING },
    integration: { identifier: script, sandbox: { identifierExtractScript: SECRET, messageExtractScript: SECRET } },
    pat: { value: SECRET },
    file: { uploadUrl: 'https://up', url: SECRET },
  };
  const text = JSON.stringify(json).replace('"signingSecret"', '"signing\\u0053ecret"');
  let seed = 7;
  const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
  for (let round = 0; round < 60; round++) {
    const isZipped = round % 2 === 1;
    const bytes = isZipped ? gzipSync(text, { level: round % 10 }) : Buffer.from(text);
    const cuts = Array.from({ length: 1 + random(12) }, () => random(bytes.length)).sort((a, b) => a - b);
    const pieces = [0, ...cuts].map((from, i) => bytes.subarray(from, cuts[i] ?? bytes.length)).filter((piece) => piece.length > 0);
    const headers = { 'content-type': 'application/json', ...(isZipped && { 'content-encoding': 'gzip' }) };
    stage.upstream.next(`GET ${USERS}`, { pieces, framing: ['length', 'chunked', 'close'][round % 3], headers });
    const answer = await stage.ask('GET', USERS, { headers: { 'accept-encoding': 'identity' } });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.header('content-encoding'), undefined, 'which was not asked for');
    assert.ok(!answer.text.includes('sEcReT'), `cut at ${cuts}: ${answer.text}`);
    assert.equal(answer.json.file.uploadUrl, 'https://up');
    assert.equal(answer.json.bot.name, PADDING);
  }
});
