// growth.mjs - what a look-up costs with ten of something and with very many, in instructions.
//
// Each is counted by callgrind in a process of its own.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as systems from './systems.mjs';

const FEW = 10;
const OPERATIONS = 20_000;
const MOST = 1.15;
const tables = [
  { name: 'cache entries', table: 'cache', many: 1_000_000 },
  { name: 'keys', table: 'keys', many: 100_000 },
  { name: 'partitions of limits', table: 'limits', many: 1_000_000 },
  { name: 'routes', table: 'routes', many: 250 }, // all of the catalogue
];

async function count(table, size) {
  const args = ['--tool=callgrind', '--instr-atstart=no', '--callgrind-out-file=/dev/null', systems.tool('growth'), table, String(size), String(OPERATIONS)];
  const { stderr } = await promisify(execFile)('valgrind', args);
  return Number(/Collected : (\d+)/.exec(stderr)[1]) / OPERATIONS;
}

export async function growth() {
  const promises = [];
  for (const { name, table, many } of tables) {
    const [few, all] = [await count(table, FEW), await count(table, many)];
    console.log(`${name}: ${few.toFixed(0)} instructions with ${FEW}, ${all.toFixed(0)} with ${many}`);
    promises.push({ show: 4, says: `instructions of a look-up with ${many} ${name}, to ${FEW}`, value: all / few, most: MOST });
  }
  return promises;
}
