// growth.mjs - what a step costs with ten of something and with very many, in instructions.
//
// Each is counted by callgrind in a process of its own.

import { countSteps } from './steps.mjs';

const FEW = 10;
const MOST = 1.15;
const tables = [
  { name: 'cache entries', step: 'find', many: 1_000_000 },
  { name: 'keys', step: 'key', many: 100_000 },
  { name: 'partitions of limits', step: 'limit', many: 1_000_000 },
  { name: 'routes', step: 'match', many: 250 }, // all of the catalogue
];

export async function growth() {
  const promises = [];
  for (const { name, step, many } of tables) {
    const [few, all] = [await countSteps(step, FEW), await countSteps(step, many)];
    console.log(`${name}: ${few.toFixed(0)} instructions with ${FEW}, ${all.toFixed(0)} with ${many}`);
    promises.push({ show: 4, says: `instructions of a look-up with ${many} ${name}, to ${FEW}`, value: all / few, most: MOST });
  }
  return promises;
}
