// Several workers at once, under load, while credentials change and the gateway is told to stop. What
// this is for is the ThreadSanitizer build: it passes in every other one too.

import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ADMIN, askAdmin } from './support/admin.js';
import { countTargets, HUB } from './support/counting.js';
import { onBody, onRequest, shipped, withFilters } from './support/filters.js';
import { writeConfiguration } from './support/gateway.js';
import { readMetrics, sumOf } from './support/metrics.js';
import { play } from './support/play.js';

const CALLERS = 12;
const ROUNDS = 15;

test('four workers under load, a credential file that keeps changing, then the end', async (t) => {
  const file = writeConfiguration(t, 'bp_pat_race_0\n', 'token');
  const { ask, gateway } = await play(t, {
    settings: { workers: 4, credentials: [{ name: 'team', token: `file:${file}` }] },
  });
  const turn = setInterval(() => {
    writeFileSync(`${file}.new`, `bp_pat_race_${Date.now()}\n`);
    renameSync(`${file}.new`, file);
  }, 100);
  t.after(() => clearInterval(turn));
  async function call(n) {
    for (let round = 0; round < ROUNDS; round += 1) {
      const response = await ask('GET', `/v1/chat/users?caller=${n}&round=${round}`);
      assert.equal(response.status, 200, response.text);
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, (_, n) => call(n)));
  clearInterval(turn);
  assert.ok(gateway.events.some(({ event, workers }) => event === 'ready' && workers === 4));
});

test('four workers under load while their settings change and their figures are read', async (t) => {
  const limit = { name: 'all', requests: 100_000, per: '1s', key: ['key'] };
  const stage = await play(t, { settings: { workers: 4, ...ADMIN, limits: [limit] }, keys: [{ max_inflight: 1000 }] });
  const { ask, gateway, upstream } = stage;
  countTargets(upstream, [HUB]);
  let isOver = false;
  const changes = [
    { limits: [{ ...limit, requests: 50_000 }], listen: [{ address: '127.0.0.1:0' }, { address: '127.0.0.2:0' }] },
    { limits: [], access_log: 'off' },
    { upstream: { retries: 1, pool: { idle: '30s' } } },
    {},
  ];
  const change = async () => {
    for (let i = 0; !isOver; i += 1) {
      gateway.rewrite(changes[i % changes.length]);
      assert.equal((await askAdmin(t, gateway, 'POST', '/reload', { body: {} })).status, 200);
      assert.equal((await askAdmin(t, gateway, 'GET', '/metrics')).status, 200);
      assert.equal((await askAdmin(t, gateway, 'GET', '/api/keys')).status, 200);
    }
  };
  async function call(n) {
    for (let round = 0; round < 4 * ROUNDS; round += 1) {
      const target = round % 2 ? HUB : `/v1/chat/users?caller=${n}&round=${round}`;
      const response = await ask('GET', target);
      assert.equal(response.status, 200, response.text);
    }
  }
  const changing = change();
  await Promise.all(Array.from({ length: CALLERS }, (_, n) => call(n)));
  isOver = true;
  await changing;
  t.diagnostic(`${gateway.events.filter(({ event }) => event === 'reloaded').length} reloads`);
});

test('four workers whose filters share gw.dict, are loaded anew, and now and then broken', async (t) => {
  const count = onRequest(`
    local n = gw.dict.incr("all")
    gw.dict.set("last", req.path, 0.05)
    gw.metric("asked")
    req:set_header("x-n", tostring(n) .. (gw.dict.get("last") or ""))`);
  const bodies = onBody('local b = res:json() b.seen = gw.dict.incr("bodies") res:set_json(b)');
  const sets = [
    withFilters(t, [count, bodies, { file: shipped('redact_secrets') }]).settings,
    withFilters(t, [count]).settings,
    withFilters(t, [count, 'return {']).settings,
    withFilters(t, [count, { file: shipped('mask_emails') }]).settings,
  ];
  const stage = await play(t, { settings: { workers: 4, ...ADMIN, ...sets[0] }, announces: [/reload_failed/] });
  const { ask, gateway, upstream } = stage;
  countTargets(upstream, [HUB]);
  let isOver = false;
  const change = async () => {
    for (let i = 0; !isOver; i += 1) {
      gateway.rewrite(sets[i % sets.length]);
      const { status } = await askAdmin(t, gateway, 'POST', '/reload', { body: {} });
      assert.equal(status, sets[i % sets.length] === sets[2] ? 422 : 200);
      assert.equal((await askAdmin(t, gateway, 'GET', '/metrics')).status, 200);
    }
  };
  async function call(n) {
    for (let round = 0; round < 4 * ROUNDS; round += 1) {
      const response = await ask('GET', round % 2 ? HUB : `/v1/chat/users?caller=${n}&round=${round}`);
      assert.equal(response.status, 200, response.text);
    }
  }
  const changing = change();
  await Promise.all(Array.from({ length: CALLERS }, (_, n) => call(n)));
  isOver = true;
  await changing;
  const asked = sumOf(await readMetrics(t, gateway), 'bpgate_filter_events_total', { event: 'asked' });
  assert.equal(asked, CALLERS * 4 * ROUNDS);
});
