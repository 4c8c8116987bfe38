// Limits that several gateways share through Redis: never more than they allow together, nobody waits for a
// Redis that is away, and each of the four settings does what it says.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countTargets, HUB, until } from './support/counting.js';
import { BUSY_MS, pause, slowness } from './support/deadline.js';
import { startGateway } from './support/gateway.js';
import { play } from './support/play.js';
import { ask, connect, request } from './support/raw.js';
import { slowWay, startRedis, startSentinel } from './support/redis.js';

const USERS = '/v1/chat/users';
const AWAY = /redis|limits_refused/;
const hourly = (requests, more = {}) => ({ name: 'a', requests, per: '1h', ...more });

/** Gateways that share a Redis; the keys of the first are those of all. */
async function shared(t, limits, { count = 2, redis: options, settings = {}, away } = {}) {
  const redis = await startRedis(t, options);
  const all = { workers: 2, access_log: 'off', limits, ...settings, redis: { url: redis.url, ...(away && { away }) } };
  const stage = await play(t, { settings: all, announces: [AWAY, /tags/] });
  stage.upstream.on(`GET ${USERS}`, { json: { users: [], meta: {} } });
  const gateways = [stage.gateway];
  for (let i = 1; i < count; i += 1) {
    const gateway = await startGateway(t, stage.upstream, { settings: { ...all, anonymous: undefined } });
    gateway.announce(AWAY);
    t.after(() => gateway.stop());
    gateways.push(gateway);
  }
  const isUp = ({ event, purpose }) => event === 'redis_up' && purpose === 'limits';
  assert.ok(await until(async () => gateways.every(({ events }) => events.filter(isUp).length >= all.workers)), 'all workers have their Redis');
  return { ...stage, redis, gateways };
}

const get = (t, gateway, target = USERS) => ask(t, gateway, 'GET', target);
const statuses = async (t, gateway, count) => {
  const all = [];
  for (let i = 0; i < count; i += 1) all.push((await get(t, gateway)).status);
  return all;
};
const admitted = (list) => list.filter((status) => status === 200).length;

test('what one gateway has admitted the other does not again', async (t) => {
  const { gateways } = await shared(t, [hourly(6)]);
  const [one, other] = gateways;
  assert.deepEqual(await statuses(t, one, 4), [200, 200, 200, 200]);
  const fifth = await get(t, other);
  assert.equal(fifth.header('x-ratelimit-remaining'), '1');
  assert.deepEqual(await statuses(t, other, 2), [200, 429]);
  const refused = await get(t, one);
  assert.equal(refused.status, 429);
  assert.equal(refused.json.metadata.policy, 'a');
  assert.ok(refused.json.metadata.retry_ms > 550_000, `${refused.json.metadata.retry_ms}`);
});

test('keys in Redis name the policy, and nothing of the caller', async (t) => {
  const { gateways, redis } = await shared(t, [hourly(6, { key: ['key', 'bot'] })], { count: 1 });
  await get(t, gateways[0]);
  const keys = (await redis.command('KEYS', 'bpgate:rl:a:*')).map(String);
  assert.equal(keys.length, 1);
  assert.match(keys[0], /^bpgate:rl:a:[0-9a-f]{32}$/);
  assert.ok(Number(await redis.command('PTTL', keys[0])) > 0, 'it goes by itself');
});

test('two gateways of two workers at full speed: within the bound, and nearly all of it', async (t) => {
  const rate = 400;
  const burst = 40;
  const { gateways } = await shared(t, [{ name: 'a', requests: rate, per: '1s', burst }]);
  const clients = await Promise.all(gateways.flatMap((gateway) => Array.from({ length: 8 }, async () => [gateway, await connect(t, gateway)])));
  const began = performance.now();
  let count = 0;
  await Promise.all(clients.map(async ([gateway, raw]) => {
    while (performance.now() - began < 3000) {
      raw.send(request(gateway, 'GET', USERS));
      const { status } = await raw.response();
      if (status === 200) count += 1;
    }
  }));
  const seconds = (performance.now() - began) / 1000;
  const most = 1.25 * burst + rate * seconds;
  t.diagnostic(`${count} of at most ${most.toFixed(0)} in ${seconds.toFixed(2)} s`);
  assert.ok(count <= most, `${count} > ${most}`);
  if (slowness === 1) assert.ok(count >= 0.7 * rate * seconds, `${count} of ${rate * seconds}`);
});

test('under load a batch is debited ahead: few commands for many requests', async (t) => {
  const { gateways, upstream, redis } = await shared(t, [{ name: 'a', requests: 10_000, per: '1s', burst: 1000 }], { count: 1 });
  countTargets(upstream, [HUB]);
  const clients = await Promise.all(Array.from({ length: 8 }, () => connect(t, gateways[0])));
  await redis.command('CONFIG', 'RESETSTAT');
  const began = performance.now();
  let count = 0;
  await Promise.all(clients.map(async (raw) => {
    while (performance.now() - began < 1000) {
      raw.send(request(gateways[0], 'GET', HUB));
      const { status } = await raw.response();
      if (status === 200) count += 1;
    }
  }));
  const calls = Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.command('INFO', 'commandstats'))?.[1]);
  t.diagnostic(`${calls} calls for ${count} requests`);
  // On a machine that is busy elsewhere there are fewer requests, and what was debited for them ends unused.
  if (slowness === 1) assert.ok(calls <= Math.max(0.1 * count, 300), `${calls} for ${count}`);
});

/** Sends so many a second, evenly, for so long, over eight connections to each gateway; the statuses, counted. */
async function offer(t, gateways, perSecond, seconds, target, headersOf = () => ({})) {
  const clients = await Promise.all(gateways.flatMap((gateway) => Array.from({ length: 8 }, async () => [gateway, await connect(t, gateway)])));
  const counts = {};
  const began = performance.now();
  let next = 0;
  await Promise.all(clients.map(async ([gateway, raw]) => {
    while (next < perSecond * seconds) {
      const number = next++;
      const early = began + (1000 * number) / perSecond - performance.now();
      if (early > 1) await pause(early);
      raw.send(request(gateway, 'GET', target, { headers: headersOf(number) }));
      const { status } = await raw.response();
      counts[status] = (counts[status] ?? 0) + 1;
    }
  }));
  return counts;
}

test('well below a limit nobody is refused, however many workers debit ahead', async (t) => {
  const { gateways, upstream, redis } = await shared(t, [{ name: 'a', requests: 10_000, per: '1s', burst: 1000 }]);
  countTargets(upstream, [HUB]);
  await redis.command('CONFIG', 'RESETSTAT');
  assert.deepEqual(await offer(t, gateways, 2000, 2, HUB), { 200: 4000 });
  const calls = Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.command('INFO', 'commandstats'))?.[1]);
  t.diagnostic(`${calls} calls`);
});

test('a wide limit is not debited ahead for requests whose narrow one has to be asked for', async (t) => {
  const bots = Array.from({ length: 50 }, (_, i) => `bot_${i}`);
  const limits = [{ name: 'wide', requests: 1000, per: '1s', key: ['profile'] }, { name: 'narrow', requests: 100, per: '1s', burst: 10, key: ['bot'] }];
  const { gateways } = await shared(t, limits, { settings: { profiles: [{ name: 'support', credential: 'team', workspace_id: 'w', bots }] } });
  const counts = await offer(t, gateways, 500, 2, USERS, (number) => ({ 'x-bot-id': bots[number % bots.length] }));
  assert.deepEqual(counts, { 200: 1000 });
});

const HARM = {
  killed: (redis) => redis.kill(),
  stopped: (redis) => redis.suspend(),
};
const MEND = { killed: (redis) => redis.start(), stopped: (redis) => redis.resume() };

for (const [what, harm] of Object.entries(HARM)) {
  test(`a Redis that is ${what}: each gateway admits its share, nobody waits, and it comes back`, async (t) => {
    const { gateways, redis } = await shared(t, [hourly(40)]);
    assert.ok(await until(async () => (await redis.command('ZCARD', 'bpgate:rl:instances')) === 2, 8000), 'both are seen');
    await pause(5200); // until both have heard of each other: a beat
    await harm(redis);
    let longest = 0;
    const counts = [];
    for (const gateway of gateways) {
      const list = [];
      for (let i = 0; i < 30; i += 1) {
        const began = performance.now();
        list.push((await get(t, gateway)).status);
        longest = Math.max(longest, performance.now() - began);
      }
      counts.push(admitted(list));
    }
    t.diagnostic(`longest ${longest.toFixed(1)} ms`);
    assert.deepEqual(counts, [20, 20]);
    assert.ok(longest < BUSY_MS * slowness, `${longest}`);
    await MEND[what](redis);
    const mended = performance.now();
    // What Redis knows counts again: nothing of these 40 was spent there.
    assert.ok(await until(async () => (await get(t, gateways[0])).status === 200, 2000 * slowness), 'back without a restart');
    t.diagnostic(`back ${(performance.now() - mended).toFixed(0)} ms after its return`);
  });
}

test('a slow Redis holds up nobody, and limits go on', async (t) => {
  const redis = await startRedis(t);
  const ms = { now: 0 };
  const settings = { limits: [hourly(30)], redis: { url: await slowWay(t, redis, ms), away: 'local' } };
  const stage = await play(t, { settings, announces: [AWAY] });
  await until(async () => (await redis.command('EXISTS', 'bpgate:rl:instances')) === 1);
  ms.now = 300;
  let longest = 0;
  const list = [];
  for (let i = 0; i < 60; i += 1) {
    const began = performance.now();
    list.push((await get(t, stage.gateway)).status);
    longest = Math.max(longest, performance.now() - began);
  }
  t.diagnostic(`longest ${longest.toFixed(1)} ms, ${admitted(list)} admitted`);
  assert.ok(admitted(list) >= 30 && admitted(list) <= 34, 'those that were late may have been counted there, too');
  assert.ok(longest < BUSY_MS * slowness, `${longest}`);
  ms.now = 0;
  // However many of those that were late it has counted.
  for (const key of await redis.command('KEYS', 'bpgate:rl:a:*')) await redis.command('DEL', key);
  assert.ok(await until(async () => (await get(t, stage.gateway)).status === 200, 8000 * slowness), 'back without a restart');
});

test('under load nobody waits or fails, whatever becomes of Redis', async (t) => {
  const redis = await startRedis(t);
  const ms = { now: 0 };
  const settings = { workers: 2, access_log: 'off', limits: [{ name: 'a', requests: 100_000, per: '1s' }, { name: 'b', requests: 50_000, per: '1s', key: ['key'] }], redis: { url: await slowWay(t, redis, ms) } };
  const stage = await play(t, { settings, announces: [AWAY, /tags/] });
  countTargets(stage.upstream, [HUB]);
  const isUp = ({ event, purpose }) => event === 'redis_up' && purpose === 'limits';
  assert.ok(await until(async () => stage.gateway.events.filter(isUp).length >= 2));
  const longest = {};
  let now = 'well';
  const clients = await Promise.all(Array.from({ length: 8 }, () => connect(t, stage.gateway)));
  const load = Promise.all(clients.map(async (raw) => {
    while (now !== 'over') {
      const what = now;
      const began = performance.now();
      raw.send(request(stage.gateway, 'GET', HUB));
      const { status } = await raw.response();
      assert.equal(status, 200, what);
      longest[what] = Math.max(longest[what] ?? 0, performance.now() - began);
      await pause(1);
    }
  }));
  const trouble = { stopped: () => redis.suspend(), resumed: () => redis.resume(), slow: () => { ms.now = 300; }, quick: () => { ms.now = 0; }, killed: () => redis.kill(), empty: () => redis.start() };
  for (const [what, happen] of Object.entries(trouble)) {
    await pause(500);
    now = what;
    await happen();
  }
  await pause(500);
  now = 'over';
  await load;
  t.diagnostic(JSON.stringify(Object.fromEntries(Object.entries(longest).map(([what, value]) => [what, Number(value.toFixed(1))]))));
  for (const [what, value] of Object.entries(longest)) assert.ok(value <= (longest.well + BUSY_MS) * slowness, `${what}: ${value} ms`);
});

test('when another server takes over, limits go on there, and nobody waits', async (t) => {
  const master = await startRedis(t);
  const replica = await startRedis(t, { args: ['--replicaof', '127.0.0.1', String(master.port)] });
  assert.ok(await until(async () => /master_link_status:up/.test(await replica.command('INFO', 'replication')), 15_000), 'it replicates');
  const settings = { limits: [{ name: 'a', requests: 100_000, per: '30d' }], access_log: 'off', redis: { url: await startSentinel(t, master) } };
  const stage = await play(t, { settings, announces: [AWAY, /tags/] });
  const isUp = ({ event, purpose }) => event === 'redis_up' && purpose === 'limits';
  assert.ok(await until(async () => stage.gateway.events.some(isUp), 15_000));
  const knows = async (redis) => (await redis.command('KEYS', 'bpgate:rl:a:*').catch(() => [])).length === 1;
  await get(t, stage.gateway);
  assert.ok(await until(() => knows(replica)), 'the replica follows');
  let longest = 0;
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      const began = performance.now();
      assert.equal((await get(t, stage.gateway)).status, 200);
      longest = Math.max(longest, performance.now() - began);
      await pause(2);
    }
  })();
  await master.kill();
  const began = performance.now();
  // It drops its clients when it does.
  assert.ok(await until(async () => /role:master/.test(await replica.command('INFO', 'replication').catch(() => '')), 20_000), 'it has taken over');
  const tookOver = performance.now();
  await until(async () => replica.command('FLUSHALL').then(() => true, () => false));
  assert.ok(await until(() => knows(replica), 2000 * slowness), 'limits are counted there');
  t.diagnostic(`taken over after ${(tookOver - began).toFixed(0)} ms, found ${(performance.now() - tookOver).toFixed(0)} ms later; longest ${longest.toFixed(1)} ms`);
  isOver = true;
  await asking;
  assert.ok(longest < BUSY_MS * slowness, `${longest}`);
});

for (const [away, wanted] of Object.entries({ local: [10, 10], allow: [15, 15], deny: [0, 0] })) {
  test(`redis.away: ${away}`, async (t) => {
    const { gateways, redis } = await shared(t, [hourly(10)], { away });
    await redis.kill();
    assert.ok(await until(async () => gateways.every(({ events }) => events.some(({ event, purpose }) => event === 'redis_down' && purpose === 'limits'))));
    const lists = [await statuses(t, gateways[0], 15), await statuses(t, gateways[1], 15)];
    assert.deepEqual(lists.map(admitted), wanted);
    if (away !== 'deny') return;
    const refused = await get(t, gateways[0]);
    assert.equal(refused.status, 503);
    assert.equal(refused.header('retry-after'), '1');
    assert.match(refused.json.message, /redis\.away says deny/);
  });
}

test('redis.away: deny gives what is stale, where there is something', async (t) => {
  const cache = { rules: [{ operations: ['hub'], ttl: '1s', stale: '7d' }] };
  const { gateways: [gateway], upstream, redis } = await shared(t, [hourly(10, { where: 'upstream' })], { away: 'deny', count: 1, settings: { cache } });
  countTargets(upstream, [HUB]);
  // What was fetched before Redis knew of writes counts as written, and is not given stale.
  assert.ok(await until(async () => (await redis.command('HEXISTS', 'bpgate:tags', 'since')) === 1));
  assert.equal((await get(t, gateway, HUB)).status, 200);
  await redis.kill();
  assert.ok(await until(async () => gateway.events.filter(({ event, purpose }) => event === 'redis_down' && purpose === 'limits').length >= 2));
  await pause(2300);
  const stale = await get(t, gateway, HUB);
  assert.equal(stale.status, 200, stale.text);
  assert.match(stale.header('cache-status'), /stale-if-error/);
  assert.equal((await get(t, gateway, `${HUB}?other`)).status, 503);
});

test('a Redis that has forgotten its scripts, or everything, is asked again', async (t) => {
  const { gateways, redis } = await shared(t, [hourly(4)], { count: 1 });
  assert.deepEqual(await statuses(t, gateways[0], 2), [200, 200]);
  await redis.command('SCRIPT', 'FLUSH');
  assert.deepEqual(await statuses(t, gateways[0], 3), [200, 200, 429]);
  await redis.command('FLUSHALL');
  // A refusal is believed for a second.
  assert.ok(await until(async () => (await get(t, gateways[0])).status === 200));
});

test('values of somebody else are no times', async (t) => {
  const { gateways, redis } = await shared(t, [hourly(40)], { count: 1 });
  await get(t, gateways[0]);
  const [key] = await redis.command('KEYS', 'bpgate:rl:a:*');
  for (const value of ['rubbish', '', '-1', '1e300', '99999999999999999999', 'nan']) {
    await redis.command('SET', key, value);
    const response = await get(t, gateways[0]);
    assert.equal(response.status, 200, value);
    // One that is late under load is counted here, with some less left.
    assert.ok(Number(response.header('x-ratelimit-remaining')) > 30, value);
  }
  await redis.command('DEL', key);
  await redis.command('LPUSH', key, 'x');
  assert.equal((await get(t, gateways[0])).status, 200, 'of another type: as while Redis is away');
});

for (const [what, { args, password, database = 0, remedy }] of Object.entries({
  'a wrong password': { password: 'wrong', remedy: /password is wrong/ },
  'a database that is not there': { args: ['--databases', '2'], database: 7, remedy: /change the number in the URL/ },
  'Redis Cluster': { args: ['--cluster-enabled', 'yes'], remedy: /Redis Cluster is not supported/ },
})) {
  test(`${what}: a line says what to do, and the gateway limits by itself`, async (t) => {
    const redis = await startRedis(t, { args });
    if (password) await redis.command('CONFIG', 'SET', 'requirepass', 'right');
    const url = `redis://${password ? `:${password}@` : ''}127.0.0.1:${redis.port}/${database}`;
    const stage = await play(t, { settings: { limits: [hourly(2)], redis: { url } }, announces: [AWAY, /tags/] });
    const told = () => stage.gateway.events.find(({ event, purpose }) => event === 'redis_down' && purpose === 'limits');
    assert.ok(await until(async () => told()));
    assert.match(told().remedy, remedy);
    assert.doesNotMatch(JSON.stringify(stage.gateway.events), /wrong@|"wrong"/, 'no password in the log');
    assert.deepEqual(await statuses(t, stage.gateway, 3), [200, 200, 429]);
  });
}

test('a user without the right to scripts is told what to grant', async (t) => {
  const { gateways, redis } = await shared(t, [hourly(4)], { count: 1 });
  await redis.command('ACL', 'SETUSER', 'default', '-eval', '-evalsha', '-script');
  assert.deepEqual(await statuses(t, gateways[0], 3), [200, 200, 200]);
  const told = () => gateways[0].events.find(({ event }) => event === 'limits_refused');
  assert.ok(await until(async () => told()));
  assert.match(told().remedy, /\+eval \+evalsha \+script/);
  await redis.command('ACL', 'SETUSER', 'default', '+@all');
});

test('a limit upstream gives back what was spent in Redis', async (t) => {
  const { gateways, upstream, redis } = await shared(t, [hourly(5, { name: 'caller', key: ['key'] }), hourly(1, { name: 'botpress', where: 'upstream' })], { count: 1 });
  countTargets(upstream, [HUB]);
  assert.equal((await get(t, gateways[0], HUB)).status, 200);
  const [key] = await redis.command('KEYS', 'bpgate:rl:caller:*');
  const spent = Number(await redis.command('GET', key));
  for (let i = 0; i < 6; i += 1) {
    const refused = await get(t, gateways[0], `${HUB}?i=${i}`);
    assert.equal(refused.json.metadata?.policy, 'botpress', refused.text);
  }
  // It is given back without anybody waiting for that, but for what came anew until then.
  assert.ok(await until(async () => Number(await redis.command('GET', key)) - spent < 6_000_000));
});
