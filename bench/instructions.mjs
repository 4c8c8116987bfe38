// instructions.mjs - how many instructions a request costs the gateway, counted by callgrind.
//
// A hit and a miss through TLS, one connection, all features on; the same hit with one filter that sets a
// field; and what the filters' own lines take of a request where no filter is configured. Runs that
// differ in the number of one kind of request are subtracted, so start-up cancels out. The profile that guides
// the build is not quite the same each time, nor are these figures, by less than 1 %. A figure may be 5 % above
// that of instructions.txt; whoever means more renews the file in the same commit.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cases } from './cases.mjs';
import * as systems from './systems.mjs';

const COUNT = 600;
const MOST = 1.05;
const FEW = 30; // so many, 0.2 % of a hit, are no news of a small figure: two profiles inline them otherwise
const file = join(new URL('.', import.meta.url).pathname, 'instructions.txt');

const requestsOf = (id) => cases.find((one) => one.id === id).requests;

async function ask(stage, gateway, keys, id, count) {
  const requests = stage.file(`${id}.requests`, requestsOf(id)(keys).map((text) => `${text}\0`).join(''));
  await promisify(execFile)(systems.tool('load'), [
    '--to', `127.0.0.1:${gateway.plain}`, '--requests', requests, '--connections', '1', '--count', String(count),
  ]);
}

/** Instructions of lines in source files whose paths match, inlined ones too, out of a file of callgrind's. */
function instructionsIn(text, pattern) {
  const isOurs = {};
  let [source, isCall, sum] = ['', false, 0];
  for (const line of text.split('\n')) {
    // A path is told once, with a number that then stands for it; cfi and cfl are files of what is called.
    const [, word, number, path] = /^(f[lie]|cf[il])=\((\d+)\)(?: (.*))?$/.exec(line) ?? [];
    if (path) isOurs[number] = pattern.test(path);
    if (word?.startsWith('f')) source = number;
    const cost = /^[+\-*\d]\S* (\d+)$/.exec(line);
    if (cost && isOurs[source] && !isCall) sum += Number(cost[1]);
    isCall = line.startsWith('calls=');
  }
  return sum;
}

/** Instructions of a whole run with so many of each, and those of the filters' lines. */
async function run(folder, keys, hits, misses, start = systems.startBpgate) {
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
  const own = instructionsIn(readFileSync(join(stage.folder, 'callgrind.out'), 'latin1'), /\/src\/(script\/|gateway\/(stage_)?filter)/);
  return { all: Number(collected[1]), filters: own };
}

/** Instructions of one more of a kind. */
const each = (some, more) => Math.round((more.all - some.all) / COUNT);

function promisesOf(counted) {
  const recorded = Object.fromEntries(readFileSync(file, 'latin1').split('\n').filter(Boolean).map((line) => line.split(/\s+/)));
  return Object.entries(counted).map(([name, count]) => ({
    show: 6, says: `instructions of ${name}, ${count}, to the record`, value: count / Number(recorded[name]),
    most: Number((MOST + FEW / Number(recorded[name])).toFixed(2)),
  }));
}

async function countAll(folder) {
  const keys = await systems.makeKeys(1);
  const runs = [];
  for (const [hits, misses] of [[1, 1], [2, 1], [1, 2]]) runs.push(await run(folder, keys, hits * COUNT, misses * COUNT));
  const [base, moreHits, moreMisses] = runs;
  const filtered = [];
  for (const hits of [1, 2]) filtered.push(await run(folder, keys, hits * COUNT, COUNT, systems.startBpgateWithFilter));
  return {
    hit: each(base, moreHits),
    miss: each(base, moreMisses),
    'hit-with-filter': each(...filtered),
    'filters-in-hit-without': Math.round((moreHits.filters - base.filters) / COUNT),
    'filters-in-miss-without': Math.round((moreMisses.filters - base.filters) / COUNT),
  };
}

export async function instructions(writes) {
  const folder = mkdtempSync(join(tmpdir(), 'bpgate-instructions-'));
  try {
    const counted = await countAll(folder);
    if (writes) writeFileSync(file, Object.entries(counted).map(([name, count]) => `${name} ${count}\n`).join(''));
    return promisesOf(counted);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
