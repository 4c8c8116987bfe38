// Better an old answer than none: while it is fetched anew, and when the upstream fails.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BOT, countTargets, HUB, until } from './support/counting.js';
import { deferred, eventually, pause } from './support/deadline.js';
import { troublePlay } from './support/play.js';

const SHORT = { settings: { cache: { rules: [{ operations: ['hub'], ttl: '1s', stale: '7d' }] }, upstream: { timeouts: { first_byte: '300ms' } } } };

describe('stale answers', { concurrency: true }, () => {
  for (const [what, order] of Object.entries({
    'an error page': { status: 502, body: '<html>', type: 'text/html' },
    'a typed error': { status: 500, json: { code: 500, type: 'Internal', message: 'x', id: 'err_1' } },
    'too many requests': { status: 429, json: { code: 429, type: 'RateLimited', message: 'x', id: 'err_1' } },
    'a lost connection': { cutAt: 0 },
    'no answer in time': { stallAt: 0 },
    'half a head': { stallAt: 20 },
    'half a body of an error': { status: 503, body: 'x'.repeat(100), cutBodyAt: 50 },
    'too busy a service': { status: 503, json: { code: 503, type: 'Internal', message: 'x', id: 'err_1' } },
    'a gateway that waits in vain': { status: 504, body: '' },
  })) {
    test(`with ${what} upstream a hub answer comes stale`, async (t) => {
      const stage = await troublePlay(t, SHORT);
      countTargets(stage.upstream, [HUB]);
      assert.equal((await stage.ask('GET', HUB)).status, 200);
      await pause(2300);
      stage.upstream.on(`GET ${HUB}`, order);
      const stale = await stage.ask('GET', HUB);
      assert.equal(stale.status, 200, stale.text);
      assert.equal(stale.json.count, 1);
      assert.match(stale.header('cache-status'), /fwd=stale; .*detail=stale-if-error/);
      // It is back: one asks, and has it fresh.
      const counts = countTargets(stage.upstream, [HUB]);
      assert.equal((await stage.ask('GET', HUB)).header('cache-status').includes('stale-if-error'), false);
      assert.ok(await until(async () => /hit/.test((await stage.ask('GET', HUB)).header('cache-status'))));
      assert.equal(counts.get(HUB), 1);
    });
  }

  test('when nobody is there to be connected to it comes stale, and for bots as well', async (t) => {
    const stage = await troublePlay(t, { settings: { cache: { rules: [{ operations: ['hub', 'getBot'], ttl: '1s', stale: '7d' }] } } });
    countTargets(stage.upstream, [HUB, BOT]);
    for (const target of [HUB, BOT]) assert.equal((await stage.ask('GET', target)).status, 200);
    await pause(2300);
    await stage.upstream.down();
    for (const target of [HUB, BOT]) {
      const stale = await stage.ask('GET', target);
      assert.equal(stale.status, 200, stale.text);
      assert.match(stale.header('cache-status'), /stale-if-error/);
    }
    await stage.upstream.up();
  });

  test('what must be validated is never given stale', async (t) => {
    const stage = await troublePlay(t);
    countTargets(stage.upstream, [HUB], { headers: { 'cache-control': 'max-age=1, must-revalidate' } });
    assert.equal((await stage.ask('GET', HUB)).status, 200);
    await pause(2100);
    stage.upstream.on(`GET ${HUB}`, { status: 503, json: { code: 503, type: 'Internal', message: 'x', id: 'err_1' } });
    assert.equal((await stage.ask('GET', HUB)).status, 503);
  });

  test('an error that several wait for comes to each in a coding that it takes', async (t) => {
    const stage = await troublePlay(t, { settings: { upstream: { retries: 0 } } });
    const gate = deferred();
    const error = { code: 503, type: 'Internal', message: 'x', id: 'err_1' };
    stage.upstream.on(`GET ${HUB}`, { hold: gate.promise, status: 503, json: error, gzip: true });
    const accept = (value) => stage.ask('GET', HUB, { headers: { 'accept-encoding': value } });
    const leader = accept('gzip');
    await eventually(() => stage.upstream.requests.length === 1, 'the first is under way');
    const others = [accept('gzip'), accept('identity')];
    // They wait, and raise no event: what came later is answered before.
    for (let i = 0; i < 3; i++) await stage.ask('GET', '/v1/chat/users');
    gate.resolve();
    const [first, zipped, plain] = await Promise.all([leader, ...others]);
    assert.deepEqual([first, zipped, plain].map(({ status }) => status), [503, 503, 503]);
    assert.equal(zipped.header('content-encoding'), 'gzip');
    assert.equal(plain.header('content-encoding'), undefined);
    assert.equal(plain.json.id, 'err_1');
    assert.equal(stage.upstream.requestsTo(`GET ${HUB}`).length, 1);
  });

  test('while it is fetched anew the old one is given, and one request goes out', async (t) => {
    const stage = await troublePlay(t, SHORT);
    const counts = countTargets(stage.upstream, [HUB]);
    assert.equal((await stage.ask('GET', HUB)).json.count, 1);
    await pause(1300);
    const answers = await Promise.all(Array.from({ length: 20 }, () => stage.ask('GET', HUB)));
    assert.ok(answers.some(({ json }) => json.count === 1), 'somebody had the old one');
    assert.ok(await until(async () => (await stage.ask('GET', HUB)).json.count === 2), 'then the new one');
    assert.equal(counts.get(HUB), 2);
  });

  for (const [what, target] of [['the hub', HUB], ['a bot', BOT]]) {
    test(`what is fetched anew of ${what} is asked for with the same fields as the first time`, async (t) => {
      const stage = await troublePlay(t, { settings: { cache: { rules: [{ operations: ['hub', 'getBot'], ttl: '1s', stale: '7d' }] } } });
      const headers = { accept: 'application/json', 'accept-language': 'fr', 'user-agent': 'team/1', connection: 'x-mine', 'x-mine': '1', te: 'trailers' };
      countTargets(stage.upstream, [target]);
      assert.equal((await stage.ask('GET', target, { headers })).status, 200);
      await pause(1300);
      const stale = await stage.ask('GET', target, { headers: { ...headers, 'cache-control': 'max-stale' } });
      assert.equal(stale.json.count, 1, 'the old one is given');
      const sent = () => stage.upstream.requestsTo(`GET ${target}`);
      assert.ok(await until(() => sent().length === 2), 'and fetched anew');
      // A trace is of the request that began it, and there is an entry to be validated.
      const apart = ['traceparent', 'if-none-match'];
      const fieldsOf = ({ headers: all }) =>
        all.map(([name, value]) => `${name.toLowerCase()}: ${name.toLowerCase() === 'x-request-id' ? '' : value}`)
          .filter((field) => !apart.includes(field.split(':')[0])).sort();
      assert.deepEqual(fieldsOf(sent()[1]), fieldsOf(sent()[0]));
    });
  }
});
