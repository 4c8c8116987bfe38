// What is kept, for whom: hub answers for all, private ones for one identity, the rest never.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { BOT, countTargets, HUB, HUB_LIST } from './support/counting.js';
import { slowness } from './support/deadline.js';
import { command } from './support/gateway.js';
import { play, troublePlay } from './support/play.js';

const PROFILES = {
  env: { OTHER_TOKEN: 'bp_pat_the_token_of_another_0123456789' },
  settings: {
    credentials: [{ name: 'team', token: 'env:BOTPRESS_TOKEN' }, { name: 'other', token: 'env:OTHER_TOKEN' }],
    profiles: [
      { name: 'one', credential: 'team', workspace_id: 'wkspace_1', bot_id: 'bot_1' },
      { name: 'two', credential: 'other', workspace_id: 'wkspace_2', bot_id: 'bot_2', bots: ['bot_1'] },
      { name: 'three', credential: 'other', workspace_id: 'wkspace_3', bot_id: 'bot_3' },
    ],
  },
  keys: [
    { name: 'first', profile: 'one' },
    { name: 'second', profile: 'two' },
    { name: 'third', profile: 'three' },
  ],
};

const asKey = (stage, name, more = {}) => ({
  headers: { authorization: `Bearer ${stage.gateway.keys[name]}`, ...more },
});

test('a hub answer is one for callers with other keys, workspaces and ids', async (t) => {
  const stage = await play(t, PROFILES);
  countTargets(stage.upstream, [HUB]);
  const first = await stage.ask('GET', HUB, asKey(stage, 'first', { 'x-bot-id': 'bot_1' }));
  const second = await stage.ask('GET', HUB, asKey(stage, 'second', { 'x-bot-id': 'bot_9', 'x-odd': '1' }));
  const third = await stage.ask('GET', HUB, asKey(stage, 'third', { 'x-workspace-id': 'wkspace_9', 'x-integration-id': 'int_1' }));
  assert.equal(first.status, 200, first.text);
  assert.equal(third.text, first.text);
  assert.match(first.header('cache-status'), /^bpgate; fwd=uri-miss/);
  assert.equal(second.text, first.text);
  assert.match(second.header('cache-status'), /^bpgate; hit; ttl=3\d\d\d/);
  assert.ok(second.header('age'));
  assert.equal(stage.upstream.requests.length, 1);
});

test('nothing of the caller goes along that is not in the key of a shared answer', async (t) => {
  const stage = await play(t);
  countTargets(stage.upstream, [HUB]);
  await stage.ask('GET', HUB, { headers: { 'x-odd': '1', 'accept-language': 'de', cookie: 'a=b', 'x-forwarded-host': 'evil' } });
  const [request] = stage.upstream.requests;
  for (const name of ['x-odd', 'accept-language', 'cookie', 'x-forwarded-host', 'x-bot-id']) {
    assert.equal(request.header(name), undefined, name);
  }
});

test('what a bot has installed is never shared, however the parameter is written', async (t) => {
  const stage = await play(t, PROFILES);
  countTargets(stage.upstream, [HUB_LIST]);
  for (const name of ['installedByBotId', 'installedByBotId[]', '%69nstalledByBotId', 'InstalledByBotID', 'a=1;installedByBotId']) {
    const target = `${HUB_LIST}?${name}=bot_1`;
    const one = await stage.ask('GET', target, asKey(stage, 'first'));
    const two = await stage.ask('GET', target, asKey(stage, 'second'));
    assert.equal(one.json.count, 1, one.text);
    assert.equal(two.json.count, 2, two.text);
    assert.doesNotMatch(two.header('cache-status') ?? '', /hit/);
  }
});

test('a private answer is for one identity, and fields that go along are in its key', async (t) => {
  const stage = await play(t, PROFILES);
  countTargets(stage.upstream, ['/v1/admin/bots']);
  const count = async (name, more) => (await stage.ask('GET', '/v1/admin/bots', asKey(stage, name, more))).json;
  assert.deepEqual((await count('first')).ids[2], 'wkspace_1');
  assert.deepEqual((await count('second')).ids[2], 'wkspace_2');
  assert.deepEqual((await count('first')).ids[2], 'wkspace_1');
  assert.deepEqual((await count('second')).ids[2], 'wkspace_2');
  await count('first', { 'x-odd': '1' });
  assert.equal(stage.upstream.requests.at(-1).header('x-odd'), '1');
});

test('no operation of conversations, files or tables is ever kept, nor what else has no class, whatever they say', async (t) => {
  const { stdout } = await command(['routes', '--json']);
  const gets = JSON.parse(stdout).filter(({ method }) => method === 'GET');
  for (const { service, name, cache } of gets) {
    if (['runtime', 'files', 'tables'].includes(service)) assert.equal(cache, null, name);
  }
  const never = gets.filter(({ cache }) => cache === null);
  const stage = await play(t, { keys: [{ operations: never.map(({ name }) => name) }] });
  const targets = never.map(({ path }) => path.replace('workspaces/{id}', 'workspaces/wkspace_1').replaceAll(/\{\w+\}/g, 'bot_1'));
  countTargets(stage.upstream, [''], { headers: { 'cache-control': 'public, max-age=3600', etag: '"v1"' } });
  for (const target of targets) {
    for (let i = 1; i <= 2; i++) {
      const response = await stage.ask('GET', target);
      assert.equal(response.json?.count, i, `${target}: ${response.text}`);
      assert.equal(response.header('cache-status'), undefined);
    }
  }
  t.diagnostic(`${targets.length} operations`);
  assert.ok(targets.length > 40);
});

for (const [what, headers] of Object.entries({
  'no-store': { 'cache-control': 'no-store' },
  'private': { 'cache-control': 'private, max-age=60' },
  'Set-Cookie': { 'set-cookie': 'a=b', 'cache-control': 'max-age=60' },
})) {
  test(`a hub answer with ${what} is not kept`, async (t) => {
    const stage = await play(t);
    countTargets(stage.upstream, [HUB], { headers });
    assert.equal((await stage.ask('GET', HUB)).json.count, 1);
    assert.equal((await stage.ask('GET', HUB)).json.count, 2);
  });
}

const MIB = 1024 * 1024;
const NOT_KEPT = {
  'cut off': { json: { is: 'half' }, cutBodyAt: 5 },
  'shorter than it says': { json: { is: 'short' }, claimLength: 1000, thenClose: true },
  'cut off in its chunks': { body: '{"is":"half"}', framing: 'chunked', cutBodyAt: 9 },
  'larger than an object may be': { json: { is: 'x'.repeat(MIB) } },
  'larger than that, in chunks': { pieces: ['[', ...Array(20).fill('1,'.repeat(32 * 1024)), '1]'], framing: 'chunked' },
};
for (const [what, order] of Object.entries(NOT_KEPT)) {
  test(`a hub answer that is ${what} is not kept`, async (t) => {
    const stage = await troublePlay(t);
    stage.upstream.on(`GET ${HUB}`, order);
    await stage.ask('GET', HUB).catch(() => {});
    const before = stage.upstream.requestsTo(`GET ${HUB}`).length;
    countTargets(stage.upstream, [HUB]);
    assert.equal((await stage.ask('GET', HUB)).json.count, 1);
    assert.equal(stage.upstream.requestsTo(`GET ${HUB}`).length, before + 1);
  });
}

test('an answer that grows without end when it is decoded is not decoded', async (t) => {
  const stage = await play(t);
  stage.upstream.on(`GET ${HUB}`, { body: gzipSync(Buffer.alloc(64 * MIB)), headers: { 'content-encoding': 'gzip' } });
  assert.equal((await stage.ask('GET', HUB, { headers: { 'accept-encoding': 'gzip' } })).status, 200);
  for (let i = 0; i < 20; i++) {
    const response = await stage.ask('GET', HUB, { headers: { 'accept-encoding': 'identity' } });
    assert.ok(response.body.length < MIB, 'it comes as it is, from upstream');
  }
  const resident = Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${stage.gateway.pid}/status`, 'latin1'))[1]) / 1024;
  t.diagnostic(`${resident.toFixed(0)} MiB resident`);
  if (slowness === 1) assert.ok(resident < 120, `${resident}`);
});

test('the order of query parameters is no difference, their repetition is', async (t) => {
  const stage = await play(t);
  countTargets(stage.upstream, [HUB_LIST]);
  const hit = async (query) => /hit/.test((await stage.ask('GET', `${HUB_LIST}?${query}`)).header('cache-status'));
  assert.equal(await hit('a=1&b=2'), false);
  assert.equal(await hit('b=2&a=1'), true);
  assert.equal(await hit('a=1&a=2'), false);
  assert.equal(await hit('a=2&a=1'), false);
  assert.equal(await hit('A=1&b=2'), false);
});

test('many at once for one cold hub entry are one request a worker', async (t) => {
  const stage = await play(t, { settings: { workers: 2 } });
  stage.upstream.on(`GET ${HUB}`, { delay: 500, json: { is: 'here' } });
  const asked = Array.from({ length: 200 }, () => stage.ask('GET', HUB));
  for (const response of await Promise.all(asked)) assert.equal(response.json.is, 'here');
  assert.ok(stage.upstream.requests.length <= 2, `${stage.upstream.requests.length} requests`);
});

test('a bot is kept for seconds', async (t) => {
  const stage = await play(t);
  countTargets(stage.upstream, [BOT]);
  assert.equal((await stage.ask('GET', BOT)).json.count, 1);
  const again = await stage.ask('GET', BOT);
  assert.equal(again.json.count, 1);
  assert.match(again.header('cache-status'), /hit; ttl=1\d/);
  assert.equal((await stage.ask('HEAD', BOT)).header('cache-status').slice(0, 11), 'bpgate; hit');
});
