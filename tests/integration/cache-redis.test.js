// Redis behind the memory: a second instance starts warm; nobody waits for a Redis that is away.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOT, countTargets, HUB, HUB_LIST, until } from './support/counting.js';
import { BUSY_MS, slowness } from './support/deadline.js';
import { startGateway } from './support/gateway.js';
import { play } from './support/play.js';
import { ask, connect, request } from './support/raw.js';
import { slowWay, startRedis } from './support/redis.js';

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
  return { ...stage, t, redis, counts, second };
}

const ENTRIES = 100;

/** A second instance, once it finds in Redis what the first has kept: until it has read of the writes elsewhere, it
 *  trusts nothing that was kept before. */
async function warmSecond(stage) {
  const keys = () => stage.redis.command('KEYS', 'bpgate:c:*');
  const others = (await keys()).length;
  for (let i = 0; i < ENTRIES; i++) await stage.ask('GET', `${HUB}?i=${i}`);
  assert.ok(await until(async () => (await keys()).length >= others + ENTRIES), 'all are in Redis');
  const other = await stage.second();
  other.next = 0;
  const isWarm = async () => /detail=redis/.test((await ask(stage.t, other, 'GET', `${HUB}?i=${other.next++}`)).header('cache-status'));
  assert.ok(await until(isWarm), 'warm');
  return other;
}

test('a second instance finds hub answers, and no private ones', async (t) => {
  const stage = await redisPlay(t);
  await inUse(stage, stage.redis);
  await stage.ask('GET', BOT);
  const other = await warmSecond(stage);
  t.diagnostic(`${other.next - 1} requests before it was warm`);
  for (let i = other.next; i < ENTRIES; i++) {
    const response = await ask(t, other, 'GET', `${HUB}?i=${i}`);
    assert.equal(response.json.count, 1);
    assert.match(response.header('cache-status'), /^bpgate; hit; ttl=3\d\d\d; detail=redis$/);
  }
  assert.equal(await keyOf(stage.redis, BOT), undefined);
});

/** The key whose value is the answer for `target`, which the stand-in repeats in it. */
async function keyOf(redis, target) {
  for (const key of await redis.command('KEYS', 'bpgate:c:*')) {
    if (String(await redis.command('GET', key).catch(() => '')).includes(`"${target}"`)) return key;
  }
  return undefined;
}

/** Until the gateway has found its Redis: what comes before that is not kept there. */
async function inUse(stage, redis) {
  let count = 0;
  const isKept = async () => {
    await stage.ask('GET', `${HUB}?first=${count++}`);
    return (await redis.command('KEYS', 'bpgate:c:*')).length > 0;
  };
  assert.ok(await until(isKept), 'Redis is in use');
}

/** What becomes of the value of KEYS[1], as a script; ARGV[1] is the number of the turn, of TURNS. */
const TURNS = 16;
const PLACE = `local value = redis.call('GET', KEYS[1]); local at = math.floor(#value * ARGV[1] / ${TURNS});`;
const HARM = {
  'a flipped bit': `${PLACE} redis.call('SETBIT', KEYS[1], at * 8 + 3, 1 - redis.call('GETBIT', KEYS[1], at * 8 + 3))`,
  'its end': `${PLACE} redis.call('SET', KEYS[1], string.sub(value, 1, at))`,
  'a byte more': "redis.call('APPEND', KEYS[1], 'x')",
  'another type': "redis.call('DEL', KEYS[1]); redis.call('LPUSH', KEYS[1], 'x')",
  'text of somebody else': "redis.call('SET', KEYS[1], string.rep('x', 500))",
  'nothing but zeros': "redis.call('SET', KEYS[1], string.rep(string.char(0), #redis.call('GET', KEYS[1])))",
  'the answer of another': "redis.call('SET', KEYS[1], redis.call('GET', KEYS[2]))",
};

test('a damaged value is a miss, wherever the damage is', async (t) => {
  const stage = await redisPlay(t);
  await inUse(stage, stage.redis);
  const keep = async (target) => {
    await stage.ask('GET', target);
    return until(() => keyOf(stage.redis, target));
  };
  const good = await keep(`${HUB}?of=another`);
  const harmed = [];
  for (const [what, script] of Object.entries(HARM)) {
    const turns = script.includes('ARGV') ? TURNS : 1;
    for (let turn = 0; turn < turns; turn++) {
      const target = `${HUB}?harm=${harmed.length}`;
      await stage.redis.command('EVAL', script, 2, await keep(target), good, turn);
      harmed.push([what, target]);
    }
  }
  const other = await warmSecond(stage);
  for (const [what, target] of harmed) {
    const response = await ask(t, other, 'GET', target);
    assert.equal(response.status, 200, what);
    assert.equal(response.json.count, 2, `${what}: ${target}`);
  }
});

/** Answers 100 look-ups that nothing is stored for; the longest in ms. */
async function longestOf(stage) {
  let longest = 0;
  for (let i = 0; i < 100; i++) {
    const began = performance.now();
    const response = await stage.ask('GET', `${HUB}?i=${i}`);
    longest = Math.max(longest, performance.now() - began);
    assert.equal(response.status, 200);
    assert.equal(response.json.count, 1);
  }
  return longest;
}

test('a slow Redis holds up nobody', async (t) => {
  const redis = await startRedis(t);
  const ms = { now: 0 };
  const settings = { redis: { url: await slowWay(t, redis, ms) } };
  const stage = await play(t, { settings, announces: [AWAY] });
  countTargets(stage.upstream, [HUB]);
  await inUse(stage, redis);
  ms.now = 300;
  const longest = await longestOf(stage);
  t.diagnostic(`longest ${longest.toFixed(1)} ms`);
  assert.ok(longest < BUSY_MS * slowness, `${longest}`);
});

test('a full Redis fails nobody', async (t) => {
  const redis = await startRedis(t, { args: ['--maxmemory', '1', '--maxmemory-policy', 'noeviction'] });
  const stage = await play(t, { settings: { redis: { url: redis.url } }, announces: [AWAY, /tags/] });
  countTargets(stage.upstream, [HUB]);
  t.diagnostic(`longest ${(await longestOf(stage)).toFixed(1)} ms`);
  assert.equal((await redis.command('KEYS', 'bpgate:c:*')).length, 0);
});

for (const [what, harm] of Object.entries({
  killed: (redis) => redis.kill(),
  stopped: (redis) => redis.suspend(),
  flushed: (redis) => redis.command('FLUSHALL'),
})) {
  test(`a Redis that is ${what} fails nobody`, async (t) => {
    const stage = await redisPlay(t);
    await inUse(stage, stage.redis);
    await harm(stage.redis);
    const longest = await longestOf(stage);
    t.diagnostic(`longest ${longest.toFixed(1)} ms`);
    assert.ok(longest < BUSY_MS * slowness, `${longest}`);
    if (what === 'stopped') stage.redis.resume();
  });
}

test('a thousand at once for one cold entry are one request, and one look into Redis a worker', async (t) => {
  const redis = await startRedis(t);
  const stage = await play(t, { settings: { workers: 2, access_log: 'off', redis: { url: redis.url } }, announces: [AWAY] });
  const CLIENTS = 1000;
  let answered;
  stage.upstream.on(`GET ${HUB}`, { delay: 1500, get json() { answered = performance.now(); return { is: 'here' }; } });
  await stage.ask('GET', `${HUB_LIST}?warm`);
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect(t, stage.gateway)));
  await redis.command('CONFIG', 'RESETSTAT');
  const text = request(stage.gateway, 'GET', HUB);
  const times = clients.map((raw) => new Promise((resolve) => raw.socket.once('data', (bytes) => resolve([performance.now(), bytes]))));
  for (const raw of clients) raw.send(text);
  const all = await Promise.all(times);
  assert.equal(stage.upstream.requestsTo(`GET ${HUB}`).length <= 2, true, `${stage.upstream.requestsTo(`GET ${HUB}`).length} requests`);
  for (const [, bytes] of all) assert.match(bytes.toString(), /^HTTP\/1\.1 200 [^]*"here"/);
  const after = all.map(([at]) => at - answered).sort((a, b) => a - b);
  const gets = /cmdstat_get:calls=(\d+)/.exec(await redis.command('INFO', 'commandstats'))?.[1];
  t.diagnostic(`median ${after[CLIENTS / 2].toFixed(1)} ms, last ${after.at(-1).toFixed(1)} ms after the upstream's answer; ${gets} GETs`);
  assert.ok(Number(gets) <= 2, `${gets} GETs`);
  assert.ok(after.at(-1) < 1000 * slowness);
});
