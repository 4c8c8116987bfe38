// Filters that change the bodies of answers: once, before they are stored, so that nothing that they take
// out is kept or told anywhere.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync, gzipSync, deflateSync, brotliCompressSync } from 'node:zlib';
import { BOT, until } from './support/counting.js';
import { eventually, pause } from './support/deadline.js';
import { onBody, onResponse, shipped, withFilters } from './support/filters.js';
import { command, startGateway } from './support/gateway.js';
import { assertProblem, play } from './support/play.js';
import { ask } from './support/raw.js';
import { startRedis } from './support/redis.js';

const FILTER_FAILED = /filter_failed|filter_set_aside/;
const USERS = '/v1/chat/users';
const HUB = '/v1/admin/hub/integrations';
const SECRET = 'sEcReT-value-that-must-not-leave';
const REDACT = (options) => ({ file: shipped('redact_secrets'), ...(options && { options }) });
const PLAIN = { headers: { 'accept-encoding': 'identity' } };
const GZIP = { headers: { 'accept-encoding': 'gzip' } };

/** All that facts.md §10 lists, in the answers where it stands. */
const integrations = (kind) => ({
  [kind]: {
    enabled: true,
    name: 'slack',
    webhookUrl: `https://webhook.botpress.cloud/${SECRET}1`,
    webhookId: `${SECRET}2`,
    configuration: { apiKey: `${SECRET}3`, nested: [{ token: `${SECRET}4` }] },
  },
});
const bot = (kind) => ({
  id: 'bot_1',
  name: 'Bot',
  signingSecret: `${SECRET}5`,
  configuration: { data: { key: `${SECRET}6` }, schema: {} },
  integrations: integrations(kind),
});
const ANSWERS = {
  [`GET ${BOT}`]: { bot: bot('intver_1') },
  [`PUT ${BOT}`]: { bot: bot('alias') },
  'POST /v1/admin/bots': { bot: bot('intver_2') },
  'GET /v1/admin/bots': { bots: [bot('intver_1')], meta: {} },
  'GET /v1/admin/integrations/int_1': { integration: { signingSecret: `${SECRET}7`, secrets: ['NAME'], identifier: { extractScript: `${SECRET}8` } } },
  [`POST ${BOT}/signing-secrets/rotate`]: { newSigningSecret: `${SECRET}9` },
  'POST /v1/admin/account/pats': { pat: { id: 'pat_1', value: `${SECRET}a` } },
  'POST /v1/admin/bots/baks': { id: 'bak_1', value: `${SECRET}b` },
  'POST /v1/admin/integrations/iaks': { id: 'iak_1', value: `${SECRET}c` },
  'POST /v2/billing/payment-methods/intent': { clientSecret: `${SECRET}d` },
  'GET /v1/admin/hub/integrations': { integrations: [{ id: 'int_1', signingSecret: `${SECRET}f` }], meta: {} },
  'GET /v1/files/file_1': { file: { id: 'file_1', url: `https://files/${SECRET}e` } },
};
const MINTS = ['all', 'createPersonalAccessToken', 'createBotApiKey', 'createIntegrationApiKey', 'rotateBotSigningSecrets', 'createPaymentMethodIntent'];

async function askAll(stage, { headers }) {
  const options = { headers: { 'x-workspace-id': 'wkspace_1', ...headers } };
  for (const line of Object.keys(ANSWERS)) {
    const [method, target] = line.split(' ');
    const isWrite = method !== 'GET';
    const answer = await stage.ask(method, target, { ...options, ...(isWrite && { body: '{}' }) });
    assert.equal(answer.status, 200, `${line}: ${answer.text}`);
    const coding = answer.header('content-encoding');
    const text = coding === 'gzip' ? gunzipSync(answer.body).toString() : answer.text;
    assert.ok(!text.includes('sEcReT'), `${line}: ${text}`);
    assert.ok(JSON.parse(text), line);
  }
}

for (const coding of [PLAIN, GZIP]) {
  const name = coding.headers['accept-encoding'];
  test(`redaction takes every secret out of every answer, ${name}, with aliases too`, async (t) => {
    const redis = await startRedis(t);
    const stage = await play(t, {
      ...withFilters(t, [REDACT()], {
        redis: { url: redis.url },
        cache: { redis_private: true },
        profiles: [{ name: 'support', credential: 'team' }], // minting needs one without restriction
      }),
      keys: [{ operations: MINTS }],
      announces: [/redis/],
    });
    stage.gateway.keepSecret(SECRET);
    const longerLast = Object.entries(ANSWERS).sort(([a], [b]) => a.length - b.length);
    for (const [line, json] of longerLast) stage.upstream.on(line, { json, gzip: name === 'gzip' });
    await askAll(stage, coding);
    await askAll(stage, { headers: { ...coding.headers, 'x-multiple-integrations': 'true' } });
    await askAll(stage, coding);
    const { bot: seen } = JSON.parse((await stage.ask('GET', BOT, { headers: { ...PLAIN.headers, 'x-workspace-id': 'wkspace_1' } })).text);
    assert.equal(seen.signingSecret, '***');
    assert.deepEqual(seen.integrations.intver_1.configuration, {});
    assert.equal(seen.name, 'Bot');
    const kept = async () => {
      const keys = await redis.command('KEYS', 'bpgate:*');
      const values = await Promise.all(keys.map((key) => redis.command('GET', key).catch(() => '')));
      return values.join('\n');
    };
    assert.ok(await until(async () => (await kept()).includes('***')), 'what was redacted is in Redis');
    assert.ok(!(await kept()).includes('sEcReT'), 'and no secret');
  });
}

test('redaction holds for bodies cut into any pieces, and leaves uploadUrl alone', async (t) => {
  const stage = await play(t, withFilters(t, [REDACT()]));
  stage.gateway.keepSecret(SECRET);
  const body = JSON.stringify({ file: { uploadUrl: 'https://up/?x=1', url: `https://down/${SECRET}` }, newSigningSecret: SECRET });
  const expected = body.replaceAll(`"https://down/${SECRET}"`, '"***"').replaceAll(`"${SECRET}"`, '"***"');
  for (const framing of ['length', 'chunked', 'close']) {
    for (const size of [1, 7, 64]) {
      const pieces = body.match(new RegExp(`.{1,${size}}`, 'gs'));
      stage.upstream.next('PUT /v1/files', { pieces, framing, headers: { 'content-type': 'application/json' } });
      const answer = await stage.ask('PUT', '/v1/files', { body: '{}' });
      assert.equal(answer.text, expected, `${framing}, ${size}`);
    }
  }
  const zipped = gzipSync(body);
  for (let at = 1; at < zipped.length; at += 9) {
    const pieces = [zipped.subarray(0, at), zipped.subarray(at)];
    stage.upstream.next('PUT /v1/files', { pieces, framing: 'chunked', headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } });
    const answer = await stage.ask('PUT', '/v1/files', { body: '{}', ...GZIP });
    const text = answer.header('content-encoding') ? gunzipSync(answer.body).toString() : answer.text;
    assert.equal(text, expected, `cut at ${at}`);
  }
});

test('an answer that is cut, or no JSON, or in an unknown coding, tells nothing', async (t) => {
  const stage = await play(t, { ...withFilters(t, [REDACT()]), announces: [FILTER_FAILED, /upstream/] });
  stage.gateway.keepSecret(SECRET);
  const json = { 'content-type': 'application/json' };
  const whole = JSON.stringify({ signingSecret: SECRET });
  const orders = [
    { json: { signingSecret: SECRET }, cutBodyAt: 20 },
    { body: whole.slice(0, -1), headers: json },
    { body: `{"signingSecret":"${SECRET}"}}`, headers: json },
    { pieces: [brotliCompressSync(whole)], headers: { ...json, 'content-encoding': 'br' } },
    { pieces: [gzipSync(whole).subarray(0, 30)], headers: { ...json, 'content-encoding': 'gzip' } },
    { status: 206, body: whole, headers: { ...json, 'content-range': 'bytes 0-40/100' } },
  ];
  for (const order of orders) {
    stage.upstream.next(`POST ${USERS}`, order);
    const answer = await stage.ask('POST', USERS, { body: '{}' });
    assert.ok(answer.status >= 500, `${answer.status}`);
    assert.ok(!answer.text.includes('sEcReT'), answer.text);
  }
  stage.upstream.next(`POST ${USERS}`, { pieces: [deflateSync(whole)], headers: { ...json, 'content-encoding': 'deflate' } });
  assert.equal((await stage.ask('POST', USERS, { body: '{}' })).text, '{"signingSecret":"***"}');
  stage.upstream.next(`POST ${USERS}`, { status: 409, json: { id: 'err_1', code: 409, type: 'AlreadyExists', message: 'x', metadata: { signingSecret: SECRET } } });
  const problem = await stage.ask('POST', USERS, { body: '{}' });
  assert.equal(problem.json.metadata.signingSecret, '***');
  assert.equal(problem.status, 409);
});

test('the upstream is asked for the whole, and no tag of its bytes comes down', async (t) => {
  const stage = await play(t, withFilters(t, [REDACT()]));
  stage.upstream.on('GET', {
    json: { signingSecret: SECRET },
    headers: { ETag: '"theirs"', 'Last-Modified': 'Mon, 01 Jan 2024 00:00:00 GMT', 'Accept-Ranges': 'bytes', 'Content-MD5': 'x' },
  });
  for (const target of [USERS, BOT]) {
    const headers = { range: 'bytes=0-20', 'if-none-match': '"theirs"', 'accept-encoding': 'br, gzip' };
    const answer = await stage.ask('GET', target, { headers });
    assert.equal(answer.status, 200, target);
    const sent = stage.upstream.requestsTo(`GET ${target}`).at(-1);
    for (const name of ['range', 'if-none-match', 'if-range']) assert.equal(sent.header(name), undefined, name);
    assert.equal(sent.header('accept-encoding'), 'gzip');
    for (const name of ['last-modified', 'accept-ranges', 'content-md5']) assert.equal(answer.header(name), undefined, name);
    assert.notEqual(answer.header('etag'), '"theirs"');
    const length = JSON.stringify({ signingSecret: '***' }).length;
    assert.equal(answer.header('content-length'), `${length}`);
  }
  const head = await stage.ask('HEAD', USERS);
  assert.equal(head.header('content-length'), undefined);
  assert.equal(head.header('etag'), undefined);
});

test('what is stored is what the filters have made: hits, conditions, ranges, HEAD', async (t) => {
  const stage = await play(t, withFilters(t, [onBody('local b = res:json() b.seen = (b.seen or 0) + 1 res:set_json(b)')]));
  let count = 0;
  stage.upstream.on(`GET ${HUB}`, () => ({ json: { count: ++count }, headers: { ETag: '"theirs"' } }));
  const first = await stage.ask('GET', HUB, PLAIN);
  const hit = await stage.ask('GET', HUB, PLAIN);
  assert.match(hit.header('cache-status'), /; hit/);
  assert.deepEqual([first.json, hit.json], [{ count: 1, seen: 1 }, { count: 1, seen: 1 }]);
  const tag = hit.header('etag');
  assert.ok(tag && tag !== '"theirs"', 'a tag of the gateway');
  const same = await stage.ask('GET', HUB, { headers: { ...PLAIN.headers, 'if-none-match': tag } });
  assert.equal(same.status, 304);
  const theirs = await stage.ask('GET', HUB, { headers: { ...PLAIN.headers, 'if-none-match': '"theirs"' } });
  assert.equal(theirs.status, 200);
  const part = await stage.ask('GET', HUB, { headers: { ...PLAIN.headers, range: 'bytes=0-3' } });
  assert.deepEqual([part.status, part.text], [206, hit.text.slice(0, 4)]);
  const head = await stage.ask('HEAD', HUB, PLAIN);
  assert.equal(head.header('content-length'), `${hit.text.length}`);
  assert.equal(count, 1);
});

test('callers of other filters share no answer, those of the same do', async (t) => {
  const stage = await play(t, {
    ...withFilters(t, [{ lua: onBody('res:edit({paths = {"a"}, with = "-"})'), keys: ['masked', 'too'] }]),
    keys: [{ name: 'masked' }, { name: 'too' }, { name: 'open' }],
  });
  let count = 0;
  stage.upstream.on(`GET ${HUB}`, () => ({ json: { a: 'x', count: ++count } }));
  const of = async (name) => (await stage.ask('GET', HUB, { headers: { Authorization: `Bearer ${stage.gateway.keys[name]}` } })).json;
  assert.deepEqual(await of('masked'), { a: '-', count: 1 });
  assert.deepEqual(await of('open'), { a: 'x', count: 2 });
  assert.deepEqual(await of('too'), { a: '-', count: 1 });
  assert.deepEqual(await of('open'), { a: 'x', count: 2 });
});

test('many who wait for one fetch get what the filters have made of it', async (t) => {
  const stage = await play(t, withFilters(t, [REDACT()]));
  let open;
  const gate = new Promise((resolve) => (open = resolve));
  stage.upstream.on(`GET ${HUB}`, () => ({ json: { signingSecret: SECRET }, hold: gate, gzip: true }));
  const asked = Array.from({ length: 20 }, (_, i) => stage.ask('GET', HUB, i % 2 ? GZIP : PLAIN));
  await stage.upstream.arrival(`GET ${HUB}`);
  await pause(50);
  open();
  for (const answer of await Promise.all(asked)) {
    const text = answer.header('content-encoding') ? gunzipSync(answer.body).toString() : answer.text;
    assert.equal(JSON.parse(text).signingSecret, '***');
  }
});

test('a stale answer that is refreshed in the background goes through the filters too', async (t) => {
  const stage = await play(t, withFilters(t, [REDACT()]));
  let count = 0;
  stage.upstream.on(`GET ${HUB}`, () => ({
    json: { signingSecret: SECRET, count: ++count },
    headers: { 'Cache-Control': 'max-age=1, stale-while-revalidate=60' },
  }));
  const seen = async () => (await stage.ask('GET', HUB)).json;
  assert.deepEqual(await seen(), { signingSecret: '***', count: 1 });
  assert.ok(await until(async () => (await seen()).count > 1), 'it is refreshed');
  assert.equal((await seen()).signingSecret, '***');
});

test('a body that is too long for filters ends the request, or passes and is not stored', async (t) => {
  const lua = 'res:edit({paths = {"a"}, with = "-"})';
  const big = { a: 'x', fill: 'y'.repeat(200_000) };
  for (const on_error of ['closed', 'open']) {
    const stage = await play(t, {
      ...withFilters(t, [{ lua: onBody(lua), on_error }], { filter_limits: { body: '64KiB' } }),
      announces: [FILTER_FAILED],
    });
    for (const framing of ['length', 'chunked', 'close']) {
      for (const target of [HUB, USERS]) {
        stage.upstream.next(`GET ${target}`, { json: big, framing });
        const answer = await stage.ask('GET', target);
        if (on_error === 'closed') assertProblem(answer, { status: 500, type: 'Internal' }, /was carried out.* ask for less.*filter_limits\.body/);
        else assert.deepEqual(answer.json, big, `${framing} ${target}`);
      }
    }
    const bomb = gzipSync(JSON.stringify({ a: 'x'.repeat(10_000_000) }));
    stage.upstream.next(`GET ${USERS}`, { pieces: [bomb], headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } });
    assert.equal((await stage.ask('GET', USERS, GZIP)).status, on_error === 'closed' ? 500 : 200);
    stage.upstream.next(`GET ${HUB}`, { json: { a: 'x' } });
    assert.deepEqual((await stage.ask('GET', HUB)).json, { a: '-' }, 'what passed was not stored');
  }
});

test('what is no JSON passes as it comes, streams too', async (t) => {
  const stage = await play(t, withFilters(t, [REDACT()]));
  const text = `{"signingSecret":"x"}\n`;
  stage.upstream.on('POST /v2/cognitive', { pieces: [text, text], framing: 'chunked', between: 20, headers: { 'content-type': 'application/x-ndjson' } });
  assert.equal((await stage.ask('POST', '/v2/cognitive/generate-text-stream', { body: '{}' })).text, text + text);
  stage.upstream.next(`GET ${USERS}`, { body: text, headers: { 'content-type': 'text/csv', ETag: '"x"' } });
  const csv = await stage.ask('GET', USERS);
  assert.deepEqual([csv.text, csv.header('etag')], [text, '"x"']);
  stage.upstream.next(`DELETE ${USERS}/u`, { status: 204 });
  assert.equal((await stage.ask('DELETE', `${USERS}/u`, { body: '{}' })).status, 204);
});

test('a filter that changes a body is not told whom it is for', async (t) => {
  for (const field of ['key', 'profile', 'address', 'id', 'bot']) {
    const stage = await play(t, { ...withFilters(t, [onBody(`return res.${field}`)]), announces: [FILTER_FAILED] });
    assert.equal((await stage.ask('GET', HUB)).status, 500);
    const told = await stage.gateway.event((event) => event.event === 'filter_failed');
    assert.match(told.reason, /filter0\.lua:2: .*for all who get the answer/);
    stage.upstream.on('GET', { json: {} });
  }
});

test('filters of one body run in their order, before those of heads', async (t) => {
  const add = (letter) => onBody(`local b = res:json() b.s = b.s .. "${letter}" res:set_json(b) res:set_header("x-${letter}", b.s)`);
  const stage = await play(t, withFilters(t, [add('a'), onResponse('res:set_header("x-c", res.headers["x-b"])'), add('b')]));
  stage.upstream.on('GET', { json: { s: '' } });
  for (let i = 0; i < 2; i++) {
    const answer = await stage.ask('GET', HUB);
    assert.equal(answer.json.s, 'ab');
    assert.deepEqual(['x-a', 'x-b', 'x-c'].map((name) => answer.header(name)), ['a', 'ab', 'ab']);
  }
});

test('another gateway with other filters does not share through Redis', async (t) => {
  const redis = await startRedis(t);
  const stage = await play(t, { ...withFilters(t, [REDACT()], { redis: { url: redis.url } }), announces: [/redis/] });
  const names = Array.from({ length: 40 }, (_, i) => `${HUB}?i=${i}`);
  stage.upstream.on(`GET ${HUB}`, () => ({ json: { signingSecret: 'x' } }));
  await stage.gateway.event(({ event, purpose }) => event === 'redis_up' && purpose === 'cache');
  for (const name of names) assert.equal((await stage.ask('GET', name)).json.signingSecret, '***');
  await eventually(async () => (await redis.command('KEYS', 'bpgate:c:*')).length === names.length, 'all are in Redis');

  // What a gateway of these filters is given for each name, and whether it was found in Redis.
  const given = async (filters) => {
    const other = await startGateway(t, stage.upstream, { settings: { redis: { url: redis.url }, ...filters } });
    other.announce(/redis/);
    t.after(() => other.stop());
    await other.event(({ event, purpose }) => event === 'redis_up' && purpose === 'cache');
    const answers = [];
    for (const name of names) answers.push(await ask(t, other, 'GET', name));
    return answers.map((answer) => [answer.json.signingSecret, /detail=redis/.test(answer.header('cache-status'))]);
  };
  // At first it has not read of the writes elsewhere, and trusts nothing that was kept before.
  const same = await given(withFilters(t, [REDACT()]).settings);
  assert.ok(same.every(([secret]) => secret === '***'));
  assert.ok(same.at(-1)[1], 'those of the same filters share');
  assert.deepEqual(new Set((await given({})).map(String)), new Set(['x,false']));
  assert.deepEqual(new Set((await given(withFilters(t, [REDACT({ with: '-' })]).settings)).map(String)), new Set(['-,false']));
});

test('the shipped filters do their work in front of the official client, gzip answers included', async (t) => {
  const stage = await play(t, {
    ...withFilters(t, [
      { file: shipped('read_only_key'), keys: ['qa'] },
      { file: shipped('business_hours'), operations: ['delete*'], options: { days: [] } },
      { file: shipped('tag_requests'), options: { request: { 'x-team': '{key}' }, response: { 'x-served': '{operation}' } } },
      { file: shipped('blue_green'), options: { blue: 'bot_1', green: 'bot_2', percent: 100 } },
      { file: shipped('mask_emails') },
      REDACT(),
    ], {
      profiles: [{ name: 'support', credential: 'team', workspace_id: 'wkspace_1', bot_id: 'bot_1', bots: ['bot_2'] }],
    }),
    keys: [{ name: 'dev' }, { name: 'qa' }],
  });
  stage.gateway.keepSecret(SECRET);
  stage.upstream.on(`GET ${USERS}/u1`, { json: { user: { id: 'u1', name: 'Ann <ann@example.com>', tags: { mail: 'a@b.io' } } }, gzip: true });
  const { user } = await stage.client.getUser({ id: 'u1' });
  assert.deepEqual(user, { id: 'u1', name: 'Ann <***@***>', tags: { mail: '***@***' } });
  const sent = stage.upstream.requests[0];
  assert.deepEqual([sent.header('x-team'), sent.header('x-bot-id')], ['dev', 'bot_2']);
  stage.upstream.on(`GET ${BOT}`, { json: { bot: bot('alias') }, gzip: true });
  const seen = (await stage.client.getBot({ id: 'bot_1' })).bot;
  assert.deepEqual([seen.signingSecret, seen.integrations.alias.webhookUrl], ['***', '***']);
  await assert.rejects(stage.client.deleteUser({ id: 'u1' }), { type: 'Forbidden', message: /deleteUser is allowed from/ });
  const qa = { headers: { Authorization: `Bearer ${stage.gateway.keys.qa}` } };
  assertProblem(await stage.ask('POST', USERS, { ...qa, body: '{}' }), { status: 403, type: 'Forbidden' }, /read-only/);
  assert.equal((await stage.ask('GET', USERS, qa)).header('x-served'), 'listUsers');
});

test('the tests of the shipped filters pass, and a test that fails is told', async (t) => {
  const good = await command(['filter', 'test', shipped('').replace(/\/\.lua$/, '')]);
  assert.equal(good.code, 0, good.stdout);
  assert.match(good.stdout, /^\d\d passed, 0 failed$/m);
  const { settings } = withFilters(t, [{ lua: 'return {on_request = function(req, gw) req:set_header("x-a", "b") end}' }]);
  const { writeFileSync } = await import('node:fs');
  const folder = settings.filters[0].file.replace(/\/[^/]*$/, '');
  writeFileSync(`${folder}/x_test.lua`, 'return {["it is c"] = function() t.equal(t.load("filter0.lua"):request{}.headers["x-a"], "c") end}');
  const bad = await command(['filter', 'test', folder]);
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /FAILED: .*x_test\.lua: it is c: .*x_test\.lua:1: b is not c/);
  assert.match(bad.stdout, /^0 passed, 1 failed$/m);
  assert.equal((await command(['filter', 'test', '/nowhere'])).code, 1);
  assert.match((await command(['filter', 'check', settings.filters[0].file])).stdout, /^ok: .*filter0\.lua, on_request, on_error closed/);
  writeFileSync(`${folder}/bad.lua`, 'return {\n');
  const broken = await command(['filter', 'check', `${folder}/bad.lua`]);
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /bad\.lua:2: /);
});
