// A client leaves at every stage and at every byte: nothing hangs, nothing stays open, one access line each.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deferred, eventually, within } from './support/deadline.js';
import { assertOneAccessLine, newRequestId, play, troublePlay } from './support/play.js';
import { connect, request } from './support/raw.js';

const MESSAGES = '/v1/chat/messages';
const BODY = '{"payload":{"text":"hello"},"type":"text"}';
const CHUNKED_BODY = `5\r\n${BODY.slice(0, 5)}\r\n${(BODY.length - 5).toString(16)}\r\n${BODY.slice(5)}\r\n0\r\n\r\n`;

/** The gateway still works, and holds nothing for those that left. */
async function assertAtRest({ ask, upstream }) {
  assert.ok((await ask('GET', '/v1/chat/users')).status < 500);
  const busy = () => upstream.connections.filter(({ isBusy, isClosed }) => isBusy && !isClosed).length;
  await eventually(() => busy() === 0, 'no call is open upstream');
}

describe('a client leaves', () => {
  for (const how of ['end', 'reset']) {
    for (const [framing, body] of [
      ['content-length', BODY],
      ['chunked', CHUNKED_BODY],
    ]) {
      test(`at every byte of a ${framing} body (${how})`, async (t) => {
        const stage = await play(t);
        const { gateway, upstream } = stage;
        const ids = [];
        for (let position = 0; position < body.length; position += 1) {
          const id = newRequestId();
          ids.push(id);
          const length =
            framing === 'chunked' ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': BODY.length };
          const head = request(gateway, 'POST', MESSAGES, { headers: { 'x-request-id': id, ...length } });
          const raw = await connect(t, gateway);
          raw.send(Buffer.concat([head, Buffer.from(body.slice(0, position))]));
          await new Promise((resolve) => setImmediate(resolve));
          raw.leave(how);
        }
        // A reset may overtake the head itself; an orderly end never does.
        if (how === 'end') for (const id of ids) await assertOneAccessLine(gateway, id);
        await assertAtRest(stage);
        for (const id of ids) assert.ok(gateway.accessLinesOf(id).length <= 1);
        // What the client did not finish is never complete upstream.
        const complete = upstream.requestsTo(`POST ${MESSAGES}`).filter(({ isComplete }) => isComplete);
        const withoutEnd = framing === 'chunked' ? 5 : 0;
        assert.ok(complete.length <= withoutEnd, `${complete.length} were complete`);
      });
    }

    test(`at every byte of its head (${how})`, async (t) => {
      const stage = await play(t);
      const id = newRequestId();
      const head = request(stage.gateway, 'GET', '/v1/chat/users', { headers: { 'x-request-id': id } });
      for (let position = 0; position < head.length; position += 1) {
        const raw = await connect(t, stage.gateway);
        raw.send(head.subarray(0, position));
        await new Promise((resolve) => setImmediate(resolve));
        raw.leave(how);
      }
      await assertAtRest(stage);
      assert.equal(stage.gateway.accessLinesOf(id).length, 0, 'half a head is no exchange');
    });

    test(`while it waits for the answer (${how})`, async (t) => {
      const stage = await troublePlay(t);
      const { gateway, upstream } = stage;
      upstream.next({ stallAt: 0 });
      await leaveOnce(t, stage, how, () => upstream.arrival());
      const [{ connection }] = upstream.requests;
      await within(connection.closed.promise, 'the call to end');
      assert.equal(gateway.accessLines[0].op, 'createMessage');
      await assertAtRest(stage);
    });

    test(`while the gateway connects (${how})`, async (t) => {
      const stage = await troublePlay(t);
      stage.upstream.nextConnection({ tls: 'stall' });
      await leaveOnce(t, stage, how, () => eventually(() => stage.upstream.accepted > 0, 'a dial'));
      assert.equal(stage.upstream.requestsTo('POST').length, 0);
      await assertAtRest(stage);
    });

    test(`while the gateway retries (${how})`, async (t) => {
      const stage = await troublePlay(t);
      const { upstream } = stage;
      upstream.next({ cutAt: 0 });
      upstream.next({ stallAt: 0 });
      await leaveOnce(t, stage, how, () => upstream.arrival('GET', { index: 1 }), 'GET');
      await within(upstream.requests[1].connection.closed.promise, 'the second call to end');
      await assertAtRest(stage);
    });

    test(`in the middle of the answer (${how})`, async (t) => {
      const stage = await troublePlay(t);
      const { upstream } = stage;
      const isHeld = deferred();
      const piece = 'x'.repeat(1000);
      upstream.next({ framing: 'chunked', pieces: [piece, piece], between: () => isHeld.promise });
      await leaveOnce(t, stage, how, (raw) => raw.through(piece));
      await within(upstream.requests[0].connection.closed.promise, 'the call to end');
      isHeld.resolve();
      await assertAtRest(stage);
    });

    test(`while a large answer waits for it (${how})`, async (t) => {
      const stage = await troublePlay(t);
      const { upstream } = stage;
      upstream.next({ body: Buffer.alloc(20_000_000, 'x') });
      await leaveOnce(t, stage, how, async (raw) => {
        raw.socket.pause();
        await upstream.arrival();
        await new Promise((resolve) => setTimeout(resolve, 200));
      });
      await within(upstream.requests[0].connection.closed.promise, 'the call to end');
      await assertAtRest(stage);
    });

    test(`after an answer, with the next request half sent (${how})`, async (t) => {
      const stage = await play(t);
      const raw = await connect(t, stage.gateway);
      const bytes = request(stage.gateway, 'GET', '/v1/chat/users');
      raw.send(Buffer.concat([bytes, bytes.subarray(0, 40)]));
      assert.equal((await raw.response()).status, 200);
      raw.leave(how);
      await assertAtRest(stage);
    });

    test(`with more requests in the pipeline (${how})`, async (t) => {
      const stage = await troublePlay(t);
      const { gateway, upstream } = stage;
      upstream.next({ stallAt: 0 });
      const raw = await connect(t, gateway);
      const ids = Array.from({ length: 20 }, newRequestId);
      const all = ids.map((id) =>
        request(gateway, 'GET', '/v1/chat/users', { headers: { 'x-request-id': id } }),
      );
      raw.send(Buffer.concat(all));
      await upstream.arrival();
      raw.leave(how);
      await assertOneAccessLine(gateway, ids[0]);
      await assertAtRest(stage);
      for (const id of ids) assert.ok(gateway.accessLinesOf(id).length <= 1);
      assert.ok(upstream.requests.length <= 2, 'nobody waits for the rest: it is not sent');
    });
  }

  test('at once, again and again: nothing is left', async (t) => {
    const stage = await play(t);
    for (let i = 0; i < 300; i += 1) {
      const raw = await connect(t, stage.gateway);
      raw.leave(i % 2 ? 'reset' : 'end');
    }
    await assertAtRest(stage);
  });

  test('half of its connection closed after a whole request: an end, one line, nothing hangs', async (t) => {
    const stage = await play(t);
    const id = newRequestId();
    const raw = await connect(t, stage.gateway);
    raw
      .send(request(stage.gateway, 'GET', '/v1/chat/users', { headers: { 'x-request-id': id } }))
      .halfClose();
    await raw.ended();
    await assertOneAccessLine(stage.gateway, id);
    await assertAtRest(stage);
  });
});

/** One request that is left when `moment` has come; its line must appear. */
async function leaveOnce(t, { gateway }, how, moment, method = 'POST') {
  const id = newRequestId();
  const raw = await connect(t, gateway);
  const options = { headers: { 'x-request-id': id }, ...(method === 'POST' && { body: BODY }) };
  raw.send(request(gateway, method, method === 'POST' ? MESSAGES : '/v1/chat/users', options));
  await moment(raw);
  raw.leave(how);
  await assertOneAccessLine(gateway, id);
}
