// main.mjs - reads what is wanted of the bench, does it, and says which promises hold; run.sh prepares and calls it.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { compare } from './compare.mjs';
import { growth } from './growth.mjs';
import { instructions } from './instructions.mjs';
import { holds, promiseText, promisesOf } from './promises.mjs';
import { page, picture } from './report.mjs';
import { soak } from './soak.mjs';
import { steps } from './steps.mjs';
import { Stage } from './systems.mjs';
import { workers } from './workers.mjs';

const QUICK = { isQuick: true, rounds: 1, seconds: 0.25, warm: 0.1, keys: 20, idle: [0, 200] };
const USAGE = 'see the first lines of bench/run.sh';

function readArguments(words) {
  const wanted = { rounds: 15, seconds: 0.5, warm: 0.3, cases: [], systems: [], keys: 1000, idle: [0, 1000, 9000], soak: 120 };
  const value = () => words.shift() ?? fail(`a value is missing; ${USAGE}`);
  const options = {
    '--quick': () => Object.assign(wanted, QUICK),
    '--write': () => (wanted.writes = true),
    '--rounds': () => (wanted.rounds = Number(value())),
    '--seconds': () => (wanted.seconds = Number(value())),
    '--case': () => wanted.cases.push(value()),
    '--system': () => wanted.systems.push(value()),
    '--instructions': () => (wanted.mode = 'instructions'),
    '--steps': () => (wanted.mode = 'steps'),
    '--growth': () => (wanted.mode = 'growth'),
    '--workers': () => (wanted.mode = 'workers'),
    '--soak': () => {
      wanted.mode = 'soak';
      if (/^\d+$/.test(words[0] ?? '')) wanted.soak = Number(words.shift());
    },
  };
  while (words.length > 0) {
    const word = words.shift();
    (options[word] ?? (() => fail(`${word}: ${USAGE}`)))();
  }
  return wanted;
}

function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(2);
}

// --- What it runs on ---

function firstLineOf(command, args) {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).split('\n')[0].trim();
  } catch {
    return 'unknown';
  }
}

const debianVersion = (name) => firstLineOf('dpkg-query', ['-W', '-f', '${Package} ${Version}', name]);

const machine = () => ({
  processor: `${cpus()[0].model}, ${cpus().length} cores`,
  memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  kernel: release(),
  load: loadavg()[0],
  commit: firstLineOf('git', ['-C', import.meta.dirname ?? '.', 'describe', '--always', '--dirty']),
  versions: ['nginx', 'haproxy', 'varnish', 'libuv1', 'libssl3', 'redis-server'].map(debianVersion),
});

// --- The modes ---

/** All: the comparison, and unless only a part of it is asked for what the gateway does alone. */
async function all(stage, wanted) {
  const about = machine();
  const found = await compare(stage, wanted);
  if (wanted.isQuick) {
    const own = found.results.flatMap(({ rows }) => rows).filter(({ name }) => name.startsWith('bpgate'));
    return own.filter(({ failed }) => failed > 0).map(({ name, first }) => ({ show: 2, says: `${name}: ${first}`, value: null, most: 0 }));
  }
  const promises = promisesOf(found);
  if (wanted.cases.length === 0 && wanted.systems.length === 0) {
    found.steps = await steps();
    promises.push(...(await soak(wanted.soak)), ...(await growth()), ...(await workers()));
  }
  if (wanted.writes) {
    const folder = new URL('.', import.meta.url).pathname;
    writeFileSync(join(folder, 'RESULTS.md'), page(about, wanted, found, promises));
    writeFileSync(join(folder, 'results.svg'), picture(found.results));
  }
  return promises;
}

const modes = {
  steps: async () => {
    await steps();
    return [];
  },
  growth,
  workers,
  soak: (wanted) => soak(wanted.soak),
  instructions: (wanted) => instructions(wanted.writes),
};

async function main(wanted) {
  if (modes[wanted.mode]) return modes[wanted.mode](wanted);
  const folder = mkdtempSync(join(tmpdir(), 'bpgate-bench-'));
  const stage = new Stage(folder);
  const end = async () => {
    await stage.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  // Who interrupts it leaves no server behind.
  for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]]) process.once(signal, () => end().finally(() => process.exit(code)));
  try {
    return await all(stage, wanted);
  } finally {
    await end();
  }
}

const promises = await main(readArguments(process.argv.slice(2)));
for (const promise of promises) console.log(promiseText(promise));
process.exitCode = promises.every(holds) ? 0 : 1;
