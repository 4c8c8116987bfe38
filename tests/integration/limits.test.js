// Rate limits as clients meet them: what passes, what is refused, and what the answers say of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from '@botpress/client';
import { askAdmin } from './support/admin.js';
import { countTargets, HUB } from './support/counting.js';
import { pause, slowness } from './support/deadline.js';
import { assertOneAccessLine, assertProblem, newRequestId, play } from './support/play.js';
import { connect, request } from './support/raw.js';

const USERS = '/v1/chat/users';
const limited = (t, limits, more = {}) => play(t, { ...more, settings: { ...more.settings, limits } });
const HOURLY = { per: '1h' };

/** The members of `"name";a=1;b=2`, which is how the draft writes one policy. */
function item(value) {
  const [, name, parameters] = /^"([^"]*)"((?:;[a-z]=\d+)*)$/.exec(value) ?? assert.fail(`no item: ${value}`);
  return { name, ...Object.fromEntries(parameters.split(';').slice(1).map((one) => one.split('=')).map(([key, number]) => [key, Number(number)])) };
}

function assertRefused(response, policy) {
  const problem = assertProblem(response, { status: 429, type: 'RateLimited' });
  assert.equal(problem.metadata.policy, policy);
  assert.ok(problem.metadata.retry_ms > 0);
  const seconds = Number(response.header('retry-after'));
  assert.equal(seconds, Math.max(1, Math.ceil(problem.metadata.retry_ms / 1000)));
  assert.equal(response.header('ratelimit-reset'), undefined, 'clients would take it for the first to obey');
  return problem.metadata.retry_ms;
}

test('a limit counts down, refuses, and says the same in every field', async (t) => {
  const { ask, gateway } = await limited(t, [{ name: 'ci', requests: 3, ...HOURLY, key: ['key'] }]);
  for (let left = 2; left >= 0; left -= 1) {
    const response = await ask('GET', USERS);
    assert.equal(response.status, 200);
    assert.equal(response.header('x-ratelimit-limit'), '3');
    assert.equal(response.header('x-ratelimit-remaining'), String(left));
    assert.deepEqual(item(response.header('ratelimit-policy')), { name: 'ci', q: 3, w: 3600 });
    const { name, r, t: until } = item(response.header('ratelimit'));
    assert.deepEqual([name, r], ['ci', left]);
    assert.equal(response.header('x-ratelimit-reset'), String(until));
    assert.equal(response.header('ratelimit-reset'), undefined);
  }
  const id = newRequestId();
  const refused = await ask('GET', USERS, { headers: { 'x-request-id': id } });
  assertRefused(refused, 'ci');
  assert.equal(refused.header('x-ratelimit-remaining'), '0');
  assert.equal(refused.header('x-ratelimit-reset'), refused.header('retry-after'));
  assert.deepEqual(item(refused.header('ratelimit')), { name: 'ci', r: 0, t: Number(refused.header('retry-after')) });
  const line = await assertOneAccessLine(gateway, id);
  assert.deepEqual([line.status, line.source, line.reason, line.policy], [429, 'gateway', 'rate_limited', 'ci']);
});

test('alone on a limit, it passes at retry_ms, and not long before', async (t) => {
  const { ask } = await limited(t, [{ name: 'a', requests: 1, per: '400ms', key: ['key'] }]);
  await ask('GET', USERS);
  const first = performance.now();
  const waits = assertRefused(await ask('GET', USERS), 'a');
  assert.ok(waits <= 400, `${waits}`);
  await pause(waits / 2);
  const sooner = await ask('GET', USERS);
  if (performance.now() - first < waits) assert.equal(sooner.status, 429);
  await pause(waits + 5);
  assert.equal((await ask('GET', USERS)).status, 200);
});

test('partitions: keys, operations, bots and profiles have counts of their own', async (t) => {
  const parts = ['key', 'operation', 'bot', 'profile'];
  const { ask, gateway } = await limited(t, parts.map((part) => ({ name: `by-${part}`, requests: 1, ...HOURLY, key: [part], match_keys: [`k-${part}`, `l-${part}`] })), {
    settings: { profiles: [{ name: 'support', credential: 'team', workspace_id: 'w', bots: ['bot_1', 'bot_2'] }, { name: 'other', credential: 'team', workspace_id: 'w', bots: ['bot_1'] }] },
    keys: parts.flatMap((part) => ['k', 'l'].map((name) => ({ name: `${name}-${part}`, profile: part === 'profile' && name === 'l' ? 'other' : 'support' }))),
  });
  const statusOf = async (key, { target = USERS, bot = 'bot_1' } = {}) =>
    (await ask('GET', target, { headers: { authorization: `Bearer ${gateway.keys[key]}`, 'x-bot-id': bot } })).status;
  assert.deepEqual([await statusOf('k-key'), await statusOf('k-key'), await statusOf('l-key')], [200, 429, 200]);
  assert.deepEqual([await statusOf('k-operation'), await statusOf('l-operation'), await statusOf('k-operation', { target: '/v1/chat/conversations' })], [200, 429, 200]);
  assert.deepEqual([await statusOf('k-bot'), await statusOf('l-bot'), await statusOf('k-bot', { bot: 'bot_2' })], [200, 429, 200]);
  assert.deepEqual([await statusOf('k-profile'), await statusOf('k-profile'), await statusOf('l-profile')], [200, 429, 200]);
});

test('of several limits all must admit, and who is refused has spent nothing', async (t) => {
  const { ask } = await limited(t, [
    { name: 'wide', requests: 4, ...HOURLY, key: ['key'] },
    { name: 'narrow', requests: 1, ...HOURLY, key: ['operation'], match_operations: ['listUsers'] },
  ]);
  const first = await ask('GET', USERS);
  assert.equal(item(first.header('ratelimit')).name, 'narrow', 'the one with the least left');
  for (let i = 0; i < 10; i += 1) assertRefused(await ask('GET', USERS), 'narrow');
  for (let left = 2; left >= 0; left -= 1) {
    const other = await ask('GET', '/v1/chat/conversations');
    assert.equal(other.status, 200);
    assert.equal(other.header('x-ratelimit-remaining'), String(left));
  }
  assertRefused(await ask('GET', '/v1/chat/conversations'), 'wide');
});

test('a shadow refuses nothing and is not told', async (t) => {
  const { ask } = await limited(t, [{ name: 'dry', requests: 1, ...HOURLY, mode: 'shadow' }]);
  for (let i = 0; i < 4; i += 1) {
    const response = await ask('GET', USERS);
    assert.equal(response.status, 200);
    assert.equal(response.header('ratelimit'), undefined);
  }
});

test('a limit upstream is for what is not in the store, and gives back what the caller\'s took', async (t) => {
  const { ask, upstream } = await limited(t, [
    { name: 'caller', requests: 5, ...HOURLY, key: ['key'] },
    { name: 'botpress', requests: 1, ...HOURLY, key: ['profile'], where: 'upstream' },
  ]);
  countTargets(upstream, [HUB]);
  assert.equal((await ask('GET', HUB)).status, 200);
  const hit = await ask('GET', HUB);
  assert.equal(hit.status, 200);
  assert.match(hit.header('cache-status'), /hit/);
  assert.equal(hit.header('x-ratelimit-remaining'), '3', 'of the caller\'s');
  for (let i = 0; i < 5; i += 1) assertRefused(await ask('GET', `${HUB}?i=${i}`), 'botpress');
  assert.equal((await ask('GET', HUB)).header('x-ratelimit-remaining'), '2');
  assert.equal(upstream.requests.length, 1);
});

test('fetching anew what is stale counts as any other request upstream', async (t) => {
  const { ask, upstream } = await limited(t, [{ name: 'botpress', requests: 1, ...HOURLY, where: 'upstream' }], {
    settings: { cache: { rules: [{ operations: ['hub'], ttl: '1s', stale: '7d' }] } },
  });
  countTargets(upstream, [HUB]);
  assert.equal((await ask('GET', HUB)).status, 200);
  await pause(1300); // no longer fresh: given, and fetched anew beside
  for (let i = 0; i < 5; i += 1) assert.match((await ask('GET', HUB)).header('cache-status'), /stale-while-revalidate/);
  assertRefused(await ask('GET', `${HUB}?other`), 'botpress');
  assert.equal(upstream.requests.length, 1);
});

test('stored answers do not carry anybody\'s counts', async (t) => {
  const { ask, upstream, gateway } = await limited(t, [{ name: 'mine', requests: 9, ...HOURLY, key: ['key'], match_keys: ['first'] }], { keys: [{ name: 'first' }, { name: 'second' }] });
  countTargets(upstream, [HUB]);
  const first = await ask('GET', HUB, { headers: { authorization: `Bearer ${gateway.keys.first}` } });
  assert.equal(first.header('x-ratelimit-remaining'), '8');
  const second = await ask('GET', HUB, { headers: { authorization: `Bearer ${gateway.keys.second}` } });
  assert.match(second.header('cache-status'), /hit/);
  assert.equal(second.header('x-ratelimit-remaining'), undefined);
});

test('a 5xx has no counts; the upstream\'s own 429 has its own', async (t) => {
  const { ask, upstream } = await limited(t, [{ name: 'a', requests: 9, ...HOURLY }], { announces: [/./] });
  upstream.next({ status: 500, json: { id: 'err_1', code: 500, type: 'Internal', message: 'no' } });
  const failed = await ask('GET', USERS);
  assert.equal(failed.status, 500);
  assert.equal(failed.header('ratelimit'), undefined);
  assert.equal(failed.header('x-ratelimit-reset'), undefined);
  upstream.next({ status: 429, headers: { 'RateLimit-Reset': '7' }, json: { id: 'err_1', code: 429, type: 'RateLimited', message: 'no' } });
  const theirs = await ask('GET', USERS);
  assert.equal(theirs.header('ratelimit-reset'), '7');
  assert.equal(theirs.header('x-ratelimit-reset'), undefined);
});

test('by address alone it is asked before anybody is authenticated', async (t) => {
  const { ask } = await limited(t, [{ name: 'door', requests: 2, ...HOURLY, key: ['address'] }], { settings: { trusted_proxies: ['127.0.0.1'] } });
  const from = (address, headers = {}) => ask('GET', USERS, { headers: { 'x-forwarded-for': address, ...headers } });
  assert.equal((await from('192.0.2.1')).status, 200);
  assert.equal((await from('192.0.2.1', { authorization: 'Bearer rubbish' })).status, 401);
  assertRefused(await from('192.0.2.1', { authorization: null }), 'door');
  assert.equal((await from('192.0.2.2')).status, 200);
  // An IPv6 network of 64 bits is one address.
  assert.deepEqual([(await from('2001:db8::1')).status, (await from('2001:db8::2')).status, (await from('2001:db8::3')).status, (await from('2001:db8:0:1::1')).status], [200, 200, 429, 200]);
});

test('who guesses keys is not answered any more, whatever it sends', async (t) => {
  const { ask } = await play(t, { settings: { trusted_proxies: ['127.0.0.1'], auth_failures: { requests: 3, per: '1h' } }, announces: [/./] });
  const from = (address, authorization) => ask('GET', USERS, { headers: { 'x-forwarded-for': address, ...(authorization !== undefined && { authorization }) } });
  for (let i = 0; i < 5; i += 1) assert.equal((await from('192.0.2.1')).status, 200, 'good keys cost nothing');
  for (let i = 0; i < 3; i += 1) assert.equal((await from('192.0.2.1', `Bearer guess${i}`)).status, 401);
  assertRefused(await from('192.0.2.1', 'Bearer guess'), 'auth_failures');
  assertRefused(await from('192.0.2.1'), 'auth_failures');
  assert.equal((await from('192.0.2.9')).status, 200);
  for (let i = 0; i < 9; i += 1) assert.equal((await ask('GET', USERS, { headers: { authorization: 'Bearer guess' } })).status, 401, 'loopback is no address');
});

test('so many of one key at a time', async (t) => {
  const { ask, upstream, gateway } = await play(t, { keys: [{ name: 'ci', max_inflight: 2 }, { name: 'other' }] });
  let release;
  upstream.on(`GET ${USERS}`, { hold: new Promise((resolve) => { release = resolve; }), json: { users: [], meta: {} } });
  const both = await Promise.all([connect(t, gateway), connect(t, gateway)]);
  for (const raw of both) raw.send(request(gateway, 'GET', USERS));
  await upstream.arrival(`GET ${USERS}`, { index: 1 });
  assertRefused(await ask('GET', USERS), 'max_inflight');
  const other = await connect(t, gateway);
  other.send(request(gateway, 'GET', USERS, { headers: { authorization: `Bearer ${gateway.keys.other}` } }));
  await upstream.arrival(`GET ${USERS}`, { index: 2 });
  release();
  for (const raw of [...both, other]) assert.equal((await raw.response()).status, 200);
  assert.equal((await ask('GET', USERS)).status, 200);
});

test('a client that leaves no longer counts', async (t) => {
  const { ask, upstream, gateway } = await play(t, { keys: [{ name: 'ci', max_inflight: 1 }] });
  upstream.next(`GET ${USERS}`, { stallAt: 0 });
  const raw = await connect(t, gateway);
  raw.send(request(gateway, 'GET', USERS));
  const { connection } = await upstream.arrival(`GET ${USERS}`);
  raw.leave('reset');
  await connection.closed.promise;
  assert.equal((await ask('GET', USERS)).status, 200);
});

test('each decision is counted, by policy', async (t) => {
  const { ask, gateway } = await limited(t, [{ name: 'hard', requests: 2, ...HOURLY }, { name: 'dry', requests: 1, ...HOURLY, mode: 'shadow' }], { settings: { admin: { address: '127.0.0.1:0' } } });
  for (let i = 0; i < 5; i += 1) await ask('GET', USERS);
  const { text } = await askAdmin(t, gateway, 'GET', '/metrics');
  const told = (policy, decision) => Number(new RegExp(`^bpgate_limit_decisions_total\\{policy="${policy}",decision="${decision}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
  assert.deepEqual([told('hard', 'admitted'), told('hard', 'refused'), told('dry', 'admitted'), told('dry', 'shadow_refused')], [2, 3, 1, 4]);
});

test('with many clients at full speed never more than burst and rate allow, and nearly all of it', async (t) => {
  const { gateway, upstream } = await limited(t, [{ name: 'a', requests: 200, per: '1s', burst: 20 }], { settings: { workers: 2, access_log: 'off' } });
  upstream.on(`GET ${USERS}`, { json: {} });
  const clients = await Promise.all(Array.from({ length: 8 }, () => connect(t, gateway)));
  const began = performance.now();
  const end = began + 2000;
  let admitted = 0;
  await Promise.all(clients.map(async (raw) => {
    while (performance.now() < end) {
      raw.send(request(gateway, 'GET', USERS));
      const { status } = await raw.response();
      if (status === 200) admitted += 1;
    }
  }));
  const seconds = (performance.now() - began) / 1000;
  const most = 20 + 200 * seconds;
  t.diagnostic(`${admitted} of ${most.toFixed(0)} in ${seconds.toFixed(2)} s`);
  assert.ok(admitted <= most, `${admitted} > ${most}`);
  if (slowness === 1) assert.ok(admitted >= 0.95 * most, `${admitted} of ${most}`);
});

test('the official client sees RateLimited, and its retry sleeps as long as it is told', async (t) => {
  const { gateway } = await limited(t, [{ name: 'a', requests: 1, per: '1s', key: ['key'] }]);
  const options = { apiUrl: gateway.url ?? `http://${gateway.host}:${gateway.port}`, token: gateway.key, botId: 'bot_1' };
  const plain = new Client(options);
  await plain.listUsers({});
  await assert.rejects(plain.listUsers({}), (error) => {
    assert.equal(error.type, 'RateLimited');
    assert.equal(error.metadata.policy, 'a');
    return true;
  });
  // The retry code of the SDK: the first of these fields that is there, in seconds.
  const waits = [];
  const sdk = new Client({
    ...options,
    retry: {
      retries: 3,
      retryCondition: (error) => error.response?.status === 429,
      retryDelay: (_count, error) => {
        const { headers } = error.response;
        const field = ['ratelimit-reset', 'x-ratelimit-reset', 'retry-after'].find((name) => headers[name] !== undefined);
        waits.push([field, Number(headers[field])]);
        return Number(headers[field]) * 1000;
      },
    },
  });
  await sdk.listUsers({});
  assert.deepEqual(waits, [['x-ratelimit-reset', 1]]);
});
