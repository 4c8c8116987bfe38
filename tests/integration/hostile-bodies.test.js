// Bodies that break RFC 9112 §7.1, or end elsewhere than they say. Each is sent whole, byte by byte, and cut
// in two at every byte, with a second request behind it: the answer is 400 and the end of the connection.
// Upstream the request has begun by then, because nothing is held here; it must never be complete, and
// carry nothing but what was good.
//
// Stricter than many: a chunk extension needs a name, nothing may stand between the size and the ';' or the
// line's end but what the grammar names, and a trailer is a field line like any other.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually } from './support/deadline.js';
import { play } from './support/play.js';
import { connect } from './support/raw.js';
import { cuts, inBytes, inPiecesOf, Volley } from './support/volley.js';

const USERS = '/v1/chat/users';
const SMUGGLED = 'GET /v1/chat/users/smuggled HTTP/1.1\r\nHost: h\r\n\r\n';
/** All good data of these bodies is the beginning of this; a size that is one too many takes the CR. */
const isGoodData = (body) => 'hellohello'.startsWith(body) || body === 'hello\r';
const HEAD = `POST ${USERS} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n`;
const REST = '\r\nhello\r\n0\r\n\r\n';

const rows = (parts, bodyOf) => Object.fromEntries(parts.map((part) => [JSON.stringify(part.slice(0, 60)), bodyOf(part)]));
const long = (size) => 'x'.repeat(size);

const SIZES = rows([
  '', ' ', 'g', 'x', '-5', '+5', '-0', ' 5', '\t5', '5 ', '5\t', '5 5', '0x5', '0X5', '5h', '5x', 'x5', '5,', '5.', '5.0', '5:', '5=a', '5"', '"5"', '\\5', '#5', '$5', '&5', '5/', '5_',
  '5\0', '\x005', '5\x0b', '\x0b5', '5\x7f', '\xb5', '5\xa0', '\xef\xbc\x95', '\xd9\xa5', '5\r', '\r5', '\n5', '5\n', '\r\n5', '5\r\r', '5\rX', '5\nX', '5\n\r',
  '0005 ', '00000000000000005', '8000000000000000', 'ffffffffffffffff', 'fffffffffffffffff', '10000000000000005', '100000000000000000', long(5000).replaceAll('x', '0'),
  'GET / HTTP/1.1', 'hello', 'chunked',
], (size) => size + REST);

const EXTENSIONS = rows([
  ';', '; ', ';;', ';;a', ';a;', ';a;;b', ';=', ';=a', ';a=', ';a= ', ';a==b', ';a=b=c', ';a="', ';a="b', ';a="b\\"', ';a="b"c', ';a="b" c', ';a=b c', ';a b', ';a=b"c"', ';"a"', ';(a)', ';a/b',
  ';a@b', ';a=b@c', ';a,b', ';a:b', ' a', '\ta', ' =a', ';\0', ';a\0', ';a=\0', ';a="\0"', ';a="\x01"', ';a="\x7f"', ';a="\\\x01"', ';a="\\\0"', ';a=\x0b', ';a\x7f', ';\xe9', ';a=\xe9',
  ';a\n', ';a\r', ';a\rX', ';a=b\n', ';a="b\nc"', ';a="b\rc"', ';a="b\r\nc"', ';a="b\\\nc"', ';a="\r\n0\r\n\r\n', '\n;a', '\r;a', ';\r\n a=b', ' \r', ';a \r', ';a=b \r',
  `;a=${long(5000)}`, `;${long(5000)}`, ` ${' '.repeat(5000)};a`,
], (extension) => `5${extension}${REST}`);

const DATA_ENDS = {
  ...rows(['5\r\nhello', '5\r\nhello!', '5\r\nhello!\r\n', '5\r\nhello\n', '5\r\nhello\r', '5\r\nhello\n\r\n', '5\r\nhello\r\r\n', '5\r\nhello \r\n', '5\r\nhello\0\r\n', '5\r\nhello\x0b\r\n', '6\r\nhello\r\n', '4\r\nhello\r\n',
    '5\r\nhello\r\n\r\n', '5\r\nhello\r\n\n', '5\r\nhello\r\n ', '5\r\nhello\r\n5,', '5\r\nhello\r\n5 ', '5\r\nhello\r\nx\r\n', '5\r\nhello\r\n-1\r\n', '5\r\nhello5\r\nhello\r\n', '5\r\nhello\r\n05 \r\nhello\r\n',
    '5\nhello\n', '5\nhello\r\n', '5\rhello\r\n', '5\rhello\r', '5\r\rhello\r\n', '5hello\r\n', '5 hello\r\n'], (data) => `${data}0\r\n\r\n`),
  'extensions that outweigh the data': `1;a=${long(3000)}\r\nh\r\n1;a=${long(3000)}\r\ne\r\n1;a=${long(3000)}\r\nl\r\n1;a=${long(3000)}\r\nl\r\n1;a=${long(3000)}\r\no\r\n1;a=${long(3000)}\r\nh\r\n0\r\n\r\n`,
};

const LAST_CHUNK = rows([
  '0\n\r\n', '0\r\r\n', '0\n\n', '0\r\n\n', '0\r\n\r\r\n', '0\r\nGET', '0 \r\n\r\n', '0\t\r\n\r\n', '0;\r\n\r\n', '0x\r\n\r\n', '0x0\r\n\r\n', '-0\r\n\r\n', '+0\r\n\r\n', '0.0\r\n\r\n', '0,\r\n\r\n', ' 0\r\n\r\n',
  '0\0\r\n\r\n', '00000000000000000\r\n\r\n', '0\rX\n\r\n', '0\r\n \r\n', '0\r\n\t\r\n', '0\r\n\0\r\n', '0\r\n\rX',
], (last) => `5\r\nhello\r\n${last}`);

const TRAILERS = {
  ...rows([
    ' X: 1', '\tX: 1', 'X : 1', 'X\t: 1', 'X', 'X 1', ': 1', ':', 'X Y: 1', 'X(: 1', 'X\0: 1', 'X\x0b: 1', 'X\x7f: 1', 'X\xe9: 1', '"X": 1', 'X@Y: 1', 'X/Y: 1', 'X=1',
    'X: 1\0', 'X: \x01', 'X: \x0b', 'X: \x7f', 'X: 1\n', 'X: 1\nY: 2', 'X: 1\rY: 2', 'X: 1\r\r', 'X: 1\r\n 2', 'X: 1\r\n\t2', 'X: 1\r\nY : 2', 'X: 1\r\nY', 'X: 1\n\r', 'X\r\n: 1', 'X:\r\n 1', 'X:\n 1', '\rX: 1', '\nX: 1',
    `X: ${long(5000)}`, `${long(5000)}: 1`,
  ], (trailer) => `5\r\nhello\r\n0\r\n${trailer}\r\n\r\n`),
  'trailers without an end': `5\r\nhello\r\n0\r\n${'X: 1\r\n'.repeat(3000)}`,
  'a trailer that looks like a request': `5\r\nhello\r\n0\r\n${SMUGGLED}`,
};

const GROUPS = { SIZES, EXTENSIONS, DATA_ENDS, LAST_CHUNK, TRAILERS };

/** Above this a body is cut into fewer pieces: its length is what is wrong with it. */
const SHORT = 200;

function waysToSend(body) {
  if (body.length > SHORT) return [[HEAD + body + SMUGGLED], [HEAD, ...inPiecesOf(body + SMUGGLED, 499)]];
  return [
    [HEAD + body + SMUGGLED],
    [HEAD, ...inBytes(body + SMUGGLED)],
    [HEAD, body + SMUGGLED],
    ...cuts(body + SMUGGLED.slice(0, 3)).map(([first, last]) => [HEAD + first.toString('latin1'), last.toString('latin1') + SMUGGLED.slice(3)]),
  ];
}

describe('a body is refused', () => {
  const endings = [];
  let stage;
  let volley;
  before(async () => {
    const settings = { anonymous: 'support', access_log: 'off', upstream: { replay_bytes: 0, breaker: { enabled: false }, pool: { max_open: 1000 } } };
    stage = await play({ after: (end) => endings.push(end) }, { settings, standIn: { plain: true }, announces: [/anonymous/i] });
    volley = new Volley(stage.gateway);
  });
  after(async () => {
    volley?.close();
    for (const end of endings.reverse()) await end();
  });

  function judge({ received, how }, what) {
    const [head, body, ...more] = received.split('\r\n\r\n');
    assert.match(head, /^HTTP\/1\.1 400 /, what);
    assert.match(head, /^connection: close$/im, what);
    assert.deepEqual([how, more], ['end', []], what);
    assert.equal(JSON.parse(body).message, 'The chunked body is malformed.', what);
  }

  /** How many calls there were: the request that asks for it comes behind all of them. */
  async function assertNothingGotThrough() {
    const { ask, upstream } = stage;
    assert.equal((await ask('GET', '/v1/chat/users/behind')).status, 404);
    await eventually(() => upstream.openConnections <= 1, 'the calls have ended');
    const requests = upstream.requests.splice(0).filter(({ target }) => !target.endsWith('/behind'));
    const lines = new Set(requests.map(({ method, target }) => `${method} ${target}`));
    assert.deepEqual([...lines], [`POST ${USERS}`]);
    assert.ok(requests.every(({ isComplete }) => !isComplete), 'none is complete');
    const wrong = requests.map(({ body }) => body.toString('latin1')).filter((body) => !isGoodData(body));
    assert.deepEqual(wrong, [], 'nothing but good data');
    return requests.length;
  }

  for (const [name, group] of Object.entries(GROUPS)) {
    const cases = Object.entries(group);
    test(`${name.toLowerCase().replaceAll('_', ' ')}: ${cases.length}`, async (t) => {
      const shots = cases.flatMap(([what, body]) => waysToSend(body).map((pieces) => ({ what, pieces: pieces.map((piece) => Buffer.from(piece, 'latin1')) })));
      const results = await volley.fire(shots.map(({ pieces }) => pieces));
      results.forEach((result, index) => judge(result, `${shots[index].what} in ${shots[index].pieces.length} pieces`));
      t.diagnostic(`${shots.length} connections, ${await assertNothingGotThrough()} calls`);
    });
  }

  const ENDS = { 'of a length': 'Content-Length: 10\r\n\r\nhellohello', 'of chunks': 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5;a=b\r\nhello\r\n0\r\nX: 1\r\n\r\n' };
  for (const [what, rest] of Object.entries(ENDS)) {
    for (const how of ['halfClose', 'reset']) {
      test(`a body ${what} that stops at any byte, by ${how}`, async (t) => {
        const bytes = `POST ${USERS} HTTP/1.1\r\nHost: h\r\n${rest}`;
        const bodyAt = bytes.indexOf('\r\n\r\n') + 4;
        const clients = await Promise.all(Array.from({ length: bytes.length - bodyAt }, () => connect(t, stage.gateway)));
        clients.forEach((raw, n) => raw.send(bytes.slice(0, bodyAt + n)));
        await volley.barrier();
        for (const raw of clients) raw[how]();
        await assertNothingGotThrough();
      });
    }
  }

  test('what follows a body is the next request, and refused alone', async () => {
    const { upstream } = stage;
    const good = [`POST ${USERS} HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}`, `${HEAD}2\r\n{}\r\n0\r\n\r\n`];
    const bad = ['\0', ' ', 'GET\r\n', 'X-A: 1\r\n\r\n', '0\r\n\r\n', '{}', '\r\n\r\nGET', '\n\n'];
    const shots = good.flatMap((first) => bad.flatMap((second) => cuts(first + second + SMUGGLED.slice(0, 3)).map(([head]) => [head, Buffer.from((first + second + SMUGGLED).slice(head.length), 'latin1')])));
    const results = await volley.fire(shots);
    for (const { received } of results) {
      const statuses = Array.from(received.matchAll(/HTTP\/1\.1 (\d\d\d) /g), ([, status]) => status);
      assert.deepEqual(statuses, ['201', '400'], received);
    }
    assert.equal(upstream.requests.length, shots.length);
    assert.ok(upstream.requests.every(({ body }) => body.toString() === '{}'));
  });
});
