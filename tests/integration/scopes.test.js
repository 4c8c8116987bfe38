// What a key may do: presets, patterns, operations that mint credentials, unknown routes, bots and workspaces.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { botpressClient, errorOf } from './support/client.js';
import { assertProblem, play } from './support/play.js';

// Denials are audited; an audit line may have the level of a warning.
const DENIALS = { announces: [/audit|denied|forbidden|refused/i] };
const FORBIDDEN = { status: 403, type: 'Forbidden' };
const IDS = { 'x-bot-id': 'bot_1', 'x-workspace-id': 'wkspace_1' };

/** A profile without restriction: the operations alone decide. */
const UNRESTRICTED = [{ name: 'support', credential: 'team' }];

function scopePlay(t, operations, profiles = UNRESTRICTED, record = {}) {
  return play(t, { ...DENIALS, keys: [{ operations, ...record }], settings: { profiles } });
}

function send(stage, line, headers) {
  const [method, target] = line.split(' ');
  const body = method === 'GET' ? undefined : '{}';
  return stage.ask(method, target, { headers: { ...IDS, ...headers }, body });
}

/** Granted is what reaches the upstream, whatever that answers. */
async function assertGranted(stage, line, headers = {}) {
  const before = stage.upstream.requestsTo(line).length;
  const response = await send(stage, line, headers);
  assert.equal(stage.upstream.requestsTo(line).length, before + 1, `${line}: ${response.text}`);
}

async function assertDenied(stage, line, headers = {}, saying = /./) {
  const before = stage.upstream.requests.length;
  const response = await send(stage, line, headers);
  assertProblem(response, FORBIDDEN);
  assert.match(response.text, saying);
  assert.equal(stage.upstream.requests.length, before, `${line} was forwarded`);
}

const PRESETS = {
  read: {
    granted: ['GET /v1/chat/users', 'GET /v1/admin/bots', 'GET /v1/files', 'GET /v1/tables/T'],
    denied: [
      'POST /v1/chat/messages',
      'DELETE /v1/chat/users/user_1',
      'PUT /v1/admin/bots/bot_1',
      'POST /v1/tables/T/rows',
    ],
  },
  chat: {
    granted: [
      'GET /v1/chat/users',
      'POST /v1/chat/messages',
      'PATCH /v1/chat/states/user/u/n',
      'DELETE /v1/chat/events/scheduled/e',
    ],
    denied: ['GET /v1/admin/bots', 'POST /v1/admin/bots', 'DELETE /v1/admin/integrations/i'],
  },
  hub: {
    granted: [
      'GET /v1/admin/hub/integrations',
      'GET /v1/admin/hub/integrations/slack/1.0.0',
      'GET /v1/admin/hub/plugins/p',
    ],
    denied: ['GET /v1/chat/users', 'GET /v1/admin/bots', 'POST /v1/chat/messages'],
  },
  all: {
    granted: [
      'GET /v1/chat/users',
      'POST /v1/admin/bots',
      'PUT /v1/files',
      'POST /v1/tables/T/rows',
      'GET /v1/admin/hub/interfaces',
      'POST /v2/cognitive/generate-text',
      'GET /v2/billing/plans',
    ],
    denied: ['POST /v1/admin/account/pats'],
  },
};

for (const [preset, { granted, denied }] of Object.entries(PRESETS)) {
  test(`the preset ${preset} grants what its name says, and no more`, async (t) => {
    const stage = await scopePlay(t, [preset]);
    for (const line of granted) await assertGranted(stage, line);
    for (const line of denied) await assertDenied(stage, line);
  });
}

test('operations are granted by name, by pattern, and taken away by an exclamation mark', async (t) => {
  const stage = await scopePlay(t, [
    'hub.*',
    'list*',
    'read',
    'createMessage',
    'delete*',
    '!deleteUser',
    '!listEvents',
  ]);
  await assertGranted(stage, 'GET /v1/admin/hub/integrations/slack/1.0.0');
  await assertGranted(stage, 'POST /v1/chat/messages');
  await assertGranted(stage, 'DELETE /v1/chat/messages/message_1');
  await assertDenied(stage, 'DELETE /v1/chat/users/user_1');
  await assertDenied(stage, 'GET /v1/chat/events');
  await assertDenied(stage, 'POST /v1/chat/users');
});

test('a denial names what was wanted', async (t) => {
  const stage = await scopePlay(t, ['read']);
  await assertDenied(stage, 'POST /v1/chat/messages', {}, /createMessage/);
});

test('a denial is the class Forbidden in the official client', async (t) => {
  const { gateway } = await scopePlay(t, ['hub']);
  const error = await errorOf(botpressClient(gateway).listUsers({}));
  assert.equal(error.type, 'Forbidden');
  assert.equal(error.code, 403);
});

test('a literal segment is not taken for an id', async (t) => {
  const stage = await scopePlay(t, ['getBot', 'getIntegration', 'getWorkspace', 'getFile']);
  await assertGranted(stage, 'GET /v1/admin/bots/bakss');
  for (const target of ['bots/baks', 'integrations/iaks', 'workspaces/public']) {
    await assertDenied(stage, `GET /v1/admin/${target}`);
  }
  await assertDenied(stage, 'GET /v1/files/search');
});

const MINTING = {
  createPersonalAccessToken: 'POST /v1/admin/account/pats',
  createBotApiKey: 'POST /v1/admin/bots/baks',
  createIntegrationApiKey: 'POST /v1/admin/integrations/iaks',
  rotateBotSigningSecrets: 'POST /v1/admin/bots/bot_1/signing-secrets/rotate',
  rotateIntegrationSigningSecrets: 'POST /v1/admin/integrations/int_1/signing-secrets/rotate',
  createWorkspaceMember: 'POST /v1/admin/workspace-members',
  updateWorkspaceMember: 'PUT /v1/admin/workspace-members/m',
  deleteWorkspaceMember: 'DELETE /v1/admin/workspace-members/m',
  transferBot: 'POST /v1/admin/bots/bot_1/transfer',
  setPaymentMethod: 'POST /v2/billing/payment-methods',
  createPaymentMethodIntent: 'POST /v2/billing/payment-methods/intent',
  payInvoice: 'POST /v2/billing/invoices/i/pay',
  deleteAccount: 'POST /v1/admin/account/me',
};

for (const [operation, line] of Object.entries(MINTING)) {
  test(`${operation} needs to be named outright`, async (t) => {
    const wide = await scopePlay(t, ['all', '*', 'read', `${operation.slice(0, -1)}*`]);
    await assertDenied(wide, line, {}, new RegExp(operation));
    const named = await scopePlay(t, [operation]);
    await assertGranted(named, line);
  });
}

test('all grants unknown routes below chat, files and tables, and for GET', async (t) => {
  const stage = await scopePlay(t, ['all']);
  await assertGranted(stage, 'POST /v1/chat/brand-new');
  await assertGranted(stage, 'DELETE /v1/files/a/b/c');
  await assertGranted(stage, 'PUT /v1/tables/T/brand/new');
  await assertGranted(stage, 'GET /v1/admin/brand-new');
  await assertGranted(stage, 'GET /v3/brand-new');
  await assertDenied(stage, 'POST /v1/admin/brand-new');
  await assertDenied(stage, 'DELETE /v3/brand-new');
  // Only segments count: this is not below /v1/chat.
  await assertDenied(stage, 'POST /v1/chatter');
});

test('elsewhere unknown routes must be granted by their name', async (t) => {
  const named = await scopePlay(t, ['unknown']);
  await assertGranted(named, 'POST /v1/admin/brand-new');
  const read = await scopePlay(t, ['read', 'chat', '*']);
  await assertDenied(read, 'POST /v1/admin/brand-new');
});

const ONE_BOT = [{ name: 'support', credential: 'team', workspace_id: 'wkspace_1', bot_id: 'bot_1' }];
const TWO_BOTS = [{ ...ONE_BOT[0], bots: ['bot_1', 'bot_2'] }];

test('the bots of a profile bind the header, the path and the query', async (t) => {
  const stage = await scopePlay(t, ['all', 'listBotApiKeys'], TWO_BOTS);
  await assertGranted(stage, 'GET /v1/chat/users', { 'x-bot-id': 'bot_2' });
  await assertGranted(stage, 'GET /v1/admin/bots/bot_2');
  await assertGranted(stage, 'GET /v1/admin/bots/baks?botId=bot_2');
  await assertGranted(stage, 'GET /v1/admin/integrations?installedByBotId=bot_1');

  await assertDenied(stage, 'GET /v1/chat/users', { 'x-bot-id': 'bot_3' });
  await assertDenied(stage, 'GET /v1/admin/bots/bot_3');
  await assertDenied(stage, 'PUT /v1/admin/bots/bot_3');
  await assertDenied(stage, 'GET /v1/admin/bots/bot_3/logs');
  await assertDenied(stage, 'PUT /v1/admin/bots/bot_3/allowlist');
  await assertDenied(stage, 'GET /v1/admin/bots/bot_3/integrations/int_1/shareable-id');
  await assertDenied(stage, 'GET /v1/admin/bots/baks?botId=bot_3');
  await assertDenied(stage, 'GET /v1/admin/integrations?installedByBotId=bot_3');
});

test('a bot in disguise is still that bot', async (t) => {
  const stage = await scopePlay(t, ['all', 'listBotApiKeys'], ONE_BOT);
  const disguises = [
    'GET /v1/admin/bots/bot_%32',
    'GET /v1/admin/bots/%62%6Ft_2',
    'GET /v1/admin/bots/baks?botId=bot%5F2',
    'GET /v1/admin/bots/baks?botId=bot_1&botId=bot_2',
    'GET /v1/admin/bots/baks?botId=bot_2&botId=bot_1',
    'GET /v1/admin/bots/baks?%62otId=bot_2',
  ];
  for (const line of disguises) await assertDenied(stage, line);
});

test('the bots of a key narrow those of its profile', async (t) => {
  const stage = await scopePlay(t, ['all'], TWO_BOTS, { bots: ['bot_2'] });
  await assertGranted(stage, 'GET /v1/chat/users', { 'x-bot-id': 'bot_2' });
  await assertDenied(stage, 'GET /v1/chat/users', { 'x-bot-id': 'bot_1' });
  await assertDenied(stage, 'GET /v1/admin/bots/bot_1');
});

test('workspaces bind the header and the path', async (t) => {
  const profiles = [
    {
      name: 'support',
      credential: 'team',
      workspace_id: 'wkspace_1',
      workspaces: ['wkspace_1', 'wkspace_2'],
    },
  ];
  const stage = await scopePlay(t, ['all'], profiles);
  for (const id of ['wkspace_1', 'wkspace_2']) {
    await assertGranted(stage, `GET /v1/admin/workspaces/${id}`);
    await assertGranted(stage, 'GET /v1/admin/bots', { 'x-workspace-id': id });
  }
  await assertDenied(stage, 'GET /v1/admin/workspaces/wkspace_3');
  await assertDenied(stage, 'GET /v1/admin/workspaces/wkspace_%33/usages');
  await assertDenied(stage, 'PUT /v1/admin/workspaces/wkspace_3');
  await assertDenied(stage, 'GET /v1/admin/bots', { 'x-workspace-id': 'wkspace_3' });
});

test('an operation that names a bot in its body needs a profile without restriction', async (t) => {
  const stage = await scopePlay(t, ['all', 'createBotApiKey'], ONE_BOT);
  await assertDenied(stage, 'POST /v1/admin/bots/baks');
  const open = await scopePlay(t, ['createBotApiKey']);
  await assertGranted(open, 'POST /v1/admin/bots/baks');
});

for (const header of ['x-bot-id', 'x-workspace-id', 'x-integration-id']) {
  test(`${header} twice is refused, whatever the values`, async (t) => {
    const stage = await scopePlay(t, ['all'], ONE_BOT);
    const target = header === 'x-workspace-id' ? '/v1/admin/bots' : '/v1/chat/users';
    for (const values of [
      ['bot_1', 'bot_2'],
      ['bot_1', 'bot_1'],
    ]) {
      const response = await stage.ask('GET', target, { headers: { [header]: values } });
      assertProblem(response, { status: 400, type: 'InvalidPayload' });
    }
    assert.equal(stage.upstream.requests.length, 0);
  });

  test(`${header} written with underscores is refused`, async (t) => {
    const stage = await scopePlay(t, ['all'], ONE_BOT);
    const headers = { [header.replaceAll('-', '_')]: 'bot_2' };
    const response = await stage.ask('GET', '/v1/chat/users', { headers });
    assertProblem(response, { status: 400, type: 'InvalidPayload' });
    assert.equal(stage.upstream.requests.length, 0);
  });
}
