// Pages of other origins: those that are named may read, answers and errors alike; no others.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { play, troublePlay } from './support/play.js';

const PAGE = 'https://app.example.com';
const CORS = { settings: { cors: { origins: [PAGE, 'http://localhost:3000'] } } };
const asking = (origin, more = {}) => ({ headers: { origin, ...more } });
const preflight = {
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'authorization,content-type,x-bot-id',
  authorization: null,
};

function assertReadable(response, origin = PAGE) {
  assert.equal(response.header('access-control-allow-origin'), origin);
  assert.equal(response.header('access-control-allow-credentials'), 'true');
  assert.match(response.header('vary'), /\borigin\b/i);
}

function assertClosed(response) {
  const names = response.headers.map(([name]) => name.toLowerCase());
  assert.deepEqual(names.filter((name) => name.startsWith('access-control-')), []);
}

test('a preflight is answered without a key and without asking the upstream', async (t) => {
  const { ask, upstream } = await play(t, CORS);
  const response = await ask('OPTIONS', '/v1/chat/messages', asking(PAGE, preflight));
  assert.equal(response.status, 204);
  assertReadable(response);
  assert.match(response.header('access-control-allow-methods'), /\bPOST\b/);
  assert.equal(response.header('access-control-allow-headers'), preflight['access-control-request-headers']);
  assert.ok(Number(response.header('access-control-max-age')) > 0);
  assert.equal(upstream.requests.length, 0);
});

test('what a named page asks it may read, and what an answer says beside its body', async (t) => {
  const { ask } = await play(t, CORS);
  const response = await ask('GET', '/v1/chat/users', asking(PAGE));
  assert.equal(response.status, 200);
  assertReadable(response);
  assert.match(response.header('access-control-expose-headers'), /\bx-request-id\b/);
  assertReadable(await ask('GET', '/v1/chat/users', asking('http://localhost:3000')), 'http://localhost:3000');
});

test('errors too: of the gateway, of the upstream, and when there is none', async (t) => {
  const { ask, upstream } = await troublePlay(t, CORS);
  const unknown = await ask('GET', '/v1/chat/users', asking(PAGE, { authorization: 'Bearer bpg_x' }));
  assert.equal(unknown.status, 401);
  assertReadable(unknown);
  upstream.next({ status: 500, body: '<html>', headers: [['content-type', 'text/html']] });
  assertReadable(await ask('POST', '/v1/chat/users', { ...asking(PAGE), body: '{}' }));
  upstream.on('GET /v1/chat/users', { cutAt: 0 });
  const lost = await ask('GET', '/v1/chat/users', asking(PAGE));
  assert.equal(lost.status, 502);
  assertReadable(lost);
});

test('other origins get the answer and no leave to read it', async (t) => {
  const { ask } = await play(t, CORS);
  const foreign = ['https://evil.example', `${PAGE}.evil.example`, `${PAGE}:443`, PAGE.toUpperCase(), 'null', '*'];
  for (const origin of foreign) {
    const response = await ask('GET', '/v1/chat/users', asking(origin));
    assert.equal(response.status, 200);
    assertClosed(response);
    assert.match(response.header('vary'), /\borigin\b/i);
    const asked = await ask('OPTIONS', '/v1/chat/messages', asking(origin, preflight));
    assertClosed(asked);
  }
});

test("the upstream's own word on it is replaced", async (t) => {
  const { ask, upstream } = await play(t, CORS);
  const headers = [
    ['access-control-allow-origin', '*'],
    ['Access-Control-Allow-Headers', 'x'],
    ['content-type', 'application/json'],
  ];
  upstream.on('GET /v1/chat/users', { status: 200, headers, body: '{"users":[],"meta":{}}' });
  const named = await ask('GET', '/v1/chat/users', asking(PAGE));
  assertReadable(named);
  assert.equal(named.header('access-control-allow-headers'), undefined);
  assertClosed(await ask('GET', '/v1/chat/users', asking('https://evil.example')));
  assertClosed(await ask('GET', '/v1/chat/users'));
});

test('a stored answer is for each page as if it came for it', async (t) => {
  const { ask, upstream } = await play(t, CORS);
  const path = '/v1/admin/hub/integrations';
  assertReadable(await ask('GET', path, asking(PAGE)));
  assertReadable(await ask('GET', path, asking('http://localhost:3000')), 'http://localhost:3000');
  assertClosed(await ask('GET', path, asking('https://evil.example')));
  assert.equal(upstream.requests.length, 1);
});

test('any API may have pages', async (t) => {
  const settings = { ...CORS.settings, upstream: { catalogue: 'none' } };
  const { ask, upstream } = await play(t, { settings });
  const response = await ask('OPTIONS', '/anything', asking(PAGE, preflight));
  assert.equal(response.status, 204);
  assertReadable(response);
  assert.equal(upstream.requests.length, 0);
});

test('without the setting nothing of it happens', async (t) => {
  const { ask } = await play(t);
  assertClosed(await ask('GET', '/v1/chat/users', asking(PAGE)));
  const options = await ask('OPTIONS', '/v1/chat/messages', asking(PAGE, preflight));
  assert.equal(options.status, 204);
  assertClosed(options);
});
