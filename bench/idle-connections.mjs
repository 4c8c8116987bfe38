// idle-connections.mjs - what a connection at rest costs the gateway in memory.
//
//   node bench/idle-connections.mjs [count=9000] [--plain]
//
// Opens so many connections, over TLS unless --plain, and prints how much the process has grown for
// each: after the handshake, and again after a request on each. BPGATE names the binary.

import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { certificate } from '../tests/integration/support/certificates.js';
import { startGateway } from '../tests/integration/support/gateway.js';
import { RawClient, request } from '../tests/integration/support/raw.js';
import { identityFiles, tlsListener } from '../tests/integration/support/tls_client.js';
import { startUpstream } from '../tests/integration/support/upstream.js';

const AT_ONCE = 50;

const isPlain = process.argv.includes('--plain');
const count = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 9000);

const ends = [];
const scene = { after: (end) => ends.unshift(end) };

const upstream = await startUpstream({ plain: true });
const listen = isPlain ? {} : tlsListener(identityFiles(scene));
const gateway = await startGateway(scene, upstream, {
  settings: {
    ...listen,
    max_connections: count + 100,
    access_log: 'off',
    client: { idle_timeout: '1h' },
  },
});

const authority = readFileSync(certificate('authority').certificateFile);
const where = { host: gateway.host, port: gateway.port };
const open = () =>
  isPlain ? net.connect(where) : tls.connect({ ...where, servername: 'localhost', ca: authority });

const opened = () =>
  new Promise((resolve, reject) => {
    const socket = open();
    socket.once(isPlain ? 'connect' : 'secureConnect', () => resolve(new RawClient(socket)));
    socket.once('error', reject);
  });

async function ask(client) {
  client.send(request(gateway, 'GET', '/v1/chat/users'));
  const { status } = await client.response();
  if (status !== 200) throw new Error(`status ${status}`);
}

/** Runs `work` for each index, some at once. */
async function forAll(work) {
  for (let at = 0; at < count; at += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - at) }, (_, i) => work(at + i));
    await Promise.all(batch);
  }
}

const residentKib = () =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${gateway.pid}/status`, 'latin1'))[1]);

const before = residentKib();
const clients = [];
const report = (what) =>
  console.log(`${what}: ${((residentKib() - before) / count).toFixed(2)} KiB a connection`);

console.log(`${count} ${isPlain ? 'plain' : 'TLS'} connections, ${before} KiB without them`);
await forAll(async (i) => {
  clients[i] = await opened();
});
report('after the handshake');
await forAll((i) => ask(clients[i]));
report('after a request on each');

for (const client of clients) client.socket.destroy();
gateway.announce(/./);
await gateway.stop();
await upstream.stop();
for (const end of ends) end();
