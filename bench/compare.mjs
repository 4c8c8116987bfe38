// compare.mjs - measures the gateway beside its peers; bench/run.sh prepares and calls it.
//
//   bench/run.sh [--quick] [--rounds N] [--seconds N] [--case ID]... [--system NAME]... [--write]
//
// In each case every system is measured in turn, round after round, so that what else the machine
// does meets all alike. First as fast as answers come: processor time a request, requests a second
// of one core. Then at half the rate of the slowest: latencies. Medians of the rounds are printed;
// --write puts them into bench/RESULTS.md and bench/results.svg.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cases } from './cases.mjs';
import { markdown, picture } from './report.mjs';
import * as systems from './systems.mjs';

const IDLE = [0, 1000, 9000];

function readArguments(words) {
  const given = { rounds: 5, seconds: 2, warm: 0.5, cases: [], systems: [], keys: 1000, idle: IDLE };
  while (words.length > 0) {
    const word = words.shift();
    if (word === '--quick') Object.assign(given, { rounds: 1, seconds: 0.25, warm: 0.1, keys: 20, idle: [0, 200] });
    else if (word === '--rounds') given.rounds = Number(words.shift());
    else if (word === '--seconds') given.seconds = Number(words.shift());
    else if (word === '--case') given.cases.push(words.shift());
    else if (word === '--system') given.systems.push(words.shift());
    else if (word === '--write') given.writes = true;
    else throw new Error(`unknown: ${word}`);
  }
  return given;
}

const given = readArguments(process.argv.slice(2));
const folder = mkdtempSync(join(tmpdir(), 'bpgate-bench-'));
const stage = new systems.Stage(folder);

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function startAll() {
  const upstream = await systems.startUpstream(stage);
  const keys = await systems.makeKeys(given.keys);
  const starters = {
    bpgate: [systems.binary, systems.startBpgate],
    'bpgate+redis': ['redis-server', systems.startBpgateWithRedis],
    'bpgate+filter': [systems.binary, systems.startBpgateWithFilter],
    nginx: ['nginx', systems.startNginx],
    haproxy: ['haproxy', systems.startHaproxy],
    varnish: ['varnishd', systems.startVarnish],
    floor: [systems.tool('floor'), systems.startFloor],
    'floor+TLS': [systems.tool('floor'), systems.startFloorWithCall],
  };
  const started = {};
  for (const [name, [program, start]] of Object.entries(starters)) {
    const isWanted = given.systems.length === 0 || given.systems.includes(name);
    if (isWanted && systems.isThere(program)) started[name] = await start(stage, upstream, keys);
    else if (isWanted) console.log(`${name}: left out, there is no ${program}`);
  }
  return { started, keys };
}

const pidsOf = (system) => [system.pid, ...(system.more ?? [])].flatMap(systems.family);

async function load(system, wanted, { rate, requests }) {
  const args = [
    '-c', String(systems.LOAD_CORE), systems.tool('load'),
    '--to', `127.0.0.1:${wanted.tls ? system.tls : system.plain}`,
    '--requests', requests, '--connections', String(wanted.connections ?? 64),
    '--seconds', String(given.seconds), '--warm', String(given.warm), '--pids', pidsOf(system).join(','),
    ...(wanted.tls ? ['--tls', ...wanted.tls] : []), ...(rate ? ['--rate', String(rate)] : []), ...(wanted.spins && !rate ? ['--spin'] : []),
  ];
  try {
    return JSON.parse((await promisify(execFile)('taskset', args)).stdout);
  } catch (error) {
    if (error.stdout) return JSON.parse(error.stdout);
    throw error;
  }
}

/** Rounds of all systems in turn: results by system. */
async function measure(wanted, all, how) {
  const results = Object.fromEntries(all.map(({ name }) => [name, []]));
  for (let round = 0; round < given.rounds; round += 1) {
    for (const system of all) results[system.name].push(await load(system, wanted, how));
  }
  return results;
}

const complain = (where, runs) => {
  for (const { failed, first_failure: first } of runs) {
    if (failed > 0) console.log(`  !! ${where}: ${failed} failed: ${first}`);
  }
  return runs.reduce((sum, { failed }) => sum + failed, 0);
};

const writeRequests = (wanted, keys) =>
  stage.file(`${wanted.id}.requests`, wanted.requests(keys).map((text) => `${text}\0`).join(''));

async function runCase(wanted, started, keys) {
  const all = wanted.systems.filter((name) => started[name]).map((name) => started[name]);
  if (all.length === 0) return null;
  const requests = writeRequests(wanted, keys);
  const fast = await measure(wanted, all, { requests });
  const rates = Object.values(fast).map((runs) => median(runs.map(({ rate }) => rate)));
  const rate = Math.floor(Math.min(...rates) / 2);
  const isPaced = !wanted.tls && rate > 0;
  const paced = isPaced ? await measure(wanted, all, { requests, rate }) : {};
  const rows = all.map(({ name }) => {
    const failed = complain(`${wanted.id} ${name}`, [...fast[name], ...(paced[name] ?? [])]);
    const of = (runs, field) => (runs ? median(runs.map((run) => run[field])) : null);
    return {
      name, failed,
      cpu: of(fast[name], 'cpu_us'), share: of(fast[name], 'cpu_share'), rate: of(fast[name], 'rate'),
      p50: of(paced[name], 'p50_us'), p99: of(paced[name], 'p99_us'), p999: of(paced[name], 'p999_us'),
      pacedCpu: of(paced[name], 'cpu_us'),
    };
  });
  return { id: wanted.id, title: wanted.title, pace: isPaced ? rate : null, rows };
}

// --- Connections at rest ---

const residentKib = (system) =>
  pidsOf(system).reduce((sum, pid) => sum + Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))[1]), 0);

async function hold(system, count, requests) {
  const child = spawn(systems.tool('load'), ['--to', `127.0.0.1:${system.plain}`, '--requests', requests, '--connections', String(count), '--hold'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const line = await new Promise((resolve) => child.stdout.once('data', resolve));
  const { failed } = JSON.parse(line);
  if (failed > 0) console.log(`  !! idle ${system.name}: ${failed} failed`);
  const resident = residentKib(system);
  child.stdin.end();
  await new Promise((resolve) => child.once('exit', resolve));
  return resident;
}

async function measureIdle(started, keys) {
  const rows = [];
  const requests = writeRequests(cases[0], keys);
  for (const name of ['bpgate', 'nginx', 'haproxy']) {
    if (!started[name]) continue;
    const kib = [];
    for (const count of given.idle) kib.push(count === 0 ? residentKib(started[name]) : await hold(started[name], count, requests));
    const last = given.idle.length - 1;
    rows.push({ name, kib, each: (kib[last] - kib[0]) / given.idle[last] });
  }
  return { counts: given.idle, rows };
}

// --- What it ran on ---

function versionOf(command, args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).split('\n')[0].trim();
  } catch {
    return 'unknown';
  }
}

const debianVersion = (name) => versionOf('dpkg-query', ['-W', '-f', '${Package} ${Version}', name]);

const machine = () => ({
  processor: `${cpus()[0].model}, ${cpus().length} cores`,
  memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  kernel: release(),
  load: loadavg()[0],
  commit: versionOf('git', ['-C', import.meta.dirname ?? '.', 'describe', '--always', '--dirty']),
  versions: ['nginx', 'haproxy', 'varnish', 'libuv1', 'libssl3', 'redis-server'].map(debianVersion),
});

async function main() {
  const about = machine();
  const { started, keys } = await startAll();
  // First, while no system has memory left over from work.
  const wantsIdle = given.cases.length === 0 || given.cases.includes('idle');
  const idle = wantsIdle ? await measureIdle(started, keys) : null;
  if (idle) console.log(markdown.idle(idle));
  const results = [];
  for (const wanted of cases) {
    if (given.cases.length > 0 && !given.cases.includes(wanted.id)) continue;
    const result = await runCase(wanted, started, keys);
    if (!result) continue;
    results.push(result);
    console.log(markdown.case(result));
  }
  if (given.writes) {
    const where = join(new URL('.', import.meta.url).pathname);
    writeFileSync(join(where, 'RESULTS.md'), markdown.page(about, given, results, idle));
    writeFileSync(join(where, 'results.svg'), picture(results));
  }
  return results.every(({ rows }) => rows.every(({ name, failed }) => failed === 0 || !name.startsWith('bpgate')));
}

let isGood = false;
try {
  isGood = await main();
} finally {
  await stage.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = isGood ? 0 : 1;
