// An upstream that fails: every row of the table of answers, and no POST sent twice.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorOf } from './support/client.js';
import { pause } from './support/deadline.js';
import {
  assertOneAccessLine,
  assertProblem,
  newRequestId,
  play,
  troublePlay,
  UPSTREAM_TROUBLE,
} from './support/play.js';

const BAD_GATEWAY = { status: 502, type: 'Internal' };
const UNKNOWN_OUTCOME = { status: 504, type: 'OperationTimeout' };
const USERS = '/v1/chat/users';
const MESSAGES = '/v1/chat/messages';

const post = (stage, headers = {}) => stage.ask('POST', MESSAGES, { body: '{"type":"text"}', headers });

function assertRetryAfter(response) {
  assert.match(response.header('retry-after'), /^[1-9]\d?$/);
  assert.equal(response.header('ratelimit-reset'), undefined);
  assert.equal(response.header('x-ratelimit-reset'), undefined);
}

test('refused connections: 502 with Retry-After, also for a POST', async (t) => {
  const stage = await troublePlay(t);
  await stage.upstream.down();
  for (const response of [await post(stage), await stage.ask('GET', USERS)]) {
    assertProblem(response, BAD_GATEWAY);
    assertRetryAfter(response);
  }
  assert.equal((await errorOf(stage.client.createUser({ tags: {} }))).type, 'Internal');
});

test('a name that does not resolve: 502 with Retry-After', async (t) => {
  const stage = await troublePlay(t, { settings: { upstream: { url: 'https://api.bpgate-play.invalid' } } });
  const response = await post(stage);
  assertProblem(response, BAD_GATEWAY);
  assertRetryAfter(response);
});

test('after the upstream is back, calls succeed without a restart', async (t) => {
  const stage = await troublePlay(t);
  await stage.upstream.down();
  await post(stage);
  await stage.upstream.up();
  assert.equal((await post(stage)).status, 201);
});

// Everything that can happen between the last byte sent and the first byte of a good head.
const LOST = {
  'is reset before its head': { cutAt: 0 },
  'is closed before its head': { cutAt: 0, cut: 'clean' },
  'is closed without a TLS end': { cutAt: 0, cut: 'dirty' },
  'is reset inside its head': { json: {}, cutAt: 12 },
  'is closed inside its head': { json: {}, cutAt: 30, cut: 'clean' },
  'is no HTTP': { raw: 'SSH-2.0-OpenSSH_9.2\r\n', thenClose: true },
  'has a banner before it': { before: '220 smtp.example ESMTP\r\n', json: {} },
  'has a bad status line': { raw: 'HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n' },
  'is HTTP/2': { raw: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', thenClose: true },
  'has two lengths': { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ' },
  'has length and chunks': {
    raw: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  },
  'has a folded header': { raw: 'HTTP/1.1 200 OK\r\nX-A: 1\r\n  2\r\nContent-Length: 2\r\n\r\n{}' },
  'has a space before the colon': { raw: 'HTTP/1.1 200 OK\r\nX-A : 1\r\nContent-Length: 2\r\n\r\n{}' },
  'has a bare line feed': { raw: 'HTTP/1.1 200 OK\nContent-Length: 2\n\n{}', thenClose: true },
  'has a NUL in its head': { raw: 'HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 2\r\n\r\n{}' },
  'has a negative length': { raw: 'HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}' },
  'has a huge head': { json: {}, headers: { 'X-Huge': 'h'.repeat(300_000) } },
  'never stops being interim': { interim: 'forever' },
  'changes the protocol unasked': {
    raw: 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    thenClose: true,
  },
};

for (const [what, order] of Object.entries(LOST)) {
  test(`an answer that ${what}: 502 for a GET, 504 for a POST that is sent once`, async (t) => {
    const stage = await troublePlay(t);
    stage.upstream.on('', order);
    assertProblem(await stage.ask('GET', USERS), BAD_GATEWAY);
    assert.ok(stage.upstream.requestsTo('GET').length <= 3, 'at most two retries');

    const id = newRequestId();
    assertProblem(await post(stage, { 'x-request-id': id }), UNKNOWN_OUTCOME);
    assert.equal(stage.upstream.requestsTo('POST').length, 1);
    const line = await assertOneAccessLine(stage.gateway, id);
    assert.equal(line.status, 504);
    assert.equal(line.source, 'gateway');
    // The table names 502 and 504 only for the upstream: it is well again at once.
    stage.upstream.on('', undefined);
    assert.equal((await stage.ask('GET', USERS)).status, 200);
  });
}

for (const method of ['createMessage', 'getOrCreateUser', 'callAction', 'patchState']) {
  test(`${method} is never sent twice by the gateway`, async (t) => {
    const { client, upstream } = await troublePlay(t);
    upstream.on('', { cutAt: 0 });
    const input = {
      type: 'user',
      id: 'u',
      name: 'n',
      payload: {},
      input: {},
      tags: {},
      conversationId: 'c',
      userId: 'u',
    };
    const error = await errorOf(client[method](input));
    assert.equal(error.type, 'OperationTimeout');
    assert.equal(upstream.requests.length, 1);
  });
}

test('interim answers before the real one do no harm', async (t) => {
  const stage = await play(t);
  stage.upstream.next({ interim: ['100 Continue', '103 Early Hints', '102 Processing'], json: { a: 1 } });
  const response = await post(stage);
  assert.equal(response.status, 200);
  assert.deepEqual(response.json, { a: 1 });
  assert.equal((await post(stage)).status, 201);
});

test('an early answer is the answer, while the upload still runs', async (t) => {
  const stage = await play(t);
  const limit = { status: 413, json: { id: 'e', code: 413, type: 'PayloadTooLarge', message: 'no' } };
  stage.upstream.next({ early: true, ...limit, headers: { Connection: 'close' }, thenClose: true });
  const rows = [{ text: 'x'.repeat(6_000_000) }];
  const error = await errorOf(stage.client.createTableRows({ table: 'T', rows }));
  assert.equal(error.type, 'PayloadTooLarge');
  assert.equal(error.message, 'no');
  assert.equal(stage.upstream.requests.length, 1);
});

test('bytes after an answer are never taken for the next one', async (t) => {
  const stage = await troublePlay(t);
  const planted = 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nplanted';
  stage.upstream.next({ json: { first: true }, after: planted });
  assert.deepEqual((await stage.ask('GET', USERS)).json, { first: true });
  for (let i = 0; i < 3; i += 1) assert.ok(!(await stage.ask('GET', USERS)).text.includes('planted'));
});

test('an upstream that keeps failing is left alone for a while, then asked again', async (t) => {
  const stage = await play(t, { announces: [UPSTREAM_TROUBLE] });
  await stage.upstream.down();
  let response;
  for (let i = 0; i < 10 && response?.status !== 503; i += 1) response = await stage.ask('GET', USERS);
  assertProblem(response, { status: 503, type: 'Internal' });
  assertRetryAfter(response);
  assert.ok(Number(response.header('retry-after')) <= 5, 'the first time it opens for 5 s');

  await stage.upstream.up();
  assertProblem(await post(stage), { status: 503, type: 'Internal' });
  await pause(1000 * Number(response.header('retry-after')));
  assert.equal((await stage.ask('GET', USERS)).status, 200);
  assert.equal((await post(stage)).status, 201);
});

test('typed errors of Botpress never open the breaker', async (t) => {
  const stage = await play(t, { announces: [UPSTREAM_TROUBLE] });
  const json = { id: 'e', code: 500, type: 'Internal', message: 'm' };
  stage.upstream.on('POST', { status: 500, json });
  for (let i = 0; i < 40; i += 1) assert.equal((await post(stage)).json.id, 'e');
  assert.equal((await stage.ask('GET', USERS)).status, 200);
});
