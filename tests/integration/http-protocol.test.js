// The gateway as an HTTP/1.1 server and intermediary: versions, methods, expectations, routes, Via.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { botpressClient, errorOf } from './support/client.js';
import { assertProblem, play, troublePlay } from './support/play.js';
import { connect, request } from './support/raw.js';

const USERS = '/v1/chat/users';

test('answers of a persistent connection say how long it may rest', async (t) => {
  const { ask } = await play(t);
  const response = await ask('GET', USERS);
  assert.match(response.header('keep-alive') ?? '', /timeout=55/);
  assert.notEqual(response.header('connection')?.toLowerCase(), 'close');
});

test('Connection: close is obeyed', async (t) => {
  const { gateway } = await play(t);
  const raw = await connect(t, gateway);
  raw.send(request(gateway, 'GET', USERS, { headers: { Connection: 'close' } }));
  const response = await raw.response();
  assert.equal(response.header('connection').toLowerCase(), 'close');
  assert.equal((await raw.ended()).bytes.length, 0);
});

test('HTTP/1.0 gets an answer that it understands', async (t) => {
  const { gateway, upstream } = await play(t);
  const json = { users: [], meta: {} };
  for (const framing of ['length', 'chunked', 'close']) {
    upstream.next({ json, framing });
    const raw = await connect(t, gateway);
    raw.send(request(gateway, 'GET', USERS, { version: '1.0' }));
    const response = await raw.response();
    assert.equal(response.header('transfer-encoding'), undefined, framing);
    assert.deepEqual(response.json, json);
    await raw.ended();
  }
  assert.equal(upstream.requests[0].version, 'HTTP/1.1');
});

test('HTTP/1.0 without a Host is served', async (t) => {
  const { gateway } = await play(t);
  const raw = await connect(t, gateway);
  raw.send(request(gateway, 'GET', USERS, { version: '1.0', headers: { Host: null } }));
  assert.equal((await raw.response()).status, 200);
});

test('an unknown version is refused', async (t) => {
  const { gateway } = await play(t);
  for (const version of ['2.0', '0.9', '1.2x', '3']) {
    const raw = await connect(t, gateway);
    raw.send(request(gateway, 'GET', USERS, { version }));
    const response = await raw.response();
    assert.ok([400, 505].includes(response.status), `${version}: ${response.status}`);
    await raw.ended();
  }
});

test('Expect: 100-continue is answered before the body comes', async (t) => {
  const { gateway, upstream } = await play(t);
  const raw = await connect(t, gateway);
  const body = '{"name":"expected"}';
  const headers = { Expect: '100-continue', 'Content-Length': body.length };
  raw.send(request(gateway, 'POST', USERS, { headers }));
  const head = await raw.through('\r\n\r\n');
  assert.match(head.toString(), /^HTTP\/1\.1 100 /);
  raw.send(body);
  const response = await raw.response();
  assert.equal(response.json.user.name, 'expected');
  assert.deepEqual(response.interim, []);
  assert.equal(upstream.requests.length, 1);
});

test('Expect: 100-continue without a right to it is refused before the body', async (t) => {
  const { gateway, upstream } = await play(t, { announces: [/auth|key|denied/i] });
  const raw = await connect(t, gateway);
  const headers = { Expect: '100-continue', 'Content-Length': 100, Authorization: null };
  raw.send(request(gateway, 'POST', USERS, { headers }));
  const response = await raw.response();
  assert.equal(response.status, 401);
  assert.deepEqual(response.interim, []);
  assert.equal(upstream.requests.length, 0);
});

test('a HEAD has the head of a GET, and no body', async (t) => {
  const { gateway, upstream } = await play(t);
  const raw = await connect(t, gateway);
  raw.send(request(gateway, 'HEAD', USERS));
  const response = await raw.response({ method: 'HEAD' });
  assert.equal(response.status, 200);
  assert.ok(Number(response.header('content-length')) > 0);
  raw.send(request(gateway, 'GET', USERS));
  assert.deepEqual((await raw.response()).json, { users: [], meta: {} });
  assert.equal(upstream.requests[0].method, 'HEAD');
});

test('a HEAD of what does not exist has no body either', async (t) => {
  const { gateway } = await play(t, { settings: { unknown_routes: 'deny' } });
  const raw = await connect(t, gateway);
  raw.send(Buffer.concat([request(gateway, 'HEAD', '/nowhere'), request(gateway, 'GET', USERS)]));
  assert.equal((await raw.response({ method: 'HEAD' })).status, 404);
  assert.equal((await raw.response()).status, 200);
});

test('a conditional request passes, and 304 comes back without a body', async (t) => {
  const { gateway, upstream } = await play(t);
  upstream.next({ status: 304, headers: { ETag: '"v1"' } });
  const raw = await connect(t, gateway);
  const both = [
    request(gateway, 'GET', USERS, { headers: { 'If-None-Match': '"v1"' } }),
    request(gateway, 'GET', USERS),
  ];
  raw.send(Buffer.concat(both));
  const response = await raw.response();
  assert.equal(response.status, 304);
  assert.equal(response.header('etag'), '"v1"');
  assert.equal(upstream.requests[0].header('if-none-match'), '"v1"');
  assert.equal((await raw.response()).status, 200);
});

test('a 204 has no length and no body', async (t) => {
  const { gateway, upstream } = await play(t);
  upstream.next({ status: 204 });
  const raw = await connect(t, gateway);
  raw.send(
    Buffer.concat([request(gateway, 'DELETE', `${USERS}/u`, { body: '{}' }), request(gateway, 'GET', USERS)]),
  );
  const response = await raw.response();
  assert.equal(response.status, 204);
  assert.equal(response.header('content-length'), undefined);
  assert.equal(response.header('transfer-encoding'), undefined);
  assert.equal((await raw.response()).status, 200);
});

test('a known path with another method: 405, and Allow says which', async (t) => {
  const { ask, upstream } = await play(t);
  const response = await ask('DELETE', USERS, { body: '{}' });
  assertProblem(response, { status: 405, type: 'MethodNotFound' });
  assert.deepEqual(allowed(response), ['GET', 'HEAD', 'OPTIONS', 'POST']);
  const one = await ask('PATCH', `${USERS}/user_1`, { body: '{}' });
  assert.deepEqual(allowed(one), ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PUT']);
  // A literal segment has methods of its own, and those of the parameter that it also is.
  const literal = await ask('PATCH', `${USERS}/get-or-create`, { body: '{}' });
  assert.equal(literal.status, 405);
  assert.ok(allowed(literal).includes('POST'));
  assert.equal(upstream.requests.length, 0);
});

const allowed = (response) => [...new Set([...response.header('allow').split(/\s*,\s*/), 'OPTIONS'])].sort();

test('OPTIONS: 204 with Allow, from the gateway itself', async (t) => {
  const { ask, upstream } = await play(t);
  const response = await ask('OPTIONS', USERS);
  assert.equal(response.status, 204);
  assert.deepEqual(allowed(response), ['GET', 'HEAD', 'OPTIONS', 'POST']);
  assert.equal(upstream.requests.length, 0);
});

test('an unknown path is forwarded as it is, unless that is denied', async (t) => {
  const { ask, upstream } = await play(t);
  await ask('POST', '/v1/chat/new-thing/%2F?x=1', { body: '{"a":1}' });
  assert.equal(upstream.requests[0].target, '/v1/chat/new-thing/%2F?x=1');
  assert.equal(upstream.requests[0].text, '{"a":1}');
  assert.equal(upstream.requests[0].header('x-bot-id'), 'bot_1');
});

test('a denied unknown path says what is close', async (t) => {
  const { ask, gateway, upstream } = await play(t, { settings: { unknown_routes: 'deny' } });
  const wanted = '/v1/bots/bot_1/conversations';
  const problem = assertProblem(await ask('GET', wanted), { status: 404, type: 'ResourceNotFound' });
  assert.match(problem.message, /\/v1\/chat\/conversations/);
  assert.match(problem.message, /x-bot-id/);
  assertProblem(
    await ask('GET', '/v1/chat/conversation'),
    { status: 404, type: 'ResourceNotFound' },
    /conversations/,
  );
  assertProblem(await ask('GET', '/'), { status: 404, type: 'ResourceNotFound' });
  assert.equal(upstream.requests.length, 0);

  const client = botpressClient({ url: `${gateway.url}/wrong/base`, key: gateway.key });
  assert.equal((await errorOf(client.listUsers({}))).type, 'ResourceNotFound');
});

test('segments are exact: case, slashes and encodings make another path', async (t) => {
  const { ask } = await play(t, { settings: { unknown_routes: 'deny' } });
  for (const target of [
    '/v1/chat/Users',
    '/v1/chat/users/',
    '//v1/chat/users',
    '/v1//chat/users',
    '/v1/chat%2Fusers',
  ]) {
    const { status } = await ask('GET', target);
    assert.ok([400, 404].includes(status), `${target}: ${status}`);
  }
});

test('Via tells each side about the other', async (t) => {
  const { ask, upstream } = await play(t);
  await ask('GET', USERS);
  assert.match(upstream.requests[0].header('via'), /^1\.1 \S+/);
  await ask('GET', USERS, { headers: { Via: '1.0 fred, 1.1 proxy.example' } });
  assert.match(
    upstream.requests[1].headerValues('via').join(', '),
    /^1\.0 fred, 1\.1 proxy\.example, 1\.1 \S+( \(.*\))?$/,
  );
});

test('a request that comes back is a loop: 502, and it goes no further', async (t) => {
  const { ask, upstream } = await troublePlay(t, { announces: [/loop|via/i] });
  await ask('GET', USERS);
  const via = upstream.requests[0].header('via');
  const response = await ask('GET', USERS, { headers: { Via: via } });
  assertProblem(response, { status: 502, type: 'Internal' }, /loop|passed|before/i);
  assert.equal(upstream.requests.length, 1);
});

test('the absolute form is accepted, its authority in place of Host', async (t) => {
  const { gateway, upstream } = await play(t);
  const raw = await connect(t, gateway);
  raw.send(request(gateway, 'GET', `http://gateway.test${USERS}?a=b`));
  assert.equal((await raw.response()).status, 200);
  assert.equal(upstream.requests[0].target, `${USERS}?a=b`);
  assert.equal(upstream.requests[0].header('host'), new URL(upstream.url).host);
});

test('an Upgrade is dropped, not made', async (t) => {
  const { ask, upstream } = await play(t);
  const headers = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Key': 'x' };
  assert.equal((await ask('GET', USERS, { headers })).status, 200);
  assert.equal(upstream.requests[0].header('upgrade'), undefined);
});

test('own answers have Proxy-Status, those of the upstream have not', async (t) => {
  const { ask } = await play(t, { announces: [/auth|key|denied/i] });
  const own = await ask('GET', USERS, { headers: { Authorization: null } });
  assert.match(own.header('proxy-status'), /bpgate/i);
  assert.equal((await ask('GET', USERS)).header('proxy-status'), undefined);
});

test('an early answer leaves the connection usable, or closes it', async (t) => {
  const { gateway } = await play(t, { announces: [/auth|key|denied/i] });
  for (const size of [10, 60_000, 1_000_000]) {
    const raw = await connect(t, gateway);
    const body = Buffer.alloc(size, 'x');
    raw.send(request(gateway, 'POST', USERS, { body, headers: { Authorization: null } }));
    raw.send(request(gateway, 'GET', USERS));
    const refused = await raw.response();
    assert.equal(refused.status, 401, `${size}`);
    if (refused.header('connection')?.toLowerCase() === 'close') {
      assert.equal((await raw.ended()).bytes.length, 0);
    } else {
      assert.equal((await raw.response()).status, 200);
    }
  }
});

test('empty lines before a request are ignored', async (t) => {
  const { gateway } = await play(t);
  const raw = await connect(t, gateway);
  const one = request(gateway, 'GET', USERS);
  raw.send(Buffer.concat([Buffer.from('\r\n'), one, Buffer.from('\r\n'), one]));
  const statuses = [(await raw.response()).status, (await raw.response()).status];
  // RFC 9112 §2.2: a server should ignore one before the request line.
  assert.deepEqual(statuses, [200, 200]);
});
