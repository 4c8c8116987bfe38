// Filters as guards: nobody gets past one by writing a request another way, and no filter makes of a request
// or an answer what the gateway would not have taken from a client.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BOT } from './support/counting.js';
import { eventually } from './support/deadline.js';
import { onBody, onRequest, onResponse, withFilters } from './support/filters.js';
import { assertProblem, newRequestId, play } from './support/play.js';
import { connect, request } from './support/raw.js';

const FILTER_FAILED = /filter_failed|filter_set_aside/;
const USERS = '/v1/chat/users';
const MARK = onRequest('req:set_header("x-seen", "yes")');

const isSeen = (stage) => stage.upstream.requests.at(-1).header('x-seen') === 'yes';

test('a filter of routes holds however the path is written', async (t) => {
  const stage = await play(t, withFilters(t, [{ lua: MARK, routes: ['/v1/chat/users*'] }]));
  for (const path of [USERS, '/v1/chat/%75sers', '/v1/chat/%75%73%65%72%73', '/%76%31/ch%61t/users']) {
    const answer = await stage.ask('GET', path);
    assert.equal(answer.status, 200, `${path}: ${answer.text}`);
    assert.ok(isSeen(stage), path);
    assert.equal(stage.upstream.requests.at(-1).target, path, 'which goes on as it came');
  }
  await stage.ask('GET', '/v1/chat/messages');
  assert.ok(!isSeen(stage));
});

test('`all` and `*` are what mints too, and `all` what no catalogue knows', async (t) => {
  for (const operations of [['all'], ['*'], ['create*']]) {
    const stage = await play(t, {
      ...withFilters(t, [{ lua: MARK, operations }], { profiles: [{ name: 'support', credential: 'team' }] }),
      keys: [{ operations: ['all', 'createPersonalAccessToken'] }],
    });
    await stage.ask('POST', '/v1/admin/account/pats', { body: '{}' });
    assert.ok(isSeen(stage), `${operations}`);
    for (const path of [`${USERS}/`, '/v1/chat/new-things']) {
      await stage.ask('GET', path);
      assert.equal(isSeen(stage), operations[0] === 'all', `${operations} ${path}`);
    }
  }
});

test('a limit of `create*` counts what mints too', async (t) => {
  const stage = await play(t, {
    settings: {
      limits: [{ name: 'few', requests: 1, per: '60s', match_operations: ['create*'] }],
      profiles: [{ name: 'support', credential: 'team' }],
    },
    keys: [{ operations: ['all', 'createPersonalAccessToken'] }],
  });
  const mint = () => stage.ask('POST', '/v1/admin/account/pats', { body: '{}' });
  assert.equal((await mint()).status, 200);
  assert.equal((await mint()).status, 429);
});

const SMUGGLED = {
  'a path with a request behind it': 'req:set_path("/v1/chat/users HTTP/1.1\\r\\nX-Evil: 1\\r\\n\\r\\nGET /")',
  'a path with a line end': 'req:set_path("/v1/chat/users\\nx: y")',
  'a path with a space': 'req:set_path("/v1/chat/users x")',
  'a path with NUL': 'req:set_path("/v1/chat\\0/users")',
  'a path that climbs': 'req:set_path("/v1/chat/../admin/bots")',
  'a path that climbs, escaped': 'req:set_path("/v1/chat/%2e%2E/admin/bots")',
  'a path of another host': 'req:set_path("http://evil.example/v1/chat/users")',
  'a path with a query': 'req:set_path("/v1/chat/users?x=1")',
  'a query with a line end': 'req:set_query("a=b\\r\\nX-Evil: 1")',
  'a query with NUL': 'req:set_query("a=b\\0c")',
  'a query with a fragment': 'req:set_query("a=b#c")',
  'a name with a colon': 'req:add_header("x-evil: 1", "a")',
  'a name with a line end': 'req:add_header("x\\r\\nx-evil", "1")',
  'a value with a line end': 'req:add_header("x-a", "1\\nx-evil: 1")',
  'two bots': 'req:set_header("x-bot-id", "bot_1") req:add_header("x-bot-id", "bot_2")',
  'a second length': 'req:add_header("Content-Length", "0")',
  'a coding of the transfer': 'req:set_header("Transfer-Encoding", "chunked")',
  'a way past the injection': 'req:set_header("Connection", "authorization")',
  'an upgrade': 'req:set_header("Upgrade", "h2c")',
  'another host': 'req:set_header("Host", "evil.example")',
  'an address that it was not': 'req:set_header("X-Forwarded-For", "10.0.0.1")',
  'a key of the gateway': 'req:set_header("x-bpgate-key", "bpg_x")',
  'an id in other letters': 'req:set_header("x_bot_id", "bot_2")',
};

test('what a filter sets is as strict as what a client may send', async (t) => {
  const cases = Object.entries(SMUGGLED);
  const arms = cases.map(([, lua], index) => `if which == ${index} then ${lua} end`);
  const lua = onRequest(`local which = tonumber(req.headers["x-which"])\n${arms.join('\n')}`);
  for (let from = 0; from < cases.length; from += 9) {
    const stage = await play(t, { ...withFilters(t, [lua]), announces: [FILTER_FAILED] });
    for (let index = from; index < Math.min(from + 9, cases.length); index++) {
      const id = newRequestId();
      const answer = await stage.ask('GET', USERS, { headers: { 'x-which': `${index}`, 'x-request-id': id } });
      assert.equal(answer.status, 500, `${cases[index][0]}: ${answer.text}`);
      const told = await stage.gateway.event((event) => event.request_id === id && event.event === 'filter_failed');
      assert.match(told.reason, new RegExp(`filter0\\.lua:${index + 3}: .`), cases[index][0]);
    }
    assert.equal(stage.upstream.requests.length, 0);
  }
});

test('no filter splits an answer, or frames it anew', async (t) => {
  const lines = [
    'res:set_header("x-a", "1\\r\\nset-cookie: a=b")',
    'res:add_header("x-a\\r\\nx-evil", "1")',
    'res:set_header("content-length", "1")',
    'res:set_header("transfer-encoding", "chunked")',
    'res:set_header("content-encoding", "gzip")',
    'res:set_header("set-cookie", "session=1")',
    'res:set_header("connection", "close")',
  ];
  for (const line of lines) {
    const stage = await play(t, { ...withFilters(t, [onResponse(line)]), announces: [FILTER_FAILED] });
    assertProblem(await stage.ask('GET', USERS), { status: 500, type: 'Internal' });
    const told = await stage.gateway.event((event) => event.event === 'filter_failed');
    assert.match(told.reason, /filter0\.lua:2: ./, line);
  }
});

test('what gw.respond says stands in JSON, whatever it is', async (t) => {
  const stage = await play(
    t,
    withFilters(t, [
      onRequest(`
        if req.method == "GET" then return gw.respond(403, "Forbidden", 'a"b\\r\\nset-cookie: c=d\\0</script>') end
        return gw.respond(200, {text = 'a"b\\r\\n\\r\\nHTTP/1.1 200'})`),
    ]),
  );
  const problem = assertProblem(await stage.ask('GET', USERS), { status: 403, type: 'Forbidden' });
  assert.equal(problem.message, 'a"b\r\nset-cookie: c=d\0</script>');
  const answer = await stage.ask('POST', USERS, { body: '{}' });
  assert.equal(answer.json.text, 'a"b\r\n\r\nHTTP/1.1 200');
  assert.equal(answer.header('set-cookie'), undefined);
});

test('callers for whom a filter sends other fields share no answer', async (t) => {
  const stage = await play(t, {
    ...withFilters(t, [onRequest('req:set_header("x-team", req.key.name) gw.cache.ttl(60)')]),
    keys: [{ name: 'red' }, { name: 'blue' }],
  });
  stage.upstream.on('GET', (request) => ({ json: { team: request.header('x-team') ?? 'none' } }));
  const team = async (name, target) =>
    (await stage.ask('GET', target, { headers: { Authorization: `Bearer ${stage.gateway.keys[name]}` } })).json.team;
  for (const target of [BOT, USERS, '/v1/admin/hub/integrations']) {
    const answers = [await team('red', target), await team('blue', target), await team('red', target)];
    const isPublic = target.includes('/hub/');
    // Of public operations nothing of the caller's goes along, so one answer is everybody's.
    assert.deepEqual(answers, isPublic ? ['none', 'none', 'none'] : ['red', 'blue', 'red'], target);
  }
});

test('what a filter answers fits HEAD, and a body that was not asked for is not waited for', async (t) => {
  const stage = await play(t, withFilters(t, [onRequest('return gw.respond(200, {a = ("x"):rep(100)})')]));
  const head = await stage.ask('HEAD', USERS);
  assert.deepEqual([head.status, head.text], [200, '']);
  assert.equal(head.header('content-length'), '108');
  const client = await connect(t, stage.gateway);
  for (let i = 0; i < 3; i++) {
    const long = request(stage.gateway, 'POST', USERS, { body: 'x'.repeat(30_000) });
    assert.equal((await client.send(long).response()).status, 200, 'on the same connection');
  }
});

test('an answer of a filter that fails is not stored, and neither is one that passed unfiltered', async (t) => {
  const broken = 'if res.query.bad then error("on purpose") end res:edit({paths = {"a"}, with = "-"})';
  for (const on_error of ['closed', 'open']) {
    const stage = await play(t, { ...withFilters(t, [{ lua: onBody(broken), on_error }]), announces: [FILTER_FAILED] });
    let count = 0;
    stage.upstream.on('GET', () => ({ json: { a: 'x', count: ++count } }));
    const target = '/v1/admin/hub/integrations?bad=1';
    for (let i = 1; i <= 2; i++) {
      const answer = await stage.ask('GET', target);
      if (on_error === 'open') assert.deepEqual(answer.json, { a: 'x', count: i });
      else assertProblem(answer, { status: 500, type: 'Internal' });
    }
    assert.equal(count, 2);
  }
});

test('heads that filters change for one are not changed in the store', async (t) => {
  const stage = await play(t, {
    ...withFilters(t, [{ lua: onResponse('res:remove_header("x-kept") res:set_header("x-for", res.key.name)'), keys: ['red'] }]),
    keys: [{ name: 'red' }, { name: 'blue' }],
  });
  stage.upstream.on('GET', { json: {}, headers: { 'X-Kept': 'yes' } });
  for (let i = 0; i < 2; i++) {
    for (const name of ['red', 'blue']) {
      const headers = { Authorization: `Bearer ${stage.gateway.keys[name]}` };
      const answer = await stage.ask('GET', '/v1/admin/hub/integrations', { headers });
      assert.deepEqual([answer.header('x-for'), answer.header('x-kept')], name === 'red' ? ['red', undefined] : [undefined, 'yes']);
    }
  }
  assert.equal(stage.upstream.requests.length, 1);
});

test('what is fetched anew in the background is what the filters had made of the request', async (t) => {
  const stage = await play(t, {
    ...withFilters(t, [
      onRequest(`
        gw.cache.ttl(1)
        req:set_header("x-bot-id", "bot_2")
        req:set_header("x-team", "red")
        if req.query.moved then req:set_path("/v1/chat/messages") req:set_query("b=2") end`),
    ], {
      profiles: [{ name: 'support', credential: 'team', workspace_id: 'wkspace_1', bot_id: 'bot_1', bots: ['bot_2'] }],
    }),
  });
  let count = 0;
  stage.upstream.on('GET', (request) => ({
    json: { seen: [request.target, request.header('x-bot-id'), request.header('x-team')], count: ++count },
    headers: { 'Cache-Control': 'max-age=1, stale-while-revalidate=600' },
  }));
  for (const [target, sent] of [[`${USERS}?a=1`, `${USERS}?a=1`], [`${USERS}?moved=1`, '/v1/chat/messages?b=2']]) {
    const ask = async () => (await stage.ask('GET', target)).json;
    const first = await ask();
    assert.deepEqual(first.seen, [sent, 'bot_2', 'red']);
    let last = first;
    await eventually(async () => (last = await ask()).count > first.count, 'it is fetched anew');
    assert.deepEqual(last.seen, first.seen, target);
  }
  for (const request of stage.upstream.requests) assert.equal(request.header('x-bot-id'), 'bot_2');
});
