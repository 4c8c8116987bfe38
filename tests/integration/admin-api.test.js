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
