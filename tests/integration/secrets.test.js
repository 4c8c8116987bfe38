// A recognisable secret in every setting that has one, and none of them in anything that the gateway tells
// the person who watches it: answers of the admin listener, explain, logs; nor do the settings hide more.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { adminOf, askAdmin } from './support/admin.js';
import { command, startGateway, TOKEN } from './support/gateway.js';
import { echo } from './support/misdeeds.js';
import { startProxy } from './support/outbound_proxy.js';
import { play, UPSTREAM_TROUBLE } from './support/play.js';
import { ask } from './support/raw.js';
import { startRedis } from './support/redis.js';
import { startUpstream } from './support/upstream.js';

const SECRETS = {
  next: 'bp_pat_the_next_token_9876543210',
  admin: 'admin-token-0123456789abcdef',
  redis: 'pass-word-of-redis-13579',
  proxy: 'pass-word-of-the-proxy-24680',
};

const encodings = (secret) => [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')];

/** Every GET route of the admin listener, as it lists them. */
async function routesOf(t, gateway, token) {
  const { routes } = (await askAdmin(t, gateway, 'GET', '/api', { token })).json;
  return routes.filter(({ method }) => method === 'GET').map(({ path }) => path);
}

/** A gateway with all of them, that has done some of everything; and what was told of it. */
async function toldPlay(t) {
  const upstream = await startUpstream({ host: 'localhost' });
  let gateway;
  t.after(async () => {
    try {
      await gateway?.stop();
    } finally {
      await upstream.stop();
    }
  });
  upstream.on('', echo);
  const redis = await startRedis(t, { password: SECRETS.redis });
  const proxy = await startProxy(t, upstream);
  const folder = mkdtempSync(join(tmpdir(), 'bpgate-secrets-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'next'), SECRETS.next, { mode: 0o600 });
  gateway = await startGateway(t, upstream, {
    settings: {
      admin: { address: '127.0.0.1:0', token: 'env:ADMIN_TOKEN' },
      redis: { url: redis.url },
      credentials: [{ name: 'team', token: 'env:BOTPRESS_TOKEN', next_token: `file:${folder}/next` }],
      upstream: { proxy: `http://${SECRETS.proxy}:${SECRETS.proxy}@127.0.0.1:${proxy.port}` },
      limits: [{ name: 'each', requests: 1000, per: '60s', key: ['key'] }],
    },
    env: { ADMIN_TOKEN: SECRETS.admin },
  });
  gateway.announce(UPSTREAM_TROUBLE);
  const keySecret = gateway.key.split('_')[2];
  const secrets = [TOKEN, ...Object.values(SECRETS)].flatMap(encodings);
  secrets.push(Buffer.from(`${SECRETS.proxy}:${SECRETS.proxy}`).toString('base64'));
  secrets.push(keySecret, createHash('sha256').update(keySecret).digest('hex'));
  gateway.keepSecret(...secrets);
  for (const target of ['/v1/chat/users', '/v1/admin/hub/integrations', '/v1/nowhere']) {
    await ask(t, gateway, 'GET', target, { headers: { authorization: `Bearer ${gateway.key}` } });
  }
  await ask(t, gateway, 'GET', '/v1/chat/users', { headers: { authorization: `Bearer ${SECRETS.next}` } });
  return { gateway, secrets, redis };
}

const assertNone = (secrets, text, what) => {
  for (const secret of secrets) assert.ok(!text.includes(secret), `${what} holds ${secret}: ${text.slice(0, 2000)}`);
};

test('no admin answer, no line and no explanation holds a secret', async (t) => {
  const { gateway, secrets } = await toldPlay(t);
  const token = SECRETS.admin;
  const routes = await routesOf(t, gateway, token);
  assert.ok(routes.length > 12 && routes.includes('/api/settings'), routes.join());
  for (const path of routes) {
    const { status, text } = await askAdmin(t, gateway, 'GET', path, { token });
    assert.equal(status, 200, path);
    assertNone(secrets, text, path);
  }
  const question = { method: 'GET', target: '/v1/chat/users', key: 'ci', headers: [`x-own: ${gateway.key}`, `authorization: Bearer ${TOKEN}`] };
  const explained = await askAdmin(t, gateway, 'POST', '/explain', { token, body: question });
  assert.equal(explained.status, 200, explained.text);
  assertNone(secrets, explained.text, 'explain');
  const asked = ['explain', 'GET', '/v1/chat/users', '--key', 'ci', '--admin', adminOf(gateway).url, '--token-from', 'env:ADMIN_TOKEN'];
  for (const form of [[], ['--json']]) {
    const { code, stdout, stderr } = await command([...asked, ...form], { env: { ADMIN_TOKEN: token } });
    assert.equal(code, 0, stderr);
    assertNone(secrets, stdout + stderr, asked.join(' '));
  }
  assertNone(secrets, JSON.stringify([gateway.accessLines, gateway.events, gateway.noise]), 'the log');
});

test('the settings are told all the same: where a secret is, which host, which key', async (t) => {
  const { gateway, redis } = await toldPlay(t);
  const { settings, file } = (await askAdmin(t, gateway, 'GET', '/api/settings', { token: SECRETS.admin })).json;
  assert.equal(file, gateway.configFile);
  assert.equal(settings['redis.url'].value, `redis://***@127.0.0.1:${redis.port}`);
  assert.match(settings['upstream.proxy'].value, /^http:\/\/\*\*\*@127\.0\.0\.1:\d+$/);
  assert.equal(settings['admin.token'].value, 'env:ADMIN_TOKEN');
  assert.equal(settings.credentials.value[0].token, 'env:BOTPRESS_TOKEN');
  assert.deepEqual(settings.keys.value[0].hashes, [{ sha256: '***' }]);
});

test('after a reload the settings are those of the new file', async (t) => {
  const { gateway } = await play(t, { settings: { admin: { address: '127.0.0.1:0' }, drain: '7s' } });
  const drain = async () => (await askAdmin(t, gateway, 'GET', '/api/settings')).json.settings.drain.value;
  assert.equal(await drain(), '7s');
  writeFileSync(gateway.configFile, readFileSync(gateway.configFile, 'utf8').replace(/drain: .*/, 'drain: 9s'));
  assert.equal((await askAdmin(t, gateway, 'POST', '/reload')).status, 200);
  assert.equal(await drain(), '9s');
});

test('settings that wait for a restart are named, until the file has the old ones again', async (t) => {
  const settings = { admin: { address: '127.0.0.1:0' }, workers: 1, cache: { memory: '8MiB' } };
  const { gateway } = await play(t, { settings, announces: [/a change counts after a restart/] });
  const told = async () => (await askAdmin(t, gateway, 'GET', '/api/settings')).json;
  const waiting = async (workers, memory, more = {}) => {
    gateway.rewrite({ workers, cache: { memory }, ...more });
    assert.equal((await askAdmin(t, gateway, 'POST', '/reload')).status, 200);
    return (await told()).waits_for_restart;
  };
  assert.equal((await told()).waits_for_restart, undefined);
  assert.deepEqual(await waiting(2, '9MiB'), ['workers', 'cache.memory']);
  assert.deepEqual(await waiting(1, '9MiB'), ['cache.memory']);
  assert.deepEqual(await waiting(1, '8MiB', { redis: { url: 'redis://127.0.0.1:1' } }), ['redis.url']);
  assert.equal(await waiting(1, '8MiB'), undefined);
});

test('every setting of the reference is told, with where it comes from', async (t) => {
  const { gateway } = await play(t, { settings: { admin: { address: '127.0.0.1:0' }, drain: '7s' } });
  const { settings } = (await askAdmin(t, gateway, 'GET', '/api/settings')).json;
  const { stdout } = await command(['settings', '--markdown']);
  const rows = [...stdout.matchAll(/^\| `([^`[]+)` /gm)].map(([, path]) => path);
  assert.ok(rows.length > 50, `${rows.length} rows`);
  for (const path of rows) assert.ok(['file', 'default'].includes(settings[path]?.source), path);
  assert.equal(settings.drain.value, '7s');
  assert.equal(settings.drain.source, 'file');
  assert.ok(settings.drain.line > 0);
  assert.deepEqual(settings.max_connections, { value: 10000, source: 'default' });
});
