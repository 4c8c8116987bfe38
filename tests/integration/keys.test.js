// Who gets in: gateway keys, good and bad, and what a refused caller is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { botpressClient, errorOf } from './support/client.js';
import { command, newKey } from './support/gateway.js';
import { assertOneAccessLine, assertProblem, newRequestId, play } from './support/play.js';

const USERS = '/v1/chat/users';
const UNAUTHORIZED = { status: 401, type: 'Unauthorized' };
// A refused caller may be worth a warning in the log.
const REFUSALS = { announces: [/auth|key|denied|refused/i] };

const bearer = (key) => ({ headers: { Authorization: `Bearer ${key}` } });

/** Another character of the same alphabet in the middle of the secret. */
function mistyped(key) {
  const at = key.length - 20;
  return key.slice(0, at) + (key[at] === 'a' ? 'b' : 'a') + key.slice(at + 1);
}

test('a new key has the documented form, and its entry does not hold the secret', async () => {
  const { key, entry } = await newKey({ name: 'ci' });
  const [, id, secret] = /^bpg_([0-9A-Za-z]{10})_([0-9A-Za-z]{43})_([0-9A-Za-z]+)$/.exec(key) ?? [];
  assert.ok(secret, key);
  assert.equal(entry.id, id);
  assert.ok(!JSON.stringify(entry).includes(secret));
  assert.match(entry.hashes[0].sha256, /^[0-9a-f]{64}$/);
  assert.notEqual((await newKey()).key, key);
});

test('bpgate key new prints the key once and an entry to paste', async () => {
  const { code, stdout } = await command(['key', 'new', '--name', 'ci', '--profile', 'support']);
  assert.equal(code, 0);
  assert.equal(stdout.match(/bpg_[0-9A-Za-z]{10}_[0-9A-Za-z]{43}_/g).length, 1);
  assert.match(stdout, /name: ci/);
  assert.match(stdout, /profile: support/);
  assert.match(stdout, /sha256:/);
});

test('bpgate key new fills operations and the end of the key', async () => {
  const args = [
    '--name',
    'ci',
    '--profile',
    'support',
    '--operations',
    'read,createMessage',
    '--expires',
    '2999-01-01T00:00:00Z',
  ];
  const { code, stdout, stderr } = await command(['key', 'new', ...args, '--json']);
  assert.equal(code, 0, stderr);
  const { entry } = JSON.parse(stdout);
  assert.deepEqual(entry.operations, ['read', 'createMessage']);
  assert.match(`${entry.expires}`, /^2999-01-01/);
});

test('no key', async (t) => {
  const { ask, upstream } = await play(t, REFUSALS);
  const response = await ask('GET', USERS, { headers: { Authorization: null } });
  assertProblem(response, UNAUTHORIZED, /key/i);
  assert.ok(
    response.header('www-authenticate') === undefined || /Bearer/i.test(response.header('www-authenticate')),
  );
  assert.equal(upstream.requests.length, 0);
});

test('a scheme that is not Bearer', async (t) => {
  const { ask, gateway } = await play(t, REFUSALS);
  for (const value of ['Basic dXNlcjpwYXNz', `Token ${gateway.key}`, 'Bearer', 'Bearer ']) {
    assertProblem(await ask('GET', USERS, { headers: { Authorization: value } }), UNAUTHORIZED);
  }
});

test('a key with a typing error is told so', async (t) => {
  const { ask, gateway, upstream } = await play(t, REFUSALS);
  const response = await ask('GET', USERS, bearer(mistyped(gateway.key)));
  assertProblem(response, UNAUTHORIZED, /typ|check|copied|misspel/i);
  assert.equal(upstream.requests.length, 0);
});

test('a well-formed key that nobody has', async (t) => {
  const { ask } = await play(t, REFUSALS);
  const { key } = await newKey({ name: 'stranger' });
  const problem = assertProblem(await ask('GET', USERS, bearer(key)), UNAUTHORIZED);
  assert.ok(!problem.message.includes(key.split('_')[2]), 'no secret in a message');
});

test('a Botpress token instead of a key is told apart', async (t) => {
  const { ask } = await play(t, REFUSALS);
  assertProblem(await ask('GET', USERS, bearer('bp_pat_abcdefghijklmnop')), UNAUTHORIZED, /key/i);
});

test('the key of another secret with the same id', async (t) => {
  const { ask, gateway } = await play(t, REFUSALS);
  const own = gateway.key.split('_');
  const other = (await newKey()).key.split('_');
  const mixed = ['bpg', own[1], other[2], other[3]].join('_');
  assertProblem(await ask('GET', USERS, bearer(mixed)), UNAUTHORIZED);
});

test('a key in the query is no key', async (t) => {
  const { ask, gateway, upstream } = await play(t, REFUSALS);
  const target = `${USERS}?key=${gateway.key}&x-bpgate-key=${gateway.key}`;
  assertProblem(await ask('GET', target, { headers: { Authorization: null } }), UNAUTHORIZED);
  assert.equal(upstream.requests.length, 0);
});

test('an expired key and a disabled key say what they are', async (t) => {
  const { ask, gateway } = await play(t, {
    ...REFUSALS,
    keys: [
      { name: 'old', expires: '2020-01-01T00:00:00Z' },
      { name: 'off', disabled: true },
      { name: 'later', expires: '2999-01-01T00:00:00Z' },
    ],
  });
  assertProblem(await ask('GET', USERS, bearer(gateway.keys.old)), UNAUTHORIZED, /expired/i);
  assertProblem(await ask('GET', USERS, bearer(gateway.keys.off)), UNAUTHORIZED, /disabled/i);
  assert.equal((await ask('GET', USERS, bearer(gateway.keys.later))).status, 200);
});

test('either of two secrets of a key is good', async (t) => {
  const [own, other] = await Promise.all([newKey(), newKey()]);
  const [old] = other.entry.hashes;
  const hashes = [{ ...old, not_after: '2999-01-01T00:00:00Z' }, ...own.entry.hashes];
  const { ask } = await play(t, { keys: [{ ...own.entry, hashes }] });
  assert.equal((await ask('GET', USERS, bearer(own.key))).status, 200);
});

test('a secret whose not_after has passed is no longer good', async (t) => {
  const { key, entry } = await newKey();
  const [hash] = entry.hashes;
  const { ask } = await play(t, {
    ...REFUSALS,
    keys: [{ ...entry, hashes: [{ ...hash, not_after: '2020-01-01T00:00:00Z' }] }],
  });
  assertProblem(await ask('GET', USERS, bearer(key)), UNAUTHORIZED);
});

test('a key bound to networks is good only from there', async (t) => {
  const { ask, gateway } = await play(t, {
    ...REFUSALS,
    keys: [
      { name: 'here', cidrs: ['127.0.0.0/8'] },
      { name: 'elsewhere', cidrs: ['10.0.0.0/8', '2001:db8::/32'] },
    ],
  });
  assert.equal((await ask('GET', USERS, bearer(gateway.keys.here))).status, 200);
  const refused = await ask('GET', USERS, bearer(gateway.keys.elsewhere));
  assert.ok([401, 403].includes(refused.status), refused.text);
});

test('the official client sees Unauthorized as its own class', async (t) => {
  const { gateway } = await play(t, REFUSALS);
  const client = botpressClient(gateway, { token: mistyped(gateway.key) });
  const error = await errorOf(client.listUsers({}));
  assert.equal(error.type, 'Unauthorized');
  assert.equal(error.code, 401);
  assert.equal(error.metadata.source, 'gateway');
});

test('a refused caller has an access line, without any part of a secret', async (t) => {
  const { ask, gateway } = await play(t, REFUSALS);
  const id = newRequestId();
  await ask('GET', USERS, {
    headers: { Authorization: `Bearer ${mistyped(gateway.key)}`, 'x-request-id': id },
  });
  const line = await assertOneAccessLine(gateway, id);
  assert.equal(line.status, 401);
  assert.equal(line.source, 'gateway');
  assert.ok(!JSON.stringify(line).includes(gateway.key.split('_')[2].slice(0, 20)));
});

test('two Authorization headers are refused, also with a good key in one of them', async (t) => {
  const { ask, gateway, upstream } = await play(t, REFUSALS);
  const headers = { Authorization: [`Bearer ${gateway.key}`, 'Bearer bp_pat_x'] };
  const response = await ask('GET', USERS, { headers });
  assert.ok([400, 401].includes(response.status), response.text);
  assert.equal(upstream.requests.length, 0);
});
