// misdeeds.js - one gateway, many bad answers at once, and for each of them the same judgement.
//
// A misdeed is {what, fate, order}; the order is one of answers.js. Its fate is product.md §8's answer:
//
//   lost      no head came that could be passed on: 502, or 504 if it must not be sent twice
//   late      nothing came in time: 504
//   cut       the head was passed on, the body broke: the client's connection is cut
//   answered  the client gets `status` and `text`, or with `type` an error in our words
//
// `methods` are GET and POST unless told. `poisons` says that no request may follow on its connection;
// always so but for answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slowness } from './deadline.js';
import { assertOneAccessLine, assertProblem, newRequestId, troublePlay } from './play.js';
import { connect, request } from './raw.js';

const ms = (value) => `${value * slowness}ms`;
const PHASE_MS = 400;
const TOTAL_MS = 1200;
const SLACK_MS = 400;
const AT_ONCE = 12;

/** Short deadlines; every idempotent request has its retries, however many fail. */
export const SHORT = {
  timeouts: {
    connect: ms(800),
    tls: ms(300),
    send_idle: ms(PHASE_MS),
    first_byte: ms(PHASE_MS),
    body_idle: ms(PHASE_MS),
    total: ms(TOTAL_MS),
  },
  retry_percent: 100,
};

const BAD_GATEWAY = { status: 502, type: 'Internal' };
const TIMED_OUT = { status: 504, type: 'OperationTimeout' };
const mayRepeat = (method) => method !== 'POST';

/** A complete response, or null if the client can see that it is none. The last `held` bytes stay unsent. */
export async function completeResponse(t, gateway, method, target, { headers, body, held = 0 } = {}) {
  const raw = await connect(t, gateway);
  const bytes = request(gateway, method, target, { headers, body: body ?? (method === 'POST' ? '{}' : undefined) });
  raw.send(bytes.subarray(0, bytes.length - held));
  try {
    return await raw.response({ method });
  } catch (error) {
    if (!error.response && !error.how) throw error;
    return null;
  } finally {
    raw.socket.destroy();
  }
}

const JUDGES = {
  lost(response, { method }) {
    judgeProblem(response, method, mayRepeat(method) ? BAD_GATEWAY : TIMED_OUT);
  },
  late(response, { method }) {
    judgeProblem(response, method, TIMED_OUT);
  },
  cut(response) {
    assert.equal(response, null, `taken for complete: ${response?.status} ${response?.text}`);
  },
  answered(response, { method, status = 200, type, text = '' }) {
    assert.ok(response, 'a complete answer');
    assert.equal(response.status, status, response.text);
    // RFC 9110 §8.6, RFC 9112 §6.1: what must not come upstream must not go on either.
    if (status === 204) assert.ok(!/^(content-length|transfer-encoding)$/m.test(response.headerNames.join('\n')));
    if (method === 'HEAD') return;
    if (type) assert.equal(response.json.type, type, response.text);
    else assert.equal(response.body.toString('latin1'), text);
  },
};

function judgeProblem(response, method, expected) {
  assert.ok(response, 'an answer of the gateway, not a cut connection');
  if (method === 'HEAD') assert.equal(response.status, expected.status);
  else assertProblem(response, expected);
}

/** The next requests get their own answers, whatever is still on its way from the last one. */
export async function assertWell(t, { gateway }, name) {
  for (const method of ['GET', 'POST']) {
    const target = `/v1/chat/users?after=${name}-${method}`;
    const response = await completeResponse(t, gateway, method, target);
    assert.equal(response?.status, 200, `${target}: ${response?.text}`);
    assert.deepEqual(response.json, { youAskedFor: target });
  }
}

export const echo = ({ target }) => ({ json: { youAskedFor: target } });

const requestsOf = ({ upstream }, method, target) =>
  upstream.requests.filter((sent) => sent.method === method && sent.target === target);

export function assertLastOnItsConnection({ upstream }, sent) {
  const next = upstream.requests.find(
    (other) => other.connection === sent.connection && upstream.requests.indexOf(other) > upstream.requests.indexOf(sent),
  );
  assert.equal(next, undefined, `${next?.target} went over a poisoned connection`);
}

async function perform(t, stage, misdeed, method) {
  const { fate, poisons = fate !== 'answered' } = misdeed;
  const target = `/v1/chat/users?case=${misdeed.name}`;
  const id = newRequestId();
  const started = Date.now();
  const response = await completeResponse(t, stage.gateway, method, target, { headers: { 'x-request-id': id } });
  const took = Date.now() - started;
  JUDGES[fate](response, { ...misdeed, method });
  const deadline = fate === 'late' ? PHASE_MS : TOTAL_MS;
  assert.ok(took < (deadline + SLACK_MS) * slowness, `took ${took} ms`);

  const line = await assertOneAccessLine(stage.gateway, id);
  if (fate === 'cut') assert.equal(line.ended, 'cut');
  else assert.equal(line.status, response.status);
  await assertWell(t, stage, `${misdeed.name}-${method}`);
  const sent = requestsOf(stage, method, target);
  const most = fate === 'lost' && mayRepeat(method) ? 3 : 1;
  assert.ok(sent.length >= 1 && sent.length <= most, `sent ${sent.length} times`);
  if (poisons) for (const one of sent) assertLastOnItsConnection(stage, one);
}

/** Declares one test with a part for each misdeed. */
export function testMisdeeds(name, misdeeds) {
  test(`${name}: ${misdeeds.length} misdeeds`, { concurrency: AT_ONCE }, async (t) => {
    const stage = await troublePlay(t, { settings: { upstream: SHORT } });
    const orders = new Map(misdeeds.map((misdeed, index) => [`${index}`, misdeed.order]));
    stage.upstream.on('', (sent) => orders.get(/[?]case=(.*)/.exec(sent.target)?.[1]) ?? echo(sent));
    const parts = misdeeds.map((misdeed, index) =>
      t.test(misdeed.what, async () => {
        for (const method of misdeed.methods ?? ['GET', 'POST']) {
          await perform(t, stage, { ...misdeed, name: `${index}` }, method);
        }
      }),
    );
    await Promise.all(parts);
  });
}
