// No wait without an end: each deadline towards the upstream, configured short, and what the client gets.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorOf } from './support/client.js';
import { within } from './support/deadline.js';
import { assertOneAccessLine, assertProblem, newRequestId, troublePlay } from './support/play.js';
import { connect, request } from './support/raw.js';

const USERS = '/v1/chat/users';
const TIMED_OUT = { status: 504, type: 'OperationTimeout' };

const timeouts = (values) => ({ settings: { upstream: { timeouts: values } } });

// Most of the time of these plays is waiting: they wait together.
describe('deadlines', { concurrency: true }, () => {
  for (const method of ['GET', 'POST']) {
    test(`first_byte: a ${method} without an answer ends with 504, sent once or retried in time`, async (t) => {
      const { upstream, gateway, ask } = await troublePlay(t, timeouts({ first_byte: '400ms' }));
      upstream.on('', { stallAt: 0 });
      const id = newRequestId();
      const body = method === 'POST' ? '{}' : undefined;
      const started = Date.now();
      const response = await ask(method, USERS, { body, headers: { 'x-request-id': id } });
      assertProblem(response, TIMED_OUT);
      assert.ok(Date.now() - started >= 390);
      if (method === 'POST') assert.equal(upstream.requests.length, 1);
      await within(upstream.requests[0].connection.closed.promise, 'the call to be given up');
      assert.equal((await assertOneAccessLine(gateway, id)).status, 504);
    });
  }

  test('first_byte: half a head is no answer', async (t) => {
    const { upstream, ask } = await troublePlay(t, timeouts({ first_byte: '400ms' }));
    upstream.on('', { json: {}, stallAt: 20 });
    assertProblem(await ask('POST', USERS, { body: '{}' }), TIMED_OUT);
    assert.equal(upstream.requests.length, 1);
  });

  test('first_byte: interim answers do not stretch it for ever', async (t) => {
    const { upstream, ask } = await troublePlay(t, timeouts({ first_byte: '400ms', total: '1s' }));
    upstream.on('', { interim: ['100 Continue'], stallAt: 0 });
    assertProblem(await ask('POST', USERS, { body: '{}' }), TIMED_OUT);
  });

  test('body_idle: a body that stops is cut for the client', async (t) => {
    const { upstream, gateway, client } = await troublePlay(t, timeouts({ body_idle: '400ms' }));
    upstream.on('', { body: 'x'.repeat(1000), framing: 'chunked', stallAt: 600 });
    const id = newRequestId();
    const raw = await connect(t, gateway);
    raw.send(request(gateway, 'GET', USERS, { headers: { 'x-request-id': id } }));
    await assert.rejects(raw.response(), /ended/);
    await assertOneAccessLine(gateway, id);
    await errorOf(client.listUsers({}));
  });

  test('body_idle: a body that keeps coming is not cut', async (t) => {
    // Longer in all than it may be idle; the pieces are far closer, as a busy machine delays them.
    const { upstream, ask } = await troublePlay(t, timeouts({ body_idle: '2500ms' }));
    upstream.next({ framing: 'chunked', pieces: Array(30).fill('piece'), between: 100 });
    assert.equal((await ask('GET', USERS)).text, 'piece'.repeat(30));
  });

  test('total: a body that drips for ever is cut in the end', async (t) => {
    const { upstream, gateway } = await troublePlay(t, timeouts({ total: '800ms' }));
    upstream.next({ framing: 'chunked', pieces: Array(1000).fill('drip'), between: 50 });
    const raw = await connect(t, gateway);
    raw.send(request(gateway, 'GET', USERS));
    await assert.rejects(raw.response(), /ended/);
  });

  test('total: counts the waiting for the head too', async (t) => {
    const { upstream, ask } = await troublePlay(t, timeouts({ total: '600ms' }));
    upstream.on('', { stallAt: 0 });
    assertProblem(await ask('POST', USERS, { body: '{}' }), TIMED_OUT);
  });

  test('tls: a handshake that stalls is a request never sent', async (t) => {
    const { upstream, ask } = await troublePlay(t, timeouts({ tls: '300ms' }));
    for (let i = 0; i < 9; i += 1) upstream.nextConnection({ tls: 'stall' });
    const response = await ask('POST', USERS, { body: '{}' });
    assertProblem(response, { status: 502, type: 'Internal' });
    assert.ok(response.header('retry-after'));
    assert.equal(upstream.requests.length, 0);
  });

  test('send_idle: an upstream that takes no more bytes does not hold the client', async (t) => {
    const { upstream, gateway } = await troublePlay(t, timeouts({ send_idle: '500ms' }));
    upstream.on('', { readNothing: true });
    const raw = await connect(t, gateway);
    const body = Buffer.alloc(30_000_000, 'x');
    raw.send(request(gateway, 'POST', '/v1/tables/T/rows', { body }));
    assertProblem(await raw.response(), TIMED_OUT);
    assert.equal(upstream.requests.length, 1);
  });

  test('a client that sends its body slowly is not an upstream that fails', async (t) => {
    const { upstream, gateway } = await troublePlay(t, timeouts({ first_byte: '2500ms', send_idle: '2500ms' }));
    const raw = await connect(t, gateway);
    const body = '{"name":"slow"}';
    const bytes = request(gateway, 'POST', USERS, { body });
    for (const part of [bytes.subarray(0, -10), bytes.subarray(-10, -5), bytes.subarray(-5)]) {
      raw.send(part);
      await new Promise((resolve) => setTimeout(resolve, 1300));
    }
    assert.equal((await raw.response()).status, 201);
    assert.equal(upstream.requests.length, 1);
  });

  test('the official client gets OperationTimeout', async (t) => {
    const { upstream, client } = await troublePlay(t, timeouts({ first_byte: '300ms' }));
    upstream.on('', { stallAt: 0 });
    assert.equal((await errorOf(client.createUser({ tags: {} }))).type, 'OperationTimeout');
    assert.equal(upstream.requests.length, 1);
  });

  test('a head that does not come is not waited for longer than ten seconds', async (t) => {
    const { gateway } = await troublePlay(t);
    const raw = await connect(t, gateway);
    raw.send('GET /v1/chat/users HTTP/1.1\r\nHost: x\r\n');
    const started = Date.now();
    await within(raw.reader.toEnd(), 'the gateway to give up', 20_000);
    assert.ok(Date.now() - started > 8000);
  });

  test('a connection without a request may rest longer than that', async (t) => {
    const { gateway } = await troublePlay(t);
    const raw = await connect(t, gateway);
    raw.send(request(gateway, 'GET', USERS));
    await raw.response();
    await new Promise((resolve) => setTimeout(resolve, 11_500));
    raw.send(request(gateway, 'GET', USERS));
    assert.equal((await raw.response()).status, 200);
  });
});
