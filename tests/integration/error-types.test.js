// Each error that Botpress sends comes out of the official client as its own class, byte for byte.

import assert from 'node:assert/strict';
import * as botpress from '@botpress/client';
import { before, after, describe, test } from 'node:test';
import { botpressError, ERROR_STATUS } from './support/botpress_api.js';
import { errorOf } from './support/client.js';
import { play } from './support/play.js';

/** One gateway for all types: the hooks of a suite have no test that could end it. */
function sharedPlay(options) {
  const endings = [];
  const stage = {};
  before(async () => Object.assign(stage, await play({ after: (end) => endings.push(end) }, options)));
  after(async () => {
    for (const end of endings.reverse()) await end();
  });
  return stage;
}

describe('a typed error of the upstream', () => {
  const stage = sharedPlay({ settings: { upstream: { breaker: { enabled: false } } } });

  assert.equal(Object.keys(ERROR_STATUS).length, 26);
  for (const [type, status] of Object.entries(ERROR_STATUS)) {
    test(`${type} is ${type} for the client, on GET and on POST`, async () => {
      const { upstream, client } = stage;
      const answer = botpressError(type);
      const calls = {
        'GET /v1/chat/users/': () => client.getUser({ id: type }),
        'POST /v1/chat/users': () => client.createUser({ tags: {} }),
      };
      for (const [line, call] of Object.entries(calls)) {
        upstream.on(line, { ...answer, json: { ...answer.json, metadata: { hint: 'kept' } } });
        const error = await errorOf(call());
        assert.ok(error instanceof botpress[`${type}Error`], error.constructor.name);
        assert.ok(botpress.isApiError(error));
        assert.equal(error.type, type);
        assert.equal(error.code, status);
        assert.equal(error.message, `the upstream says ${type}`);
        assert.equal(error.id, 'err_20260101000000x0123ABCD');
        assert.deepEqual(error.metadata, { hint: 'kept' });
      }
    });

    test(`${type} passes byte for byte, and a POST is sent once`, async () => {
      const { upstream, ask } = stage;
      const body = `{ "id":"e1" ,"code":${status}, "type":"${type}","message":"ü\\u00fc","x":[1.0] }`;
      upstream.next('POST /v1/chat/messages', {
        status,
        body,
        headers: { 'content-type': 'application/json' },
      });
      const sent = upstream.requestsTo('POST /v1/chat/messages').length;
      const response = await ask('POST', '/v1/chat/messages', { body: '{}' });
      assert.equal(response.status, status);
      assert.ok(response.body.equals(Buffer.from(body)));
      assert.equal(response.header('proxy-status'), undefined, 'not an answer of the gateway');
      assert.equal(upstream.requestsTo('POST /v1/chat/messages').length, sent + 1);
    });
  }
});

test('a compressed error keeps its class', async (t) => {
  const { upstream, client } = await play(t);
  upstream.next({ ...botpressError('QuotaExceeded'), gzip: true });
  assert.equal((await errorOf(client.createUser({ tags: {} }))).type, 'QuotaExceeded');
});

test('an error in chunks keeps its class', async (t) => {
  const { upstream, client } = await play(t);
  upstream.next({ ...botpressError('ResourceLockedConflict'), framing: 'chunked' });
  assert.equal((await errorOf(client.createUser({ tags: {} }))).type, 'ResourceLockedConflict');
});

test('rate limit fields of the upstream do not reach a client that would wait by them', async (t) => {
  const { upstream, ask } = await play(t);
  const limits = { 'RateLimit-Limit': '100', 'RateLimit-Remaining': '9', 'RateLimit-Reset': '1767225600' };
  upstream.next({ json: { users: [], meta: {} }, headers: limits });
  const response = await ask('GET', '/v1/chat/users');
  // An epoch value makes the client's retries a storm.
  assert.equal(response.header('ratelimit-reset'), undefined);
});
