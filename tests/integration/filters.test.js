// Filters of a team's own, in Lua: what they see of a request and do to it, and what becomes of it when
// they fail.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onRequest, onResponse, withFilters } from './support/filters.js';
import { command, writeConfiguration } from './support/gateway.js';
import { readMetrics, sumOf } from './support/metrics.js';
import { assertProblem, newRequestId, play } from './support/play.js';

const FILTER_FAILED = /filter_failed|filter_set_aside/;
const USERS = '/v1/chat/users';
const HUB = '/v1/admin/hub/integrations';

test('a filter tags what goes upstream and what comes down', async (t) => {
  const stage = await play(t, {
    ...withFilters(t, [
      onRequest('req:set_header("x-team", req.key.name .. "/" .. req.profile .. "/" .. req.operation)'),
      onResponse('res:remove_header("server") res:set_header("x-filtered", tostring(res.status))'),
    ]),
    keys: [{ name: 'qa' }],
  });
  stage.upstream.on(`GET ${USERS}`, { json: { users: [] }, headers: { Server: 'edge' } });
  const answer = await stage.ask('GET', USERS);
  assert.equal(stage.upstream.requestsTo('GET')[0].header('x-team'), 'qa/support/listUsers');
  assert.equal(answer.header('x-filtered'), '200');
  assert.equal(answer.header('server'), undefined);
});

test('a filter answers itself, in the words of the API or in its own', async (t) => {
  const stage = await play(
    t,
    withFilters(t, [
      onRequest(`
        if req.method == "POST" then return gw.respond(403, "Forbidden", "qa keys are read-only") end
        if req.params.id == "me" then return gw.respond(200, {user = {id = "me", tags = {}}}) end`),
    ]),
  );
  const problem = assertProblem(await stage.ask('POST', USERS, { body: '{}' }), { status: 403, type: 'Forbidden' });
  assert.equal(problem.message, 'qa keys are read-only');
  assert.equal(problem.metadata.reason, 'filter');
  await assert.rejects(stage.client.createUser({ tags: {} }), { type: 'Forbidden', message: /read-only/ });
  assert.equal((await stage.client.getUser({ id: 'me' })).user.id, 'me');
  assert.equal(stage.upstream.requests.length, 0);
});

test('a filter is for the routes, operations, keys and profiles that its entry names', async (t) => {
  const tag = (name) => onRequest(`req:add_header("x-tag", "${name}")`);
  const stage = await play(t, {
    ...withFilters(t, [
      { lua: tag('all') },
      { lua: tag('users'), routes: ['/v1/chat/users*'] },
      { lua: tag('writes'), operations: ['create*', 'delete*'] },
      { lua: tag('ci'), keys: ['ci'] },
      { lua: tag('support'), profiles: ['support'] },
      { lua: tag('nobody'), keys: ['other'] },
    ]),
    keys: [{ name: 'ci' }, { name: 'other' }],
  });
  await stage.ask('GET', `${USERS}?a=/v1/chat/messages`);
  await stage.ask('GET', '/v1/chat/messages');
  await stage.ask('POST', '/v1/chat/messages', { body: '{}' });
  const tags = stage.upstream.requests.map((request) =>
    request.headers.filter(([name]) => name.toLowerCase() === 'x-tag').map(([, value]) => value).join(' '),
  );
  assert.deepEqual(tags, ['all users ci support', 'all ci support', 'all writes ci support']);
});

test('a filter that fails answers 500 or lets pass, is counted, and told with file and line', async (t) => {
  const stage = await play(t, {
    ...withFilters(t, [
      { lua: onRequest('if req.headers["x-a"] then error("on purpose") end') },
      { lua: onRequest('if req.headers["x-b"] then error("on purpose") end'), on_error: 'open' },
    ]),
    announces: [FILTER_FAILED],
  });
  const id = newRequestId();
  const headers = { 'x-a': '1', 'x-request-id': id };
  const problem = assertProblem(await stage.ask('GET', USERS, { headers }), { status: 500, type: 'Internal' });
  assert.equal(problem.metadata.reason, 'filter_failed');
  assert.ok(!problem.message.includes('on purpose'), 'what is wrong is for the log');
  const told = await stage.gateway.event((event) => event.event === 'filter_failed' && event.request_id === id);
  assert.match(told.reason, /filter0\.lua:2: on purpose$/);
  assert.equal((await stage.ask('GET', USERS, { headers: { 'x-b': '1' } })).status, 200);
  assert.equal((await stage.ask('GET', USERS)).status, 200);
  assert.equal(stage.upstream.requests.length, 2);
});

test('after ten failures in a minute a filter is set aside, and stops what it is to stop', async (t) => {
  const stage = await play(t, {
    ...withFilters(t, [onRequest('error("always")')], { admin: { address: '127.0.0.1:0' } }),
    announces: [FILTER_FAILED],
  });
  for (let i = 0; i < 15; i++) assert.equal((await stage.ask('GET', USERS)).status, 500);
  const aside = await stage.gateway.event((event) => event.event === 'filter_set_aside');
  assert.equal(aside.filter, 'filter0.lua');
  assert.match(aside.meanwhile, /answered 500/);
  assert.equal(stage.gateway.events.filter((event) => event.event === 'filter_failed').length, 10);
  assert.equal(stage.upstream.requests.length, 0);
  const samples = await readMetrics(t, stage.gateway);
  const count = (result) => sumOf(samples, 'bpgate_filter_calls_total', { filter: 'filter0.lua', result });
  assert.equal(count('failed'), 10);
  assert.equal(count('set_aside'), 5);
});

test('a bot that a filter names is one that the caller may use, or 403', async (t) => {
  const stage = await play(t, {
    ...withFilters(t, [onRequest('req:set_header("x-bot-id", req.headers["x-want"])')], {
      profiles: [{ name: 'support', credential: 'team', workspace_id: 'wkspace_1', bot_id: 'bot_1', bots: ['bot_2'] }],
    }),
  });
  const want = (bot) => stage.ask('GET', USERS, { headers: { 'x-want': bot } });
  assert.equal((await want('bot_2')).status, 200);
  assert.equal(stage.upstream.requests[0].header('x-bot-id'), 'bot_2');
  assertProblem(await want('bot_3'), { status: 403, type: 'Forbidden' }, /bot_3/);
  assert.equal(stage.upstream.requests.length, 1);
});

test('a path that a filter sets is routed and authorized anew', async (t) => {
  const stage = await play(t, {
    ...withFilters(t, [onRequest('req:set_path(req.headers["x-path"]) req:set_query("a=%2F&b=+")')]),
    keys: [{ operations: ['listUsers', 'listMessages'] }],
  });
  const path = (wanted) => stage.ask('GET', `${USERS}?x=1`, { headers: { 'x-path': wanted } });
  assert.equal((await path('/v1/chat/messages')).status, 200);
  assert.equal(stage.upstream.requests[0].target, '/v1/chat/messages?a=%2F&b=+');
  assertProblem(await path('/v1/chat/conversations'), { status: 403, type: 'Forbidden' });
  assertProblem(await path('/v1/admin/bots/bot_9'), { status: 403, type: 'Forbidden' });
  assert.equal(stage.upstream.requests.length, 1);
});

test('a filter keeps an answer longer, tags it, or keeps out of the store', async (t) => {
  let count = 0;
  const stage = await play(
    t,
    withFilters(t, [
      onRequest(`
        if req.headers["x-bypass"] then gw.cache.bypass() end
        if req.operation == "listUsers" then gw.cache.ttl(60) gw.cache.tag("mine") end`),
    ]),
  );
  stage.upstream.on('GET', () => ({ json: { count: ++count } }));
  const ask = async (target, headers) => (await stage.ask('GET', target, { headers })).json.count;
  assert.equal(await ask(HUB), 1);
  assert.equal(await ask(HUB), 1);
  assert.equal(await ask(HUB, { 'x-bypass': '1' }), 2);
  assert.equal(await ask(HUB), 1);
  assert.equal(await ask(USERS), 3);
  assert.equal(await ask(USERS), 3, 'which would not be kept otherwise');
});

test('a filter makes a request dearer, or free, for the limits of the upstream', async (t) => {
  const stage = await play(
    t,
    withFilters(t, [onRequest('gw.limit.cost(tonumber(req.headers["x-cost"]))')], {
      limits: [{ name: 'up', requests: 10, per: '60s', where: 'upstream', key: ['key'] }],
    }),
  );
  const ask = async (cost) => (await stage.ask('GET', USERS, { headers: { 'x-cost': `${cost}` } })).status;
  for (let i = 0; i < 20; i++) assert.equal(await ask(0), 200);
  assert.equal(await ask(6), 200);
  assert.equal(await ask(6), 429);
  assert.equal(await ask(4), 200);
});

test('a filter reads and changes the body of a request, within its bound', async (t) => {
  const lua = `return {needs = {"request_body"}, on_request = function(req, gw)
    if req.method == "GET" then return end
    local body = req:json()
    body.tags = body.tags or {}
    body.tags.by = "filter"
    req:set_json(body)
  end}`;
  const stage = await play(t, {
    ...withFilters(t, [lua], { filter_limits: { body: '16KiB' } }),
    announces: [FILTER_FAILED],
  });
  await stage.client.createUser({ tags: { a: 'b' }, name: 'é' });
  const sent = stage.upstream.requests[0];
  assert.deepEqual(JSON.parse(sent.body), { tags: { a: 'b', by: 'filter' }, name: 'é' });
  assert.equal(sent.header('content-length'), `${Buffer.byteLength(sent.body)}`);
  const big = JSON.stringify({ tags: {}, name: 'x'.repeat(20_000) });
  const announced = await stage.ask('POST', USERS, { body: big });
  assertProblem(announced, { status: 413, type: 'PayloadTooLarge' }, /send less.*filter_limits\.body/);
  const chunked = { headers: { 'Transfer-Encoding': 'chunked', 'Content-Length': null } };
  const pieces = `4e20\r\n${'x'.repeat(20_000)}\r\n0\r\n\r\n`;
  const answer = await stage.ask('POST', USERS, { ...chunked, body: pieces });
  assertProblem(answer, { status: 413, type: 'PayloadTooLarge' }, /filter_limits\.body/);
  for (let i = 0; i < 12; i++) {
    const bad = await stage.ask('POST', USERS, { body: 'no JSON' });
    assertProblem(bad, { status: 400, type: 'InvalidPayload' }, /is not the JSON that a filter/);
  }
  assert.equal(stage.upstream.requests.length, 1);
  assert.equal((await stage.ask('GET', USERS)).status, 200, 'no caller can have it set aside for all');
});

test('check tells what is wrong with filters, with file and line', async (t) => {
  const { settings } = withFilters(t, ['return {\n  on_request = function(\n}', 'return 1', onRequest('')]);
  const file = writeConfiguration(t, {
    credentials: [{ name: 'team', token: 'env:BOTPRESS_TOKEN' }],
    profiles: [{ name: 'support', credential: 'team' }],
    ...settings,
    filters: [
      ...settings.filters,
      { file: '/nowhere.lua', keys: ['nobody'], operations: ['nope*'], env: ['TZ', 'BOTPRESS_TOKEN'] },
    ],
  });
  const checked = await command(['check', '--config', file], { env: { BOTPRESS_TOKEN: 'bp_pat_x' } });
  assert.equal(checked.code, 2);
  for (const words of [
    /filter0\.lua:3: /,
    /filter1\.lua:1: a filter must return a table/,
    /nowhere\.lua: No such file/,
    /filters\[\]\.keys names "nobody", which is no key/,
    /filters\[\]\.operations: /,
    /filters\[\]\.env: BOTPRESS_TOKEN is where the gateway's own secret is/,
  ]) {
    assert.match(checked.stderr, words);
  }
});

test('what is kept for a filter in Lua is told when all is over', async (t) => {
  const stage = await play(
    t,
    withFilters(t, [
      `local seen = 0
       return {on_log = function(res, gw)
         seen = seen + 1
         gw.log(("%d %s %d %s %s"):format(seen, res.operation, res.status, res.source, tostring(res.duration_ms > 0)))
       end}`,
    ]),
  );
  await stage.ask('GET', HUB);
  await stage.ask('GET', HUB);
  assert.ok(await stage.gateway.event((event) => event.message === '1 listPublicIntegrations 200 upstream true'));
  assert.ok(await stage.gateway.event((event) => event.message === '2 listPublicIntegrations 200 cache true'));
});
