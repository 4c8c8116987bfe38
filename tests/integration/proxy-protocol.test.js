// On whose behalf: the PROXY protocol and X-Forwarded-For, from trusted proxies and from strangers.

import assert from 'node:assert/strict';
import net from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { eventually, within } from './support/deadline.js';
import { assertOneAccessLine, assertProblem, newRequestId, play } from './support/play.js';
import { RawClient, connect, request } from './support/raw.js';
import { connectTls, identityFiles, tlsListener } from './support/tls_client.js';

const USERS = '/v1/chat/users';
const LINE = 'PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n';

const TRUSTING = { trusted_proxies: ['127.0.0.0/8'] };
const PROXIED = { ...TRUSTING, listen: [{ address: '127.0.0.1:0', proxy_protocol: true }] };

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/** A header of version 2. */
function block(command, family, ends, extensions = Buffer.alloc(0)) {
  const rest = Buffer.concat([Buffer.from(ends), extensions]);
  const fixed = Buffer.from([command, family, rest.length >> 8, rest.length & 255]);
  return Buffer.concat([SIGNATURE, fixed, rest]);
}

const IPV4_ENDS = [192, 0, 2, 8, 192, 0, 2, 1, 0xdc, 4, 1, 0xbb];
const IPV6_ENDS = [
  ...Buffer.from('20010db8000000000000000000000008', 'hex'),
  ...Buffer.from('20010db8000000000000000000000001', 'hex'),
  ...[0xdc, 4, 1, 0xbb],
];

/** What the access log has for the client of a request behind `header`. */
async function loggedClient(t, gateway, header, headers = {}) {
  const id = newRequestId();
  const raw = await connect(t, gateway);
  const bytes = request(gateway, 'GET', USERS, { headers: { 'x-request-id': id, ...headers } });
  raw.send(Buffer.concat([Buffer.from(header, 'latin1'), bytes]));
  assert.equal((await raw.response()).status, 200);
  raw.socket.destroy();
  return (await assertOneAccessLine(gateway, id)).client;
}

test('a header of either version says who the client is', async (t) => {
  const { gateway } = await play(t, { settings: PROXIED });
  assert.equal(await loggedClient(t, gateway, LINE), '192.0.2.7');
  assert.equal(await loggedClient(t, gateway, 'PROXY TCP6 2001:db8::7 ::1 1 2\r\n'), '2001:db8::7');
  assert.equal(await loggedClient(t, gateway, block(0x21, 0x11, IPV4_ENDS)), '192.0.2.8');
  assert.equal(await loggedClient(t, gateway, block(0x21, 0x21, IPV6_ENDS)), '2001:db8::8');
  const extension = Buffer.from([4, 0, 3, 1, 2, 3]);
  assert.equal(await loggedClient(t, gateway, block(0x21, 0x11, IPV4_ENDS, extension)), '192.0.2.8');
});

test('LOCAL and UNKNOWN keep the address of the connection', async (t) => {
  const { gateway } = await play(t, { settings: PROXIED });
  assert.equal(await loggedClient(t, gateway, block(0x20, 0x00, [])), '127.0.0.1');
  assert.equal(await loggedClient(t, gateway, block(0x20, 0x11, IPV4_ENDS)), '127.0.0.1');
  assert.equal(await loggedClient(t, gateway, 'PROXY UNKNOWN\r\n'), '127.0.0.1');
});

test('header and request may come in pieces of any size', async (t) => {
  const { gateway } = await play(t, { settings: PROXIED });
  for (const header of [Buffer.from(LINE), block(0x21, 0x11, IPV4_ENDS)]) {
    for (const size of [1, 7, header.length - 1, header.length, header.length + 1]) {
      const raw = await connect(t, gateway);
      await raw.sendInPieces(Buffer.concat([header, request(gateway, 'GET', USERS)]), size);
      assert.equal((await raw.response()).status, 200);
      raw.socket.destroy();
    }
  }
});

test('the header belongs to the connection: later requests are the same client', async (t) => {
  const { gateway, upstream } = await play(t, { settings: PROXIED });
  const raw = await connect(t, gateway);
  raw.send(LINE);
  for (let i = 0; i < 2; i += 1) {
    const id = newRequestId();
    raw.send(request(gateway, 'GET', USERS, { headers: { 'x-request-id': id } }));
    assert.equal((await raw.response()).status, 200);
    assert.equal((await assertOneAccessLine(gateway, id)).client, '192.0.2.7');
  }
  raw.send(LINE);
  assert.equal((await raw.response()).status, 400);
  assert.equal(upstream.requests.length, 2);
});

test('without a header, or with a bad one, the connection is closed without a word', async (t) => {
  const { gateway, upstream } = await play(t, {
    settings: PROXIED,
    announces: [/proxy_header_refused/],
  });
  const bad = [
    '',
    'PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\n',
    'PROXY TCP4 192.0.2.777 192.0.2.1 56324 443\r\n',
    `PROXY UNKNOWN ${'x'.repeat(120)}\r\n`,
    block(0x21, 0x12, IPV4_ENDS).toString('latin1'),
    block(0x31, 0x11, IPV4_ENDS).toString('latin1'),
    block(0x21, 0x11, IPV4_ENDS, Buffer.alloc(600)).toString('latin1'),
  ];
  for (const header of bad) {
    const raw = await connect(t, gateway);
    raw.send(Buffer.concat([Buffer.from(header, 'latin1'), request(gateway, 'GET', USERS)]));
    assert.equal((await raw.ended()).bytes.length, 0, JSON.stringify(header));
  }
  assert.equal(upstream.requests.length, 0);
  assert.equal((await gateway.event(({ event }) => event === 'proxy_header_refused')).count, 1);
});

test('a header that does not come is not waited for for ever', async (t) => {
  const { gateway } = await play(t, {
    settings: { ...PROXIED, client: { head_timeout: '300ms' } },
  });
  const silent = await connect(t, gateway);
  const slow = await connect(t, gateway);
  slow.send('PROXY TCP4 192.0.2.7');
  await Promise.all([silent.ended(), slow.ended()]);
});

test('from who is not trusted nothing is taken, not even a good header', async (t) => {
  const { gateway, upstream } = await play(t, {
    settings: { ...PROXIED, trusted_proxies: ['192.0.2.0/24'] },
    announces: [/proxy_not_trusted/],
  });
  for (let i = 0; i < 5; i += 1) {
    // Closed at once, before the header is read: sending may fail already.
    const raw = await connect(t, gateway);
    raw.send(LINE);
    assert.equal((await raw.ended()).bytes.length, 0);
  }
  assert.equal(upstream.requests.length, 0);
  const isTold = ({ event }) => event === 'proxy_not_trusted';
  assert.equal((await gateway.event(isTold)).address, '127.0.0.1');
  assert.equal(gateway.events.filter(isTold).length, 1, 'folded');
});

test('where no header is demanded, one is a malformed request', async (t) => {
  const { gateway } = await play(t, { settings: TRUSTING });
  const raw = await connect(t, gateway);
  raw.send(LINE);
  assert.equal((await raw.response()).status, 400);
});

test('the header comes before TLS', async (t) => {
  const files = identityFiles(t);
  const settings = { ...TRUSTING, ...tlsListener(files, {}, { proxy_protocol: true }) };
  const { gateway } = await play(t, { settings });
  for (const header of [Buffer.from(LINE), block(0x21, 0x11, IPV4_ENDS)]) {
    const lower = await connect(t, gateway);
    lower.send(header);
    const raw = await connectTls(t, gateway, { socket: lower.socket });
    const id = newRequestId();
    raw.send(request(gateway, 'GET', USERS, { headers: { 'x-request-id': id } }));
    assert.equal((await raw.response()).status, 200);
    assert.match((await assertOneAccessLine(gateway, id)).client, /^192\.0\.2\.[78]$/);
  }
});

test('the networks of a key are judged by the client behind the proxy', async (t) => {
  const { gateway } = await play(t, {
    settings: PROXIED,
    announces: [/auth|key|denied|refused/i],
    keys: [{ name: 'office', cidrs: ['192.0.2.0/24'] }],
  });
  const answer = async (header) => {
    const raw = await connect(t, gateway);
    raw.send(header).send(request(gateway, 'GET', USERS));
    return raw.response();
  };
  assert.equal((await answer(LINE)).status, 200);
  const refused = await answer(LINE.replace('192.0.2.7', '198.51.100.7'));
  assertProblem(refused, { status: 403, type: 'Forbidden' }, /address/);
});

// --- X-Forwarded-For ---

const forwardedFor = (value) => ({ 'X-Forwarded-For': value });

test('a trusted proxy names the caller: the rightmost that is not trusted', async (t) => {
  const { gateway, upstream } = await play(t, {
    settings: { trusted_proxies: ['127.0.0.1', '10.0.0.0/8'] },
  });
  const cases = {
    '192.0.2.7': '192.0.2.7',
    '203.0.113.66, 192.0.2.7': '192.0.2.7',
    '203.0.113.66, 192.0.2.7, 10.1.1.1': '192.0.2.7',
    '2001:db8::7': '2001:db8::7',
    '192.0.2.7:4711': '192.0.2.7',
    unknown: '127.0.0.1',
    '192.0.2.7, not an address, 10.1.1.1': '10.1.1.1',
  };
  for (const [value, wanted] of Object.entries(cases)) {
    assert.equal(await loggedClient(t, gateway, '', forwardedFor(value)), wanted, value);
  }
  assert.equal(await loggedClient(t, gateway, '', forwardedFor(['192.0.2.7', '10.1.1.1'])), '192.0.2.7');
  for (const sent of upstream.requests) assert.ok(!sent.headerNames.includes('x-forwarded-for'));
});

test('what others say is ignored', async (t) => {
  const { gateway } = await play(t, { settings: { trusted_proxies: ['10.0.0.0/8'] } });
  assert.equal(await loggedClient(t, gateway, '', forwardedFor('192.0.2.7')), '127.0.0.1');
  const { gateway: trustsNobody } = await play(t);
  assert.equal(await loggedClient(t, trustsNobody, '', forwardedFor('192.0.2.7')), '127.0.0.1');
});

test('a balancer in front of a proxy: each adds what it knows', async (t) => {
  const { gateway } = await play(t, {
    settings: { ...PROXIED, trusted_proxies: ['127.0.0.0/8', '10.0.0.0/8'] },
  });
  const line = LINE.replace('192.0.2.7', '10.0.0.5');
  assert.equal(await loggedClient(t, gateway, line, forwardedFor('192.0.2.9')), '192.0.2.9');
  // The balancer's client is a stranger: what it says of others does not count.
  assert.equal(await loggedClient(t, gateway, LINE, forwardedFor('192.0.2.9')), '192.0.2.7');
});

test('a caller cannot get around the networks of its key', async (t) => {
  const { gateway } = await play(t, {
    announces: [/auth|key|denied|refused/i],
    keys: [{ name: 'office', cidrs: ['192.0.2.0/24'] }],
  });
  const raw = await connect(t, gateway);
  raw.send(request(gateway, 'GET', USERS, { headers: forwardedFor('192.0.2.7') }));
  assert.equal((await raw.response()).status, 403);
});

// --- Connections of one address ---

/** An address of this machine that is not loopback, to be a stranger; packets stay on it. */
const ownAddress = Object.values(networkInterfaces())
  .flat()
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

/** How many of `count` connections are still open after all had their chance to be closed. */
async function openConnections(t, { host, port }, count) {
  const sockets = Array.from({ length: count }, () => net.connect({ host, port, localAddress: host }));
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  let closed = 0;
  for (const socket of sockets) socket.on('error', () => {}).on('close', () => (closed += 1));
  await Promise.all(
    sockets.map((socket) =>
      within(new Promise((resolve) => socket.once('connect', resolve).once('close', resolve)), 'a connection'),
    ),
  );
  return { sockets, closed: () => closed };
}

test('one address has so many connections and no more', { skip: !ownAddress }, async (t) => {
  const { gateway } = await play(t, {
    settings: {
      listen: [{ address: `${ownAddress}:0` }],
      client: { max_per_address: 20 },
    },
    announces: [/address_full/],
  });
  const { sockets, closed } = await openConnections(t, gateway, 30);
  await eventually(() => closed() === 10, 'ten are closed');
  const event = await gateway.event(({ event: name }) => name === 'address_full');
  assert.equal(event.address, ownAddress);
  // One that leaves makes room.
  sockets.find((socket) => !socket.destroyed).destroy();
  await eventually(async () => {
    const raw = new RawClient(net.connect({ host: gateway.host, port: gateway.port }));
    t.after(() => raw.socket.destroy());
    raw.socket.on('error', () => {});
    raw.send(request(gateway, 'GET', USERS));
    return raw.response().then(({ status }) => status === 200, () => false);
  }, 'there is room again');
});

test('loopback and trusted proxies are not counted', async (t) => {
  const { gateway } = await play(t, { settings: { client: { max_per_address: 2 } } });
  const { closed } = await openConnections(t, gateway, 40);
  const raw = await connect(t, gateway);
  raw.send(request(gateway, 'GET', USERS));
  assert.equal((await raw.response()).status, 200);
  assert.equal(closed(), 0);
});
