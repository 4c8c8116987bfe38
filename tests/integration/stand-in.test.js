// The stand-in upstream against the official client alone: what the other plays stand on is sound.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import tls from 'node:tls';
import { botpressError, ERROR_STATUS } from './support/botpress_api.js';
import { botpressClient, errorOf } from './support/client.js';
import { within } from './support/deadline.js';
import { RawClient } from './support/raw.js';
import { startUpstream } from './support/upstream.js';
import { toYaml } from './support/yaml.js';

async function standIn(t, options) {
  const upstream = await startUpstream(options);
  t.after(() => upstream.stop());
  return upstream;
}

async function secure(t, upstream, options) {
  const settings = { servername: 'localhost', ca: readFileSync(upstream.caFile), ...options };
  const socket = tls.connect({ port: upstream.port, host: '127.0.0.1', ...settings });
  t.after(() => socket.destroy());
  await within(
    new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject)),
    'TLS',
  );
  return new RawClient(socket);
}

const GET = 'GET /v1/chat/users HTTP/1.1\r\nHost: x\r\n\r\n';

test('it is a small Botpress for the official client', async (t) => {
  const upstream = await standIn(t, { plain: true });
  const client = botpressClient({ url: upstream.url, key: 'bp_pat_direct' });
  for (let i = 0; i < 25; i += 1) await client.createUser({ tags: { n: `${i}` } });
  assert.equal((await client.list.users({}).collect()).length, 25);
  assert.equal((await errorOf(client.getUser({ id: 'nobody' }))).type, 'ResourceNotFound');
  await client.setState({ type: 'bot', id: 'b', name: 'n', payload: { a: 1 } });
  assert.deepEqual((await client.getState({ type: 'bot', id: 'b', name: 'n' })).state.payload, { a: 1 });
  assert.equal(upstream.requests[0].header('authorization'), 'Bearer bp_pat_direct');
  assert.equal(upstream.offence, undefined);
});

test('all types of error are classes of the client', async (t) => {
  const upstream = await standIn(t, { plain: true });
  const client = botpressClient({ url: upstream.url, key: 'k' });
  for (const type of Object.keys(ERROR_STATUS)) {
    upstream.next(botpressError(type));
    assert.equal((await errorOf(client.createUser({ tags: {} }))).type, type);
  }
});

test('it counts handshakes and resumed sessions', async (t) => {
  const upstream = await standIn(t);
  const first = await secure(t, upstream);
  const session = new Promise((resolve) => first.socket.once('session', resolve));
  first.send(GET);
  assert.equal((await first.response()).status, 200);
  const second = await secure(t, upstream, { session: await session });
  second.send(GET);
  await second.response();
  assert.equal(upstream.handshakes, 2);
  assert.equal(upstream.resumptions, 1);
  assert.equal(upstream.connections[0].serverName, 'localhost');
});

for (const [name, code] of [
  ['wrongName', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ['expired', 'CERT_HAS_EXPIRED'],
  ['unknownAuthority', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
]) {
  test(`its certificate ${name} is refused by others for that reason`, async (t) => {
    const upstream = await standIn(t, { certificate: name });
    await assert.rejects(secure(t, upstream), { code });
  });
}

test('it misbehaves as ordered', async (t) => {
  const upstream = await standIn(t);
  for (const order of [
    { json: { a: 1 }, cutBodyAt: 3 },
    { json: { a: 1 }, cutAt: 0, cut: 'clean' },
    { json: { a: 1 }, claimLength: 99, thenClose: true },
    { raw: 'garbage\r\n\r\n' },
    { raw: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n' },
  ]) {
    upstream.next(order);
    const raw = await secure(t, upstream);
    raw.send(GET);
    await assert.rejects(raw.response());
  }
  upstream.next({ interim: ['103 Early Hints'], json: { b: 2 }, framing: 'chunked' });
  const raw = await secure(t, upstream);
  raw.send(GET);
  const response = await raw.response();
  assert.equal(response.interim[0].status, 103);
  assert.deepEqual(response.json, { b: 2 });
});

test('a refused, stalled or garbled handshake is none', async (t) => {
  const upstream = await standIn(t);
  for (const order of ['refuse', 'garbage']) {
    upstream.nextConnection({ tls: order });
    await assert.rejects(secure(t, upstream));
  }
  assert.equal(upstream.accepted, 2);
  assert.equal(upstream.handshakes, 0);
});

test('configurations are written as block YAML', () => {
  const text = toYaml({ a: [{ b: 'x y', c: { d: 1 } }, 'plain'], e: true, f: undefined, g: [], h: '2s' });
  assert.equal(text, 'a:\n  - b: "x y"\n    c:\n      d: 1\n  - plain\ne: true\ng: []\nh: "2s"\n');
});
