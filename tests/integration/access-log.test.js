// One JSON line for each exchange, with what an operator needs and nothing that is secret.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TOKEN } from './support/gateway.js';
import { assertOneAccessLine, newRequestId, play, troublePlay } from './support/play.js';
import { connect } from './support/raw.js';

test('a forwarded request', async (t) => {
  const { ask, gateway, upstream } = await play(t);
  const id = newRequestId();
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const headers = { 'x-request-id': id, traceparent: `00-${trace}-b7ad6b7169203331-01` };
  const response = await ask('GET', '/v1/chat/users/user_1?secret=hidden', { headers });
  const line = await assertOneAccessLine(gateway, id);
  assert.equal(line.method, 'GET');
  assert.equal(line.op, 'getUser');
  assert.equal(line.key, 'ci');
  assert.equal(line.status, response.status);
  assert.equal(line.source, 'upstream');
  assert.match(line.route, /\/v1\/chat\/users\/\{id\}/);
  assert.ok(line.traceparent.includes(trace));
  assert.ok(Math.abs(Date.parse(line.ts) - Date.now()) < 60_000, line.ts);
  assert.ok(line.upstream_ms >= 0);
  assert.ok(line.bytes >= response.body.length);
  assert.equal(line.retries ?? 0, 0);
  assert.equal(upstream.requests.length, 1);
  assert.ok(!JSON.stringify(line).includes('hidden'), 'no query values');
});

test('no bodies, no tokens, no keys', async (t) => {
  const { ask, gateway } = await play(t);
  const id = newRequestId();
  await ask('POST', '/v1/chat/users', { body: '{"name":"private-name"}', headers: { 'x-request-id': id } });
  await assertOneAccessLine(gateway, id);
  const output = JSON.stringify([gateway.accessLines, gateway.events]);
  for (const secret of ['private-name', TOKEN, gateway.key]) assert.ok(!output.includes(secret));
});

test('a value that is no UTF-8, and one with quotes, keep the line a line', async (t) => {
  const { ask, gateway } = await play(t);
  await ask('GET', '/v1/chat/users', { headers: { 'x-request-id': 'a"b\\c' } });
  await ask('GET', '/v1/chat/users', { headers: { 'user-agent': '\xff\xfe"\\' } });
  await ask('GET', '/v1/chat/unknown%0a%22path%ff');
  await gateway.accessLine(() => gateway.accessLines.length === 3, 'three lines');
  assert.deepEqual(gateway.noise, []);
});

test('what the gateway answers itself has its source', async (t) => {
  const { ask, gateway } = await troublePlay(t, { settings: { unknown_routes: 'deny' } });
  const id = newRequestId();
  await ask('GET', '/nowhere', { headers: { 'x-request-id': id } });
  const line = await assertOneAccessLine(gateway, id);
  assert.equal(line.status, 404);
  assert.equal(line.source, 'gateway');
});

test('a refused head has a line too', async (t) => {
  const { gateway } = await play(t, { announces: [/./] });
  const raw = await connect(t, gateway);
  raw.send('GET / HTTP/1.1\r\nHost : x\r\n\r\n');
  await raw.response();
  const line = await gateway.accessLine(({ status }) => status === 400, 'the line of a refused head');
  assert.equal(line.source, 'gateway');
  assert.equal(gateway.accessLines.length, 1);
});

test('hundreds at once: one line each', async (t) => {
  const { ask, gateway } = await play(t, { settings: { workers: 2 } });
  const ids = Array.from({ length: 300 }, newRequestId);
  await Promise.all(ids.map((id) => ask('GET', '/v1/chat/users', { headers: { 'x-request-id': id } })));
  for (const id of ids) await assertOneAccessLine(gateway, id);
  assert.equal(gateway.accessLines.length, 300);
});

test('access_log: off writes nothing', async (t) => {
  const { ask, gateway } = await play(t, { settings: { access_log: 'off' } });
  await ask('GET', '/v1/chat/users');
  await gateway.stop();
  assert.deepEqual(gateway.accessLines, []);
});

test('a trace goes on with a span of ours, or begins; and the line names the span that went upstream', async (t) => {
  const { ask, gateway, upstream } = await play(t);
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const parent = 'b7ad6b7169203331';
  const sent = [
    { traceparent: `00-${trace}-${parent}-01`, tracestate: 'vendor=1' },
    {},
    { traceparent: `00-${trace.toUpperCase()}-${parent}-01`, tracestate: 'vendor=1' },
    { traceparent: '00-00000000000000000000000000000000-b7ad6b7169203331-01', tracestate: 'vendor=1' },
  ];
  for (const [i, headers] of sent.entries()) {
    const id = newRequestId();
    await ask('GET', '/v1/chat/users', { headers: { 'x-request-id': id, ...headers } });
    const line = await assertOneAccessLine(gateway, id);
    const went = upstream.requests.at(-1);
    assert.equal(went.header('traceparent'), line.traceparent);
    const [version, traceId, spanId, flags] = line.traceparent.split('-');
    assert.equal(version, '00');
    assert.match(spanId, /^[0-9a-f]{16}$/);
    assert.notEqual(spanId, parent);
    assert.equal(traceId === trace, i === 0);
    assert.equal(flags, i === 0 ? '01' : '00');
    assert.equal(went.header('tracestate'), i === 0 ? 'vendor=1' : undefined);
  }
});

test('no query, no key and no token, also of what was refused or is long', async (t) => {
  const { ask, gateway } = await play(t, { announces: [/./] });
  const raw = await connect(t, gateway);
  raw.send('GET /v1/chat/users?token=hidden HTTP/1.1\r\nHost : x\r\n\r\n');
  await raw.response();
  const refused = await gateway.accessLine(({ status }) => status === 400, 'the refused head');
  assert.equal(refused.refused, 'GET /v1/chat/users');
  await ask('GET', `/v1/nowhere/${gateway.key}`);
  await ask('GET', `/v1/nowhere/${'long/'.repeat(1400)}end?secret=hidden`);
  const long = await gateway.accessLine(({ path }) => path?.startsWith('/v1/nowhere/long'), 'the long path');
  assert.ok(long.path.length <= 512);
  assert.ok(long.bytes > 0, 'nothing is left out behind it');
  assert.equal(gateway.accessLines.length, 3);
  const output = JSON.stringify(gateway.accessLines);
  for (const secret of ['hidden', gateway.key, TOKEN]) assert.ok(!output.includes(secret), secret);
});
