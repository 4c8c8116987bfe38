// Clients that send or take too slowly, or not at all: each is cut in its time, costs little meanwhile, and
// nobody else waits. The times are configured short here; the defaults are 10 s for a head and 500 B/s.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { eventually, pause, slowness, within } from './support/deadline.js';
import { assertOneAccessLine, assertProblem, newRequestId, play } from './support/play.js';
import { connect, request } from './support/raw.js';
import { connectTls, identityFiles, tlsListener } from './support/tls_client.js';

const USERS = '/v1/chat/users';
const BIG = 4 * 1024 * 1024;
const HEAD_MS = 500;
const WINDOW_MS = 600;
const IDLE_MS = 1500;
const client = { head_timeout: `${HEAD_MS}ms`, rate_window: `${WINDOW_MS}ms`, rate_bytes: '6000B', idle_timeout: `${IDLE_MS}ms`, linger: '300ms' };

/** Timers of both sides may be a little early against each other's clocks. */
const EARLY_MS = 60;

const socketsOf = ({ pid }) =>
  readdirSync(`/proc/${pid}/fd`).filter((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:');
    } catch {
      return false; // closed meanwhile
    }
  }).length;

const memoryOf = ({ pid }) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))[1]) * 1024;

/** A sanitizer keeps what was freed: its memory says nothing. */
const isSanitized = slowness > 1;

async function timed(promise) {
  const started = Date.now();
  const value = await promise;
  return { value, ms: Date.now() - started };
}

/** One piece every so many ms, until the other side has ended; says how many went. */
async function drip(raw, pieces, ms) {
  let isOver = false;
  raw.reader.closed.promise.then(() => (isOver = true));
  let sent = 0;
  for (const piece of pieces) {
    if (isOver || !raw.socket.writable) break;
    raw.send(piece);
    sent += 1;
    await pause(ms);
  }
  return sent;
}

describe('slow clients', { concurrency: true }, () => {
  const endings = [];
  let stage;
  before(async () => {
    const settings = { client, unknown_routes: 'deny', upstream: { breaker: { enabled: false } } };
    stage = await play({ after: (end) => endings.push(end) }, { settings, standIn: { plain: true }, announces: [/auth|key|denied/i] });
    stage.upstream.on('GET /v1/chat/messages', { body: 'x'.repeat(BIG) });
    stage.upstream.on('GET /v1/chat/events', { body: 'x'.repeat(300_000) });
  });
  after(async () => {
    for (const end of endings.reverse()) await end();
  });

  const head = (method, target, options) => request(stage.gateway, method, target, options);

  test('a head that drips is answered with 408 when its time is over', async (t) => {
    const raw = await connect(t, stage.gateway);
    const dripping = drip(raw, Array.from(head('GET', USERS), (byte) => Buffer.from([byte])), 20);
    const { value: response, ms } = await timed(raw.response());
    assertProblem(response, { status: 408, type: 'InvalidPayload' });
    assert.equal(response.header('connection'), 'close');
    assert.ok(ms > HEAD_MS - EARLY_MS, `${ms}`);
    await raw.ended();
    await dripping;
  });

  test('so is a head that stops, and the second one on a connection', async (t) => {
    const raw = await connect(t, stage.gateway);
    const all = head('GET', USERS);
    raw.send(Buffer.concat([all, all.subarray(0, -1)]));
    assert.equal((await raw.response()).status, 200);
    assert.equal((await raw.response()).status, 408);
    await raw.ended();
  });

  test('a connection without a request is closed in silence', async (t) => {
    for (const bytes of ['', '\r\n']) {
      const raw = await connect(t, stage.gateway);
      raw.send(bytes);
      const { value: end, ms } = await timed(raw.ended());
      assert.deepEqual([end.bytes.length, end.how], [0, 'end']);
      assert.ok(ms > IDLE_MS - EARLY_MS, `${ms}`);
    }
  });

  const BODIES = {
    'of a length': [{ 'Content-Length': 100_000 }, 'x'],
    'of one-byte chunks': [{ 'Transfer-Encoding': 'chunked' }, '1\r\nx\r\n'],
    'of a chunk that is never full': [{ 'Transfer-Encoding': 'chunked' }, 'ffff\r\nx', 'x'],
    'of a chunk size that never ends': [{ 'Transfer-Encoding': 'chunked' }, '5', ';a=b'],
    'of trailers': [{ 'Transfer-Encoding': 'chunked' }, '0\r\n', 'X: 1\r\n'],
  };
  for (const [what, [headers, first, next = first]] of Object.entries(BODIES)) {
    test(`a body ${what} that drips ends with 408, and nobody upstream hears of it`, async (t) => {
      const { gateway, upstream } = stage;
      const id = newRequestId();
      const raw = await connect(t, gateway);
      raw.send(head('POST', `/v1/chat/conversations?${id}`, { headers: { ...headers, 'x-request-id': id } }));
      const dripping = drip(raw, [first, ...Array(200).fill(next)], 50);
      const { value: response, ms } = await timed(raw.response());
      assert.equal(response.status, 408);
      assert.ok(ms > WINDOW_MS - EARLY_MS, `${ms}`);
      await raw.ended();
      await dripping;
      assert.equal(upstream.requestsTo(`POST /v1/chat/conversations?${id}`).length, 0);
      assert.equal((await assertOneAccessLine(gateway, id)).reason, 'request_timeout');
    });
  }

  test('a body that was fast and stops is not waited for, and never complete upstream', async (t) => {
    const { gateway, upstream } = stage;
    const target = `${USERS}?${newRequestId()}`;
    const raw = await connect(t, gateway);
    raw.send(head('POST', target, { headers: { 'Content-Length': 200_000 } }));
    raw.send('x'.repeat(100_000)); // more than is held: it has been passed on
    assert.equal((await raw.response()).status, 408);
    await raw.ended();
    const [call] = upstream.requestsTo(`POST ${target}`);
    await within(call.connection.closed.promise, 'the call to end');
    assert.equal(call.isComplete, false);
  });

  test('a body at the least rate is waited for', async (t) => {
    const raw = await connect(t, stage.gateway);
    const piece = ' '.repeat(1200); // 12 000 B/s, twice what is asked for, in case the test is held up
    raw.send(head('POST', USERS, { headers: { 'Content-Length': 25 * 1200 + 2 } }));
    assert.equal(await drip(raw, [...Array(25).fill(piece), '{}'], 100), 26);
    assert.equal((await raw.response()).status, 201);
  });

  test('an answer that nobody reads is cut, and its call with it', async (t) => {
    const { gateway, upstream } = stage;
    const id = newRequestId();
    const raw = await connect(t, gateway);
    raw.socket.pause();
    raw.send(head('GET', `/v1/chat/messages?${id}`, { headers: { 'x-request-id': id } }));
    const line = await assertOneAccessLine(gateway, id);
    assert.equal(line.ended, 'client_too_slow');
    assert.ok(line.duration_us > WINDOW_MS * 1000, `${line.duration_us}`);
    assert.ok(line.bytes < BIG / 2, 'the kernel holds little of it');
    const [call] = upstream.requestsTo(`GET /v1/chat/messages?${id}`);
    await within(call.connection.closed.promise, 'the call to end');
    raw.socket.resume();
    await assert.rejects(raw.response(), /ended/);
  });

  test('an answer that is taken at the least rate arrives', async (t) => {
    const raw = await connect(t, stage.gateway);
    raw.socket.pause();
    raw.send(head('GET', '/v1/chat/events'));
    // What a kernel acknowledges it does in large steps, so the steps here are large.
    for (let taken = 0; taken < 300_000; taken += 60_000) {
      await pause(WINDOW_MS / 2);
      raw.socket.resume();
      await eventually(() => raw.reader.received >= Math.min(taken + 60_000, 300_000), 'the next part');
      raw.socket.pause();
    }
    raw.socket.resume();
    assert.equal((await raw.response()).body.length, 300_000);
  });

  test('a body without an end after an early answer is taken for a short time', async (t) => {
    const framings = [{ 'Content-Length': 10_000_000_000 }, { 'Transfer-Encoding': 'chunked' }];
    for (const headers of framings) {
      const raw = await connect(t, stage.gateway);
      raw.send(head('POST', USERS, { headers: { ...headers, Authorization: null } }));
      const piece = Buffer.from(`10000\r\n${'x'.repeat(65536)}\r\n`);
      const flood = setInterval(() => raw.socket.writableLength < 1_000_000 && raw.socket.write(piece), 1);
      try {
        assert.equal((await raw.response()).status, 401);
        await raw.ended();
      } finally {
        clearInterval(flood);
      }
    }
  });

  test('a body that drips after an early answer is not waited for', async (t) => {
    const raw = await connect(t, stage.gateway);
    raw.send(head('POST', USERS, { headers: { 'Content-Length': 1000, Authorization: null } }));
    const dripping = drip(raw, Array(200).fill('x'), 50);
    assert.equal((await raw.response()).status, 401);
    await raw.ended();
    await dripping;
  });
});

describe('many slow clients', () => {
  const settings = { client, workers: 1, access_log: 'off', unknown_routes: 'deny', upstream: { pool: { max_open: 1000 }, breaker: { enabled: false } } };
  const options = { settings, standIn: { plain: true }, announces: [/auth|key|denied/i] };

  /** Asks again and again until told to stop; how long the slowest answer took. */
  async function probe(t, gateway, until) {
    const raw = await connect(t, gateway);
    let isOver = false;
    until.finally(() => (isOver = true));
    let slowest = 0;
    while (!isOver) {
      raw.send(request(gateway, 'OPTIONS', USERS));
      const { value, ms } = await timed(raw.response());
      assert.equal(value.status, 204);
      slowest = Math.max(slowest, ms);
      await pause(5);
    }
    return slowest;
  }

  test('are all cut, while others are served', async (t) => {
    const { gateway, upstream } = await play(t, options);
    upstream.on('GET /v1/chat/messages', { body: 'x'.repeat(BIG) });
    const sockets = socketsOf(gateway);
    const memory = memoryOf(gateway);
    const bytes = {
      head: request(gateway, 'GET', USERS).subarray(0, -2),
      body: request(gateway, 'POST', USERS, { headers: { 'Content-Length': 1000 } }),
      reader: request(gateway, 'GET', '/v1/chat/messages'),
    };
    const all = Object.values(bytes).flatMap((one) => Array.from({ length: 30 }, async () => {
      const raw = await connect(t, gateway);
      raw.socket.pause();
      return raw.send(one);
    }));
    await Promise.all(all);
    await upstream.arrival('GET /v1/chat/messages', { index: 29 });
    const gone = eventually(() => socketsOf(gateway) <= sockets + 1, 'all are cut');
    const [slowest] = await Promise.all([probe(t, gateway, gone), gone]);
    t.diagnostic(`slowest answer meanwhile: ${slowest} ms; ${Math.round((memoryOf(gateway) - memory) / 1024)} KiB more`);
    assert.ok(slowest < 1000 * slowness, `${slowest}`);
  });

  test('whose bodies come slowly take no connection upstream from others', async (t) => {
    const pool = { max_open: 1, max_idle: 1, wait: '100ms' };
    const { gateway, upstream } = await play(t, { ...options, settings: { ...settings, upstream: { pool } } });
    for (let i = 0; i < 10; i++) {
      const raw = await connect(t, gateway);
      raw.send(request(gateway, 'POST', USERS, { headers: { 'Content-Length': 1000 } }));
      raw.send('x'.repeat(10));
    }
    const raw = await connect(t, gateway);
    raw.send(request(gateway, 'GET', USERS));
    assert.equal((await raw.response()).status, 200);
    assert.equal(upstream.requestsTo(`POST ${USERS}`).length, 0);
  });

  test('the same over TLS, the handshake included', async (t) => {
    const { gateway, upstream } = await play(t, { ...options, settings: { ...settings, ...tlsListener(identityFiles(t)), access_log: 'stdout' } });
    upstream.on('GET /v1/chat/messages', { body: 'x'.repeat(BIG) });
    const stalled = await connect(t, gateway);
    stalled.send('\x16\x03\x01');

    const dripping = await connectTls(t, gateway);
    dripping.send(request(gateway, 'POST', USERS, { headers: { 'Content-Length': 1000 } }));
    const drops = drip(dripping, Array(200).fill('x'), 50);

    const id = newRequestId();
    const reading = await connectTls(t, gateway);
    reading.socket.pause();
    reading.send(request(gateway, 'GET', '/v1/chat/messages', { headers: { 'x-request-id': id } }));

    assert.equal((await dripping.response()).status, 408);
    assert.equal((await assertOneAccessLine(gateway, id)).ended, 'client_too_slow');
    assert.equal((await stalled.ended()).bytes.length, 0);
    await drops;
  });

  const PIPELINES = { 'answers from upstream': '/v1/chat/messages', 'answers of the gateway': '/nowhere' };
  for (const [what, target] of Object.entries(PIPELINES)) {
    test(`who asks and asks and never reads gets no further: ${what}`, async (t) => {
      const { gateway, upstream } = await play(t, options);
      upstream.on('GET /v1/chat/messages', { body: 'x'.repeat(BIG) });
      const sockets = socketsOf(gateway);
      const memory = memoryOf(gateway);
      const raw = await connect(t, gateway);
      raw.socket.pause();
      const many = Buffer.concat(Array(500).fill(request(gateway, 'GET', target)));
      let peak = 0;
      const flood = setInterval(() => {
        if (raw.socket.writableLength < many.length) raw.socket.write(many);
        peak = Math.max(peak, memoryOf(gateway) - memory);
      }, 2);
      try {
        await eventually(() => socketsOf(gateway) > sockets, 'it is there');
        await eventually(() => socketsOf(gateway) <= sockets, 'it is cut');
      } finally {
        clearInterval(flood);
      }
      t.diagnostic(`${Math.round(peak / 1024)} KiB more`);
      if (!isSanitized) assert.ok(peak < 4 * BIG, `${peak}`);
      assert.ok(upstream.requests.length <= 1);
    });
  }
});
