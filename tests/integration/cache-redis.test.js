// Redis behind the memory: a second instance starts warm; nobody waits for a Redis that is away.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOT, countTargets, HUB, until } from './support/counting.js';
import { startGateway } from './support/gateway.js';
import { play } from './support/play.js';
import { ask } from './support/raw.js';
import { startRedis } from './support/redis.js';

const AWAY = /redis/;

async function redisPlay(t) {
  const redis = await startRedis(t);
  const settings = { redis: { url: redis.url } };
  const stage = await play(t, { settings, announces: [AWAY] });
  const counts = countTargets(stage.upstream, [HUB, BOT]);
  const second = async () => {
    const other = await startGateway(t, stage.upstream, { settings });
    other.announce(AWAY);
    t.after(() => other.stop());
    return other;
  };
  const kept = () => until(async () => (await redis.command('KEYS', 'bpgate:c:*')).length > 0);
  return { ...stage, redis, counts, second, kept };
}

test('a second instance finds hub answers, and no private ones', async (t) => {
  const stage = await redisPlay(t);
  const ENTRIES = 100;
  for (let i = 0; i < ENTRIES; i++) await stage.ask('GET', `${HUB}?i=${i}`);
  await stage.ask('GET', BOT);
  const keys = () => stage.redis.command('KEYS', 'bpgate:c:*');
  assert.ok(await until(async () => (await keys()).length === ENTRIES), 'all are in Redis');
  const other = await stage.second();
  // Until it has read of the writes elsewhere, it trusts nothing that was kept before.
  let i = 0;
  const ask2 = () => ask(t, other, 'GET', `${HUB}?i=${i++}`);
  assert.ok(await until(async () => /detail=redis/.test((await ask2()).header('cache-status'))), 'warm');
  t.diagnostic(`${i - 1} requests before it was warm`);
  while (i < ENTRIES) {
    const response = await ask2();
    assert.equal(response.json.count, 1);
    assert.match(response.header('cache-status'), /^bpgate; hit; ttl=3\d\d\d; detail=redis$/);
  }
  assert.equal((await keys()).length, ENTRIES);
});

test('a damaged value is a miss', async (t) => {
  const stage = await redisPlay(t);
  await stage.ask('GET', HUB);
  assert.ok(await stage.kept());
  const [key] = await stage.redis.command('KEYS', 'bpgate:c:*');
  await stage.redis.command('SETRANGE', key, '40', 'damage');
  const other = await stage.second();
  const response = await ask(t, other, 'GET', HUB);
  assert.equal(response.status, 200);
  assert.equal(response.json.count, 2);
});

for (const [what, harm] of Object.entries({
  killed: (redis) => redis.kill(),
  stopped: (redis) => redis.suspend(),
  flushed: (redis) => redis.command('FLUSHALL'),
})) {
  test(`a Redis that is ${what} fails nobody`, async (t) => {
    const stage = await redisPlay(t);
    await stage.ask('GET', HUB);
    await stage.kept();
    await harm(stage.redis);
    let longest = 0;
    for (let i = 0; i < 20; i++) {
      const began = Date.now();
      const response = await stage.ask('GET', `${HUB}?i=${i}`);
      longest = Math.max(longest, Date.now() - began);
      assert.equal(response.status, 200);
    }
    t.diagnostic(`longest ${longest} ms`);
    if (what === 'stopped') stage.redis.resume();
  });
}
