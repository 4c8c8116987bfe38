// The listener's side of TLS: who is let in, with what, and what happens when certificates change.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { certificate } from './support/certificates.js';
import { eventually, within } from './support/deadline.js';
import { command, writeConfiguration } from './support/gateway.js';
import { assertOneAccessLine, assertProblem, newRequestId, play } from './support/play.js';
import { connect, request } from './support/raw.js';
import { askTls, authorityFile, connectTls, identityFiles, tlsListener } from './support/tls_client.js';

const USERS = '/v1/chat/users';
const UNAUTHORIZED = { status: 401, type: 'Unauthorized' };
const NO_KEY = { headers: { Authorization: null } };

async function tlsPlay(t, { tls, rest, settings, ...options } = {}) {
  const files = identityFiles(t);
  const all = { ...tlsListener(files, tls, rest), ...settings };
  return { files, ...(await play(t, { ...options, settings: all })) };
}

/** What `openssl s_client` says of a handshake with these arguments; {ok, text}. */
function sClient(gateway, ...args) {
  const all = ['s_client', '-connect', `${gateway.host}:${gateway.port}`, '-servername', 'localhost'];
  return within(
    new Promise((resolve) => {
      const child = execFile('openssl', [...all, '-CAfile', authorityFile(), ...args], (error, out, err) =>
        resolve({ ok: !error && /Cipher *(?:is|:) *(?!0000|\(NONE\))\w/.test(out), text: out + err }),
      );
      child.stdin.end();
    }),
    'openssl s_client',
  );
}

// Debian's library refuses to offer what is too weak unless it is told to.
const EVEN_WEAK = 'DEFAULT:@SECLEVEL=0';

for (const version of ['TLSv1.3', 'TLSv1.2']) {
  test(`${version}: requests are answered, and the protocol is HTTP/1.1`, async (t) => {
    const { gateway, upstream } = await tlsPlay(t);
    const only = { minVersion: version, maxVersion: version, ALPNProtocols: ['h2', 'http/1.1'] };
    const raw = await connectTls(t, gateway, only);
    assert.equal(raw.socket.getProtocol(), version);
    assert.equal(raw.socket.alpnProtocol, 'http/1.1');
    for (let i = 0; i < 3; i += 1) {
      raw.send(request(gateway, 'GET', USERS));
      assert.equal((await raw.response()).status, 200);
    }
    assert.equal(upstream.requests.length, 3);
  });
}

test('older versions are refused', async (t) => {
  const { gateway } = await tlsPlay(t);
  for (const version of ['-tls1', '-tls1_1']) {
    const { ok, text } = await sClient(gateway, version, '-cipher', EVEN_WEAK);
    assert.equal(ok, false, text);
    assert.match(text, /alert protocol version|unsupported protocol/);
  }
  assert.equal((await sClient(gateway, '-tls1_2')).ok, true);
  assert.equal((await sClient(gateway, '-tls1_3')).ok, true);
});

test('TLS 1.2: suites with forward secrecy and authenticated encryption, and no other', async (t) => {
  const { gateway } = await tlsPlay(t);
  const good = ['AES256-GCM-SHA384', 'AES128-GCM-SHA256', 'CHACHA20-POLY1305'];
  const bad = ['AES128-SHA', 'AES256-SHA', 'AES128-SHA256', 'AES256-SHA384', 'AES128-CCM', 'NULL-SHA'];
  const offer = (suite) => sClient(gateway, '-tls1_2', '-cipher', `ECDHE-ECDSA-${suite}:@SECLEVEL=0`);
  for (const suite of good) assert.equal((await offer(suite)).ok, true, suite);
  for (const suite of bad) assert.equal((await offer(suite)).ok, false, suite);
});

test('the order of suites is the gateway\'s', async (t) => {
  const { gateway } = await tlsPlay(t);
  const [a, b] = ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384'];
  for (const order of [`${a}:${b}`, `${b}:${a}`]) {
    const { text } = await sClient(gateway, '-tls1_2', '-cipher', order);
    assert.match(text, new RegExp(`Cipher is ${b}`));
    assert.match(text, /Compression: NONE/);
  }
});

test('a client that speaks HTTP/2 alone is refused in the handshake', async (t) => {
  const { gateway } = await tlsPlay(t);
  await assert.rejects(connectTls(t, gateway, { ALPNProtocols: ['h2'] }), /no application protocol/i);
});

test('a handshake in the middle of a connection is refused', async (t) => {
  const { gateway } = await tlsPlay(t);
  const raw = await connectTls(t, gateway, { maxVersion: 'TLSv1.2' });
  const refused = new Promise((resolve) => {
    raw.socket.once('error', resolve);
    raw.socket.renegotiate({}, (error) => error && resolve(error));
  });
  assert.match(`${await within(refused, 'a refusal')}`, /renegotiation/i);
});

test('HTTP without TLS: the connection is closed, nothing is answered', async (t) => {
  const { gateway, upstream } = await tlsPlay(t);
  const raw = await connect(t, gateway);
  raw.send(request(gateway, 'GET', USERS));
  const { bytes } = await raw.ended();
  assert.ok(!bytes.includes('HTTP/'), 'an alert at most');
  assert.equal(upstream.requests.length, 0);
  const event = await gateway.event(({ event: name }) => name === 'handshake_failed');
  assert.equal(event.count, 1);
});

test('a handshake that does not come, or stops, is closed in time; others are served', async (t) => {
  const { gateway } = await tlsPlay(t, { settings: { client: { head_timeout: '300ms' } } });
  const silent = await connect(t, gateway);
  const stalled = await connect(t, gateway);
  // The first half of a ClientHello.
  stalled.send(Buffer.from('160301010001000', 'hex'));
  assert.equal((await askTls(t, gateway, 'GET', USERS)).status, 200);
  await Promise.all([silent.ended(), stalled.ended()]);
  await gateway.event(({ event: name }) => name === 'opening_timeout');
});

test('an idle connection is closed with a goodbye', async (t) => {
  const { gateway } = await tlsPlay(t, {
    settings: { client: { idle_timeout: '300ms', keep_alive: '0s' } },
  });
  const raw = await connectTls(t, gateway);
  raw.send(request(gateway, 'GET', USERS));
  await raw.response();
  // Node says "end" only after the TLS alert close_notify; a cut is an error or "close" alone.
  await within(new Promise((resolve) => raw.socket.once('end', resolve)), 'the goodbye');
});

test('a large answer to a client that takes its time arrives whole', async (t) => {
  const { gateway, upstream } = await tlsPlay(t);
  const body = Buffer.alloc(4 * 1024 * 1024, 'bpgate');
  upstream.next({ body, headers: { 'content-type': 'application/octet-stream' } });
  const raw = await connectTls(t, gateway);
  raw.socket.pause();
  raw.send(request(gateway, 'GET', '/v1/files/file_1'));
  await upstream.arrival();
  raw.socket.resume();
  const response = await raw.response();
  assert.ok(response.body.equals(body));
});

test('a large request arrives whole', async (t) => {
  const { gateway, upstream } = await tlsPlay(t);
  const body = JSON.stringify({ text: 'x'.repeat(900_000) });
  const response = await askTls(t, gateway, 'POST', '/v1/chat/messages', { body });
  assert.equal(response.status, 201, response.text);
  assert.equal(upstream.requests[0].text, body);
});

test('SIGTERM: what runs is finished, what rests is closed', async (t) => {
  const { gateway, upstream } = await tlsPlay(t);
  const resting = await connectTls(t, gateway);
  let release;
  upstream.next({ hold: new Promise((resolve) => (release = resolve)), json: { late: true } });
  const raw = await connectTls(t, gateway);
  raw.send(request(gateway, 'GET', USERS));
  await upstream.arrival();
  gateway.signal('SIGTERM');
  await resting.ended();
  release();
  assert.deepEqual((await raw.response()).json, { late: true });
  assert.equal(await gateway.exited(), 0);
});

// --- Sessions ---

/** Connects, asks once, and returns whether the session was resumed and the one for the next time. */
async function visit(t, gateway, { headers, ...options }) {
  const raw = await connectTls(t, gateway, options);
  raw.send(request(gateway, 'GET', USERS, { headers }));
  assert.equal((await raw.response()).status, 200);
  const resumed = raw.socket.isSessionReused();
  // TLS 1.3 brings it after the handshake: with the answer at the latest.
  const session = raw.socket.getSession();
  raw.socket.destroy();
  return { resumed, session };
}

for (const version of ['TLSv1.3', 'TLSv1.2']) {
  test(`${version}: sessions are resumed at every worker`, async (t) => {
    const { gateway } = await tlsPlay(t, { settings: { workers: 2 } });
    const options = { minVersion: version, maxVersion: version };
    let { resumed, session } = await visit(t, gateway, options);
    assert.equal(resumed, false);
    for (let i = 0; i < 16; i += 1) {
      ({ resumed, session } = await visit(t, gateway, { ...options, session }));
      assert.equal(resumed, true, `visit ${i}`);
    }
  });
}

// --- Certificates that change ---

const shownBy = async (t, gateway) => {
  const raw = await connectTls(t, gateway);
  const { serialNumber } = raw.socket.getPeerCertificate();
  raw.socket.destroy();
  return serialNumber;
};

const serialOf = (name) => new X509Certificate(certificate(name).cert).serialNumber;

test('a certificate is replaced under load and no handshake fails', async (t) => {
  const { gateway, files } = await tlsPlay(t, { settings: { workers: 2 } });
  const old = await connectTls(t, gateway);
  let isOver = false;
  let visits = 0;
  const serials = new Set();
  const load = Array.from({ length: 6 }, async () => {
    while (!isOver) {
      const raw = await connectTls(t, gateway);
      serials.add(raw.socket.getPeerCertificate().serialNumber);
      raw.send(request(gateway, 'GET', USERS));
      assert.equal((await raw.response()).status, 200);
      raw.socket.destroy();
      visits += 1;
    }
  });
  const installed = async (name) => {
    files.install(name);
    // Both workers: the kernel chooses who answers.
    for (let i = 0; i < 8; ) i = (await shownBy(t, gateway)) === serialOf(name) ? i + 1 : 0;
  };
  const changes = (async () => {
    await installed('renewed');
    await installed('valid');
    await installed('renewed');
  })();
  await Promise.race([within(changes, 'three changes'), Promise.all(load)]);
  isOver = true;
  await Promise.all(load);
  assert.ok(visits > 20, `${visits} visits`);
  assert.deepEqual([...serials].sort(), [serialOf('valid'), serialOf('renewed')].sort());
  old.send(request(gateway, 'GET', USERS));
  assert.equal((await old.response()).status, 200);
  assert.ok(gateway.events.some(({ event }) => event === 'certificate_replaced'));
});

test('a certificate without its key: the old ones stay in use, told once', async (t) => {
  const { gateway, files } = await tlsPlay(t, { announces: [/certificate_trouble/] });
  files.installCertificate('renewed');
  await eventually(async () => {
    assert.equal(await shownBy(t, gateway), serialOf('valid'));
    return gateway.events.some(({ event }) => event === 'certificate_trouble');
  }, 'the trouble is told');
  const [{ reason }] = gateway.events.filter(({ event }) => event === 'certificate_trouble');
  assert.match(reason, /mismatch/);
  files.installKey('renewed');
  await eventually(async () => (await shownBy(t, gateway)) === serialOf('renewed'), 'it is mended');
  assert.equal(gateway.events.filter(({ event }) => event === 'certificate_trouble').length, 1);
});

for (const [what, change, saying] of [
  ['a certificate that is not there', { certificate: '/nowhere/server.pem' }, /4:\d+.*tls\.certificate.*No such file/],
  ['a key that is not there', { key: '/nowhere/server.key' }, /5:\d+.*tls\.key.*No such file/],
  ['no key at all', { key: undefined }, /4:\d+.*tls\.certificate needs listen\[\]\.tls\.key/],
  ['authorities that are not there', { client_ca: '/nowhere/ca.pem' }, /6:\d+.*tls\.client_ca.*No such file/],
]) {
  test(`${what}: run and check say where, and end`, async (t) => {
    const files = identityFiles(t);
    const settings = {
      ...tlsListener(files, change),
      upstream: { url: 'https://localhost:1' },
      profiles: [{ name: 'support', bot_id: 'bot_1' }],
    };
    const file = writeConfiguration(t, settings);
    for (const verb of ['run', 'check']) {
      const { code, stdout, stderr } = await command([verb, '--config', file]);
      assert.ok(Number.isInteger(code) && code > 0, `${verb} ended with ${code}`);
      assert.match(stdout + stderr, saying);
    }
  });
}

// --- Client certificates ---

const fingerprintOf = (name) => new X509Certificate(certificate(name).cert).fingerprint256;

function clientPlay(t, options = {}) {
  const { tls, ...rest } = options;
  return tlsPlay(t, {
    tls: { client_ca: authorityFile(), ...tls },
    keys: [{ name: 'machine', certificates: [fingerprintOf('forClients')] }, { name: 'ci' }],
    ...rest,
  });
}

const asMachine = () => ({ tlsOptions: certificate('forClients') });

test('a client certificate stands in for its key', async (t) => {
  const { gateway, upstream } = await clientPlay(t);
  const id = newRequestId();
  const headers = { Authorization: null, 'x-request-id': id };
  const response = await askTls(t, gateway, 'GET', USERS, { headers, ...asMachine() });
  assert.equal(response.status, 200);
  assert.equal((await assertOneAccessLine(gateway, id)).key, 'machine');
  assert.match(upstream.requests[0].header('authorization'), /^Bearer bp_pat_/);
});

test('a certificate stands in for its key on resumed sessions too', async (t) => {
  const { gateway } = await clientPlay(t, { settings: { workers: 2 } });
  const options = { ...certificate('forClients'), ...NO_KEY };
  let { resumed, session } = await visit(t, gateway, options);
  assert.equal(resumed, false);
  for (let i = 0; i < 8; i += 1) {
    ({ resumed, session } = await visit(t, gateway, { ...options, session }));
    assert.equal(resumed, true, `visit ${i}`);
  }
});

test('a key that is sent counts more than the certificate', async (t) => {
  const { gateway } = await clientPlay(t, { announces: [/auth|key|denied|refused/i] });
  const id = newRequestId();
  const headers = { Authorization: `Bearer ${gateway.keys.ci}`, 'x-request-id': id };
  assert.equal((await askTls(t, gateway, 'GET', USERS, { headers, ...asMachine() })).status, 200);
  assert.equal((await assertOneAccessLine(gateway, id)).key, 'ci');
  const wrong = { headers: { Authorization: `Bearer ${gateway.keys.ci}x` }, ...asMachine() };
  assertProblem(await askTls(t, gateway, 'GET', USERS, wrong), UNAUTHORIZED);
});

test('without a certificate a key is needed, and is enough', async (t) => {
  const { gateway } = await clientPlay(t, { announces: [/auth|key|denied|refused/i] });
  assert.equal((await askTls(t, gateway, 'GET', USERS)).status, 200);
  assertProblem(await askTls(t, gateway, 'GET', USERS, NO_KEY), UNAUTHORIZED, /key/);
});

test('a certificate that no key has says so', async (t) => {
  const { gateway, upstream } = await clientPlay(t, {
    announces: [/auth|key|denied|refused/i],
    keys: [{ name: 'machine', certificates: [fingerprintOf('valid')] }],
  });
  const response = await askTls(t, gateway, 'GET', USERS, { ...NO_KEY, ...asMachine() });
  assertProblem(response, UNAUTHORIZED, /fingerprint/);
  assert.equal(upstream.requests.length, 0);
});

/** In TLS 1.3 a client learns only after its own end of the handshake that it was refused. */
async function assertTurnedAway(t, gateway, options) {
  const attempt = async () => {
    const raw = await connectTls(t, gateway, options);
    raw.send(request(gateway, 'GET', USERS));
    await raw.response();
  };
  await assert.rejects(attempt());
}

test('certificates that are not good are refused in the handshake', async (t) => {
  const { gateway, upstream } = await clientPlay(t);
  for (const name of ['unknownAuthority', 'expired', 'valid']) {
    await assertTurnedAway(t, gateway, certificate(name));
    await assertTurnedAway(t, gateway, { ...certificate(name), maxVersion: 'TLSv1.2' });
  }
  assert.equal(upstream.requests.length, 0);
});

test('where a certificate is demanded, none is refused in the handshake', async (t) => {
  const { gateway, upstream } = await clientPlay(t, { tls: { client_certificate: 'required' } });
  await assertTurnedAway(t, gateway, {});
  await assertTurnedAway(t, gateway, { maxVersion: 'TLSv1.2' });
  assert.equal(upstream.requests.length, 0);
  assert.equal((await askTls(t, gateway, 'GET', USERS, { ...NO_KEY, ...asMachine() })).status, 200);
});

test('without client_ca a client is not asked for a certificate', async (t) => {
  const { gateway } = await tlsPlay(t, { announces: [/auth|key|denied|refused/i] });
  const { text } = await sClient(gateway);
  assert.match(text, /No client certificate CA names sent/);
  assertProblem(await askTls(t, gateway, 'GET', USERS, { ...NO_KEY, ...asMachine() }), UNAUTHORIZED);
});
