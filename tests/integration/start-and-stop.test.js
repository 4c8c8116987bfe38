// How the gateway starts, refuses to start, and stops.

import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { botpressClient } from './support/client.js';
import { deferred, eventually } from './support/deadline.js';
import { command, writeConfiguration } from './support/gateway.js';
import { assertOneAccessLine, newRequestId, play } from './support/play.js';
import { connect, request } from './support/raw.js';

const GOOD = `
listen:
  - address: 127.0.0.1:0
upstream:
  url: https://localhost:1
credentials:
  - {name: team, token: "env:BOTPRESS_TOKEN"}
profiles:
  - {name: support, credential: team, bot_id: bot_1}
`;

const env = { BOTPRESS_TOKEN: 'bp_pat_start_and_stop_0123456789' };

test('the configuration of these plays is good', async (t) => {
  const { code, stderr } = await command(['check', '--config', writeConfiguration(t, GOOD)], { env });
  assert.equal(code, 0, stderr);
});

const BAD = {
  'an unknown key': [GOOD.replace('credential:', 'credentail:'), /credential\b/, 9],
  'an unknown section': [`${GOOD}upstraem: {}\n`, /upstream/, 10],
  'a number that is none': [`${GOOD}workers: many\n`, /workers/, 10],
  'a duration without a unit that exists': [
    `${GOOD.replace('localhost:1', 'localhost:1\n  timeouts: {connect: 2 parsecs}')}`,
    /connect/,
    6,
  ],
  'a profile that names no credential of the file': [
    GOOD.replace('credential: team', 'credential: teem'),
    /teem/,
    9,
  ],
  'broken YAML': [`${GOOD}keys: [\n`, /./, null],
  'a key of an unknown profile': [
    `${GOOD}keys:\n  - {id: Ab3dE6gH9k, name: ci, hashes: [{sha256: ${'0'.repeat(64)}}], profile: nobody, operations: [read]}\n`,
    /nobody/,
    11,
  ],
  'an operation that does not exist': [
    `${GOOD}keys:\n  - {id: Ab3dE6gH9k, name: ci, hashes: [{sha256: ${'0'.repeat(64)}}], profile: support, operations: [raed]}\n`,
    /raed/,
    11,
  ],
  'an address that is none': [GOOD.replace('127.0.0.1:0', '127.0.0.1:99999'), /address/, 3],
  'an upstream that is no URL': [GOOD.replace('https://localhost:1', 'localhost'), /localhost|url/, 5],
};

for (const [what, [text, saying, line]] of Object.entries(BAD)) {
  test(`${what}: run and check say where, and end`, async (t) => {
    const file = writeConfiguration(t, text);
    for (const verb of ['run', 'check']) {
      const { code, stdout, stderr } = await command([verb, '--config', file], { env });
      assert.ok(Number.isInteger(code) && code > 0, `${verb} ended with ${code}`);
      const said = stdout + stderr;
      assert.match(said, saying);
      if (line) assert.match(said, new RegExp(`\\b${line}\\b`), `${said} names line ${line}`);
    }
  });
}

test('a token that is not there is told at the start', async (t) => {
  const text = GOOD.replace('BOTPRESS_TOKEN', 'NO_SUCH_VARIABLE');
  const { code, stderr } = await command(['run', '--config', writeConfiguration(t, text)]);
  assert.ok(code > 0);
  assert.match(stderr, /NO_SUCH_VARIABLE/);
});

test('a file that is not there is told at the start', async () => {
  const { code, stderr } = await command(['run', '--config', '/nowhere/bpgate.yaml'], { env });
  assert.ok(code > 0);
  assert.match(stderr, /\/nowhere\/bpgate\.yaml/);
});

test('a port that is taken is told at the start', async (t) => {
  const holder = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => holder.once('listening', resolve));
  t.after(() => holder.close());
  const { port } = holder.address();
  const file = writeConfiguration(t, GOOD.replace('127.0.0.1:0', `127.0.0.1:${port}`));
  const { code, stderr } = await command(['run', '--config', file], { env });
  assert.ok(code > 0, `exit code ${code}`);
  assert.match(stderr, new RegExp(`${port}`));
});

test('commands that do not exist, and version', async () => {
  assert.ok((await command(['rnu'])).code > 0);
  const { code, stdout } = await command(['version']);
  assert.equal(code, 0);
  assert.match(stdout, /\d+\.\d+/);
});

test('routes prints the catalogue', async () => {
  const { code, stdout } = await command(['routes']);
  assert.equal(code, 0);
  assert.match(stdout, /createMessage/);
  assert.match(stdout, /\/v1\/admin\/hub\/integrations/);
  assert.ok(stdout.split('\n').length >= 226);
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal} at rest: exit code 0`, async (t) => {
    const { gateway, client } = await play(t);
    await client.listUsers({});
    gateway.signal(signal);
    assert.equal(await gateway.exited(), 0);
  });
}

test('SIGTERM at once after the start: exit code 0', async (t) => {
  const { gateway } = await play(t);
  gateway.signal('SIGTERM');
  assert.equal(await gateway.exited(), 0);
});

/** A listener that is closed is how a worker shows that it heard of the end. */
function isRefused(gateway) {
  return new Promise((resolve) => {
    const socket = net.connect(gateway.port, gateway.host);
    socket.on('connect', () => resolve(socket.destroy() && false));
    socket.on('error', () => resolve(true));
  });
}

test('what runs when SIGTERM comes is finished, and its connection closed', async (t) => {
  const { gateway, upstream } = await play(t);
  const held = deferred();
  upstream.next({ hold: held.promise, json: { late: true } });
  const id = newRequestId();
  const raw = await connect(t, gateway);
  raw.send(request(gateway, 'POST', '/v1/chat/messages', { body: '{}', headers: { 'x-request-id': id } }));
  await upstream.arrival();
  gateway.signal('SIGTERM');
  await eventually(() => isRefused(gateway), 'no connection is accepted');
  held.resolve();
  const response = await raw.response();
  assert.deepEqual(response.json, { late: true });
  assert.equal(response.header('connection')?.toLowerCase(), 'close');
  assert.equal(await gateway.exited(), 0);
  await assertOneAccessLine(gateway, id);
});

test('a connection that rests does not hold up the end', async (t) => {
  const { gateway } = await play(t);
  const raw = await connect(t, gateway);
  raw.send(request(gateway, 'GET', '/v1/chat/users'));
  await raw.response();
  const idle = await connect(t, gateway);
  gateway.signal('SIGTERM');
  await Promise.all([raw.ended(), idle.ended()]);
  assert.equal(await gateway.exited(), 0);
});

test('two listeners serve alike', async (t) => {
  const { gateway } = await play(t, {
    settings: { listen: [{ address: '127.0.0.1:0' }, { address: '127.0.0.1:0' }] },
  });
  const { addresses } = gateway.events.find(({ event }) => event === 'ready');
  assert.equal(addresses.length, 2);
  for (const address of addresses) {
    const client = botpressClient({ url: `http://${address}`, key: gateway.key });
    assert.deepEqual((await client.listUsers({})).users, []);
  }
});
