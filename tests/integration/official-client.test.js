// The official client works through the gateway as it works against Botpress.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { botpressClient } from './support/client.js';
import { TOKEN } from './support/gateway.js';
import { play } from './support/play.js';
import { startUpstream } from './support/upstream.js';

test('users are created, read, listed, updated, found again and deleted', async (t) => {
  const { client, upstream } = await play(t);
  const { user } = await client.createUser({ tags: { email: 'a@example.com' }, name: 'Åsa' });
  assert.equal(user.name, 'Åsa');
  assert.deepEqual((await client.getUser({ id: user.id })).user, user);
  assert.equal((await client.updateUser({ id: user.id, tags: {}, name: 'Eve' })).user.name, 'Eve');
  assert.equal((await client.listUsers({})).users.length, 1);

  const first = await client.getOrCreateUser({ tags: { phone: '1' } });
  const again = await client.getOrCreateUser({ tags: { phone: '1' } });
  assert.equal(again.user.id, first.user.id);
  assert.deepEqual([first.meta.created, again.meta.created], [true, false]);

  assert.deepEqual(await client.deleteUser({ id: user.id }), {});
  assert.equal(upstream.requestsTo('DELETE /v1/chat/users/').at(-1).text, '{}');
  await assert.rejects(client.getUser({ id: user.id }), { type: 'ResourceNotFound' });
});

test('conversations, messages and events keep what was put into them', async (t) => {
  const { client } = await play(t);
  const { conversation } = await client.createConversation({ channel: 'web', tags: { topic: 'x' } });
  assert.equal((await client.getConversation({ id: conversation.id })).conversation.channel, 'web');
  await client.updateConversation({ id: conversation.id, tags: { topic: 'y' } });
  assert.equal((await client.listConversations({})).conversations[0].tags.topic, 'y');
  const found = await client.getOrCreateConversation({ channel: 'web', tags: { topic: 'z' } });
  assert.equal(found.meta.created, true);

  const { message } = await client.createMessage({
    conversationId: conversation.id,
    userId: 'user_1',
    type: 'text',
    payload: { text: 'line one\nline two "quoted" \u0007' },
    tags: {},
  });
  assert.equal(message.payload.text, 'line one\nline two "quoted" \u0007');
  assert.deepEqual((await client.getMessage({ id: message.id })).message, message);
  assert.equal((await client.listMessages({ conversationId: conversation.id })).messages.length, 1);
  await client.updateMessage({ id: message.id, tags: { read: 'yes' } });
  assert.deepEqual(await client.deleteMessage({ id: message.id }), {});

  const { event } = await client.createEvent({ type: 'alarm', payload: { at: 5 } });
  assert.deepEqual((await client.getEvent({ id: event.id })).event.payload, { at: 5 });
  assert.equal((await client.listEvents({ type: 'alarm' })).events.length, 1);
  assert.deepEqual(await client.deleteConversation({ id: conversation.id }), {});
});

test('states are set, patched and read', async (t) => {
  const { client, upstream } = await play(t);
  const state = { type: 'conversation', id: 'conv_1', name: 'draft' };
  await client.setState({ ...state, payload: { a: 1 } });
  await client.patchState({ ...state, payload: { b: 2 } });
  assert.deepEqual((await client.getState(state)).state.payload, { a: 1, b: 2 });
  assert.equal(upstream.requests[1].method, 'PATCH');
});

test('hub, admin bots and admin integrations answer through the same client', async (t) => {
  const { client, upstream } = await play(t);
  const { integration } = await client.getPublicIntegration({ name: 'slack', version: '1.2.3' });
  assert.equal(integration.version, '1.2.3');
  assert.deepEqual((await client.listPublicIntegrations({})).integrations, []);

  const { client: operator } = await play(t, {
    settings: { profiles: [{ name: 'support', credential: 'team', workspace_id: 'wkspace_1' }] },
  });
  const { bot } = await operator.createBot({ name: 'helper' });
  assert.equal((await operator.getBot({ id: bot.id })).bot.name, 'helper');
  await operator.updateBot({ id: bot.id, name: 'helper two' });
  assert.equal((await operator.listBots({})).bots[0].name, 'helper two');
  assert.deepEqual(await operator.deleteBot({ id: bot.id }), {});

  const made = await operator.createIntegration({ name: 'mine', version: '0.1.0' });
  assert.equal(made.integration.name, 'mine');
  assert.equal((await operator.listIntegrations({})).integrations.length, 1);
  await operator.deleteIntegration({ id: made.integration.id });
  assert.equal(upstream.requestsTo('GET /v1/admin/hub/integrations/slack/1.2.3').length, 1);
});

test('file keys with slashes, spaces and umlauts stay one path segment', async (t) => {
  const { client, upstream } = await play(t);
  const key = 'reports/2026 q1/grün%2F.txt';
  await client.upsertFile({ key, size: 3 });
  assert.equal((await client.getFile({ id: key })).file.key, key);
  assert.equal(upstream.requests.at(-1).target, '/v1/files/reports%2F2026%20q1%2Fgr%C3%BCn%252F.txt');
  await client.copyFile({ idOrKey: key, destinationKey: 'c/d' });
  assert.ok(upstream.requests.at(-1).target.endsWith('.txt/c%2Fd'));
  assert.deepEqual(await client.deleteFile({ id: key }), {});
});

test('table rows are created and found', async (t) => {
  const { client } = await play(t);
  const rows = Array.from({ length: 1000 }, (_, id) => ({ id, text: `row ${id}` }));
  await client.createTableRows({ table: 'numbersTable', rows });
  const found = await client.findTableRows({ table: 'numbersTable' });
  assert.equal(found.rows.length, 1000);
  assert.deepEqual(found.rows[999], rows[999]);
});

test('a listing walks all pages, whatever characters their tokens hold', async (t) => {
  const { client, upstream } = await play(t);
  for (let i = 0; i < 45; i += 1) await client.createUser({ tags: { n: `${i}` } });
  const users = await client.list.users({}).collect();
  assert.equal(users.length, 45);
  assert.deepEqual(
    upstream.requestsTo('GET /v1/chat/users').map((request) => request.target),
    ['', '?nextToken=dG9r%2BZW4%2Fbm8%3D20', '?nextToken=dG9r%2BZW4%2Fbm8%3D40'].map(
      (query) => `/v1/chat/users${query}`,
    ),
  );
});

test('dotted tags and repeated parameters arrive as the client wrote them', async (t) => {
  const { client, upstream } = await play(t);
  const direct = await startUpstream({ plain: true });
  t.after(() => direct.stop());
  const input = { tags: { 'a b': 'c&d' }, participantIds: ['u1', 'u2'] };
  await botpressClient(direct).listConversations(input);
  await client.listConversations(input);
  assert.equal(upstream.requests[0].target, direct.requests[0].target);
});

test('the upstream sees the token of the team, and of the caller nothing that identifies', async (t) => {
  const { client, upstream, gateway } = await play(t);
  await client.listUsers({});
  await client.getPublicIntegration({ name: 'slack', version: 'latest' });
  for (const request of upstream.requests) {
    assert.equal(request.header('authorization'), `Bearer ${TOKEN}`);
    assert.ok(!request.rawHead.includes(gateway.key), 'the key stays inside');
    assert.equal(request.header('host'), new URL(upstream.url).host);
  }
});

test('a hundred calls at once are answered, each with its own', async (t) => {
  const { client, upstream } = await play(t);
  const names = Array.from({ length: 100 }, (_, n) => `name-${n}`);
  const answers = await Promise.all(names.map((name) => client.createUser({ name, tags: {} })));
  assert.deepEqual(
    answers.map(({ user }) => user.name),
    names,
  );
  assert.equal(upstream.requests.length, 100);
});

test('an answer of 204, or of 200 without a body, is an answer', async (t) => {
  const { client, upstream } = await play(t);
  upstream.next({ status: 204 });
  assert.equal(await client.deleteUser({ id: 'user_1' }), '');
  upstream.next({ status: 200 });
  assert.equal(await client.deleteUser({ id: 'user_1' }), '');
  assert.deepEqual(await client.listUsers({}), { users: [], meta: {} });
});

test('the keep-alive connection of a client is used again', async (t) => {
  const { client, gateway, upstream } = await play(t);
  for (let i = 0; i < 20; i += 1) await client.listUsers({});
  assert.equal(upstream.handshakes, 1, 'one connection upstream for calls in a row');
  await gateway.accessLine((line) => line.op === 'listUsers');
});

test('two workers serve as one', async (t) => {
  const { gateway, upstream } = await play(t, { settings: { workers: 2 } });
  // A client instance keeps its connections; many instances spread over both workers.
  const calls = Array.from({ length: 60 }, (_, n) =>
    botpressClient(gateway).createUser({ name: `n${n}`, tags: {} }),
  );
  const answers = await Promise.all(calls);
  assert.deepEqual(
    answers.map(({ user }) => user.name),
    [...calls.keys()].map((n) => `n${n}`),
  );
  assert.equal(upstream.requests.length, 60);
});
