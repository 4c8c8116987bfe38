// instructions.mjs - how many instructions a request costs the gateway, counted by callgrind.
//
//   bench/run.sh --instructions           compares with bench/instructions.txt
//   bench/run.sh --instructions --write   renews it
//
// A hit and a miss through TLS, one connection, all features on; the same hit with one filter that sets a
// field; and what the filters' own functions take of a request where no filter is configured. Runs that
// differ in the number of one kind of request are subtracted, so start-up cancels out. Ends with 1 when a
// figure is more than 5 % above the file's: whoever means that renews the file in the same commit.

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

/** Instructions of the functions themselves whose names match, out of a file of callgrind's. */
function instructionsIn(text, pattern) {
  const names = {};
  let [isOurs, isCall, sum] = [false, false, 0];
  for (const line of text.split('\n')) {
    const of = /^fn=\((\d+)\)(?: (.*))?$/.exec(line);
    if (of) isOurs = pattern.test((names[of[1]] ??= of[2]));
    const called = /^cfn=\((\d+)\) (.*)$/.exec(line);
    if (called) names[called[1]] ??= called[2];
    const cost = /^[+\-*\d]\S* (\d+)$/.exec(line);
    if (cost && isOurs && !isCall) sum += Number(cost[1]);
    isCall = line.startsWith('calls=');
  }
  return sum;
}

/** Instructions of a whole run with so many of each, and those of the filters' functions. */
async function run(keys, hits, misses, start = systems.startBpgate) {
  const stage = new systems.Stage(mkdtempSync(join(folder, 'run-')));
  try {
    const upstream = await systems.startUpstream(stage);
    const gateway = await start(stage, upstream, keys, { isCounted: true });
    await ask(stage, gateway, keys, 'hit', hits);
    await ask(stage, gateway, keys, 'pass', misses);
  } finally {
    await stage.stop();
  }
  const name = start === systems.startBpgate ? 'bpgate' : 'bpgate+filter';
  const log = readFileSync(join(stage.folder, `${name}.err`), 'latin1');
  const collected = /Collected : (\d+)/.exec(log);
  if (!collected) throw new Error(`callgrind says nothing:\n${log}`);
  const own = instructionsIn(readFileSync(join(stage.folder, 'callgrind.out'), 'latin1'), /^(filters?|script)_/);
  return { all: Number(collected[1]), filters: own };
}

/** Instructions of one more of a kind. */
const each = (some, more) => Math.round((more.all - some.all) / COUNT);


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
  const filtered = [await run(keys, COUNT, COUNT, systems.startBpgateWithFilter), await run(keys, 2 * COUNT, COUNT, systems.startBpgateWithFilter)];
  const counted = {
    hit: each(base, moreHits),
    miss: each(base, moreMisses),
    'hit-with-filter': each(...filtered),
    'filters-in-hit-without': Math.round((moreHits.filters - base.filters) / COUNT),
    'filters-in-miss-without': Math.round((moreMisses.filters - base.filters) / COUNT),
  };
  if (process.argv.includes('--write')) {
    writeFileSync(file, Object.entries(counted).map(([name, count]) => `${name} ${count}\n`).join(''));
    console.log(JSON.stringify(counted));
  } else if (!compare(counted)) {
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
