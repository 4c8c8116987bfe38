// Path, query and bodies pass byte for byte, in both directions and at every size that a service allows.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { brotliCompressSync, gunzipSync } from 'node:zlib';
import { assertProblem, play } from './support/play.js';
import { connect, request } from './support/raw.js';

const MB = 1024 * 1024;

test('targets arrive byte for byte', async (t) => {
  const { upstream, ask } = await play(t);
  const targets = [
    '/v1/chat/messages?nextToken=a+b/c==&conversationId=conv_1',
    '/v1/chat/users?tags=%7B%22a%22%3A%22b%22%7D',
    '/v1/chat/users?tags.a.b=c&tags%2Ex=1',
    '/v1/files/a%2Fb%2fc',
    '/v1/files/%E2%82%AC%20.txt',
    '/v1/chat/users?',
    '/v1/chat/users?a&b=&=c&&;x=%00%zz',
    '/v1/chat/users?a=1?b=2/../..',
    "/v1/chat/users/a!$&'()*+,;=:@-._~",
    '/v1/tables/Table/rows/find?x=%5C',
  ];
  for (const target of targets) {
    const method = target.includes('/find') ? 'POST' : 'GET';
    await ask(method, target, method === 'POST' ? { body: '{}' } : {});
    assert.equal(upstream.requests.at(-1)?.target, target);
  }
});

test('the body of a request arrives byte for byte, with the length it had', async (t) => {
  const { upstream, ask } = await play(t);
  const bodies = [
    '{}',
    '{ "a" : 1.0e3,\n"a": 2, "\\u00e9": "\xc3\xa9" }',
    'no json at all \x00\x01\xff',
    '[1,2,3]\r\n\r\n',
    '',
  ];
  for (const body of bodies) {
    const headers = { 'content-type': 'application/json' };
    await ask('POST', '/v1/chat/messages', { body, headers });
    const arrived = upstream.requests.at(-1);
    assert.ok(arrived.body.equals(Buffer.from(body, 'latin1')));
    assert.equal(arrived.header('content-type'), 'application/json');
    assert.equal(arrived.header('content-length'), `${body.length}`);
  }
});

test('a chunked request arrives with the same bytes, however they were cut into pieces', async (t) => {
  const { upstream, gateway } = await play(t);
  const body = '{"payload":{"text":"abcdefghijklmnopqrstuvwxyz"}}';
  for (const size of [1, 2, 7, 64]) {
    const raw = await connect(t, gateway);
    const chunks = body.match(new RegExp(`.{1,${size}}`, 'g'));
    const framed = chunks.map((chunk) => `${chunk.length.toString(16)};x="y"\r\n${chunk}\r\n`).join('');
    const bytes = request(gateway, 'POST', '/v1/chat/messages', {
      headers: { 'Transfer-Encoding': 'chunked' },
      body: `${framed}0\r\nX-Trailer: t\r\n\r\n`,
    });
    await raw.sendInPieces(bytes, 13);
    assert.equal((await raw.response()).status, 201);
    assert.equal(upstream.requests.at(-1).text, body);
  }
});

test('the head of a request may come byte by byte', async (t) => {
  const { upstream, gateway } = await play(t);
  const raw = await connect(t, gateway);
  await raw.sendInPieces(request(gateway, 'POST', '/v1/chat/users', { body: '{"name":"x"}' }), 1);
  assert.equal((await raw.response()).json.user.name, 'x');
  assert.equal(upstream.requests.length, 1);
});

test('the body and the status of an answer come back byte for byte', async (t) => {
  const { upstream, ask } = await play(t);
  const body = randomBytes(5000);
  for (const framing of ['length', 'chunked', 'close']) {
    upstream.next({ status: 200, headers: { 'content-type': 'x/y', 'x-own': 'a  b' }, body, framing });
    const response = await ask('GET', '/v1/chat/users');
    assert.ok(response.body.equals(body), framing);
    assert.equal(response.header('content-type'), 'x/y');
    assert.equal(response.header('x-own'), 'a  b');
  }
});

test('a compressed answer passes as it is', async (t) => {
  const { upstream, ask, client } = await play(t);
  const json = { users: [{ id: 'ü'.repeat(500) }], meta: {} };
  upstream.next({ json, gzip: true });
  const response = await ask('GET', '/v1/chat/users', { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(response.header('content-encoding'), 'gzip');
  assert.deepEqual(JSON.parse(gunzipSync(response.body)), json);

  upstream.next({ json, gzip: true });
  assert.deepEqual(await client.listUsers({}), json);
  const body = brotliCompressSync(JSON.stringify(json));
  upstream.next({ headers: { 'content-encoding': 'br', 'content-type': 'application/json' }, body });
  assert.deepEqual(await client.listUsers({}), json);
});

test('texts of every script come back as they went', async (t) => {
  const { client } = await play(t);
  const name = 'Zoë 😀 \u202eمرحبا 日本語 \u0000 \ud83d\ude00 "\\/';
  const { user } = await client.createUser({ name, tags: { k: '\u2028' } });
  assert.equal(user.name, name);
  assert.equal((await client.getUser({ id: user.id })).user.tags.k, '\u2028');
});

test('four megabytes pass up and down', async (t) => {
  const { client, upstream } = await play(t);
  const text = 'a€'.repeat(MB);
  const rows = [{ text }];
  const created = await client.createTableRows({ table: 'BigTable', rows });
  assert.equal(created.rows[0].text, text);
  const found = await client.findTableRows({ table: 'BigTable' });
  assert.equal(found.rows[0].text, text);
  assert.equal(upstream.requests[0].body.length, Buffer.byteLength(JSON.stringify({ rows })));
});

const LIMITS = [
  ['tables', 'POST', '/v1/tables/T/rows', 40 * MB],
  ['admin', 'POST', '/v1/admin/bots', 50 * MB],
  ['runtime', 'POST', '/v1/chat/messages', MB],
  ['files', 'PUT', '/v1/files', MB],
];

// Documents say megabytes; both readings of the word are within these margins.
const SAFELY_BELOW = 0.95;
const SAFELY_ABOVE = 1.1;

for (const [service, method, target, limit] of LIMITS) {
  test(`the ${service} service takes bodies up to its limit and refuses larger ones unread`, async (t) => {
    const { upstream, ask, gateway } = await play(t, {
      settings: { profiles: [{ name: 'support', credential: 'team' }] },
    });
    upstream.on(method, { json: { taken: true } });
    const headers = { 'x-workspace-id': 'wkspace_1' };
    const body = Buffer.alloc(Math.floor(limit * SAFELY_BELOW), 'x');
    assert.equal((await ask(method, target, { body, headers })).status, 200);
    assert.ok(upstream.requests[0].body.equals(body));

    const raw = await connect(t, gateway);
    const length = Math.ceil(limit * SAFELY_ABOVE);
    raw.send(request(gateway, method, target, { headers: { ...headers, 'Content-Length': length } }));
    assertProblem(await raw.response(), { status: 413, type: 'PayloadTooLarge' });
    assert.equal(upstream.requests.length, 1, 'nothing of the large one was forwarded');
  });
}

test('a chunked body that grows past the limit is refused, and never complete upstream', async (t) => {
  const { upstream, gateway } = await play(t);
  const raw = await connect(t, gateway);
  raw.send(request(gateway, 'POST', '/v1/chat/messages', { headers: { 'Transfer-Encoding': 'chunked' } }));
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  raw.send(chunk.repeat(20));
  assertProblem(await raw.response(), { status: 413, type: 'PayloadTooLarge' });
  for (const arrived of upstream.requests) assert.equal(arrived.isComplete, false);
});

test('the client knows a refused body by its class', async (t) => {
  const { client, upstream } = await play(t);
  const call = client.createMessage({
    conversationId: 'c',
    userId: 'u',
    type: 'text',
    tags: {},
    payload: { text: 'x'.repeat(2 * MB) },
  });
  await assert.rejects(call, { type: 'PayloadTooLarge' });
  assert.equal(upstream.requests.filter((arrived) => arrived.isComplete).length, 0);
});
