// upstream.catalogue: none - any HTTP API behind the gateway: nothing is known of its operations, so
// nothing is translated and no field but the caller's key is taken away.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from './support/counting.js';
import { deferred, pause } from './support/deadline.js';
import { play } from './support/play.js';

const ANY = { anonymous: 'open', profiles: [{ name: 'open' }], credentials: [], keys: [] };

const NO_KEY = { authorization: null };

const anyApi = (t, options = {}) =>
  play(t, { ...options, settings: { ...ANY, upstream: { catalogue: 'none', breaker: { enabled: false } }, ...options.settings } });

test('any path and any method pass, and their fields', async (t) => {
  const { ask, upstream } = await anyApi(t);
  upstream.next({ body: 'one', type: 'text/plain' });
  const response = await ask('PROPFIND', '/somewhere/else?x=%2F', {
    headers: { ...NO_KEY, cookie: 'a=b', origin: 'https://x.example', 'x-bot-id': 'bot_9' },
  });
  assert.equal(response.status, 200, response.text);
  const [request] = upstream.requests;
  assert.equal(request.target, '/somewhere/else?x=%2F');
  assert.equal(request.method, 'PROPFIND');
  assert.equal(request.header('cookie'), 'a=b');
  assert.equal(request.header('origin'), 'https://x.example');
  assert.equal(request.header('x-bot-id'), 'bot_9');
});

test('error answers come as they are', async (t) => {
  const { ask, upstream } = await anyApi(t);
  for (const status of [404, 500, 502, 503]) {
    upstream.next({ status, body: '<h1>no</h1>', type: 'text/html' });
    const response = await ask('POST', '/x', { headers: NO_KEY, body: '{}' });
    assert.equal(response.status, status);
    assert.equal(response.text, '<h1>no</h1>');
  }
});

test('OPTIONS is the upstream\'s to answer', async (t) => {
  const { ask, upstream } = await anyApi(t);
  upstream.next({ status: 204, headers: { allow: 'GET, PATCH' } });
  const response = await ask('OPTIONS', '/x', { headers: NO_KEY });
  assert.equal(response.status, 204);
  assert.equal(response.header('allow'), 'GET, PATCH');
  assert.equal(upstream.requests.length, 1);
});

test('OPTIONS goes as far as Max-Forwards says, and no other method minds it', async (t) => {
  const { ask, upstream } = await anyApi(t);
  const hops = (value) => ({ headers: { ...NO_KEY, 'max-forwards': value } });
  const own = await ask('OPTIONS', '/x', hops('0'));
  assert.equal(own.status, 204);
  assert.equal(upstream.requests.length, 0);
  for (const [method, value, sent] of [['OPTIONS', '1', '0'], ['OPTIONS', '10', '9'], ['OPTIONS', 'x', 'x'], ['GET', '0', '0']]) {
    upstream.next({ status: 204 });
    assert.equal((await ask(method, '/x', hops(value))).status, 204);
    assert.equal(upstream.requests.at(-1).header('max-forwards'), sent);
  }
});

for (const rule of ['no-cache', 'max-age=0']) {
  test(`an answer with ${rule} is for the one who asked, and validated for others who ask meanwhile`, async (t) => {
    const { ask, upstream } = await anyApi(t);
    const gate = deferred();
    upstream.on('GET /x', (request) => {
      const own = request.header('cookie');
      const headers = { 'cache-control': rule, etag: `"${own}"` };
      if (request.header('if-none-match') === headers.etag) return { status: 304, headers };
      return { hold: upstream.requests.length === 1 && gate.promise, body: own, headers };
    });
    const as = (cookie) => ask('GET', '/x', { headers: { ...NO_KEY, cookie } });
    const leader = as('one');
    await upstream.arrival('GET /x');
    const others = [as('two'), as('one')];
    await pause(100);
    gate.resolve();
    assert.equal((await leader).text, 'one');
    assert.deepEqual((await Promise.all(others)).map(({ text }) => text), ['two', 'one']);
    assert.deepEqual(upstream.requests.slice(1).map((request) => request.header('if-none-match')), ['"one"', '"one"']);
  });
}

test('what is fetched anew behind a stale answer is asked for as the one who got that did, and is kept for the same', async (t) => {
  const { ask, upstream } = await anyApi(t, { settings: { profiles: [{ name: 'open', pass_authorization: true }] } });
  const headers = { 'cache-control': 'public, max-age=1, stale-while-revalidate=60', vary: 'accept-language' };
  let count = 0;
  upstream.on('GET /x', (request) => ({ body: `${request.header('accept-language')} ${++count}`, headers }));
  const as = (language) => ask('GET', '/x', { headers: { authorization: 'Bearer own', 'accept-language': language } });
  assert.equal((await as('fr')).text, 'fr 1');
  assert.equal((await as('de')).text, 'de 2');
  await pause(2100);
  assert.equal((await as('fr')).text, 'fr 1', 'the old one');
  assert.ok(await until(async () => (await as('fr')).text === 'fr 3'), 'then the new one');
  assert.deepEqual(upstream.requests.map((request) => request.header('authorization')), Array(3).fill('Bearer own'));
  assert.match((await as('fr')).header('cache-status'), /hit/);
});
