// growth.mjs - what a look-up costs with ten of something and with very many, in instructions.
//
//   bench/run.sh --growth
//
// Each is counted by callgrind in a process of its own. Ends with 1 when one costs more than 15 % above ten of
// the same.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as systems from './systems.mjs';

const FEW = 10;
const OPERATIONS = 20_000;
const MOST = 1.15;
const tables = [
  { name: 'cache', many: 1_000_000 },
  { name: 'keys', many: 100_000 },
  { name: 'limits', many: 1_000_000 },
  { name: 'routes', many: 250 }, // all of the catalogue
];

async function count(name, size) {
  const args = ['--tool=callgrind', '--instr-atstart=no', '--callgrind-out-file=/dev/null', systems.tool('growth'), name, String(size), String(OPERATIONS)];
  const { stderr } = await promisify(execFile)('valgrind', args);
  return Number(/Collected : (\d+)/.exec(stderr)[1]) / OPERATIONS;
}

for (const { name, many } of tables) {
  const [few, all] = [await count(name, FEW), await count(name, many)];
  const holds = all <= MOST * few;
  console.log(`${name}: ${few.toFixed(0)} instructions with ${FEW}, ${all.toFixed(0)} with ${many} (${(all / few).toFixed(2)})${holds ? '' : ': grows'}`);
  if (!holds) process.exitCode = 1;
}
