// Better an old answer than none: while it is fetched anew, and when the upstream fails.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countTargets, HUB, until } from './support/counting.js';
import { troublePlay } from './support/play.js';

const SHORT = { settings: { cache: { rules: [{ operations: ['hub'], ttl: '1s', stale: '7d' }] } } };
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

for (const [what, order] of Object.entries({
  'an error page': { status: 502, body: '<html>', type: 'text/html' },
  'a typed error': { status: 500, json: { code: 500, type: 'Internal', message: 'x', id: 'err_1' } },
  'too many requests': { status: 429, json: { code: 429, type: 'RateLimited', message: 'x', id: 'err_1' } },
  'a lost connection': { cutAt: 0 },
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
  });
}

test('what must be validated is never given stale', async (t) => {
  const stage = await troublePlay(t);
  countTargets(stage.upstream, [HUB], { headers: { 'cache-control': 'max-age=1, must-revalidate' } });
  assert.equal((await stage.ask('GET', HUB)).status, 200);
  await pause(2100);
  stage.upstream.on(`GET ${HUB}`, { status: 503, json: { code: 503, type: 'Internal', message: 'x', id: 'err_1' } });
  assert.equal((await stage.ask('GET', HUB)).status, 503);
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
