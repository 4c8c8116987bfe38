// Few descriptors: clients never take those that the upstream is asked with, and it is told when all are taken.

import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { eventually } from './support/deadline.js';
import { play } from './support/play.js';
import { connect, request } from './support/raw.js';

const FEW = 64; // half of them for clients

test('more clients than descriptors: who is in is served, the others wait for their turn', async (t) => {
  const through = ['sh', '-c', `ulimit -n ${FEW} && exec "$@"`, 'sh'];
  const { gateway, upstream, ask } = await play(t, { through, announces: [/connections_full/] });
  const first = await connect(t, gateway);
  const crowd = Array.from({ length: 2 * FEW }, () => net.connect(gateway.port, gateway.host));
  t.after(() => crowd.forEach((socket) => socket.destroy()));
  for (const socket of crowd) socket.on('error', () => {});
  const full = await gateway.event(({ event }) => event === 'connections_full', 'that it is full');
  assert.equal(full.connections, FEW / 2);
  first.send(request(gateway, 'GET', '/v1/chat/conversations'));
  assert.equal((await first.response()).status, 200);
  crowd.forEach((socket) => socket.destroy());
  await eventually(async () => (await ask('GET', '/v1/chat/conversations')).status === 200, 'there is room again');
  assert.equal(upstream.requests.length, 2);
  const told = gateway.events.filter(({ event }) => event === 'connections_full');
  assert.equal(told.length, 1, 'it was full again each time that one of the queue came in: that is one line');
});
