// A write makes what it touches old: here at once, on other instances through Redis.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOT, countTargets, until } from './support/counting.js';
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

test('a write through one instance is heard by the other', async (t) => {
  const redis = await startRedis(t);
  const settings = { redis: { url: redis.url } };
  const stage = await play(t, { settings });
  stage.gateway.announce(REDIS_GONE);
  const other = await startGateway(t, stage.upstream, { settings });
  other.announce(REDIS_GONE);
  t.after(() => other.stop());
  countTargets(stage.upstream, [BOT]);
  const there = async () => (await ask(t, other, 'GET', BOT)).json.count;
  await until(async () => /hit/.test((await ask(t, other, 'GET', BOT)).header('cache-status')));
  const before = await there();
  stage.upstream.on(`PUT ${BOT}`, UPDATED);
  assert.equal((await stage.ask('PUT', BOT, { body: '{}' })).status, 200);
  const began = Date.now();
  assert.ok(await until(async () => (await there()) > before), 'it is asked for anew');
  t.diagnostic(`fresh elsewhere after ${Date.now() - began} ms`);
});
