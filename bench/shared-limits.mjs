// shared-limits.mjs - limits that several gateways share through one redis-server, for longer than a play.
//
//   node bench/shared-limits.mjs [seconds=30]
//
// Two gateways of two workers each, 16 clients at full speed. First a limit far below what comes: how many
// are admitted, of how many that may be (1.25 × burst + rate × time). Then a wide limit and answers from
// the store: how many commands Redis gets for each request that is admitted. BPGATE names the binary.

import { countTargets, HUB, until } from '../tests/integration/support/counting.js';
import { startGateway } from '../tests/integration/support/gateway.js';
import { connect, request } from '../tests/integration/support/raw.js';
import { startRedis } from '../tests/integration/support/redis.js';
import { startUpstream } from '../tests/integration/support/upstream.js';

const USERS = '/v1/chat/users';
const CLIENTS = 16;
const seconds = Number(process.argv[2] ?? 30);
const ends = [];
const scene = { after: (end) => ends.unshift(end) };

async function start(limit) {
  const redis = await startRedis(scene);
  const upstream = await startUpstream();
  scene.after(() => upstream.stop());
  upstream.on(`GET ${USERS}`, { json: { users: [], meta: {} } });
  countTargets(upstream, [HUB]);
  const settings = { workers: 2, access_log: 'off', limits: [limit], redis: { url: redis.url } };
  const gateways = [];
  for (let i = 0; i < 2; i += 1) gateways.push(await startGateway(scene, upstream, { settings }));
  for (const gateway of gateways) {
    gateway.announce(/redis/);
    scene.after(() => gateway.stop());
  }
  const isUp = ({ event, purpose }) => event === 'redis_up' && purpose === 'limits';
  await until(async () => gateways.every(({ events }) => events.filter(isUp).length >= settings.workers));
  return { redis, gateways };
}

/** Full speed for so long: how many were admitted, and in how many seconds. */
async function load(gateways, target) {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, async (_, i) => [gateways[i % 2], await connect(scene, gateways[i % 2])]));
  const began = performance.now();
  let admitted = 0;
  let all = 0;
  await Promise.all(clients.map(async ([gateway, raw]) => {
    while (performance.now() - began < seconds * 1000) {
      raw.send(request(gateway, 'GET', target));
      const { status } = await raw.response();
      all += 1;
      if (status === 200) admitted += 1;
    }
  }));
  return { admitted, all, passed: (performance.now() - began) / 1000 };
}

async function tight() {
  const rate = 400;
  const burst = 40;
  const { gateways } = await start({ name: 'tight', requests: rate, per: '1s', burst });
  const { admitted, all, passed } = await load(gateways, USERS);
  const most = 1.25 * burst + rate * passed;
  console.log(`${admitted} of ${all} admitted in ${passed.toFixed(1)} s: ${((100 * admitted) / (rate * passed)).toFixed(1)} % of the rate; at most ${most.toFixed(0)}`);
  return admitted <= most && admitted >= 0.95 * rate * passed;
}

async function wide() {
  const { gateways, redis } = await start({ name: 'wide', requests: 10_000, per: '1s', burst: 1000 });
  await redis.command('CONFIG', 'RESETSTAT');
  const { admitted, passed } = await load(gateways, HUB);
  const calls = Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.command('INFO', 'commandstats'))?.[1]);
  console.log(`${admitted} hits admitted in ${passed.toFixed(1)} s, ${calls} scripts called: ${(calls / admitted).toFixed(3)} each`);
  return calls <= 0.1 * admitted;
}

const results = [await tight(), await wide()];
for (const end of ends) await end();
process.exitCode = results.every(Boolean) ? 0 : 1;
