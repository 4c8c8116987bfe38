// Nothing that was cut upstream is ever complete for a client, wherever the cut and however the body is framed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headLength } from './support/answers.js';
import { errorOf } from './support/client.js';
import { assertOneAccessLine, newRequestId, troublePlay } from './support/play.js';
import { connect, request } from './support/raw.js';

const USERS = '/v1/chat/users';
// Small enough that a cut at every byte is cheap.
const JSON_BODY = { users: [], meta: {} };
const AT_ONCE = 12;

/** The complete response of one request, or null if it did not come to its end. */
async function completeResponse(t, gateway, method, headers) {
  const raw = await connect(t, gateway);
  raw.send(request(gateway, method, USERS, { headers, body: method === 'POST' ? '{}' : undefined }));
  try {
    return await raw.response({ method });
  } catch (error) {
    if (!error.response && !error.how) throw error;
    return null;
  } finally {
    raw.socket.destroy();
  }
}

async function forAll(positions, visit) {
  const left = [...positions];
  const walkers = Array.from({ length: AT_ONCE }, async () => {
    while (left.length > 0) await visit(left.shift());
  });
  await Promise.all(walkers);
}

const range = (from, to) => Array.from({ length: to - from }, (_, n) => from + n);

for (const framing of ['length', 'chunked', 'close']) {
  for (const cut of ['reset', 'dirty', 'clean']) {
    // An orderly TLS end is the end of a body without a length: that one is complete.
    if (framing === 'close' && cut === 'clean') continue;
    test(`a ${framing} answer cut (${cut}) at every byte is never complete`, async (t) => {
      const order = { json: JSON_BODY, framing, cut };
      const head = headLength(order);
      const total = head + JSON.stringify(JSON_BODY).length + (framing === 'chunked' ? 11 : 0);
      const { upstream, gateway } = await troublePlay(t);
      upstream.on('', (arrived) => ({ ...order, cutAt: Number(arrived.header('x-cut-at')) }));
      // The last byte may be missing, none of them may be.
      const end = framing === 'close' ? total + 1 : total;
      const statuses = new Set();
      await forAll(range(0, end), async (position) => {
        const id = newRequestId();
        const headers = { 'x-cut-at': `${position}`, 'x-request-id': id };
        const response = await completeResponse(t, gateway, 'POST', headers);
        statuses.add(response?.status ?? 'cut');
        if (position < head) assert.equal(response?.status, 504, `${position} of ${head}`);
        else assert.ok(response === null || response.status >= 500, `complete at ${position} of ${total}`);
        await assertOneAccessLine(gateway, id);
      });
      assert.equal(upstream.requests.length, end, 'each POST was sent once');
      assert.ok(statuses.has('cut') || statuses.has(504));
    });
  }
}

test('the whole of each of these answers is complete: the plays above cut the right bytes', async (t) => {
  const { upstream, gateway } = await troublePlay(t);
  for (const framing of ['length', 'chunked', 'close']) {
    upstream.next({ json: JSON_BODY, framing, cutAt: 1000, cut: 'clean' });
    const response = await completeResponse(t, gateway, 'POST', {});
    assert.equal(response.status, 200, framing);
    assert.deepEqual(response.json, JSON_BODY);
  }
});

const BROKEN_BODIES = {
  'ends before its length': { json: JSON_BODY, claimLength: 500, thenClose: true },
  'has a chunk size that is no number': chunkedBody('5\r\nhello\r\nxyz\r\n'),
  'has a chunk size that overflows': chunkedBody('5\r\nhello\r\nfffffffffffffffff\r\n'),
  'has a chunk without its end': chunkedBody('5\r\nhello!!\r\n0\r\n\r\n'),
  'has a bare line feed after a chunk size': chunkedBody('5\nhello\r\n0\r\n\r\n'),
  'has no last chunk': { ...chunkedBody('5\r\nhello\r\n'), thenClose: true },
  'ends inside its trailers': { ...chunkedBody('5\r\nhello\r\n0\r\nX-T'), thenClose: true },
};

function chunkedBody(text) {
  return { raw: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${text}` };
}

for (const [what, order] of Object.entries(BROKEN_BODIES)) {
  test(`a body that ${what} is never complete`, async (t) => {
    const { upstream, gateway, client } = await troublePlay(t);
    upstream.on('', order);
    const response = await completeResponse(t, gateway, 'POST', {});
    assert.ok(response === null || response.status === 504, response?.text);
    await assert.rejects(client.createUser({ tags: {} }));
    assert.equal(upstream.requests.length, 2);
  });
}

test('the official client sees a cut body as a failure, not as data', async (t) => {
  const { upstream, client } = await troublePlay(t);
  const users = Array.from({ length: 500 }, (_, n) => ({ id: `user_${n}` }));
  for (const framing of ['length', 'chunked', 'close']) {
    upstream.on('GET', { json: { users, meta: {} }, framing, cutBodyAt: 3000, cut: 'dirty' });
    const error = await errorOf(client.listUsers({}));
    assert.ok(error instanceof Error, framing);
  }
});

test('a cut error is never a complete error', async (t) => {
  const { upstream, gateway } = await troublePlay(t);
  const json = { id: 'e', code: 409, type: 'AlreadyExists', message: 'm'.repeat(200) };
  upstream.on('', { status: 409, json, cutBodyAt: 50 });
  const response = await completeResponse(t, gateway, 'POST', {});
  assert.ok(response === null || response.status === 504, response?.text);
});

test('a large body cut in the middle is cut for the client too', async (t) => {
  const { upstream, gateway } = await troublePlay(t);
  const body = Buffer.alloc(3_000_000, 'x');
  for (const framing of ['length', 'chunked']) {
    upstream.next({ body, framing, cutBodyAt: 1_500_000 });
    assert.equal(await completeResponse(t, gateway, 'POST', {}), null, framing);
  }
});

test('an HTTP/1.0 client, for which the close is the end, sees a cut body reset', async (t) => {
  const { upstream, gateway } = await troublePlay(t);
  let proceed;
  const held = new Promise((resolve) => {
    proceed = resolve;
  });
  upstream.next({
    framing: 'chunked',
    pieces: ['first', 'second'],
    between: () => held,
    cutBodyAt: 12,
    cut: 'reset',
  });
  const raw = await connect(t, gateway);
  raw.send(request(gateway, 'GET', USERS, { version: '1.0' }));
  // The reset must come alone: together with data a reader may take it for an end.
  await raw.through('first');
  proceed();
  const { how } = await raw.ended();
  assert.equal(how, 'reset');
});
