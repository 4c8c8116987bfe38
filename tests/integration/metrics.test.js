// /metrics: what is told, in which format, and that it is true to the request.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADMIN, askAdmin } from './support/admin.js';
import { eventually } from './support/deadline.js';
import { readMetrics, sumOf } from './support/metrics.js';
import { play, troublePlay } from './support/play.js';
import { connect } from './support/raw.js';

test('requests by operation, by who answered, by status', async (t) => {
  const { ask, gateway } = await play(t, { settings: { ...ADMIN, workers: 2 } });
  await Promise.all(Array.from({ length: 40 }, () => ask('GET', '/v1/chat/users')));
  await ask('GET', '/v1/chat/users', { headers: { authorization: 'Bearer bpg_nonsense' } });
  await ask('GET', '/v1/chat/no-such-thing');
  const raw = await connect(t, gateway);
  gateway.announce(/./);
  raw.send('GET / HTTP/1.1\r\nHost : x\r\n\r\n');
  await raw.response();
  const metrics = await readMetrics(t, gateway);
  const requests = (labels) => sumOf(metrics, 'bpgate_requests_total', labels);
  assert.equal(requests({ op: 'listUsers', source: 'upstream', status: '2xx' }), 40);
  assert.equal(requests({ op: 'listUsers', source: 'gateway', status: '4xx' }), 1);
  assert.equal(requests({ op: 'unknown' }), 1);
  assert.equal(requests({ op: 'refused', status: '4xx' }), 1);
  assert.equal(requests({}), 43);
  assert.equal(sumOf(metrics, 'bpgate_key_requests_total', { key: 'ci', secret: 'first' }), 41);
  assert.equal(sumOf(metrics, 'bpgate_refusals_total', { reason: 'bad_key' }), 1);
  assert.equal(sumOf(metrics, 'bpgate_request_duration_seconds_count', {}), 43);
  assert.equal(sumOf(metrics, 'bpgate_request_duration_seconds_count', { service: 'runtime', source: 'upstream' }), 41);
  assert.equal(sumOf(metrics, 'bpgate_overhead_seconds_count', {}), 43);
});

test('the upstream: attempts, phases, handshakes, connections, bytes', async (t) => {
  const { ask, gateway } = await play(t, { settings: ADMIN });
  for (let i = 0; i < 5; i += 1) await ask('GET', '/v1/chat/users');
  const metrics = await readMetrics(t, gateway);
  assert.equal(sumOf(metrics, 'bpgate_upstream_attempts_total', { result: 'answered' }), 5);
  for (const phase of ['connect', 'tls']) {
    assert.equal(sumOf(metrics, 'bpgate_upstream_phase_seconds_count', { phase }), 1, phase);
  }
  for (const phase of ['first_byte', 'body']) {
    assert.equal(sumOf(metrics, 'bpgate_upstream_phase_seconds_count', { phase }), 5, phase);
  }
  assert.equal(sumOf(metrics, 'bpgate_tls_handshakes_total', { side: 'upstream', result: 'full' }), 1);
  assert.equal(sumOf(metrics, 'bpgate_upstream_connections', { state: 'idle' }), 1);
  assert.ok(sumOf(metrics, 'bpgate_upstream_bytes_total', { direction: 'down' }) > 500);
  assert.ok(sumOf(metrics, 'bpgate_client_bytes_total', { direction: 'up' }) > 500);
});

test('an upstream that is lost: retries, and what became of each attempt', async (t) => {
  const { ask, gateway, upstream } = await troublePlay(t, { settings: ADMIN });
  upstream.on('GET /v1/chat/users', { cutAt: 0 });
  assert.equal((await ask('GET', '/v1/chat/users')).status, 502);
  const metrics = await readMetrics(t, gateway);
  const attempts = (result) => sumOf(metrics, 'bpgate_upstream_attempts_total', { result });
  assert.equal(attempts('lost'), upstream.requests.length);
  assert.equal(sumOf(metrics, 'bpgate_upstream_retries_total', {}), upstream.requests.length - 1);
});

test('the cache: what it did, and the bytes that it saved', async (t) => {
  const { ask, gateway, upstream } = await play(t, { settings: ADMIN });
  const path = '/v1/admin/hub/integrations';
  const first = await ask('GET', path);
  for (let i = 0; i < 3; i += 1) await ask('GET', path);
  assert.equal(upstream.requests.length, 1);
  const metrics = await readMetrics(t, gateway);
  assert.equal(sumOf(metrics, 'bpgate_cache_requests_total', { result: 'hit' }), 3);
  assert.equal(sumOf(metrics, 'bpgate_cache_requests_total', { result: 'miss' }), 1);
  assert.equal(sumOf(metrics, 'bpgate_requests_total', { source: 'cache' }), 3);
  assert.ok(sumOf(metrics, 'bpgate_cache_saved_bytes_total', {}) >= 3);
  assert.equal(sumOf(metrics, 'bpgate_cache_entries', {}), 1);
  assert.ok(first.body.length > 0);
});

test('the process and its build', async (t) => {
  const { gateway } = await play(t, { settings: { ...ADMIN, workers: 2 } });
  const metrics = await readMetrics(t, gateway);
  const ready = gateway.events.find(({ event }) => event === 'ready');
  assert.equal(sumOf(metrics, 'bpgate_build_info', { version: ready.version }), 1);
  assert.equal(sumOf(metrics, 'bpgate_workers', {}), 2);
  assert.equal(sumOf(metrics, 'bpgate_credential_workers', { slot: 'token' }), 2);
  assert.ok(sumOf(metrics, 'process_resident_memory_bytes', {}) > 1_000_000);
  assert.ok(sumOf(metrics, 'process_open_fds', {}) > 5);
  const age = Date.now() / 1000 - sumOf(metrics, 'process_start_time_seconds', {});
  assert.ok(age > -2 && age < 600, `${age} s old`);
});

test('two formats, by what is accepted', async (t) => {
  const { gateway } = await play(t, { settings: ADMIN });
  const plain = await askAdmin(t, gateway, 'GET', '/metrics');
  assert.match(plain.header('content-type'), /^text\/plain; version=0\.0\.4/);
  assert.match(plain.text, /^# TYPE bpgate_requests_total counter$/m);
  assert.doesNotMatch(plain.text, /# EOF/);
  const accept = 'application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
  const open = await askAdmin(t, gateway, 'GET', '/metrics', { headers: { accept } });
  assert.match(open.header('content-type'), /^application\/openmetrics-text; version=1\.0\.0/);
  assert.match(open.text, /^# TYPE bpgate_requests counter$/m);
  assert.match(open.text, /^bpgate_upstream_retries_total 0$/m);
  assert.ok(open.text.endsWith('# EOF\n'));
});

test('figures are not for everybody where there is a token', async (t) => {
  const settings = { admin: { address: '127.0.0.1:0', token: 'env:ADMIN_TOKEN' } };
  const { gateway } = await play(t, { settings, env: { ADMIN_TOKEN: 'admin_secret_0123456789' } });
  assert.equal((await askAdmin(t, gateway, 'GET', '/metrics')).status, 401);
  const token = 'admin_secret_0123456789';
  assert.equal((await askAdmin(t, gateway, 'GET', '/metrics', { token })).status, 200);
});

test('connections are counted while they last', async (t) => {
  const { gateway } = await play(t, { settings: ADMIN });
  const raw = await connect(t, gateway);
  const count = async () => sumOf(await readMetrics(t, gateway), 'bpgate_client_connections', {});
  await eventually(async () => (await count()) >= 1, 'it is there');
  raw.leave('end');
  await eventually(async () => (await count()) === 0, 'it has gone');
});
