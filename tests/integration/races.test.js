// Several workers at once, under load, while credentials change and the gateway is told to stop. What
// this is for is the ThreadSanitizer build: it passes in every other one too.

import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { writeConfiguration } from './support/gateway.js';
import { play } from './support/play.js';

const CALLERS = 12;
const ROUNDS = 15;

test('four workers under load, a credential file that keeps changing, then the end', async (t) => {
  const file = writeConfiguration(t, 'bp_pat_race_0\n', 'token');
  const { ask, gateway } = await play(t, {
    settings: { workers: 4, credentials: [{ name: 'team', token: `file:${file}` }] },
  });
  const turn = setInterval(() => {
    writeFileSync(`${file}.new`, `bp_pat_race_${Date.now()}\n`);
    renameSync(`${file}.new`, file);
  }, 100);
  t.after(() => clearInterval(turn));
  async function call(n) {
    for (let round = 0; round < ROUNDS; round += 1) {
      const response = await ask('GET', `/v1/chat/users?caller=${n}&round=${round}`);
      assert.equal(response.status, 200, response.text);
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, (_, n) => call(n)));
  clearInterval(turn);
  assert.ok(gateway.events.some(({ event, workers }) => event === 'ready' && workers === 4));
});
