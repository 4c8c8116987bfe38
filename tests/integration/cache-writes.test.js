// A write makes what it touches old: here at once, on other instances through Redis.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOT, countTargets, until } from './support/counting.js';
import { slowness } from './support/deadline.js';
import { startGateway } from './support/gateway.js';
import { play, troublePlay } from './support/play.js';
import { ask } from './support/raw.js';
import { startRedis } from './support/redis.js';

const BOTS = '/v1/admin/bots';
/** At the end of a play it goes first. */
const REDIS_GONE = /redis/;
const UPDATED = { json: { bot: {} } };
const countOf = async (stage, target) => (await stage.ask('GET', target)).json.count;

test('a bot that was updated is asked for anew, and the list too', async (t) => {
  const stage = await play(t);
  countTargets(stage.upstream, [BOT, BOTS]);
  for (const target of [BOT, BOTS]) {
    assert.equal(await countOf(stage, target), 1);
    assert.equal(await countOf(stage, target), 1);
  }
  stage.upstream.on(`PUT ${BOT}`, UPDATED);
  assert.equal((await stage.ask('PUT', BOT, { body: '{}' })).status, 200);
  assert.equal(await countOf(stage, BOT), 2);
  assert.equal(await countOf(stage, BOTS), 2);
});

test('a write that is refused makes nothing old', async (t) => {
  const stage = await play(t);
  countTargets(stage.upstream, [BOT]);
  assert.equal(await countOf(stage, BOT), 1);
  stage.upstream.next(`PUT ${BOT}`, { status: 403, json: { code: 403, type: 'Forbidden', message: 'no', id: 'err_1' } });
  assert.equal((await stage.ask('PUT', BOT, { body: '{}' })).status, 403);
  assert.equal(await countOf(stage, BOT), 1);
});

test('a write of which nobody knows what became of it does', async (t) => {
  const stage = await troublePlay(t, { settings: { upstream: { timeouts: { total: '300ms' } } } });
  countTargets(stage.upstream, [BOT]);
  assert.equal(await countOf(stage, BOT), 1);
  stage.upstream.on(`PUT ${BOT}`, { delay: 5000, json: {} });
  assert.equal((await stage.ask('PUT', BOT, { body: '{}' })).status, 504);
  assert.equal(await countOf(stage, BOT), 2);
});

test('what is written through one instance is asked for anew through the other, lists too', async (t) => {
  const redis = await startRedis(t);
  const settings = { redis: { url: redis.url } };
  const stage = await play(t, { settings });
  stage.gateway.announce(REDIS_GONE);
  const other = await startGateway(t, stage.upstream, { settings });
  other.announce(REDIS_GONE);
  t.after(() => other.stop());
  countTargets(stage.upstream, [BOT, BOTS]);
  stage.upstream.on(`PUT ${BOT}`, UPDATED);
  const there = (target) => ask(t, other, 'GET', target);
  const isKept = async (target) => /; hit/.test((await there(target)).header('cache-status'));
  // Until then it trusts what is private for seconds only, and each of its looks is longer.
  await other.event(({ event, purpose }) => event === 'redis_up' && purpose === 'cache');
  const WRITES = 20;
  const times = [];
  for (let i = 0; i < WRITES; i++) {
    for (const target of [BOT, BOTS]) assert.ok(await until(() => isKept(target)), target);
    const before = { bot: (await there(BOT)).json.count, list: (await there(BOTS)).json.count };
    assert.equal((await stage.ask('PUT', BOT, { body: '{}' })).status, 200);
    const began = performance.now();
    assert.ok(await until(async () => (await there(BOT)).json.count > before.bot), 'it is asked for anew');
    assert.ok(await until(async () => (await there(BOTS)).json.count > before.list), 'and the list');
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  t.diagnostic(`fresh elsewhere after ${times[WRITES / 2].toFixed(1)} ms, at most ${times.at(-1).toFixed(1)}`);
  assert.ok(times[WRITES / 2] < 500 * slowness, `${times}`);
});

test('without Redis what is private is trusted for seconds, and what was written elsewhere meanwhile is heard of', async (t) => {
  const redis = await startRedis(t);
  const settings = { redis: { url: redis.url } };
  const stage = await play(t, { settings, announces: [REDIS_GONE] });
  const other = await startGateway(t, stage.upstream, { settings });
  other.announce(REDIS_GONE);
  t.after(() => other.stop());
  const counts = countTargets(stage.upstream, [BOT]);
  stage.upstream.on(`PUT ${BOT}`, UPDATED);
  const there = async () => (await ask(t, other, 'GET', BOT)).header('cache-status');
  assert.ok(await until(async () => /hit; ttl=1\d/.test(await there())), 'kept as long as the catalogue says');
  await redis.kill();
  await other.event(({ event, purpose }) => event === 'redis_down' && purpose === 'tags');
  assert.equal((await stage.ask('PUT', BOT, { body: '{}' })).status, 200);
  const before = counts.get(BOT);
  assert.ok(await until(async () => (await there()) && counts.get(BOT) > before, 6000 * slowness), 'not longer than 5 s');
  assert.match(await there(), /hit; ttl=[0-5]$/);
});
