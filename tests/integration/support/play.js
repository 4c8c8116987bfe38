// play.js - sets the stage: a stand-in upstream and a gateway in front of it, both gone after the test.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { botpressClient } from './client.js';
import { startGateway } from './gateway.js';
import { ask } from './raw.js';
import { startUpstream } from './upstream.js';

/** What an upstream that fails on purpose may make the gateway say. */
export const UPSTREAM_TROUBLE = /upstream|connect|tls|certificate|resolve|breaker/i;

/**
 * `settings`, `keys`, `env` go to the gateway, `standIn` to the upstream; `announces` are patterns of
 * the warnings that belong to the play.
 */
export async function play(t, { standIn, announces = [], ...options } = {}) {
  const upstream = await startUpstream(standIn);
  let gateway;
  t.after(async () => {
    try {
      await gateway?.stop();
    } finally {
      await upstream.stop();
    }
    assert.equal(upstream.offence, undefined, 'all that came upstream was well formed');
  });
  gateway = await startGateway(t, upstream, options);
  gateway.announce(...announces);
  return {
    upstream,
    gateway,
    client: botpressClient(gateway),
    ask: (method, target, request) => ask(t, gateway, method, target, request),
  };
}

/** A play in which the upstream fails: its failures are announced and no breaker hides them. */
export function troublePlay(t, { settings = {}, ...options } = {}) {
  const upstream = { breaker: { enabled: false }, ...settings.upstream };
  return play(t, { announces: [UPSTREAM_TROUBLE], ...options, settings: { ...settings, upstream } });
}

export const newRequestId = () => `play-${randomUUID()}`;

/** The envelope of product.md §8 that the gateway's own errors have. */
export function assertProblem(response, { status, type }, saying) {
  assert.equal(response.status, status, response.text);
  assert.match(response.header('content-type') ?? '', /^application\/json/);
  const problem = response.json;
  assert.match(problem.id, /^err_./);
  assert.equal(problem.code, status);
  assert.equal(problem.status, status);
  assert.equal(problem.type, type, problem.message);
  assert.ok(problem.message.length > 0, 'a message');
  assert.ok(problem.description.length > 0, 'a description');
  assert.equal(problem.metadata.source, 'gateway');
  assert.ok(problem.metadata.reason, 'a reason');
  assert.ok(response.header('x-request-id'), 'x-request-id');
  assert.ok(response.header('proxy-status'), 'Proxy-Status');
  if (saying) assert.match(problem.message, saying);
  return problem;
}

/** Exactly one access line says how the request with this id ended. */
export async function assertOneAccessLine(gateway, requestId) {
  const line = await gateway.accessLine(
    (candidate) => candidate.request_id === requestId,
    `the access line of ${requestId}`,
  );
  assert.equal(gateway.accessLinesOf(requestId).length, 1, 'one access line for each exchange');
  return line;
}
