// The gateway is told to stop under load: whoever was heard is answered.

import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { play } from './support/play.js';

/** One request; resolves to its status, or to the code of the error that ended it. */
function get(gateway, agent) {
  const { hostname, port } = new URL(gateway.url);
  return new Promise((resolve) => {
    const request = http.get(
      { hostname, port, agent, path: '/v1/chat/users', headers: { authorization: `Bearer ${gateway.key}` } },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
        response.on('error', (error) => resolve(error.code));
      },
    );
    request.on('error', (error) => resolve(error.code));
  });
}

async function callUntilRefused(gateway, results) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  for (let result; result !== 'ECONNREFUSED';) {
    result = await get(gateway, agent);
    results.push(result);
  }
  agent.destroy();
}

for (const workers of [1, 2]) {
  test(`SIGTERM under load fails no request that was taken, ${workers} workers`, async (t) => {
    const { gateway } = await play(t, { settings: { workers } });
    const results = [];
    const callers = Array.from({ length: 24 }, () => callUntilRefused(gateway, results));
    while (results.length < 300) await new Promise((resolve) => setImmediate(resolve));
    const stopped = gateway.stop();
    await Promise.all(callers);
    await stopped;
    const failures = results.filter((result) => result !== 200 && result !== 'ECONNREFUSED');
    assert.deepEqual(failures, []);
  });
}

test('drain_delay: connections are still taken while balancers learn of the end', async (t) => {
  const { gateway } = await play(t, { settings: { drain_delay: '600ms' } });
  const stopped = gateway.stop();
  const agent = new http.Agent({ keepAlive: false });
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.equal(await get(gateway, agent), 200);
  await stopped;
  assert.equal(await get(gateway, agent), 'ECONNREFUSED');
});
