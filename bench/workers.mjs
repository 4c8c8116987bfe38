// workers.mjs - two workers against one, at the same rate for each.
//
// Processor time a request of a hit, medians of interleaved rounds; then the futex calls of two workers, by
// strace.

import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cases } from './cases.mjs';
import * as systems from './systems.mjs';

const ROUNDS = 5;
const RATE = 4000; // of each worker
const COUNTED = 20_000;
const MOST = { ratio: 1.25, futexes: 1 };

const run = promisify(execFile);
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

async function load(gateway, requests, more) {
  const pids = systems.family(gateway.pid).join(',');
  const args = ['--to', `127.0.0.1:${gateway.plain}`, '--requests', requests, '--connections', '64', '--warm', '0.5', '--pids', pids, ...more];
  return JSON.parse((await run(systems.tool('load'), args)).stdout);
}

/** Futex calls of all threads in so many requests. */
async function countFutexes(folder, gateway, requests) {
  const summary = join(folder, 'futexes');
  const tracer = spawn('strace', ['-f', '-c', '-e', 'trace=futex', '-o', summary, '-p', String(gateway.pid)], { stdio: ['ignore', 'ignore', 'pipe'] });
  await new Promise((resolve) => tracer.stderr.once('data', resolve)); // it has attached
  await load(gateway, requests, ['--count', String(COUNTED)]);
  tracer.kill('SIGINT');
  await new Promise((resolve) => tracer.once('exit', resolve));
  const { stdout } = await run('awk', ['$NF == "futex" { calls = $4 } END { print calls + 0 }', summary]);
  return Number(stdout);
}

export async function workers() {
  const folder = mkdtempSync(join(tmpdir(), 'bpgate-bench-'));
  const stage = new systems.Stage(folder);
  try {
    const keys = await systems.makeKeys(1);
    const upstream = await systems.startUpstream(stage);
    const gateways = [];
    for (const workers of [1, 2]) gateways.push(await systems.startBpgate(stage, upstream, keys, { name: `bpgate-${workers}`, workers }));
    const requests = stage.file('requests', cases.find(({ id }) => id === 'hit').requests(keys).map((text) => `${text}\0`).join(''));
    const cpu = [[], []];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [i, gateway] of gateways.entries()) {
        const result = await load(gateway, requests, ['--seconds', '2', '--rate', String(RATE * (i + 1))]);
        if (result.failed > 0) throw new Error(`${result.failed} failed: ${result.first_failure}`);
        cpu[i].push(result.cpu_us);
      }
    }
    const ratio = median(cpu[1]) / median(cpu[0]);
    const futexes = (1000 * (await countFutexes(folder, gateways[1], requests))) / COUNTED;
    console.log(`CPU a request at ${RATE}/s a worker: one worker ${median(cpu[0]).toFixed(1)} µs, two ${median(cpu[1]).toFixed(1)} µs`);
    return [
      { show: 5, says: 'CPU time of a hit with two workers, to one', value: ratio, most: MOST.ratio },
      { show: 5, says: 'futex calls of two workers in 1 000 requests', value: futexes, most: MOST.futexes },
    ];
  } finally {
    await stage.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
