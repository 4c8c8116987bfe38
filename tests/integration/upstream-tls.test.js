// The way to the upstream is verified TLS: a wrong certificate means that nothing is sent.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificate } from './support/certificates.js';
import { startGateway, writeConfiguration, command } from './support/gateway.js';
import { assertProblem, play, troublePlay } from './support/play.js';

const USERS = '/v1/chat/users';
const BAD_GATEWAY = { status: 502, type: 'Internal' };

for (const name of ['wrongName', 'expired', 'unknownAuthority']) {
  test(`a certificate that is ${name}: 502 that says so, and nothing is sent`, async (t) => {
    const { upstream, ask } = await troublePlay(t, { standIn: { certificate: name } });
    for (const method of ['GET', 'POST']) {
      const body = method === 'POST' ? '{}' : undefined;
      assertProblem(await ask(method, USERS, { body }), BAD_GATEWAY, /certificate/i);
    }
    assert.equal(upstream.requests.length, 0);
    for (const connection of upstream.connections) assert.equal(connection.reader.received, 0);
  });
}

test('without a CA file the CA of the play is unknown', async (t) => {
  const { upstream, ask } = await troublePlay(t, {
    settings: { upstream: { ca_file: undefined } },
  });
  assertProblem(await ask('GET', USERS), BAD_GATEWAY, /certificate/i);
  assert.equal(upstream.requests.length, 0);
});

test('a handshake that is refused, or no handshake at all: 502', async (t) => {
  for (const tls of ['refuse', 'garbage']) {
    const { upstream, ask } = await troublePlay(t);
    for (let i = 0; i < 9; i += 1) upstream.nextConnection({ tls });
    const response = await ask('POST', USERS, { body: '{}' });
    assertProblem(response, BAD_GATEWAY);
    assert.ok(response.header('retry-after'));
    assert.equal(upstream.requests.length, 0);
  }
});

test('a certificate that gets well is accepted without a restart', async (t) => {
  const { upstream, ask } = await troublePlay(t, { standIn: { certificate: 'expired' } });
  assert.equal((await ask('GET', USERS)).status, 502);
  upstream.present('valid');
  assert.equal((await ask('GET', USERS)).status, 200);
});

test('the server is told the name that is wanted', async (t) => {
  const { upstream, ask } = await play(t);
  await ask('GET', USERS);
  assert.equal(upstream.connections[0].serverName, 'localhost');
});

test('an upstream by address is verified by address', async (t) => {
  const { upstream, ask } = await play(t, { standIn: { host: '127.0.0.1' } });
  assert.equal((await ask('GET', USERS)).status, 200);
  // RFC 6066 §3: a literal address is not a server name.
  assert.ok(!upstream.connections[0].serverName);
});

test('sessions are resumed on later connections', async (t) => {
  const { upstream, ask } = await play(t);
  for (let i = 0; i < 6; i += 1) {
    await ask('GET', USERS);
    await upstream.closeIdle();
  }
  assert.equal(upstream.handshakes, 6);
  assert.ok(upstream.resumptions >= 3, `${upstream.resumptions} of 6 resumed`);
});

test('an upstream without TLS is allowed on loopback', async (t) => {
  const { ask } = await play(t, { standIn: { plain: true } });
  assert.equal((await ask('GET', USERS)).status, 200);
});

test('an upstream without TLS elsewhere is refused at the start', async (t) => {
  const file = writeConfiguration(t, {
    listen: [{ address: '127.0.0.1:0' }],
    upstream: { url: 'http://api.example.com' },
    profiles: [{ name: 'support', bot_id: 'bot_1' }],
  });
  const { code, stderr } = await command(['run', '--config', file]);
  assert.ok(code > 0, `exit code ${code}`);
  assert.match(stderr, /allow_plaintext|https/);
});

test('a CA file that is missing is told at the start', async (t) => {
  const upstream = { url: 'https://localhost:1', isPlain: true };
  const settings = { upstream: { ca_file: `${certificate('authority').certificateFile}.missing` } };
  await assert.rejects(startGateway(t, upstream, { settings }), /\.missing/);
});
