// /api of the admin listener: keys with their last use, limits, cache, upstream, Redis, refusals; and the
// level of events, changed while it runs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADMIN, adminOf, askAdmin } from './support/admin.js';
import { TOKEN } from './support/gateway.js';
import { play } from './support/play.js';

const json = async (t, gateway, path) => {
  const response = await askAdmin(t, gateway, 'GET', path);
  assert.equal(response.status, 200, response.text);
  return response.json;
};

test('keys: which are used, when last, and with which of their secrets; and no secret', async (t) => {
  const { ask, gateway } = await play(t, { settings: ADMIN, keys: [{ name: 'ci' }, { name: 'rested' }] });
  for (let i = 0; i < 3; i += 1) await ask('GET', '/v1/chat/users');
  const { keys } = await json(t, gateway, '/api/keys');
  const [ci, rested] = ['ci', 'rested'].map((name) => keys.find((key) => key.name === name));
  assert.equal(ci.requests, 3);
  assert.equal(ci.requests_by_secret.first, 3);
  assert.ok(Math.abs(Date.parse(ci.last_used) - Date.now()) < 60_000, ci.last_used);
  assert.equal(rested.requests, 0);
  assert.equal(rested.last_used, null);
  const text = JSON.stringify(keys);
  for (const secret of [TOKEN, gateway.key, gateway.key.split('_')[2]]) assert.ok(!text.includes(secret));
});

test('keys: all of very many are told, and of those that have no count of their own none is made up', async (t) => {
  const keys = Array.from({ length: 5000 }, (_, i) => ({
    id: `key${String(i).padStart(7, '0')}`,
    name: `program-number-${i}`,
    hashes: [{ sha256: i.toString(16).padStart(64, '0') }],
    profile: 'support',
  }));
  const { gateway } = await play(t, { settings: { ...ADMIN, keys } });
  const told = (await json(t, gateway, '/api/keys')).keys;
  assert.deepEqual(told.map(({ id }) => id), keys.map(({ id }) => id));
  assert.equal(told[0].counted, true);
  assert.equal(told[0].requests, 0);
  assert.equal(told.at(-1).counted, false);
  assert.equal(told.at(-1).requests, undefined);
});

test('limits: each policy and what it decided', async (t) => {
  const limits = [
    { name: 'few', requests: 2, per: '60s', burst: 2, key: ['key'] },
    { name: 'tried', requests: 1, per: '60s', burst: 1, key: ['key'], mode: 'shadow' },
  ];
  const { ask, gateway } = await play(t, { settings: { ...ADMIN, limits } });
  for (let i = 0; i < 5; i += 1) await ask('GET', '/v1/chat/users');
  const { policies } = await json(t, gateway, '/api/limits');
  const [few, tried] = policies;
  assert.deepEqual([few.name, few.requests, few.per_s, few.mode], ['few', 2, 60, 'enforce']);
  assert.deepEqual([few.admitted, few.refused], [2, 3]);
  assert.equal(tried.mode, 'shadow');
  assert.equal(tried.refused, 0);
  assert.ok(tried.would_refuse >= 1);
});

test('limits: what is left for a key, an address, a bot, an operation; and asking spends nothing', async (t) => {
  const limits = [
    { name: 'per-key', requests: 10, per: '3600s', burst: 10, key: ['key'] },
    { name: 'per-place', requests: 100, per: '3600s', burst: 100, key: ['address'] },
    { name: 'per-list', requests: 6, per: '3600s', burst: 6, key: ['key', 'operation'], match_operations: ['list*'], cost: 2 },
    { name: 'of-others', requests: 5, per: '3600s', key: ['key'], match_keys: ['rested'] },
  ];
  const { ask, gateway } = await play(t, { settings: { ...ADMIN, limits }, keys: [{ name: 'ci' }, { name: 'rested' }] });
  for (let i = 0; i < 3; i += 1) await ask('GET', '/v1/chat/users');
  const left = async (query) => Object.fromEntries((await json(t, gateway, `/api/limits?${query}`)).policies.map((policy) => [policy.name, policy]));
  for (let i = 0; i < 20; i += 1) await left('key=ci');
  const ci = await left('key=ci&operation=listUsers&address=127.0.0.1');
  const figures = ({ limit, remaining, admits, counted_in: where }) => [limit, remaining, admits, where];
  assert.deepEqual(figures(ci['per-key']), [10, 7, true, 'memory']);
  assert.deepEqual(figures(ci['per-place']), [100, 97, true, 'memory']);
  assert.deepEqual(figures(ci['per-list']), [6, 0, false, 'memory']);
  assert.ok(ci['per-key'].reset_ms > 1_000_000 && ci['per-key'].reset_ms <= 1_080_000, `${ci['per-key'].reset_ms}`);
  assert.ok(ci['per-list'].retry_ms > 1_000_000 && ci['per-list'].retry_ms <= 1_200_000, `${ci['per-list'].retry_ms}`);
  assert.equal(ci['of-others'].concerns, false);
  const rested = await left('key=rested');
  assert.deepEqual(figures(rested['per-key']), [10, 10, true, 'memory']);
  assert.deepEqual(rested['per-place'].needs, ['address']);
  assert.deepEqual(rested['per-list'].needs, ['operation']);
  assert.equal(rested['of-others'].remaining, 5);
  assert.equal((await left('address=192.0.2.1'))['per-place'].remaining, 100);
  assert.deepEqual((await left('address=192.0.2.1'))['per-key'].needs, ['key']);
});

test('limits: who has used most of them, as far as the settings name it', async (t) => {
  const limits = [
    { name: 'per-key', requests: 10, per: '3600s', burst: 10, key: ['key'] },
    { name: 'of-all', requests: 100, per: '3600s', burst: 100 },
    { name: 'per-bot', requests: 100, per: '3600s', burst: 100, key: ['bot'] },
  ];
  const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => ({ name }));
  const { ask, gateway } = await play(t, { settings: { ...ADMIN, limits }, keys });
  for (const [i, { name }] of keys.entries()) {
    const headers = { authorization: `Bearer ${gateway.keys[name]}` };
    for (let n = 0; n < i; n += 1) await ask('GET', '/v1/chat/users', { headers });
  }
  const [perKey, ofAll, perBot] = (await json(t, gateway, '/api/limits')).policies;
  assert.deepEqual(
    perKey.most_used.map(({ name, remaining }) => [name, remaining]),
    [['g', 4], ['f', 5], ['e', 6], ['d', 7], ['c', 8]],
  );
  assert.deepEqual(ofAll.most_used.map(({ name, remaining }) => [name, remaining]), [['(all)', 79]]);
  assert.equal(perBot.most_used, null);
});

test('limits: a question that is wrong is told what may be asked', async (t) => {
  const { gateway } = await play(t, { settings: { ...ADMIN, limits: [{ name: 'few', requests: 2, per: '60s', key: ['key'] }] } });
  const wrong = { 'key=nobody': /no key of that name/, 'address=here': /IP address/, 'operation=list': /bpgate routes/, 'kye=ci': /key, address, bot and operation/ };
  for (const [query, message] of Object.entries(wrong)) {
    const response = await askAdmin(t, gateway, 'GET', `/api/limits?${query}`);
    assert.equal(response.status, 400, query);
    assert.match(response.json.message, message);
  }
});

test('cache, upstream and Redis', async (t) => {
  const { ask, gateway } = await play(t, { settings: ADMIN });
  for (let i = 0; i < 2; i += 1) await ask('GET', '/v1/admin/hub/integrations');
  const cache = await json(t, gateway, '/api/cache');
  assert.deepEqual([cache.on, cache.entries, cache.requests.hit, cache.requests.miss], [true, 1, 1, 1]);
  const upstream = await json(t, gateway, '/api/upstream');
  assert.equal(upstream.attempts.answered, 1);
  assert.equal(upstream.connections.idle, 1);
  assert.equal(upstream.breakers_open, 0);
  assert.equal((await json(t, gateway, '/api/redis')).on, false);
});

test('refusals: the newest first, with the reason', async (t) => {
  const { ask, gateway } = await play(t, { settings: { ...ADMIN, unknown_routes: 'deny' } });
  await ask('GET', '/v1/chat/users', { headers: { authorization: 'Bearer bpg_wrong' } });
  await ask('GET', '/v1/nowhere');
  const { refusals } = await json(t, gateway, '/api/refusals');
  assert.deepEqual(
    refusals.map(({ status, reason, op }) => [status, reason, op]),
    [
      [404, 'unknown_route', ''],
      [401, 'bad_key', 'listUsers'],
    ],
  );
});

test('the level of events is changed while it runs, and not by a page of another site', async (t) => {
  const { gateway } = await play(t, { settings: { ...ADMIN, log_level: 'warn' } });
  assert.deepEqual(await json(t, gateway, '/api/log-level'), { level: 'warn' });
  const set = (level, headers) => askAdmin(t, gateway, 'POST', '/log-level', { body: { level }, headers });
  assert.equal((await set('loud')).status, 400);
  assert.equal((await set('debug', { origin: 'http://evil.example' })).status, 403);
  assert.equal((await set('info')).status, 200);
  assert.deepEqual(await json(t, gateway, '/api/log-level'), { level: 'info' });
  assert.ok(await gateway.event(({ event }) => event === 'log_level_set'));
  assert.equal((await set('info', { origin: adminOf(gateway).url })).status, 200);
});
