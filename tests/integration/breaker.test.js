// An upstream that keeps failing is left alone: the answer is 503 at once, with the time to come back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProblem, play, UPSTREAM_TROUBLE } from './support/play.js';

const ENABLED = { announces: [UPSTREAM_TROUBLE], settings: { workers: 1, upstream: { breaker: { enabled: true }, retries: 0 } } };
const EDGE = { status: 503, headers: { 'content-type': 'text/html' }, body: '<h1>down</h1>' };
const TYPED = {
  status: 503,
  json: { id: 'err_1', code: 500, type: 'Internal', message: 'an overloaded service, but one of Botpress' },
};

async function fail(ask, upstream, order, times) {
  for (let i = 0; i < times; i += 1) {
    upstream.next(order);
    const { status } = await ask('GET', '/v1/chat/users');
    assert.notEqual(status, 200);
  }
}

test('an edge that keeps failing opens the breaker', async (t) => {
  const { ask, upstream, gateway } = await play(t, ENABLED);
  await fail(ask, upstream, EDGE, 20);
  const before = upstream.requests.length;
  const response = await ask('POST', '/v1/chat/users', { body: '{}' });
  assertProblem(response, { status: 503, type: 'Internal' });
  const wait = Number(response.header('retry-after'));
  assert.ok(wait >= 1 && wait <= 6, `Retry-After: ${wait}`);
  assert.equal(upstream.requests.length, before, 'nothing was sent');
  assert.ok(gateway.events.some(({ event }) => event === 'breaker_open'));
});

test('connections that are lost before an answer count too', async (t) => {
  const { ask, upstream } = await play(t, ENABLED);
  await fail(ask, upstream, { cutAt: 0 }, 20);
  assertProblem(await ask('GET', '/v1/chat/users'), { status: 503, type: 'Internal' });
});

test('typed errors of Botpress never open it', async (t) => {
  const { ask, upstream } = await play(t, ENABLED);
  await fail(ask, upstream, TYPED, 30);
  assert.equal((await ask('GET', '/v1/chat/users')).status, 200);
});

test('half of the calls must fail', async (t) => {
  const { ask, upstream } = await play(t, ENABLED);
  for (let i = 0; i < 12; i += 1) assert.equal((await ask('GET', '/v1/chat/users')).status, 200);
  await fail(ask, upstream, EDGE, 11);
  assert.equal((await ask('GET', '/v1/chat/users')).status, 200);
});
