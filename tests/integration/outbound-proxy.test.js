// Through an outbound proxy: CONNECT first, TLS to the upstream inside, and every way in which that fails.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { command, startGateway, writeConfiguration } from './support/gateway.js';
import { echo, SHORT } from './support/misdeeds.js';
import { startProxy } from './support/outbound_proxy.js';
import { assertOneAccessLine, assertProblem, newRequestId, UPSTREAM_TROUBLE } from './support/play.js';
import { ask } from './support/raw.js';
import { startUpstream } from './support/upstream.js';

const USERS = '/v1/chat/users';
const PASSWORD = 'the-password-of-the-proxy';

/** A gateway behind a proxy; `through` makes its settings and environment from the proxy's port. */
async function proxyPlay(t, through, { host = 'localhost' } = {}) {
  const upstream = await startUpstream({ host });
  let gateway;
  t.after(async () => {
    try {
      await gateway?.stop();
    } finally {
      await upstream.stop();
    }
  });
  upstream.on('', echo);
  const proxy = await startProxy(t, upstream);
  const { setting, env = {} } = through(proxy.port);
  const settings = { upstream: { ...SHORT, breaker: { enabled: false }, proxy: setting } };
  gateway = await startGateway(t, upstream, { settings, env });
  gateway.announce(UPSTREAM_TROUBLE);
  gateway.keepSecret(PASSWORD, Buffer.from(`ci:${PASSWORD}`).toString('base64'));
  return { upstream, proxy, gateway, ask: (...request) => ask(t, gateway, ...request) };
}

const withSetting = (port) => ({ setting: `http://ci:${PASSWORD}@127.0.0.1:${port}` });

test('all connections go through the proxy, with its credentials and nothing of the request', async (t) => {
  const stage = await proxyPlay(t, withSetting);
  for (const method of ['GET', 'POST', 'GET']) {
    const body = method === 'POST' ? '{}' : undefined;
    assert.deepEqual((await stage.ask(method, USERS, { body })).json, { youAskedFor: USERS });
  }
  assert.equal(stage.proxy.heads.length, stage.upstream.connections.length);
  const authority = `localhost:${stage.upstream.port}`;
  const basic = Buffer.from(`ci:${PASSWORD}`).toString('base64');
  assert.equal(
    stage.proxy.heads[0],
    `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: Basic ${basic}\r\n\r\n`,
  );
  assert.equal(stage.upstream.connections[0].serverName, 'localhost');
});

const REFUSALS = {
  'wants a password': [{ answer: 'HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n' }, /407/],
  'does not like the host': [{ answer: 'HTTP/1.1 403 Forbidden\r\n\r\n<html>no</html>' }, /403/],
  'cannot reach the host': [{ answer: 'HTTP/1.1 502 Bad Gateway\r\n\r\n' }, /502/],
  'redirects': [{ answer: 'HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n' }, /302/],
  'answers in HTML': [{ answer: '<html>login</html>' }, /proxy/],
  'speaks another protocol': [{ answer: '\x05\0' }, /proxy/],
  'closes at once': [{ answer: '' }, /proxy/],
  'closes inside its head': [{ answer: 'HTTP/1.1 200 OK\r\n' }, /proxy/],
  'has a head without end': [{ answer: `HTTP/1.1 200 OK\r\nA: ${'h'.repeat(100_000)}` }, /proxy/],
  'says nothing': [{ stall: true }, /in time/],
  'sends garbage behind its answer': [{ after: 'garbage' }, /proxy|TLS/],
  'sends an answer behind its answer': [{ after: 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nplanted' }, /proxy|TLS/],
  'gives a tunnel to nowhere': [{ answer: 'HTTP/1.1 200 OK\r\n\r\n' }, /TLS|proxy/],
};

for (const [what, [order, saying]] of Object.entries(REFUSALS)) {
  test(`a proxy that ${what}: 502, nothing is sent, and the next request may succeed`, async (t) => {
    const stage = await proxyPlay(t, withSetting);
    stage.proxy.order = order;
    for (const method of ['GET', 'POST']) {
      const id = newRequestId();
      const body = method === 'POST' ? '{}' : undefined;
      const response = await stage.ask(method, USERS, { body, headers: { 'x-request-id': id } });
      assertProblem(response, { status: 502, type: 'Internal' }, saying);
      assert.ok(response.header('retry-after'));
      await assertOneAccessLine(stage.gateway, id);
    }
    assert.equal(stage.upstream.requests.length, 0);
    stage.proxy.order = {};
    assert.deepEqual((await stage.ask('POST', USERS, { body: '{}' })).json, { youAskedFor: USERS });
  });
}

test('a proxy that is not there: 502 that names it', async (t) => {
  const stage = await proxyPlay(t, () => ({ setting: 'http://127.0.0.1:1' }));
  assertProblem(await stage.ask('POST', USERS, { body: '{}' }), { status: 502, type: 'Internal' }, /the proxy/);
});

const withEnvironment = (port) => ({ env: { HTTPS_PROXY: `http://127.0.0.1:${port}` } });
const FAR = { host: 'api.bpgate-play.invalid' };

test('the environment names the proxy', async (t) => {
  // The certificate does not fit, but only who came through the proxy could see it.
  const stage = await proxyPlay(t, withEnvironment, FAR);
  assertProblem(await stage.ask('GET', USERS), { status: 502, type: 'Internal' }, /certificate/);
  assert.match(stage.proxy.heads[0], /^CONNECT api\.bpgate-play\.invalid:/);
});

test('the environment names the proxy, but not for this machine', async (t) => {
  const stage = await proxyPlay(t, withEnvironment);
  assert.equal((await stage.ask('GET', USERS)).status, 200);
  assert.equal(stage.proxy.heads.length, 0);
});

test('the environment excepts hosts from the proxy', async (t) => {
  const except = { NO_PROXY: 'elsewhere.invalid,.bpgate-play.invalid' };
  const stage = await proxyPlay(t, (port) => ({ env: { ...withEnvironment(port).env, ...except } }), FAR);
  assert.equal((await stage.ask('GET', USERS)).status, 502);
  assert.equal(stage.proxy.heads.length, 0);
});

test('a proxy that is no http:// is told at the start, without its password', async (t) => {
  const file = writeConfiguration(t, {
    listen: [{ address: '127.0.0.1:0' }],
    upstream: { proxy: `socks5://ci:${PASSWORD}@127.0.0.1:1` },
    profiles: [{ name: 'support', bot_id: 'bot_1' }],
  });
  const { code, stdout, stderr } = await command(['check', '--config', file]);
  assert.ok(code > 0);
  assert.match(stdout + stderr, /upstream\.proxy/);
  assert.ok(!(stdout + stderr).includes(PASSWORD));
});
