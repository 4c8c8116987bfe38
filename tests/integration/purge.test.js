// Purging the cache: by tag, URL, operation or all, over HTTP and with `bpgate purge`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADMIN, adminOf, purge } from './support/admin.js';
import { command, writeConfiguration } from './support/gateway.js';
import { play } from './support/play.js';

const EXACT = '/v1/admin/hub/integrations/gmail/1.0.0';
const LIST = '/v1/admin/hub/integrations?limit=5';
const BOT = '/v1/admin/bots/bot_1';
const TARGETS = [EXACT, LIST, BOT];
const SECRET = 'admin_secret_0123456789';

/** A play whose upstream counts: each answer says how often its target was asked for. */
async function countingPlay(t, options = {}) {
  const stage = await play(t, { ...options, settings: { ...ADMIN, ...options.settings } });
  const counts = new Map();
  const answer = ({ target }) => {
    counts.set(target, (counts.get(target) ?? 0) + 1);
    return { json: { target, count: counts.get(target) } };
  };
  for (const target of TARGETS) stage.upstream.on(`GET ${target.split('?')[0]}`, answer);
  const countOf = async (target) => (await stage.ask('GET', target)).json.count;
  return { ...stage, countOf };
}

/** Which of the targets have to be asked for anew. */
async function purgedOf(countOf) {
  const fresh = [];
  for (const target of TARGETS) if ((await countOf(target)) > 1) fresh.push(target);
  return fresh;
}

async function warm(countOf) {
  for (const target of TARGETS) {
    assert.equal(await countOf(target), 1);
    assert.equal(await countOf(target), 1, `${target} is kept`);
  }
}

const CASES = {
  'a tag': [{ tags: ['bot:bot_1'] }, [BOT], { tags: 1 }],
  'a URL': [{ urls: [LIST] }, [LIST], { urls: 1 }],
  'a whole URL': [{ urls: [`https://api.botpress.cloud${EXACT}`] }, [EXACT], { urls: 1 }],
  'an operation': [{ operations: ['listPublicIntegrations'] }, [LIST], { operations: 1 }],
  'operations by a pattern': [{ operations: ['getPublicI*', 'getBot'] }, [EXACT, BOT]],
  'all': [{ all: true }, TARGETS, { all: true }],
  'what is not there': [{ tags: ['bot:bot_2'], urls: ['/v1/x'] }, [], { tags: 1, urls: 1 }],
};

for (const [what, [body, wanted, counts]] of Object.entries(CASES)) {
  for (const hard of [false, true]) {
    test(`${what}, ${hard ? 'hard' : 'soft'}: this and nothing else is fetched anew`, async (t) => {
      const { gateway, countOf } = await countingPlay(t);
      await warm(countOf);
      const response = await purge(t, gateway, { ...body, hard });
      assert.equal(response.status, 200, response.text);
      if (counts) {
        const none = { tags: 0, urls: 0, operations: 0, all: false };
        assert.deepEqual(response.json, { purged: { ...none, ...counts }, hard });
      }
      assert.deepEqual(await purgedOf(countOf), wanted);
    });
  }
}

test('what is purged softly helps while the upstream fails, what is purged hard does not', async (t) => {
  const { ask, gateway, upstream, countOf } = await countingPlay(t, {
    settings: { upstream: { retries: 0, breaker: { enabled: false } } },
    announces: [/upstream/],
  });
  await warm(countOf);
  await purge(t, gateway, { operations: ['getPublicIntegration'] });
  upstream.next(`GET ${EXACT}`, { status: 503, body: 'no' });
  const helped = await ask('GET', EXACT);
  assert.equal(helped.status, 200, helped.text);
  assert.equal(helped.json.count, 1);
  await purge(t, gateway, { operations: ['getPublicIntegration'], hard: true });
  upstream.next(`GET ${EXACT}`, { status: 503, body: 'no' });
  assert.equal((await ask('GET', EXACT)).status, 503);
});

test('all workers hear of a purge', async (t) => {
  const { gateway, countOf } = await countingPlay(t, { settings: { workers: 3 } });
  assert.equal(await countOf(EXACT), 1);
  await purge(t, gateway, { all: true, hard: true });
  const counts = new Set();
  for (let i = 0; i < 20; i += 1) counts.add(await countOf(EXACT));
  assert.deepEqual([...counts], [2]);
});

test('bpgate purge asks the running gateway', async (t) => {
  const { gateway, countOf } = await countingPlay(t);
  await warm(countOf);
  const { url } = adminOf(gateway);
  const some = await command(['purge', '--admin', url, '--tag', 'bot:bot_1', '--url', LIST, '--hard']);
  assert.equal(some.code, 0, some.stderr);
  assert.match(some.stdout, /^purged: 1 tag, 1 URL;/);
  assert.deepEqual(await purgedOf(countOf), [LIST, BOT]);
  const all = await command(['purge', '--admin', url, '--all']);
  assert.match(all.stdout, /^purged: everything;/);
  assert.equal(await countOf(EXACT), 2);
});

test('bpgate purge finds address and token in the settings file', async (t) => {
  const settings = { admin: { address: '127.0.0.1:0', token: 'env:ADMIN_TOKEN' } };
  const env = { ADMIN_TOKEN: SECRET };
  const { gateway, countOf } = await countingPlay(t, { settings, env });
  const address = adminOf(gateway).url.slice('http://'.length);
  const file = writeConfiguration(t, { admin: { ...settings.admin, address } });
  await warm(countOf);
  const good = await command(['purge', '--config', file, '--all'], { env });
  assert.equal(good.code, 0, good.stderr);
  assert.deepEqual(await purgedOf(countOf), TARGETS);

  const wrong = await command(['purge', '--config', file, '--all'], { env: { ADMIN_TOKEN: 'other' } });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /answered 401: The token is not that of admin\.token/);
  const url = ['--admin', adminOf(gateway).url];
  assert.equal((await command(['purge', ...url, '--all'])).code, 2);
  assert.equal((await command(['purge', ...url, '--all', '--token-from', 'env:ADMIN_TOKEN'], { env })).code, 0);
  for (const { stdout, stderr } of [good, wrong]) assert.ok(!(stdout + stderr).includes(SECRET));
});

test('bpgate purge says what is missing', async (t) => {
  const { gateway } = await play(t, { settings: ADMIN });
  const { url } = adminOf(gateway);
  const none = writeConfiguration(t, { workers: 1 });
  const free = writeConfiguration(t, ADMIN);
  const cases = [
    [[], 2, /needs --tag, --url, --operation or --all/],
    [['--all', '--config', none], 2, /has no admin listener; add `admin: \{address: 127\.0\.0\.1:9901\}`/],
    [['--all', '--config', free], 2, /any free port.*--admin URL/],
    [['--all', '--config', '/nowhere/bpgate.yaml'], 2, /\/nowhere\/bpgate\.yaml/],
    [['--all', '--config', none, '--admin', url], 2, /leave one/],
    [['--all', '--admin', 'https://127.0.0.1:1'], 2, /must be http:\/\//],
    [['--all', '--admin', '127.0.0.1:1'], 1, /http:\/\/127\.0\.0\.1:1 cannot be reached/],
    [['--all', '--admin', 'http://127.0.0.1:1'], 1, /Connection refused; is the gateway running/],
    [['--operation', 'getBots', '--admin', url], 2, /did you mean getBot\?/],
    [['--tag', '', '--admin', url], 2, /tags must be a list of texts, none of them empty/],
    [['--tag', 'x'.repeat(70_000), '--admin', url], 2, /purge in parts/],
    [['--all', '--admin', gateway.url], 2, /answered 40[0-9]/],
  ];
  for (const [args, code, saying] of cases) {
    const ended = await command(['purge', ...args]);
    assert.equal(ended.code, code, `${args.slice(0, 4)}: ${ended.stderr}`);
    assert.match(ended.stderr, saying);
    assert.equal(ended.stdout, '');
  }
});
