// An upstream answer that is no Botpress error (a page of an edge proxy) becomes one, by its status.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorOf } from './support/client.js';
import { troublePlay } from './support/play.js';

const PAGE = '<html><head><title>nginx</title></head><body><center>edge</center></body></html>';

const BY_STATUS = [
  [400, 'InvalidPayload'],
  [401, 'Unauthorized'],
  [402, 'PaymentRequired'],
  [403, 'Forbidden'],
  [404, 'ResourceNotFound'],
  [405, 'MethodNotFound'],
  [409, 'RelationConflict'],
  [410, 'ResourceGone'],
  [413, 'PayloadTooLarge'],
  [415, 'UnsupportedMediaType'],
  [429, 'RateLimited'],
  [504, 'OperationTimeout'],
  [418, 'InvalidPayload'],
  [422, 'InvalidPayload'],
  [451, 'InvalidPayload'],
  [500, 'Internal'],
  [501, 'Internal'],
  [503, 'Internal'],
  [520, 'Internal'],
];

const html = (status) => ({ status, body: PAGE, headers: { 'content-type': 'text/html' } });

for (const [status, type] of BY_STATUS) {
  test(`a page with ${status} is ${type} for a POST`, async (t) => {
    const { upstream, client, ask } = await troublePlay(t);
    upstream.on('POST', html(status));
    const error = await errorOf(client.createUser({ tags: {} }));
    assert.equal(error.type, type);
    assert.ok(!error.message.includes('<html'), 'the page is not the message');
    const response = await ask('POST', '/v1/chat/users', { body: '{}' });
    assert.equal(response.status, status);
    assert.equal(response.json.type, type);
    assert.equal(response.json.status, status);
    assert.match(response.header('content-type'), /^application\/json/);
    assert.equal(upstream.requests.length, 2, 'one each, never repeated');
  });
}

test('a page with 502 stays 502 for a GET, and becomes 504 for a POST', async (t) => {
  const { upstream, client, ask } = await troublePlay(t);
  upstream.on('GET', html(502));
  upstream.on('POST', html(502));
  assert.equal((await ask('GET', '/v1/chat/users')).status, 502);
  assert.equal((await errorOf(client.listUsers({}))).type, 'Internal');
  // The SDK repeats a POST on 502: it may be said only if nothing was processed.
  const response = await ask('POST', '/v1/chat/messages', { body: '{}' });
  assert.equal(response.status, 504);
  assert.equal(response.json.type, 'OperationTimeout');
  assert.equal(upstream.requestsTo('POST').length, 1);
});

const SHAPES = {
  'an empty body': { body: '' },
  text: { body: 'upstream connect error', headers: { 'content-type': 'text/plain' } },
  'JSON that is no error': { body: '{"ok":false}', headers: { 'content-type': 'application/json' } },
  'an array': { body: '[]', headers: { 'content-type': 'application/json' } },
  'broken JSON': { body: '{"id":"e","code":4', headers: { 'content-type': 'application/json' } },
  'an error whose type nobody knows': { body: '{"id":"e","code":404,"type":"Bogus","message":"m"}' },
  'a compressed page': { body: PAGE, gzip: true, headers: { 'content-type': 'text/html' } },
  'a page in chunks': { body: PAGE, framing: 'chunked', headers: { 'content-type': 'text/html' } },
  'a page until the close': { body: PAGE, framing: 'close', headers: { 'content-type': 'text/html' } },
  'an endless page': { body: 'x'.repeat(3_000_000), headers: { 'content-type': 'text/html' } },
};

for (const [shape, order] of Object.entries(SHAPES)) {
  test(`404 with ${shape} is ResourceNotFound`, async (t) => {
    const { upstream, client, ask } = await troublePlay(t);
    upstream.on('POST', { status: 404, ...order });
    const error = await errorOf(client.createUser({ tags: {} }));
    // A future type of Botpress passes byte for byte: the client calls it unclassified itself.
    if (!shape.includes('nobody knows')) assert.equal(error.type, 'ResourceNotFound');
    const response = await ask('POST', '/v1/chat/users', { body: '{}' });
    assert.equal(response.status, 404);
    assert.equal(response.header('content-encoding'), undefined);
    assert.ok(JSON.parse(response.text).type);
  });
}

test('the status of a HEAD passes, without a body', async (t) => {
  const { upstream, ask } = await troublePlay(t);
  upstream.on('HEAD', html(404));
  const response = await ask('HEAD', '/v1/chat/users/none');
  assert.equal(response.status, 404);
  assert.equal(response.body.length, 0);
});

test('a redirect is passed, not followed', async (t) => {
  const { upstream, ask } = await troublePlay(t);
  upstream.next({ status: 307, headers: { Location: 'https://elsewhere.example/x' } });
  const response = await ask('GET', '/v1/chat/users');
  assert.equal(response.status, 307);
  assert.equal(response.header('location'), 'https://elsewhere.example/x');
  assert.equal(upstream.requests.length, 1);
});

test('a translated answer says where it comes from', async (t) => {
  const { upstream, ask } = await troublePlay(t);
  upstream.next(html(403));
  const response = await ask('POST', '/v1/chat/users', { body: '{}' });
  assertProblemShape(response.json);
});

function assertProblemShape(problem) {
  for (const field of ['id', 'code', 'type', 'message', 'description', 'status']) {
    assert.ok(problem[field], field);
  }
}
