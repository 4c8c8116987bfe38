// bpgate explain: what it foretells is what then happens, and it spends nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADMIN, adminOf, askAdmin } from './support/admin.js';
import { onBody, onRequest, withFilters } from './support/filters.js';
import { command, startGateway, writeConfiguration } from './support/gateway.js';
import { play } from './support/play.js';
import { connect, request } from './support/raw.js';
import { startRedis } from './support/redis.js';

const KEYS = [
  { name: 'ci' },
  { name: 'reader', operations: ['read'] },
  { name: 'bound', bots: ['bot_1'] },
  { name: 'gone', disabled: true },
  { name: 'past', expires: '2020-01-01' },
  { name: 'inside', cidrs: ['192.0.2.0/24'] },
];
const SETTINGS = {
  ...ADMIN,
  trusted_proxies: ['127.0.0.1/32'],
  limits: [
    { name: 'where', requests: 110, per: '3600s', burst: 110, key: ['address'] },
    { name: 'each', requests: 40, per: '3600s', burst: 40, key: ['key'] },
    { name: 'lists', requests: 12, per: '3600s', burst: 12, key: ['key', 'operation'], match_operations: ['list*'], cost: 2 },
    { name: 'tried', requests: 3, per: '3600s', burst: 3, key: ['profile', 'bot'], mode: 'shadow' },
    { name: 'up', requests: 12, per: '3600s', burst: 12, key: ['key'], where: 'upstream' },
  ],
  cache: { rules: [{ operations: ['getBot'], ttl: '1h' }, { operations: ['getPublicIntegration'], never: true }] },
};
const REQUESTS = [
  ['GET', '/v1/chat/users'],
  ['GET', '/v1/chat/users/user_1'],
  ['GET', '/v1/admin/hub/integrations'],
  ['GET', '/v1/admin/hub/integrations?limit=5&nextToken=a'],
  ['GET', '/v1/admin/hub/integrations?nextToken=a&limit=5'],
  ['HEAD', '/v1/admin/hub/integrations'],
  ['GET', '/v1/admin/hub/integrations/slack/1.0.0'],
  ['GET', '/v1/admin/bots/bot_1'],
  ['GET', '/v1/admin/bots/bot_2'],
  ['POST', '/v1/chat/users'],
  ['DELETE', '/v1/chat/users/user_1'],
  ['PUT', '/v1/chat/users'],
  ['OPTIONS', '/v1/chat/users'],
  ['GET', '/v1/chat/no-such-thing'],
  ['GET', '/somewhere/else'],
];
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const FIELDS = [
  {},
  { 'x-bot-id': 'bot_1' },
  { 'x-bot-id': 'bot_2' },
  { tracestate: 'a=1', 'user-agent': 'x' },
  { tracestate: 'a=1', traceparent: TRACE, 'x-request-id': 'asked-by-me' },
  { 'x-forwarded-for': '192.0.2.7' },
  { 'x-forwarded-for': '198.51.100.7', 'accept-language': 'de' },
  { 'cache-control': 'no-cache' },
];
const FRAMING = ['content-length', 'transfer-encoding', 'connection'];

/** The same numbers each time. */
function generator(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const explain = (t, gateway, question) => askAdmin(t, gateway, 'POST', '/explain', { body: question });
const lines = (headers) => Object.entries(headers).map(([name, value]) => `${name}: ${value}`);

/** What the answer says of limits is what was foretold: the one with the least left. */
function assertLimits(response, told, what) {
  const left = response.header('x-ratelimit-remaining');
  if (left === undefined || response.status === 429) return;
  const asked = told.limits.filter(({ shadow, name }) => shadow === false && name !== 'auth_failures');
  assert.equal(Number(left), Math.min(...asked.map(({ remaining }) => remaining)), what);
}

function assertWentUp(went, told, what) {
  const named = new Set(Object.keys(told.headers).map((name) => name.toLowerCase()));
  for (const [name, value] of Object.entries(told.headers)) {
    const is = went.header(name);
    assert.ok(is !== undefined, `${name} went up: ${what}`);
    if (!/\*\*\*|^\(/.test(value)) assert.equal(is, value, what);
  }
  for (const [name] of went.headers) {
    assert.ok(named.has(name.toLowerCase()) || FRAMING.includes(name.toLowerCase()), `${name}: ${what}`);
  }
}

/** Does what was explained; how it became so. */
function assertBecame(told, response, wentUp, what) {
  if (told.answer) {
    assert.equal(response.status, told.answer.status, what);
    if (response.text) assert.equal(response.json.metadata.reason, told.answer.reason, what);
    assert.equal(wentUp.length, 0, what);
    if (response.text && response.status === 429) assert.ok(told.limits.some(({ name, admits }) => name === response.json.metadata.policy && !admits), what);
    return told.answer.stage;
  }
  assertLimits(response, told, what);
  const isHit = /hit/.test(response.header('cache-status') ?? '');
  assert.equal(isHit, told.cache.expected === 'hit', what);
  assert.equal(wentUp.length, isHit ? 0 : 1, what);
  if (!isHit) assertWentUp(wentUp[0], told, what);
  return isHit ? 'hit' : 'upstream';
}

/** 200 requests, each of which is first explained, then done; how many became what. */
async function explainAndDo(t, { ask, gateway, upstream }) {
  const random = generator(7);
  const seen = {};
  for (let i = 0; i < 200; i += 1) {
    const [method, target] = REQUESTS[random(REQUESTS.length)];
    const key = KEYS[[0, 0, 1, 1, 2, 2, 3, 4, 5][random(9)]].name;
    const fields = FIELDS[random(FIELDS.length)];
    const question = { method, target, key, headers: lines(fields) };
    const told = (await explain(t, gateway, question)).json;
    const before = upstream.requests.length;
    const bare = { 'x-bot-id': null, 'x-workspace-id': null };
    const headers = { ...bare, ...fields, authorization: `Bearer ${gateway.keys[key]}` };
    const response = await ask(method, target, { headers });
    const what = `${i}: ${JSON.stringify(question)}: ${JSON.stringify(told)} became ${response.status} ${response.text}`;
    const became = assertBecame(told, response, upstream.requests.slice(before), what);
    seen[became] = (seen[became] ?? 0) + 1;
  }
  return seen;
}

const WAYS = ['route', 'limit_address', 'authenticate', 'authorize', 'limit_caller', 'limit_upstream', 'hit', 'upstream'];

test('of 200 random requests each becomes what was foretold', async (t) => {
  const seen = await explainAndDo(t, await play(t, { settings: SETTINGS, keys: KEYS }));
  for (const way of WAYS) assert.ok(seen[way] > 0, `${way} came up: ${JSON.stringify(seen)}`);
});

test('the same where Redis counts the limits', async (t) => {
  const redis = await startRedis(t);
  // Of so small bursts nothing is lent: a lease that ends between the two would not be what was foretold.
  const limits = [
    { name: 'each', requests: 7, per: '3600s', burst: 7, key: ['key'] },
    { name: 'lists', requests: 4, per: '3600s', burst: 4, key: ['key', 'operation'], match_operations: ['list*'] },
    { name: 'tried', requests: 3, per: '3600s', burst: 3, key: ['profile', 'bot'], mode: 'shadow' },
    { name: 'up', requests: 15, per: '3600s', burst: 15, key: ['profile'], where: 'upstream' },
  ];
  const settings = { ...SETTINGS, limits, redis: { url: redis.url }, cache: { memory: 0 } };
  const stage = await play(t, { settings, keys: KEYS, announces: [/redis|tags/] });
  await upOfLimits(stage.gateway);
  const seen = await explainAndDo(t, stage);
  for (const way of ['limit_caller', 'limit_upstream', 'upstream']) assert.ok(seen[way] > 0, `${way} came up: ${JSON.stringify(seen)}`);
});

const upOfLimits = (gateway) => gateway.event(({ event, purpose }) => event === 'redis_up' && purpose === 'limits');

/** All that is counted, but for what asking itself counts. */
async function countsOf(t, gateway) {
  const { text } = await askAdmin(t, gateway, 'GET', '/metrics');
  return text.split('\n').filter((line) => /^bpgate_/.test(line) && !/^bpgate_(redis_commands|redis_up|process|log)/.test(line));
}

test('it spends nothing, counts nothing and asks nobody', async (t) => {
  const { gateway, upstream } = await play(t, { settings: SETTINGS, keys: KEYS });
  const question = { method: 'GET', target: '/v1/chat/users', key: 'ci' };
  const before = await countsOf(t, gateway);
  const first = (await explain(t, gateway, question)).json;
  for (let i = 0; i < 60; i += 1) {
    const { json } = await explain(t, gateway, question);
    assert.deepEqual(json.limits, first.limits);
    assert.ok(json.limits.every(({ admits }) => admits));
    await explain(t, gateway, { ...question, key: undefined, headers: ['authorization: Bearer bpg_wrong'], address: '192.0.2.1' });
  }
  assert.equal(upstream.requests.length, 0);
  assert.deepEqual(await countsOf(t, gateway), before);
  const { json } = await explain(t, gateway, { ...question, address: '192.0.2.1' });
  assert.equal(json.limits.find(({ name }) => name === 'auth_failures').remaining, 19);
});

test('with Redis it tells what all gateways have left, and when it cannot', async (t) => {
  const redis = await startRedis(t);
  const limits = [{ name: 'each', requests: 10, per: '3600s', burst: 10, key: ['profile'] }];
  const settings = { ...ADMIN, limits, redis: { url: redis.url } };
  const { ask, gateway, upstream } = await play(t, { settings, announces: [/redis|tags/] });
  const other = await startGateway(t, upstream, { settings });
  other.announce(/redis|tags/);
  t.after(() => other.stop());
  await upOfLimits(gateway);
  await upOfLimits(other);
  for (let i = 0; i < 4; i += 1) await ask('GET', '/v1/chat/users');
  const question = { method: 'GET', target: '/v1/chat/users', key: 'ci' };
  for (let i = 0; i < 3; i += 1) {
    const { json } = await explain(t, other, question);
    assert.deepEqual([json.limits[0].counted_in, json.limits[0].remaining], ['redis', 5]);
  }
  redis.suspend();
  const begun = Date.now();
  const { json } = await explain(t, other, question);
  redis.resume();
  assert.equal(json.limits[0].counted_in, 'memory, redis is away');
  assert.ok(Date.now() - begun < 5000, 'nobody waits for long');
});

test('who asks and leaves while Redis is silent leaves nothing behind', async (t) => {
  const redis = await startRedis(t);
  const limits = [{ name: 'each', requests: 10, per: '3600s', key: ['key'] }];
  const { gateway } = await play(t, { settings: { ...ADMIN, limits, redis: { url: redis.url } }, announces: [/redis|tags/] });
  await upOfLimits(gateway);
  redis.suspend();
  const admin = adminOf(gateway);
  for (const body of ['{"method":"GET","target":"/v1/chat/users","key":"ci"}', undefined]) {
    const raw = await connect(t, admin);
    raw.send(request(admin, body ? 'POST' : 'GET', body ? '/explain' : '/api/limits?key=ci', { headers: { host: '127.0.0.1' }, body }));
    await askAdmin(t, gateway, 'GET', '/healthz');
    raw.reset();
  }
  assert.equal((await askAdmin(t, gateway, 'GET', '/healthz')).status, 200);
  redis.resume();
});

test('where the lifetime comes from, and what makes two requests the same', async (t) => {
  const { gateway } = await play(t, { settings: SETTINGS, keys: KEYS });
  const of = async (target, headers = []) => (await explain(t, gateway, { method: 'GET', target, key: 'ci', headers })).json.cache;
  const list = await of('/v1/admin/hub/integrations?b=2&a=1');
  assert.equal(list.ttl_from, "the catalogue's class hub-list, unless the answer declares its own");
  assert.deepEqual([list.ttl_s, list.stale_s, list.scope], [60, 86400, 'public']);
  assert.equal(list.key.query, 'b=2&a=1');
  assert.equal(list.key.query_order, 'by name');
  assert.deepEqual(Object.keys(list.key.identity), ['upstream']);
  const bot = await of('/v1/admin/bots/bot_1', ['accept-language: de', 'x-bot-id: bot_1', 'authorization: Bearer x']);
  assert.equal(bot.ttl_from, 'cache.rules[0]');
  assert.equal(bot.ttl_s, 3600);
  assert.equal(bot.scope, 'identity');
  assert.equal(bot.key.identity.workspace, 'wkspace_1');
  assert.equal(bot.key.identity.credential, 'team');
  assert.deepEqual(bot.key.headers, ['accept-language']);
  assert.equal((await of('/v1/admin/hub/integrations/slack/1.0.0')).expected, 'no part');
  assert.equal((await of('/v1/chat/users')).expected, 'no part');
});

test('filters that would run are named, and none of them runs', async (t) => {
  const filters = [
    { lua: onRequest('gw.log("ran") req:set_header("x-team", "a")') },
    { lua: onBody('local body = res:json() body.filtered = true res:set_json(body)'), routes: ['/v1/admin/hub/*'] },
    { lua: onRequest('return gw.respond(403, "Forbidden", "no")'), keys: ['reader'] },
  ];
  const { ask, gateway, upstream } = await play(t, { ...withFilters(t, filters, ADMIN), keys: KEYS });
  const question = { method: 'GET', target: '/v1/admin/hub/integrations', key: 'ci' };
  const told = (await explain(t, gateway, question)).json;
  assert.deepEqual(told.filters.map(({ file, phases }) => [file.replace(/.*\//, ''), phases]), [['filter0.lua', ['request']], ['filter1.lua', ['body']]]);
  assert.equal(told.cache.expected, 'miss');
  assert.equal(upstream.requests.length, 0);
  assert.ok(!gateway.events.some((event) => JSON.stringify(event).includes('ran')));
  const headers = { authorization: `Bearer ${gateway.keys.ci}` };
  assert.equal((await ask('GET', question.target, { headers })).status, 200);
  assert.equal((await explain(t, gateway, question)).json.cache.expected, 'hit', 'what a filter has changed is found again');
  assert.deepEqual((await explain(t, gateway, { ...question, target: '/v1/chat/users', key: 'reader' })).json.filters.length, 2);
  const { stdout } = await command(['explain', 'GET', question.target, '--key', 'ci', '--admin', adminOf(gateway).url]);
  assert.match(stdout, /^filters {4}\S+: request \(what it changes is not foretold\)$/m);
});

test('what is asked wrongly is refused, what is secret not shown', async (t) => {
  const { gateway } = await play(t, { settings: SETTINGS, keys: KEYS });
  const wrong = ['', '[]', '{}', { method: 'GET' }, { method: 'GET', target: '/x HTTP/1.1\r\nhost: y' }, { method: 'GET', target: '/v1/chat/users', key: 'nobody' }, { method: 'GET', target: '/a', headers: ['a : b'] }, { method: 'GET', target: '/a', headers: ['a\nb'] }];
  for (const body of wrong) assert.equal((await explain(t, gateway, body)).status, 400, JSON.stringify(body));
  const { text } = await explain(t, gateway, { method: 'GET', target: '/v1/chat/users', key: 'ci', headers: [`x-own: ${gateway.key}`] });
  assert.ok(!text.includes(gateway.key));
  assert.match(text, /"authorization":"Bearer \*\*\*"/);
});

const KEY_HASH = '0123456789abcdef'.repeat(4);
const FILE_OF = {
  credentials: [{ name: 'team', token: 'env:NOT_SET_HERE' }],
  profiles: [{ name: 'support', credential: 'team', workspace_id: 'wkspace_1', bot_id: 'bot_1' }],
  keys: [{ id: 'Ab3dE6gH9k', name: 'ci', hashes: [{ sha256: KEY_HASH }], profile: 'support', operations: ['read'] }],
  limits: [
    { name: 'where', requests: 100, per: '60s', key: ['address'] },
    { name: 'each', requests: 10, per: '3600s', key: ['profile'] },
  ],
};

test('the command tells it to people and to programs', async (t) => {
  const { gateway } = await play(t, { settings: SETTINGS, keys: KEYS });
  const asked = ['explain', 'GET', '/v1/admin/hub/integrations', '--key', 'ci', '--admin', adminOf(gateway).url];
  const forPeople = await command(asked);
  const bare = await command(asked.map((word) => word.replace('http://', '')));
  assert.equal(bare.stdout, forPeople.stdout, '--admin takes host and port alone');
  assert.equal(forPeople.code, 0, forPeople.stderr);
  for (const line of [/^operation {2}listPublicIntegrations \(hub\), \/v1\/admin\/hub\/integrations$/m, /^caller {5}key ci, profile support, from 127\.0\.0\.1$/m, /^limits {5}where +admits, 109 left after it; 110 in 1h \(address, counted in memory\)$/m, /^cache {6}miss$/m, /kept 1m, stale for errors 1d more; from the catalogue's class hub-list/, /one for each: upstream \S+, path, x-multiple-integrations$/m, /^ +authorization: Bearer \*\*\*$/m, /^answer {5}the upstream's, which is not asked now$/m]) assert.match(forPeople.stdout, line);
  assert.doesNotMatch(forPeople.stdout, /^live/m);
  const forPrograms = await command([...asked, '--json', '-H', 'x-bot-id: bot_1', '-Haccept: a=b', '--address', '192.0.2.9']);
  const told = JSON.parse(forPrograms.stdout);
  assert.equal(told.live, true);
  assert.equal(told.cache.expected, 'miss');
  assert.equal(told.cache.scope, 'public');
  assert.equal(told.address, '192.0.2.9');
  const refused = await command(['explain', 'POST', '/v1/chat/users', '--key', 'reader', '--admin', adminOf(gateway).url]);
  assert.match(refused.stdout, /^answer {5}403 of the gateway's own, at authorize: createUser is not allowed for key "reader"/m);
  assert.equal((await command(['explain', 'GET', '--admin', adminOf(gateway).url])).code, 2);
  const nobody = await command(['explain', 'GET', '/v1/chat/users', '--key', 'nobody', '--admin', adminOf(gateway).url]);
  assert.equal(nobody.code, 2);
  assert.match(nobody.stderr, /no key of that name or id/);
});

test('without a gateway the settings answer, and say what they cannot know', async (t) => {
  const file = writeConfiguration(t, { ...FILE_OF, admin: { address: '127.0.0.1:1' } });
  const asked = ['explain', 'GET', '/v1/admin/bots/bot_1', '--key', 'ci', '--config', file];
  const { code, stdout, stderr } = await command([...asked, '--json']);
  assert.equal(code, 0, stderr);
  const told = JSON.parse(stdout);
  assert.equal(told.live, false);
  assert.match(told.why, /127\.0\.0\.1:1 cannot be reached/);
  assert.equal(told.op, 'getBot');
  assert.equal(told.cache.expected, 'unknown: no gateway was asked');
  assert.equal(told.cache.ttl_s, 15);
  for (const limit of told.limits) assert.deepEqual([limit.counted_in, limit.admits], ['unknown: no gateway was asked', undefined]);
  assert.equal(told.headers['x-workspace-id'], 'wkspace_1');
  assert.equal(told.headers.authorization, 'Bearer ***');
  assert.match((await command(asked)).stdout, /^live {7}no: http:\/\/127\.0\.0\.1:1 cannot be reached/m);
  const denied = await command(['explain', 'DELETE', '/v1/chat/users/u', '--key', 'ci', '--config', file, '--json']);
  assert.deepEqual([JSON.parse(denied.stdout).answer.stage, JSON.parse(denied.stdout).answer.status], ['authorize', 403]);
  assert.equal((await command(['explain', 'GET', '/x', '--key', 'nobody', '--config', file])).code, 2);
  for (const path of ['/x y', 'v1/chat/users', '']) {
    const wrong = await command(['explain', 'GET', path, '--config', file]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /PATH must begin with \/ and hold no blanks \(%20\)/);
  }
  assert.equal((await command(['explain', 'GET', '/x', '--address', 'here', '--config', file])).code, 2);
  const without = writeConfiguration(t, FILE_OF);
  assert.match((await command(['explain', 'GET', '/v1/chat/users', '--config', without])).stdout, /has no admin listener/);
});

test('without a gateway Redis still tells what is left, and hears nothing of it', async (t) => {
  const redis = await startRedis(t);
  const limits = FILE_OF.limits;
  const { ask, gateway } = await play(t, { settings: { ...ADMIN, limits, redis: { url: redis.url } }, announces: [/redis|tags/] });
  await upOfLimits(gateway);
  for (let i = 0; i < 3; i += 1) await ask('GET', '/v1/chat/users');
  const all = async () => JSON.stringify(await Promise.all((await redis.command('KEYS', 'bpgate:rl:*')).sort().map(async (key) => [key, key.endsWith('instances') ? await redis.command('ZCARD', key) : await redis.command('GET', key)])));
  const before = await all();
  const file = writeConfiguration(t, { ...FILE_OF, redis: { url: redis.url } });
  const { stdout } = await command(['explain', 'GET', '/v1/chat/users', '--key', 'ci', '--config', file, '--json']);
  const [where, each] = JSON.parse(stdout).limits;
  assert.equal(where.counted_in, 'unknown: no gateway was asked');
  assert.deepEqual([each.counted_in, each.remaining], ['redis', 6]);
  assert.equal(await all(), before);
  await redis.kill();
  const away = JSON.parse((await command(['explain', 'GET', '/v1/chat/users', '--key', 'ci', '--config', file, '--json'])).stdout);
  assert.equal(away.limits[1].counted_in, 'unknown: no gateway was asked');
});
