// What is tried again, and what never: lost connections, stale pooled ones, and the freshness of a POST.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pause } from './support/deadline.js';
import { assertOneAccessLine, newRequestId, play, troublePlay } from './support/play.js';

const USERS = '/v1/chat/users';
const USER = '/v1/chat/users/user_1';

const IDEMPOTENT = [
  ['GET', USERS],
  ['HEAD', USERS],
  ['PUT', USER, '{"name":"x"}'],
  ['DELETE', USER, '{}'],
];

for (const [method, target, body] of IDEMPOTENT) {
  test(`a ${method} whose connection was lost is tried again, with the same bytes`, async (t) => {
    const { upstream, gateway, ask } = await troublePlay(t);
    upstream.next({ cutAt: 0 });
    upstream.on('', { json: { ok: true } });
    const id = newRequestId();
    const response = await ask(method, target, { body, headers: { 'x-request-id': id } });
    assert.equal(response.status, 200);
    assert.equal(upstream.requests.length, 2);
    const [first, second] = upstream.requests;
    assert.equal(second.startLine, first.startLine);
    assert.ok(second.body.equals(first.body));
    const line = await assertOneAccessLine(gateway, id);
    assert.equal(line.retries, 1);
  });
}

test('after two retries the client is told', async (t) => {
  const { upstream, ask } = await troublePlay(t);
  upstream.on('', { cutAt: 0 });
  assert.equal((await ask('GET', USERS)).status, 502);
  assert.ok(upstream.requests.length <= 3, `${upstream.requests.length} tries`);
});

test('a body larger than what is held is not sent again', async (t) => {
  const { upstream, ask } = await troublePlay(t);
  upstream.next({ cutAt: 0 });
  const body = JSON.stringify({ name: 'x'.repeat(300_000) });
  assert.equal((await ask('PUT', USER, { body })).status, 502);
  assert.equal(upstream.requests.length, 1);
});

test('retries do not multiply the traffic of an upstream that fails', async (t) => {
  const { upstream, ask } = await troublePlay(t);
  upstream.on('', { cutAt: 0 });
  const asked = 100;
  for (let i = 0; i < asked; i += 10) {
    await Promise.all(Array.from({ length: 10 }, () => ask('GET', USERS)));
  }
  // A fifth of the traffic, and something for the start.
  assert.ok(upstream.requests.length < asked * 1.6, `${upstream.requests.length} for ${asked}`);
});

test('a status of the upstream is an answer: nothing is repeated for it', async (t) => {
  const { upstream, ask } = await troublePlay(t);
  const json = { id: 'e', code: 500, type: 'Internal', message: 'm' };
  upstream.on('', { status: 500, json });
  await ask('POST', USERS, { body: '{}' });
  await ask('PATCH', '/v1/chat/states/user/u/n', { body: '{}' });
  assert.equal(upstream.requests.length, 2);
});

test('a GET on a connection that the upstream closed meanwhile succeeds', async (t) => {
  const { upstream, ask } = await play(t);
  await ask('GET', USERS);
  upstream.on('', (request, connection) =>
    connection.requests > 1 ? { cutAt: 0, cut: 'clean' } : undefined,
  );
  for (let i = 0; i < 5; i += 1) assert.equal((await ask('GET', USERS)).status, 200);
});

test('a POST is not sent on a connection that the upstream has closed', async (t) => {
  const { upstream, ask } = await play(t);
  for (const how of ['clean', 'reset']) {
    await ask('GET', USERS);
    await upstream.closeIdle(how);
    assert.equal((await ask('POST', USERS, { body: '{}' })).status, 201, how);
  }
  assert.equal(upstream.requestsTo('POST').length, 2);
});

test('a POST that finds its connection closed on reuse is not repeated', async (t) => {
  const { upstream, ask } = await troublePlay(t);
  await ask('GET', USERS);
  upstream.on('POST', { cutAt: 0, cut: 'clean' });
  assert.equal((await ask('POST', USERS, { body: '{}' })).status, 504);
  assert.equal(upstream.requestsTo('POST').length, 1);
});

test('many connections closed while they rest fail neither GET nor POST', async (t) => {
  const { upstream, client } = await play(t);
  for (let round = 0; round < 5; round += 1) {
    await Promise.all(Array.from({ length: 10 }, () => client.listUsers({})));
    await upstream.closeIdle('clean');
    await Promise.all(Array.from({ length: 10 }, (_, n) => client.createUser({ name: `${n}`, tags: {} })));
  }
  assert.equal(upstream.requestsTo('POST').length, 50);
});

test('a POST goes on a connection only while that is fresh; a GET may use an older one', async (t) => {
  const { upstream, ask } = await play(t);
  const connectionOf = (index) => upstream.requests[index].connection.id;
  await ask('GET', USERS);
  // A third of the five seconds that an unknown server is trusted to keep a connection.
  await pause(2000);
  await ask('GET', USERS);
  assert.equal(connectionOf(1), connectionOf(0));
  await pause(2000);
  await ask('POST', USERS, { body: '{}' });
  assert.notEqual(connectionOf(2), connectionOf(0));
});

test('Connection: close of the upstream is obeyed', async (t) => {
  const { upstream, ask } = await play(t);
  upstream.on('GET', { json: { users: [], meta: {} }, headers: { Connection: 'close' } });
  for (let i = 0; i < 3; i += 1) await ask('GET', USERS);
  assert.equal(new Set(upstream.requests.map(({ connection }) => connection.id)).size, 3);
});

test('a connection refused once is a POST not sent: it may be tried on another one', async (t) => {
  const { upstream, ask } = await troublePlay(t);
  upstream.nextConnection({ tls: 'refuse' });
  const response = await ask('POST', USERS, { body: '{"name":"n"}' });
  // Nothing was sent: success on a second connection and 502 are both honest.
  assert.ok([201, 502].includes(response.status), response.text);
  assert.equal(upstream.requestsTo('POST').length, response.status === 201 ? 1 : 0);
});
