// steps.mjs - what each step of a hit costs by itself.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { median } from './figures.mjs';
import { stepsText } from './report.mjs';
import { tool } from './systems.mjs';

const COUNTED = 20_000;
const TIMED = 500_000;
const ROUNDS = 7;
const SOME = 1000; // of what is looked at in a table

const titles = {
  parse: 'head: checked and parsed', match: 'route: matched', key: 'key: authenticated',
  limit: 'limit: asked and charged', find: 'cache: found', line: 'access log: line written',
};

/** Instructions of one, by callgrind. */
export async function countSteps(step, count) {
  const args = ['--tool=callgrind', '--instr-atstart=no', '--callgrind-out-file=/dev/null', tool('steps'), step, String(count), String(COUNTED)];
  const { stderr } = await promisify(execFile)('valgrind', args);
  return Number(/Collected : (\d+)/.exec(stderr)[1]) / COUNTED;
}

async function time(step) {
  const { stdout } = await promisify(execFile)(tool('steps'), [step, String(SOME), String(TIMED)]);
  return Number(stdout);
}

/** Rows of {title, instructions, ns}; told, too. */
export async function steps() {
  const rows = [];
  for (const [step, title] of Object.entries(titles)) {
    const rounds = [];
    for (let round = 0; round < ROUNDS; round += 1) rounds.push(await time(step));
    rows.push({ title, instructions: await countSteps(step, SOME), ns: median(rounds) });
  }
  console.log(stepsText(rows));
  return rows;
}
