// What happens to each header of the caller: the table of the product's description, row by row.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TOKEN } from './support/gateway.js';
import { assertProblem, play } from './support/play.js';

const RUNTIME = '/v1/chat/users';
const ADMIN = '/v1/admin/bots';
const HUB = '/v1/admin/hub/integrations/slack/1.0.0';

const OPEN = { name: 'support', credential: 'team' };
const profile = (fields) => ({ settings: { profiles: [{ ...OPEN, ...fields }] } });
const LISTS = profile({
  bot_id: 'bot_1',
  bots: ['bot_1', 'bot_2'],
  workspace_id: 'wkspace_1',
  workspaces: ['wkspace_1', 'wkspace_2'],
  integration_id: 'int_1',
  integrations: ['int_1', 'int_2'],
});

/** The three ids obey the same rule, each on an operation that takes it. */
const IDS = [
  { header: 'x-bot-id', target: RUNTIME, own: 'bot_1', listed: 'bot_2', foreign: 'bot_3', needed: true },
  {
    header: 'x-workspace-id',
    target: ADMIN,
    own: 'wkspace_1',
    listed: 'wkspace_2',
    foreign: 'wkspace_3',
    needed: true,
  },
  {
    header: 'x-integration-id',
    target: RUNTIME,
    own: 'int_1',
    listed: 'int_2',
    foreign: 'int_3',
    needed: false,
  },
];

/** Sends one GET and says what arrived of it; the bot id that raw.js adds is left to the test. */
async function arrivalOf(stage, target, headers, method = 'GET') {
  const response = await stage.ask(method, target, { headers: { 'x-bot-id': null, ...headers } });
  return { response, arrived: stage.upstream.requests.at(-1) };
}

for (const { header, target, own, listed, foreign, needed } of IDS) {
  test(`${header}: the value of the profile passes, and is injected where it is absent`, async (t) => {
    const stage = await play(t, LISTS);
    const given = await arrivalOf(stage, target, { [header]: own });
    assert.equal(given.arrived.header(header), own);
    const absent = await arrivalOf(stage, target, {});
    assert.equal(absent.arrived.header(header), own);
  });

  test(`${header}: one of the allow-list passes`, async (t) => {
    const stage = await play(t, LISTS);
    const { arrived } = await arrivalOf(stage, target, { [header]: listed });
    assert.equal(arrived.header(header), listed);
  });

  test(`${header}: another one is refused, not replaced`, async (t) => {
    const stage = await play(t, LISTS);
    const { response } = await arrivalOf(stage, target, { [header]: foreign });
    assertProblem(response, { status: 403, type: 'Forbidden' });
    assert.equal(stage.upstream.requests.length, 0);
  });

  test(`${header}: a profile that names none lets the caller's pass`, async (t) => {
    const stage = await play(t, profile({}));
    const others = { 'x-bot-id': 'bot_9', 'x-workspace-id': 'wkspace_9' };
    const { arrived } = await arrivalOf(stage, target, { ...others, [header]: foreign });
    assert.equal(arrived.header(header), foreign);
  });

  test(`${header}: a hub call does not take it, whatever its value`, async (t) => {
    const stage = await play(t, LISTS);
    const { response, arrived } = await arrivalOf(stage, HUB, { [header]: foreign });
    assert.equal(response.status, 200, 'dropped unread, not judged');
    assert.equal(arrived.header(header), undefined);
  });

  if (!needed) continue;
  test(`${header}: with no value anywhere the answer names it, and nothing is forwarded`, async (t) => {
    const stage = await play(t, profile({}));
    const { response } = await arrivalOf(stage, target, {});
    assertProblem(response, { status: 400, type: 'InvalidPayload' }, new RegExp(header, 'i'));
    assert.equal(stage.upstream.requests.length, 0);
  });
}

test('a runtime call does not take x-workspace-id, an admin call not x-bot-id', async (t) => {
  const stage = await play(t, LISTS);
  const runtime = await arrivalOf(stage, RUNTIME, { 'x-workspace-id': 'wkspace_3' });
  assert.equal(runtime.arrived.header('x-workspace-id'), undefined);
  const admin = await arrivalOf(stage, ADMIN, { 'x-bot-id': 'bot_3' });
  assert.equal(admin.arrived.header('x-bot-id'), undefined);
});

test('x-integration-alias passes with x-integration-id', async (t) => {
  const stage = await play(t, profile({ bot_id: 'bot_1' }));
  const headers = { 'x-integration-id': 'int_1', 'x-integration-alias': 'slack-two' };
  const { arrived } = await arrivalOf(stage, RUNTIME, headers);
  assert.equal(arrived.header('x-integration-alias'), 'slack-two');
});

test('x-destination-bot-id is checked like x-bot-id', async (t) => {
  const stage = await play(t, LISTS);
  const copy = (bot) => arrivalOf(stage, '/v1/files/a/b', { 'x-destination-bot-id': bot }, 'POST');
  assert.equal((await copy('bot_2')).arrived.header('x-destination-bot-id'), 'bot_2');
  const refused = await copy('bot_3');
  assertProblem(refused.response, { status: 403, type: 'Forbidden' });
  assert.equal(stage.upstream.requests.length, 1);
});

for (const header of ['x-user-id', 'x-user-role', 'x-integration-name']) {
  test(`${header} is dropped unless the profile passes it`, async (t) => {
    const strict = await play(t, profile({ bot_id: 'bot_1' }));
    assert.equal((await arrivalOf(strict, '/v1/files', { [header]: 'v' })).arrived.header(header), undefined);
    const passing = await play(t, profile({ bot_id: 'bot_1', pass: [header] }));
    assert.equal((await arrivalOf(passing, '/v1/files', { [header]: 'v' })).arrived.header(header), 'v');
  });
}

test('x-multiple-integrations and headers nobody knows pass', async (t) => {
  const stage = await play(t, LISTS);
  const headers = { 'x-multiple-integrations': 'true', 'X-Custom': 'One, "two"', 'user-agent': 'axios/1' };
  const { arrived } = await arrivalOf(stage, ADMIN, headers);
  assert.equal(arrived.header('x-multiple-integrations'), 'true');
  assert.equal(arrived.header('x-custom'), 'One, "two"');
  assert.equal(arrived.header('user-agent'), 'axios/1');
});

test('x-request-id passes and comes back', async (t) => {
  const stage = await play(t);
  const { response, arrived } = await arrivalOf(stage, RUNTIME, { 'x-request-id': 'my-id-1' });
  assert.equal(arrived.header('x-request-id'), 'my-id-1');
  assert.equal(response.header('x-request-id'), 'my-id-1');
});

test('a request without x-request-id gets one', async (t) => {
  const stage = await play(t);
  const { response, arrived } = await arrivalOf(stage, RUNTIME, {});
  assert.ok(arrived.header('x-request-id'));
  assert.equal(response.header('x-request-id'), arrived.header('x-request-id'));
});

test('traceparent is continued with a span of its own', async (t) => {
  const stage = await play(t);
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const { arrived } = await arrivalOf(stage, RUNTIME, { traceparent: `00-${trace}-b7ad6b7169203331-01` });
  const parts = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/.exec(arrived.header('traceparent'));
  assert.equal(parts?.[1], trace);
  assert.notEqual(parts[2], 'b7ad6b7169203331');
});

const NEVER_UPSTREAM = {
  Cookie: 'session=1',
  'x-bpgate-anything': '1',
  'X-Forwarded-For': '10.0.0.1',
  'X-Forwarded-Host': 'inside.example',
  'X-Forwarded-Proto': 'http',
  Forwarded: 'for=10.0.0.1',
  Origin: 'https://inside.example',
  'sec-fetch-mode': 'cors',
  'sec-ch-ua': 'x',
};

for (const [header, value] of Object.entries(NEVER_UPSTREAM)) {
  test(`${header} is not sent upstream`, async (t) => {
    const stage = await play(t);
    const { response, arrived } = await arrivalOf(stage, RUNTIME, { [header]: value });
    assert.equal(response.status, 200);
    assert.equal(arrived.header(header), undefined);
  });
}

test('the key goes no further, by which header it came', async (t) => {
  const stage = await play(t);
  const ways = [
    { Authorization: `Bearer ${stage.gateway.key}` },
    { Authorization: `bearer ${stage.gateway.key}` },
    { Authorization: null, 'x-bpgate-key': stage.gateway.key },
  ];
  for (const headers of ways) {
    const { response, arrived } = await arrivalOf(stage, RUNTIME, headers);
    assert.equal(response.status, 200);
    assert.equal(arrived.header('authorization'), `Bearer ${TOKEN}`);
    assert.ok(!arrived.rawHead.includes(stage.gateway.key));
  }
});

test('headers of the connection end at the gateway', async (t) => {
  const stage = await play(t);
  const headers = {
    Connection: 'keep-alive, x-private',
    'X-Private': '1',
    'Keep-Alive': 'timeout=5',
    'Proxy-Connection': 'keep-alive',
    'Proxy-Authorization': 'Basic eA==',
    TE: 'trailers',
    Upgrade: 'websocket',
  };
  const { response, arrived } = await arrivalOf(stage, RUNTIME, headers);
  assert.equal(response.status, 200);
  for (const name of [
    'x-private',
    'keep-alive',
    'proxy-connection',
    'proxy-authorization',
    'te',
    'upgrade',
  ]) {
    assert.equal(arrived.header(name), undefined, name);
  }
});

test('a caller cannot strip by Connection what is injected', async (t) => {
  const stage = await play(t, LISTS);
  const headers = {
    Connection: 'authorization, x-bot-id, x-integration-id, x-request-id, host, content-length, via',
  };
  const { arrived } = await arrivalOf(stage, RUNTIME, headers);
  assert.equal(arrived.header('authorization'), `Bearer ${TOKEN}`);
  assert.equal(arrived.header('x-bot-id'), 'bot_1');
  assert.equal(arrived.header('x-integration-id'), 'int_1');
  assert.ok(arrived.header('host'));
  assert.ok(arrived.header('via'));
});

test('a caller that names its own id in Connection takes its choice away', async (t) => {
  const stage = await play(t, LISTS);
  const headers = { Connection: 'x-bot-id', 'x-bot-id': 'bot_2' };
  const { arrived } = await arrivalOf(stage, RUNTIME, headers);
  // Headers of the connection are removed first; what is left is the profile's.
  assert.equal(arrived.header('x-bot-id'), 'bot_1');
});

test('headers of the connection to the upstream end at the gateway too', async (t) => {
  const stage = await play(t);
  stage.upstream.next({
    json: { users: [], meta: {} },
    headers: {
      Connection: 'x-secret',
      'X-Secret': '1',
      'Keep-Alive': 'timeout=1',
      'Proxy-Authenticate': 'Basic',
    },
  });
  const { response } = await arrivalOf(stage, RUNTIME, {});
  assert.equal(response.header('x-secret'), undefined);
  assert.equal(response.header('proxy-authenticate'), undefined);
  assert.notEqual(response.header('keep-alive'), 'timeout=1');
});

test('a profile without a credential injects no token', async (t) => {
  const stage = await play(t, { settings: { profiles: [{ name: 'support', bot_id: 'bot_1' }] } });
  const { arrived } = await arrivalOf(stage, RUNTIME, {});
  assert.equal(arrived.header('authorization'), undefined);
});

test('anonymous callers get the profile, and with pass_authorization their own token passes', async (t) => {
  const stage = await play(t, {
    keys: [],
    settings: {
      profiles: [{ name: 'public', bot_id: 'bot_1', pass_authorization: true }],
      anonymous: 'public',
    },
  });
  const { response, arrived } = await arrivalOf(stage, RUNTIME, { Authorization: 'Bearer bp_pat_own' });
  assert.equal(response.status, 200);
  assert.equal(arrived.header('authorization'), 'Bearer bp_pat_own');
  assert.equal(arrived.header('x-bot-id'), 'bot_1');
});
