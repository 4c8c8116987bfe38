// instructions.mjs - how many instructions a request costs the gateway, counted by callgrind.
//
//   bench/run.sh --instructions           compares with bench/instructions.txt
//   bench/run.sh --instructions --write   renews it
//
// A hit and a miss through TLS, one connection, all features on. Runs that differ in the number of
// one kind of request are subtracted, so start-up cancels out. Ends with 1 when a figure is more
// than 5 % above the file's: whoever means that renews the file in the same commit.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cases } from './cases.mjs';
import * as systems from './systems.mjs';

const COUNT = 600;
const MOST = 1.05;
const file = join(new URL('.', import.meta.url).pathname, 'instructions.txt');
const folder = mkdtempSync(join(tmpdir(), 'bpgate-instructions-'));

const requestsOf = (id) => cases.find((one) => one.id === id).requests;

async function ask(stage, gateway, keys, id, count) {
  const requests = stage.file(`${id}.requests`, requestsOf(id)(keys).map((text) => `${text}\0`).join(''));
  await promisify(execFile)(systems.tool('load'), [
    '--to', `127.0.0.1:${gateway.plain}`, '--requests', requests, '--connections', '1', '--count', String(count),
  ]);
}

/** Instructions of a whole run with so many of each. */
async function run(keys, hits, misses) {
  const stage = new systems.Stage(mkdtempSync(join(folder, 'run-')));
  try {
    const upstream = await systems.startUpstream(stage);
    const gateway = await systems.startBpgate(stage, upstream, keys, { isCounted: true });
    await ask(stage, gateway, keys, 'hit', hits);
    await ask(stage, gateway, keys, 'pass', misses);
  } finally {
    await stage.stop();
  }
  const log = readFileSync(join(stage.folder, 'bpgate.err'), 'latin1');
  const collected = /Collected : (\d+)/.exec(log);
  if (!collected) throw new Error(`callgrind says nothing:\n${log}`);
  return Number(collected[1]);
}

function compare(counted) {
  const recorded = Object.fromEntries(readFileSync(file, 'latin1').split('\n').filter(Boolean).map((line) => line.split(/\s+/)));
  let isGood = true;
  for (const [name, count] of Object.entries(counted)) {
    const share = count / Number(recorded[name]);
    console.log(`${name}: ${count} instructions, ${(100 * (share - 1)).toFixed(1)} % against the record`);
    if (share <= MOST) continue;
    isGood = false;
    console.log(`${name}: more than 5 % above; if it must be, \`bench/run.sh --instructions --write\` and commit the file`);
  }
  return isGood;
}

try {
  const keys = await systems.makeKeys(1);
  const [base, moreHits, moreMisses] = [await run(keys, COUNT, COUNT), await run(keys, 2 * COUNT, COUNT), await run(keys, COUNT, 2 * COUNT)];
  const counted = { hit: Math.round((moreHits - base) / COUNT), miss: Math.round((moreMisses - base) / COUNT) };
  if (process.argv.includes('--write')) {
    writeFileSync(file, Object.entries(counted).map(([name, count]) => `${name} ${count}\n`).join(''));
    console.log(JSON.stringify(counted));
  } else if (!compare(counted)) {
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
