// bpgate explain: what it foretells is what then happens, and it spends nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADMIN, adminOf, askAdmin } from './support/admin.js';
import { command } from './support/gateway.js';
import { readMetrics, sumOf } from './support/metrics.js';
import { play } from './support/play.js';

const KEYS = [
  { name: 'ci' },
  { name: 'reader', operations: ['read'] },
  { name: 'bound', bots: ['bot_1'] },
];
const SETTINGS = {
  ...ADMIN,
  limits: [
    { name: 'each', requests: 30, per: '3600s', burst: 30, key: ['key'] },
    { name: 'up', requests: 20, per: '3600s', burst: 20, key: ['key'], where: 'upstream' },
  ],
};
const REQUESTS = [
  ['GET', '/v1/chat/users'],
  ['GET', '/v1/chat/users/user_1'],
  ['GET', '/v1/admin/hub/integrations'],
  ['GET', '/v1/admin/hub/integrations?limit=5'],
  ['GET', '/v1/admin/bots/bot_1'],
  ['GET', '/v1/admin/bots/bot_2'],
  ['POST', '/v1/chat/users'],
  ['DELETE', '/v1/chat/users/user_1'],
  ['PUT', '/v1/chat/users'],
  ['GET', '/v1/chat/no-such-thing'],
  ['GET', '/somewhere/else'],
];
const FIELDS = [{}, { 'x-bot-id': 'bot_1' }, { 'x-bot-id': 'bot_2' }, { tracestate: 'a=1', 'user-agent': 'x' }];

/** The same numbers each time. */
function generator(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const explain = (t, gateway, question) => askAdmin(t, gateway, 'POST', '/explain', { body: question });
const lines = (headers) => Object.entries(headers).map(([name, value]) => `${name}: ${value}`);

test('of 200 random requests each becomes what was foretold', async (t) => {
  const { ask, gateway, upstream } = await play(t, { settings: SETTINGS, keys: KEYS });
  const random = generator(7);
  const seen = { answer: 0, hit: 0, upstream: 0, limited: 0 };
  for (let i = 0; i < 200; i += 1) {
    const [method, target] = REQUESTS[random(REQUESTS.length)];
    const key = KEYS[random(KEYS.length)].name;
    const fields = FIELDS[random(FIELDS.length)];
    const told = (await explain(t, gateway, { method, target, key, headers: lines(fields) })).json;
    const before = upstream.requests.length;
    const bare = { 'x-bot-id': null, 'x-workspace-id': null };
    const response = await ask(method, target, { headers: { ...bare, ...fields, authorization: `Bearer ${gateway.keys[key]}` } });
    const what = `${i}: ${method} ${target} ${key} ${JSON.stringify(fields)}: ${JSON.stringify(told)}`;
    const wentUp = upstream.requests.slice(before);
    if (told.answer) {
      assert.equal(response.status, told.answer.status, what);
      assert.equal(response.json.metadata.reason, told.answer.reason, what);
      assert.equal(wentUp.length, 0, what);
      seen[told.answer.stage === 'limit' ? 'limited' : 'answer'] += 1;
      continue;
    }
    if (told.cache.expected === 'hit') {
      assert.match(response.header('cache-status') ?? '', /hit/, what);
      assert.equal(wentUp.length, 0, what);
      seen.hit += 1;
      continue;
    }
    assert.equal(wentUp.length, 1, what);
    for (const [name, value] of Object.entries(told.headers)) {
      const went = wentUp[0].header(name);
      assert.ok(went !== undefined, `${name} went up: ${what}`);
      if (!/\*\*\*|^\(/.test(value)) assert.equal(went, value, what);
    }
    const framing = ['content-length', 'transfer-encoding', 'connection'];
    const named = new Set(Object.keys(told.headers).map((name) => name.toLowerCase()));
    for (const [name] of wentUp[0].headers) assert.ok(named.has(name.toLowerCase()) || framing.includes(name.toLowerCase()), `${name}: ${what}`);
    seen.upstream += 1;
  }
  for (const [kind, count] of Object.entries(seen)) assert.ok(count > 0, `${kind} came up`);
});

test('it spends nothing and asks nobody', async (t) => {
  const { gateway, upstream } = await play(t, { settings: SETTINGS, keys: KEYS });
  const question = { method: 'GET', target: '/v1/chat/users', key: 'ci' };
  for (let i = 0; i < 60; i += 1) {
    const { json } = await explain(t, gateway, question);
    assert.deepEqual(json.limits.map(({ name, admits }) => [name, admits]), [['each', true], ['up', true]]);
  }
  assert.equal(upstream.requests.length, 0);
  assert.equal(sumOf(await readMetrics(t, gateway), 'bpgate_requests_total', {}), 0);
});

test('what is asked wrongly is refused, what is secret not shown', async (t) => {
  const { gateway } = await play(t, { settings: SETTINGS, keys: KEYS });
  const wrong = ['', '[]', '{}', { method: 'GET' }, { method: 'GET', target: '/x HTTP/1.1\r\nhost: y' }, { method: 'GET', target: '/v1/chat/users', key: 'nobody' }, { method: 'GET', target: '/a', headers: ['a : b'] }, { method: 'GET', target: '/a', headers: ['a\nb'] }];
  for (const body of wrong) assert.equal((await explain(t, gateway, body)).status, 400, JSON.stringify(body));
  const { text } = await explain(t, gateway, { method: 'GET', target: '/v1/chat/users', key: 'ci', headers: [`x-own: ${gateway.key}`] });
  assert.ok(!text.includes(gateway.key));
  assert.match(text, /"authorization":"Bearer \*\*\*"/);
});

test('the command tells it to people and to programs', async (t) => {
  const { gateway } = await play(t, { settings: SETTINGS, keys: KEYS });
  const asked = ['explain', 'GET', '/v1/admin/hub/integrations', '--key', 'ci', '--admin', adminOf(gateway).url];
  const forPeople = await command(asked);
  assert.equal(forPeople.code, 0, forPeople.stderr);
  assert.match(forPeople.stdout, /^op +listPublicIntegrations$/m);
  const forPrograms = await command([...asked, '--json', '--header', 'x-bot-id: bot_1']);
  const told = JSON.parse(forPrograms.stdout);
  assert.equal(told.cache.expected, 'miss');
  assert.equal(told.cache.scope, 'public');
  assert.equal((await command(['explain', 'GET', '--admin', adminOf(gateway).url])).code, 2);
});
