// Tokens are changed while requests run: by file, and by the second slot.

import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { botpressClient, errorOf } from './support/client.js';
import { eventually } from './support/deadline.js';
import { writeConfiguration } from './support/gateway.js';
import { play } from './support/play.js';

const OLD = 'bp_pat_old_token_of_the_team_00000000';
const NEW = 'bp_pat_new_token_of_the_team_11111111';
const ROTATION = { announces: [/credential|token|unauthorized|401/i] };

function replaceFile(file, text) {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

const bearers = (upstream) => upstream.requests.map((request) => request.header('authorization'));

test('a credential file replaced under load fails no request', async (t) => {
  const file = writeConfiguration(t, `${OLD}\n`, 'token');
  const { gateway, upstream } = await play(t, {
    settings: { credentials: [{ name: 'team', token: `file:${file}` }] },
  });
  gateway.keepSecret(OLD, NEW);
  upstream.api.tokens = new Set([`Bearer ${OLD}`, `Bearer ${NEW}`]);
  let isRotated = false;
  const failures = [];
  async function keepCalling(n) {
    const client = botpressClient(gateway);
    while (!isRotated)
      await client.createUser({ name: `${n}`, tags: {} }).catch((error) => failures.push(error));
  }
  const callers = Array.from({ length: 8 }, (_, n) => keepCalling(n));
  await upstream.arrival('POST', { index: 50 });
  replaceFile(file, `${NEW}\n`);
  await eventually(
    () => upstream.requests.at(-1).header('authorization') === `Bearer ${NEW}`,
    'the new token is used',
  );
  isRotated = true;
  await Promise.all(callers);

  assert.deepEqual(failures, []);
  assert.ok(bearers(upstream).includes(`Bearer ${OLD}`));
  upstream.api.tokens = new Set([`Bearer ${NEW}`]);
  await botpressClient(gateway).listUsers({});
});

test('an emptied credential file does not take the token away', async (t) => {
  const file = writeConfiguration(t, OLD, 'token');
  const { client, gateway, upstream } = await play(t, {
    ...ROTATION,
    settings: { credentials: [{ name: 'team', token: `file:${file}` }] },
  });
  gateway.keepSecret(OLD);
  await client.listUsers({});
  const eventsBefore = gateway.events.length;
  replaceFile(file, '');
  // The gateway says so when it has seen the file; without a line the old token simply stays.
  await eventually(() => gateway.events.length > eventsBefore, 'a line', 1500).catch(() => {});
  await client.listUsers({});
  assert.deepEqual(bearers(upstream), [`Bearer ${OLD}`, `Bearer ${OLD}`]);
});

const slots = {
  settings: { credentials: [{ name: 'team', token: 'env:OLD_TOKEN', next_token: 'env:NEW_TOKEN' }] },
  env: { OLD_TOKEN: OLD, NEW_TOKEN: NEW },
  ...ROTATION,
};

for (const method of ['GET', 'POST']) {
  test(`a ${method} that the first token may not do is replayed once with the next one, which is promoted`, async (t) => {
    const { upstream, ask } = await play(t, slots);
    upstream.api.tokens = new Set([`Bearer ${NEW}`]);
    const body = method === 'POST' ? '{"name":"once"}' : undefined;
    const first = await ask(method, '/v1/chat/users', { body });
    assert.ok(first.status < 300, first.text);
    assert.deepEqual(bearers(upstream), [`Bearer ${OLD}`, `Bearer ${NEW}`]);
    assert.ok(upstream.requests[0].body.equals(upstream.requests[1].body));

    await ask(method, '/v1/chat/users', { body });
    assert.deepEqual(bearers(upstream).slice(2), [`Bearer ${NEW}`]);
  });
}

test('while the first token is good the next one is not used', async (t) => {
  const { upstream, client } = await play(t, slots);
  upstream.api.tokens = new Set([`Bearer ${OLD}`]);
  await client.listUsers({});
  await client.createUser({ tags: {} });
  assert.deepEqual(bearers(upstream), [`Bearer ${OLD}`, `Bearer ${OLD}`]);
});

test('when both tokens are bad the client is told, and there is no second try for a while', async (t) => {
  const { upstream, client } = await play(t, slots);
  upstream.api.tokens = new Set();
  assert.equal((await errorOf(client.listUsers({}))).type, 'Unauthorized');
  assert.equal(upstream.requests.length, 2);
  assert.equal((await errorOf(client.createUser({ tags: {} }))).type, 'Unauthorized');
  assert.equal(upstream.requests.length, 3);
});

test('a body that is too large to be held is not replayed', async (t) => {
  const { upstream, client } = await play(t, slots);
  upstream.api.tokens = new Set([`Bearer ${NEW}`]);
  const error = await errorOf(client.createUser({ tags: {}, name: 'x'.repeat(300_000) }));
  assert.equal(error.type, 'Unauthorized');
  assert.equal(upstream.requests.length, 1);
});

test('without a next token a 401 passes as it is', async (t) => {
  const { upstream, client } = await play(t);
  upstream.api.tokens = new Set();
  const error = await errorOf(client.createUser({ tags: {} }));
  assert.equal(error.type, 'Unauthorized');
  assert.equal(error.message, 'this token is not good');
  assert.equal(upstream.requests.length, 1);
});
