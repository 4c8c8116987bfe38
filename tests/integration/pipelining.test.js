// Many requests in one write are answered all, in their order, each with its own answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { play } from './support/play.js';
import { connect, request } from './support/raw.js';

const idOf = (n) => `pipelined-${n}`;

async function assertAnsweredInOrder(raw, count, check) {
  for (let n = 0; n < count; n += 1) {
    const response = await raw.response();
    assert.equal(response.header('x-request-id'), idOf(n));
    check(response, n);
  }
}

test('ten thousand requests that the gateway answers itself', async (t) => {
  const { gateway, upstream } = await play(t, { settings: { unknown_routes: 'deny' } });
  const raw = await connect(t, gateway);
  const count = 10_000;
  const all = Array.from({ length: count }, (_, n) =>
    request(gateway, 'GET', '/nowhere', { headers: { 'x-request-id': idOf(n) } }),
  );
  raw.send(Buffer.concat(all));
  await assertAnsweredInOrder(raw, count, (response) => assert.equal(response.status, 404));
  assert.equal(upstream.requests.length, 0);
});

test('a thousand requests that go upstream', async (t) => {
  const { gateway, upstream } = await play(t);
  upstream.on('GET', ({ target }) => ({ json: { target } }));
  const raw = await connect(t, gateway);
  const count = 1000;
  const all = Array.from({ length: count }, (_, n) =>
    request(gateway, 'GET', `/v1/chat/users/user_${n}`, { headers: { 'x-request-id': idOf(n) } }),
  );
  raw.send(Buffer.concat(all));
  await assertAnsweredInOrder(raw, count, (response, n) =>
    assert.equal(response.json.target, `/v1/chat/users/user_${n}`),
  );
});

test('requests with bodies, answered here and upstream in turn', async (t) => {
  const { gateway, upstream } = await play(t, {
    keys: [{ operations: ['createUser', 'getUser'] }],
    announces: [/audit|denied|forbidden|refused/i],
  });
  const raw = await connect(t, gateway);
  const count = 300;
  const all = Array.from({ length: count }, (_, n) => {
    const headers = { 'x-request-id': idOf(n) };
    const body = JSON.stringify({ name: `${n}`, tags: {} });
    if (n % 3 === 0) return request(gateway, 'POST', '/v1/chat/users', { headers, body });
    if (n % 3 === 1) return request(gateway, 'POST', '/v1/chat/messages', { headers, body });
    const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    return request(gateway, 'POST', '/v1/chat/users', {
      headers: { ...headers, 'Transfer-Encoding': 'chunked' },
      body: chunks,
    });
  });
  await raw.sendInPieces(Buffer.concat(all), 1009);
  await assertAnsweredInOrder(raw, count, (response, n) => {
    if (n % 3 === 1) assert.equal(response.status, 403);
    else assert.equal(response.json.user.name, `${n}`);
  });
  assert.equal(upstream.requests.length, 200);
});

test('a second client is served while a long pipeline runs', async (t) => {
  const { gateway, ask } = await play(t);
  const raw = await connect(t, gateway);
  const one = request(gateway, 'GET', '/v1/chat/users');
  raw.send(Buffer.concat(Array(300).fill(one)));
  assert.equal((await ask('GET', '/v1/chat/users')).status, 200);
  for (let n = 0; n < 300; n += 1) await raw.response();
});
