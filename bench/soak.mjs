// soak.mjs - whether memory grows at full rate.
//
// Hits and calls through TLS in turn, by 1 000 keys, as fast as they are answered; before that more clients at
// once, so that the pools hold what they may. What counts is the resident memory at the end to that after the
// first fifth.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cases } from './cases.mjs';
import * as systems from './systems.mjs';

const STEPS = 10;
const SETTLED = 2; // steps
const MOST = 1.02;
const BEFORE = { connections: 256, seconds: 5 };

/** Answers a second. */
async function load(gateway, requests, { connections, seconds }) {
  const args = ['-c', String(systems.LOAD_CORE), systems.tool('load'), '--to', `127.0.0.1:${gateway.plain}`, '--requests', requests, '--connections', String(connections), '--seconds', String(seconds), '--warm', '0'];
  const { rate, failed, first_failure: first } = JSON.parse((await promisify(execFile)('taskset', args)).stdout);
  if (failed > 0) throw new Error(`${failed} failed: ${first}`);
  return rate;
}

const residentKib = (pid) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))[1]);

export async function soak(seconds) {
  const folder = mkdtempSync(join(tmpdir(), 'bpgate-bench-'));
  const stage = new systems.Stage(folder);
  try {
    const keys = await systems.makeKeys(1000);
    const upstream = await systems.startUpstream(stage);
    const gateway = await systems.startBpgate(stage, upstream, keys, { settings: { access_log: '/dev/null' } });
    const requests = stage.file('requests', cases.find(({ id }) => id === 'mixed').requests(keys).map((text) => `${text}\0`).join(''));
    await load(gateway, requests, BEFORE);
    const sizes = [];
    let count = 0;
    for (let step = 0; step < STEPS; step += 1) {
      const rate = await load(gateway, requests, { connections: 64, seconds: seconds / STEPS });
      count += (rate * seconds) / STEPS;
      sizes.push(residentKib(gateway.pid));
      console.log(`${(((step + 1) * seconds) / STEPS).toFixed(0)} s: ${(sizes.at(-1) / 1024).toFixed(2)} MiB, ${Math.round(rate)} requests/s`);
    }
    const growth = sizes.at(-1) / sizes[SETTLED - 1];
    console.log(`${Math.round(count)} requests; ${(100 * (growth - 1)).toFixed(2)} % after the first fifth`);
    return [{ show: 3, says: `memory after ${seconds} s at full rate, to that after the first fifth`, value: growth, most: MOST }];
  } finally {
    await stage.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
