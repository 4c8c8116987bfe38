// The admin listener: what it answers, to whom, and until when.

import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { ADMIN, adminOf, askAdmin, purge } from './support/admin.js';
import { eventually } from './support/deadline.js';
import { command, writeConfiguration } from './support/gateway.js';
import { play } from './support/play.js';
import { connect, request } from './support/raw.js';

const SECRET = 'admin_secret_0123456789';
const GUARDED = {
  settings: { admin: { address: '127.0.0.1:0', token: 'env:ADMIN_TOKEN' } },
  env: { ADMIN_TOKEN: SECRET },
};

test('health and readiness are told, and the ready line names the address', async (t) => {
  const { gateway } = await play(t, { settings: ADMIN });
  const health = await askAdmin(t, gateway, 'GET', '/healthz');
  assert.equal(health.status, 200);
  assert.match(health.header('content-type'), /^application\/json/);
  assert.equal(health.header('cache-control'), 'no-store');
  assert.deepEqual(health.json, { status: 'ok' });
  assert.deepEqual((await askAdmin(t, gateway, 'GET', '/readyz')).json, { status: 'ready' });
  assert.equal((await askAdmin(t, gateway, 'HEAD', '/healthz')).status, 200);
});

test('without the setting there is no such listener', async (t) => {
  const { gateway } = await play(t);
  assert.equal(gateway.events.find(({ event }) => event === 'ready').admin, undefined);
});

test('what is refused says what there is', async (t) => {
  const { gateway } = await play(t, { settings: ADMIN });
  const unknown = await askAdmin(t, gateway, 'GET', '/metrix');
  assert.equal(unknown.status, 404);
  assert.match(unknown.json.message, /Did you mean \/metrics\?/);
  const { routes } = (await askAdmin(t, gateway, 'GET', '/api')).json;
  for (const path of ['/healthz', '/readyz', '/cache/purge', '/api/settings']) assert.ok(routes.some((route) => route.path === path && route.about), path);
  for (const { method, path } of routes.filter((route) => route.method === 'GET')) assert.equal((await askAdmin(t, gateway, method, path)).status, 200, path);
  const other = await askAdmin(t, gateway, 'DELETE', '/cache/purge');
  assert.equal(other.status, 405);
  assert.equal(other.header('allow'), 'POST');
  assert.match(other.json.message, /\/cache\/purge takes POST, not DELETE: .*"tags"/);
  assert.match((await askAdmin(t, gateway, 'GET', '/explain')).json.message, /\/explain takes POST, not GET: .*"target"/);
  for (const body of ['', 'method=GET', '{"method":"GET"}']) {
    assert.match((await askAdmin(t, gateway, 'POST', '/explain', { body })).json.message, /The body must describe a request, as JSON.*"target"/);
  }
  const wrong = await purge(t, gateway, { tag: ['bot:b1'] });
  assert.equal(wrong.status, 400);
  assert.match(wrong.json.message, /"tag" is no member/);
  assert.equal((await purge(t, gateway, 'x'.repeat(64 * 1024 + 1))).status, 413);
});

test('DNS rebinding and pages of other sites get nothing', async (t) => {
  const { gateway } = await play(t, { settings: ADMIN });
  const { url } = adminOf(gateway);
  const foreign = [{ host: 'evil.example' }, { host: 'evil.example:9901' }];
  for (const headers of foreign) {
    assert.equal((await askAdmin(t, gateway, 'GET', '/healthz', { headers })).status, 403);
  }
  const pages = [{ origin: 'http://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }];
  for (const headers of pages) {
    assert.equal((await purge(t, gateway, { all: true }, { headers })).status, 403);
  }
  assert.equal((await purge(t, gateway, { all: true }, { headers: { origin: url } })).status, 200);
  await gateway.event(({ event }) => event === 'cache_purged');
  assert.equal(gateway.events.filter(({ event }) => event === 'cache_purged').length, 1);
});

test('the token is asked for, but not by probes', async (t) => {
  const { gateway } = await play(t, GUARDED);
  assert.equal((await askAdmin(t, gateway, 'GET', '/healthz')).status, 200);
  assert.equal((await askAdmin(t, gateway, 'GET', '/readyz')).status, 200);
  const none = await purge(t, gateway, { all: true });
  assert.equal(none.status, 401);
  assert.match(none.header('www-authenticate'), /^Bearer/);
  assert.equal((await purge(t, gateway, { all: true }, { token: `${SECRET}x` })).status, 401);
  assert.equal((await purge(t, gateway, { all: true }, { token: SECRET })).status, 200);
  // Who has the token is no page that was lured here: names are allowed.
  const headers = { host: 'bpgate.internal:9901' };
  assert.equal((await purge(t, gateway, { all: true }, { token: SECRET, headers })).status, 200);
});

test('a gateway that is told to stop is no longer ready, until it has ended', async (t) => {
  const { gateway } = await play(t, { settings: { ...ADMIN, drain_delay: '2s' } });
  gateway.signal('SIGTERM');
  await eventually(
    async () => (await askAdmin(t, gateway, 'GET', '/readyz')).status === 503,
    'readiness is gone',
  );
  assert.equal((await askAdmin(t, gateway, 'GET', '/healthz')).status, 200);
  assert.equal(await gateway.exited(), 0);
});

test('connections of the admin listener do not hold up the end, whatever their state', async (t) => {
  const { gateway } = await play(t, { settings: ADMIN });
  const admin = adminOf(gateway);
  const headers = { host: '127.0.0.1', 'content-length': '100' };
  await connect(t, admin);
  (await connect(t, admin)).send('GET /healthz HT');
  (await connect(t, admin)).send(request(admin, 'POST', '/cache/purge', { headers, body: '{"all"' }));
  const kept = await connect(t, admin);
  kept.send(request(admin, 'GET', '/healthz', { headers: { host: '127.0.0.1' } }));
  assert.equal((await kept.response()).status, 200);
  gateway.signal('SIGTERM');
  assert.equal(await gateway.exited(), 0);
});

test('more connections than there is room for do not grow', async (t) => {
  const { gateway } = await play(t, { settings: ADMIN });
  const admin = adminOf(gateway);
  const sockets = Array.from({ length: 100 }, () => net.connect(admin.port, admin.host));
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  const gone = new Set();
  for (const socket of sockets) socket.on('error', () => {}).on('close', () => gone.add(socket));
  await eventually(() => gone.size === 36, '64 are left');
  sockets.forEach((socket) => socket.destroy());
  await eventually(async () => {
    try {
      return (await askAdmin(t, gateway, 'GET', '/healthz')).status === 200;
    } catch {
      return false;
    }
  }, 'there is room again');
});

test('an address that is taken is told at the start', async (t) => {
  const holder = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => holder.once('listening', resolve));
  t.after(() => holder.close());
  const { port } = holder.address();
  const settings = { listen: [{ address: '127.0.0.1:0' }], admin: { address: `127.0.0.1:${port}` } };
  const { code, stderr } = await command(['run', '--config', writeConfiguration(t, settings)]);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`listen_failed.*${port}`));
});

test('a listener that others can reach needs a token', async (t) => {
  const file = writeConfiguration(t, { admin: { address: '*:0' } });
  const { code, stderr } = await command(['check', '--config', file]);
  assert.equal(code, 2);
  assert.match(stderr, /:[0-9]+:[0-9]+: admin\.address can be reached from other machines; add admin\.token/);
});
