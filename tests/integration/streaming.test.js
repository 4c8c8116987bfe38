// Streams flow: nothing is held back on the way down, and a client that leaves is felt upstream.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deferred, within } from './support/deadline.js';
import { assertOneAccessLine, newRequestId, play } from './support/play.js';
import { connect, request } from './support/raw.js';

const STREAM = '/v2/cognitive/generate-text-stream';

test('each line of an NDJSON stream arrives before the next one is sent', async (t) => {
  const { upstream, gateway } = await play(t);
  const seen = [];
  let arrived = deferred();
  upstream.next({
    headers: { 'content-type': 'application/x-ndjson' },
    framing: 'chunked',
    pieces: ['{"n":1}\n', '{"n":2}\n', '{"n":3}\n', '{"n":4}\n'],
    // The stand-in goes on only when the client has the line: a gateway that buffers hangs here.
    between: async () => {
      await within(arrived.promise, 'the line to arrive');
      arrived = deferred();
    },
  });
  const raw = await connect(t, gateway);
  raw.send(request(gateway, 'POST', STREAM, { body: '{}' }));
  const onPiece = (piece) => {
    seen.push(piece.toString());
    if (piece.includes('\n')) arrived.resolve();
  };
  const response = await raw.response({ onPiece });
  assert.equal(response.text, '{"n":1}\n{"n":2}\n{"n":3}\n{"n":4}\n');
  assert.equal(seen.length, 4);
});

test('a request body is passed on before it is complete', async (t) => {
  const { upstream, gateway } = await play(t);
  const raw = await connect(t, gateway);
  const headers = { 'Transfer-Encoding': 'chunked' };
  raw.send(request(gateway, 'POST', '/v1/tables/T/rows', { headers }));
  // More than any held part: the head must have gone upstream while the body still comes.
  const chunk = `20000\r\n${'x'.repeat(131_072)}\r\n`;
  raw.send(chunk);
  const arrived = await upstream.arrival('POST /v1/tables/T/rows');
  assert.equal(arrived.isComplete, false);
  raw.send('0\r\n\r\n');
  assert.equal((await raw.response()).status, 200);
  assert.equal(arrived.body.length, 131_072);
});

for (const how of ['end', 'reset']) {
  test(`a client that leaves a stream (${how}) ends it upstream`, async (t) => {
    const { upstream, gateway } = await play(t);
    const id = newRequestId();
    upstream.next({ framing: 'chunked', pieces: Array(10_000).fill('{"n":1}\n'), between: 20 });
    const raw = await connect(t, gateway);
    raw.send(request(gateway, 'POST', STREAM, { body: '{}', headers: { 'x-request-id': id } }));
    await raw.through('{"n":1}\n');
    raw.leave(how);
    const { connection } = await upstream.arrival();
    await within(connection.closed.promise, 'the upstream to feel it');
    await assertOneAccessLine(gateway, id);
  });
}

test('a client that leaves before the answer ends the call upstream', async (t) => {
  const { upstream, gateway } = await play(t);
  upstream.next({ stallAt: 0 });
  const raw = await connect(t, gateway);
  raw.send(request(gateway, 'GET', '/v1/chat/users'));
  const { connection } = await upstream.arrival();
  raw.leave('end');
  await within(connection.closed.promise, 'the upstream to feel it');
});

test('a slow reader slows the upstream down instead of filling the gateway', async (t) => {
  const { upstream, gateway } = await play(t);
  let sent = 0;
  const piece = 'x'.repeat(64 * 1024);
  upstream.next({
    framing: 'chunked',
    pieces: Array(600).fill(piece),
    between: () => {
      sent += piece.length;
    },
  });
  const raw = await connect(t, gateway);
  raw.socket.pause();
  raw.send(request(gateway, 'POST', STREAM, { body: '{}' }));
  await upstream.arrival();
  let before = -1;
  // Still means that all buffers on the way are full.
  while (sent !== before) {
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.ok(sent < 30 * 1024 * 1024, `${sent} bytes were taken without a reader`);
  raw.socket.resume();
  assert.equal((await raw.response()).body.length, 600 * piece.length);
});
