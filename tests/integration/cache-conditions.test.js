// Stored answers to conditional requests, ranges, HEAD and other codings.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { HUB } from './support/counting.js';
import { deferred, eventually, pause } from './support/deadline.js';
import { play } from './support/play.js';

const TEXT = JSON.stringify({ text: 'x'.repeat(3000) });

async function warmPlay(t, order) {
  const stage = await play(t);
  stage.upstream.on(`GET ${HUB}`, order);
  const first = await stage.ask('GET', HUB, { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(first.status, 200, first.text);
  return stage;
}

test('an answer without a tag gets one, and 304 follows from it', async (t) => {
  const stage = await warmPlay(t, { body: TEXT, type: 'application/json' });
  const hit = await stage.ask('GET', HUB);
  const etag = hit.header('etag');
  assert.match(etag, /^"[^"]+"$/);
  const same = await stage.ask('GET', HUB, { headers: { 'if-none-match': etag } });
  assert.equal(same.status, 304);
  assert.equal(same.text, '');
  const other = await stage.ask('GET', HUB, { headers: { 'if-none-match': '"other"' } });
  assert.equal(other.status, 200);
  assert.equal(stage.upstream.requests.length, 1);
});

test('ranges of a stored body, one, many and none', async (t) => {
  const stage = await warmPlay(t, { body: TEXT, type: 'application/json' });
  const range = (value) => stage.ask('GET', HUB, { headers: { range: value } });
  const one = await range('bytes=0-4');
  assert.equal(one.status, 206);
  assert.equal(one.text, TEXT.slice(0, 5));
  assert.equal(one.header('content-range'), `bytes 0-4/${TEXT.length}`);
  const many = await range('bytes=0-0,10-19');
  assert.equal(many.status, 206);
  assert.match(many.header('content-type'), /^multipart\/byteranges; boundary=/);
  assert.ok(many.text.includes(`content-range: bytes 10-19/${TEXT.length}\r\n\r\n${TEXT.slice(10, 20)}\r\n--`));
  const none = await range(`bytes=${TEXT.length}-`);
  assert.equal(none.status, 416);
  assert.equal(none.header('content-range'), `bytes */${TEXT.length}`);
  assert.equal(stage.upstream.requests.length, 1);
});

test('what is stored in gzip is given decoded to who does not take it', async (t) => {
  const stage = await warmPlay(t, { body: gzipSync(TEXT), type: 'application/json', headers: { 'content-encoding': 'gzip', etag: '"v1"' } });
  for (let i = 0; i < 2; i++) {
    const plain = await stage.ask('GET', HUB, { headers: { 'accept-encoding': 'identity' } });
    assert.equal(plain.text, TEXT);
    assert.equal(plain.header('content-encoding'), undefined);
    assert.equal(plain.header('etag'), 'W/"v1"');
    assert.match(plain.header('vary'), /accept-encoding/i);
  }
  assert.equal(stage.upstream.requests.length, 1);
});

test('many ranges of a body that is long only when it is decoded', async (t) => {
  const long = 'y'.repeat(6 << 20);
  const stage = await warmPlay(t, { body: gzipSync(long), type: 'text/plain', headers: { 'content-encoding': 'gzip' } });
  const response = await stage.ask('GET', HUB, { headers: { range: 'bytes=0-0,2-' } });
  assert.equal(response.status, 206);
  assert.ok(response.text.length > long.length - 2);
});

test('only-if-cached asks nobody; no-cache asks the upstream', async (t) => {
  const stage = await play(t);
  stage.upstream.on(`GET ${HUB}`, { body: TEXT, type: 'application/json' });
  const ask = (directive) => stage.ask('GET', HUB, { headers: { 'cache-control': directive } });
  assert.equal((await ask('only-if-cached')).status, 504);
  assert.equal(stage.upstream.requests.length, 0);
  assert.equal((await ask('no-cache')).status, 200);
  assert.equal((await ask('no-cache')).status, 200);
  assert.equal(stage.upstream.requests.length, 2);
  assert.equal((await ask('only-if-cached')).status, 200);
  assert.equal(stage.upstream.requests.length, 2);
});

test('no-cache waits for no fetch that began before it', async (t) => {
  const stage = await play(t);
  const gate = deferred();
  let count = 0;
  stage.upstream.on(`GET ${HUB}`, () => ({ hold: ++count === 1 && gate.promise, json: { count } }));
  const leader = stage.ask('GET', HUB);
  await eventually(() => count === 1, 'the first is under way');
  const forced = await stage.ask('GET', HUB, { headers: { 'cache-control': 'no-cache' } });
  assert.equal(forced.json.count, 2);
  gate.resolve();
  assert.equal((await leader).json.count, 1);
});

test('what came in a coding that we do not know is given to who takes it, and validated for nobody else', async (t) => {
  const stage = await play(t, { settings: { cache: { rules: [{ operations: ['hub'], ttl: '1s', stale: '1s' }] } } });
  stage.upstream.on(`GET ${HUB}`, (request) => {
    if (request.header('if-none-match')) return { status: 304, headers: { etag: '"br"' } };
    if (!request.header('accept-encoding')) return { body: TEXT, headers: { etag: '"plain"' } };
    return { body: brotliCompressSync(TEXT), headers: { etag: '"br"', 'content-encoding': 'br' } };
  });
  const accept = (value) => stage.ask('GET', HUB, { headers: { 'accept-encoding': value } });
  assert.equal((await accept('gzip, br')).header('content-encoding'), 'br');
  const hit = await accept('gzip, br');
  assert.match(hit.header('cache-status'), /hit/);
  assert.match(hit.header('vary'), /accept-encoding/i);
  await pause(2100);
  const plain = await accept('identity');
  assert.equal(plain.status, 200);
  assert.equal(plain.text, TEXT);
});
