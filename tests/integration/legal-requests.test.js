// Requests that are unusual and legal: each reaches the upstream unmangled, whatever the pieces in which it
// came, and the next request on the connection is found where it begins.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { play } from './support/play.js';
import { cuts, inBytes, inPiecesOf, Volley } from './support/volley.js';

const PATH = '/v1/chat/things';
const LAST = 'GET /v1/chat/last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';

const get = (...lines) => [`GET ${PATH} HTTP/1.1`, 'Host: h', ...lines, '', ''].join('\r\n');
const post = (lines, body) => `POST ${PATH} HTTP/1.1\r\nHost: h\r\n${[lines].flat().join('\r\n')}\r\n\r\n${body}`;
const chunked = (body) => post('Transfer-Encoding: chunked', body);
const long = (size) => 'x'.repeat(size);
const all = (from, to) => Array.from({ length: to - from + 1 }, (_, n) => String.fromCharCode(from + n)).join('');

/** A field that arrives with this value, and perhaps another name's absence. */
const field = (line, value, name = 'X-A') => ({ send: get(line), fields: { [name]: value } });
const dropped = (...lines) => ({ send: get(...lines, 'X-A: 1'), fields: { 'X-A': '1' }, absent: lines.map((line) => line.split(':')[0]) });
const target = (text, arrives = text) => ({ send: `GET ${text} HTTP/1.1\r\nHost: h\r\n\r\n`, target: arrives });
const path = (text) => target(`${PATH}/${text}`);
const query = (text) => target(`${PATH}?${text}`);
const host = (value) => ({ send: `GET ${PATH} HTTP/1.1\r\nHost: ${value}\r\n\r\n` });
const method = (name, rest = '\r\n') => ({ send: `${name} ${PATH} HTTP/1.1\r\nHost: h\r\n${rest}`, method: name });
const body = (send, text) => ({ send, method: 'POST', body: text });
const old = (lines, rest = '') => `GET ${PATH} HTTP/1.0\r\nConnection: keep-alive\r\n${lines}\r\n${rest}`;

const WHITE_SPACE = {
  'an empty line first': { send: `\r\n${get()}` },
  'no space after the colon': field('X-A:1', '1'),
  'spaces after the colon': field('X-A:     1', '1'),
  'a tab after the colon': field('X-A:\t1', '1'),
  'spaces and tabs around a value': field('X-A: \t \t1\t \t ', '1'),
  'spaces and tabs inside a value': field('X-A: a  b\tc \t d', 'a  b\tc \t d'),
  'an empty value': field('X-A:', ''),
  'a value of a space': field('X-A: ', ''),
  'a value of white space': field('X-A: \t  \t', ''),
  'a tab after a length': body(post('Content-Length: 5\t', 'hello'), 'hello'),
  'a tab before a length': body(post('Content-Length:\t5', 'hello'), 'hello'),
  'tabs around chunked': body(post('Transfer-Encoding:\t chunked \t', '5\r\nhello\r\n0\r\n\r\n'), 'hello'),
  'white space around Host': { send: `GET ${PATH} HTTP/1.1\r\nHost: \t h \t\r\n\r\n` },
};

const FIELDS = {
  'all visible bytes': field(`X-A: ${all(0x21, 0x7e)}`, all(0x21, 0x7e)),
  'obs-text': field(`X-A: ${all(0x80, 0xff)}`, all(0x80, 0xff)),
  'UTF-8': field('X-A: \xe2\x82\xac \xf0\x9f\x98\x80', '\xe2\x82\xac \xf0\x9f\x98\x80'),
  'bytes that are no UTF-8': field('X-A: \xc0\xaf\xff', '\xc0\xaf\xff'),
  'colons, quotes and commas': field('X-A: :"a\\"b", c;d=e:', ':"a\\"b", c;d=e:'),
  'what looks like a field': field('X-A: Content-Length: 5', 'Content-Length: 5'),
  'what looks like a request': field('X-A: GET / HTTP/1.1', 'GET / HTTP/1.1'),
  'percent signs': field('X-A: %0d%0aX-B: 1', '%0d%0aX-B: 1'),
  'a name of all token bytes': field("!#$%&'*+-.^_`|~09azAZ: 1", '1', "!#$%&'*+-.^_`|~09azAZ"),
  'a name of one byte': field('~: 1', '1', '~'),
  'a name of digits': field('123: 1', '1', '123'),
  'a name with underscores': field('X_Custom_Name: 1', '1', 'X_Custom_Name'),
  'a name in mixed case': { send: get('x-MiXeD: 1'), raw: 'x-MiXeD: 1' },
  'known names in mixed case': { send: `GET ${PATH} HTTP/1.1\r\nhOsT: h\r\naCCept: a/b\r\n\r\n`, fields: { accept: 'a/b' } },
  'a field that comes twice': { send: get('X-A: 1', 'X-B: 2', 'x-a: 3'), raw: 'X-A: 1\r\nX-B: 2\r\nx-a: 3' },
  'a list field that comes twice': { send: get('Accept: a/b', 'Accept: c/d'), raw: 'Accept: a/b\r\nAccept: c/d' },
  '100 fields': { send: get(...Array.from({ length: 99 }, (_, n) => `X-${n}: ${n}`)), fields: { 'X-0': '0', 'X-98': '98' } },
  'a line of 8 KB': field(`X-A: ${long(8187)}`, long(8187)),
  'a name of 200 bytes': field(`${long(200)}: 1`, '1', long(200)),
  'a head of 30 KB': { send: get(...Array.from({ length: 7 }, (_, n) => `X-${n}: ${long(4200)}`)), fields: { 'X-6': long(4200) } },
};

const HOP_BY_HOP = {
  'a field that Connection names': { send: get('Connection: x-a', 'X-A: 1', 'X-B: 2'), fields: { 'X-B': '2' }, absent: ['connection', 'x-a'] },
  'Connection with empty elements': { send: get('Connection: , ,\t, x-a ,', 'X-A: 1'), absent: ['x-a'] },
  'Connection twice': { send: get('Connection: x-a', 'Connection: X-B', 'X-A: 1', 'X-B: 1', 'X-C: 1'), fields: { 'X-C': '1' }, absent: ['x-a', 'x-b'] },
  'Connection that names the framing': body(post(['Connection: content-length, host', 'Content-Length: 5'], 'hello'), 'hello'),
  'Connection that names the coding': body(post(['Connection: transfer-encoding', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'), 'hello'),
  'Connection that names an injected field': { send: get('Connection: x-bot-id, authorization'), fields: { 'x-bot-id': 'bot_1' } },
  TE: dropped('TE: trailers, deflate;q=0.5'),
  'Keep-Alive': dropped('Keep-Alive: timeout=5, max=1000'),
  'Proxy-Connection': dropped('Proxy-Connection: keep-alive'),
  'an Upgrade to h2c': dropped('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'),
  'a Trailer field': body(post(['Trailer: X-T', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n'), 'hello'),
};

const METHODS = Object.fromEntries([
  ...['PURGE', 'PROPFIND', 'M-SEARCH', 'get', 'Post', 'QUERY', 'PRI', 'CONNECTED', 'TRAC', 'trace', "!#$%&'*+-.^_`|~", '1', long(100)].map((name) => [name, method(name)]),
  ['a GET with a body', { ...method('GET', 'Content-Length: 5\r\n\r\nhello'), body: 'hello' }],
  ['a GET with a chunked body', { ...method('GET', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'), body: 'hello' }],
  ['a DELETE with a body', { ...method('DELETE', 'Content-Length: 2\r\n\r\n{}'), body: '{}' }],
  ['an unknown method with a body', { ...method('REPORT', 'Content-Length: 5\r\n\r\nhello'), body: 'hello' }],
  ['a HEAD', method('HEAD')],
  ['a HEAD with a body', { ...method('HEAD', 'Content-Length: 5\r\n\r\nhello'), body: 'hello' }],
  ['a POST without a body', { ...method('POST'), body: '', fields: { 'content-length': '0' } }],
]);

const TARGETS = {
  ...Object.fromEntries([
    'a%2Fb', 'a%2fb%2F', '%2F', '%41%7e', '%E2%82%AC', '%ff%fe', '%20%09%0d%0a', '%252e%252e%252f', '%25', '...', '.../x', '.a', 'a.', 'a..b', '..a', '%2e%2e%2e', '.%2ea', ';', 'a;b=c;d', '~', 'a:b@c', "!$&'()*+,;=", '[x]', 'a,b', '-_.~', '@', '*', '=', '&',
    '', '/', 'a//b', 'a/', 'A/b/C', long(200), 'x/'.repeat(100),
  ].map((text) => [`path ${text.slice(0, 40)}`, path(text)])),
  ...Object.fromEntries([
    '', '?', '/', '..', '/../..', '%00', '%5c', '%', '%zz', '%2', '+', 'a+b=c+d', 'token=dG9r+ZW4/bm8==', '&', '&&a', '=', '==', 'a=b&a=c', ';', '"<>^`{|}', '\\', '\\..\\', '[0]=1', 'a[b]=c', 'a?b?c', "'", 'http://h/x', ':@!$()*,', '~', '*', 'tags={"a":"b"}', long(7000),
  ].map((text) => [`query ${text.slice(0, 40)}`, query(text)])),
  'two slashes first': target('//v1/chat/things'),
  'the root': target('/'),
  'absolute form': target(`http://other.test${PATH}?a=b`, `${PATH}?a=b`),
  'absolute form, https': target(`https://other.test${PATH}`, PATH),
  'absolute form, capitals': target(`HtTpS://OTHER.test:443${PATH}`, PATH),
  'absolute form, port': target(`http://other.test:8080${PATH}`, PATH),
  'absolute form, no port after the colon': target(`http://other.test:${PATH}`, PATH),
  'absolute form, IPv6': target(`http://[2001:db8::1]:80${PATH}`, PATH),
  'absolute form without a path': target('http://other.test', '/'),
  'absolute form with a query and no path': target('http://other.test?a=/b', '/?a=/b'),
  'a query that looks like an absolute form': target(`${PATH}?http://h/../x`),
};

const HOSTS = Object.fromEntries(
  ['h:80', 'h:', 'h:0', 'h:65535', 'h:00080', 'EXAMPLE.com', 'h.', 'a-b.c_d.test', 'xn--bcher-kva.test', '127.0.0.1', '127.0.0.1:1', '[::1]', '[::1]:8080', '[2001:DB8::1.2.3.4]', '~', '1', long(255)].map((value) => [value.slice(0, 40), host(value)]),
);

const VERSIONS = {
  'HTTP/1.0 with Host': { send: old('Host: h\r\n') },
  'HTTP/1.0 without Host': { send: old('') },
  'HTTP/1.0 with an empty line first': { send: `\r\n${old('')}` },
  'HTTP/1.0 with a length': { send: old('Content-Length: 5\r\n', 'hello'), body: 'hello' },
  'HTTP/1.0 that expects': { send: old('Expect: 100-continue\r\nContent-Length: 5\r\n', 'hello'), body: 'hello' },
  'HTTP/1.2': { send: get().replace('HTTP/1.1', 'HTTP/1.2') },
  'HTTP/1.9': { send: get().replace('HTTP/1.1', 'HTTP/1.9') },
};

const LENGTHS = {
  'leading zeros': { ...body(post('Content-Length: 0005', 'hello'), 'hello'), fields: { 'content-length': '5' } },
  'many leading zeros': body(post(`Content-Length: ${'0'.repeat(100)}5`, 'hello'), 'hello'),
  'a length of 0': { ...body(post('Content-Length: 0', ''), ''), fields: { 'content-length': '0' } },
  'a length of 00': body(post('Content-Length: 00', ''), ''),
  'a name in capitals': body(post('CONTENT-LENGTH: 5', 'hello'), 'hello'),
  'all bytes': body(post('Content-Length: 256', all(0, 255)), all(0, 255)),
  'a body that looks like a request': body(post(`Content-Length: ${LAST.length}`, LAST), LAST),
  'a body that looks like chunks': body(post('Content-Length: 15', '5\r\nhello\r\n0\r\n\r\n'), '5\r\nhello\r\n0\r\n\r\n'),
  'a body of 100 KB': body(post('Content-Length: 100000', long(100_000)), long(100_000)),
  'an empty line between the body and the next request': body(`${post('Content-Length: 5', 'hello')}\r\n`, 'hello'),
};

const HELLO = '5\r\nhello\r\n0\r\n\r\n';
const CHUNKS = {
  ...Object.fromEntries(['Chunked', 'CHUNKED', 'cHuNkEd'].map((coding) => [coding, body(post(`Transfer-Encoding: ${coding}`, HELLO), 'hello')])),
  'a name in capitals': body(post('TRANSFER-ENCODING: chunked', HELLO), 'hello'),
  'no chunk': body(chunked('0\r\n\r\n'), ''),
  'one-byte chunks': body(chunked(`${[...'hello'].map((c) => `1\r\n${c}\r\n`).join('')}0\r\n\r\n`), 'hello'),
  'leading zeros': body(chunked('0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n'), 'hello'),
  'hexadecimal in both cases': body(chunked(`a\r\n${long(10)}\r\nB\r\n${long(11)}\r\n1A\r\n${long(26)}\r\n0\r\n\r\n`), long(47)),
  'all bytes': body(chunked(`100\r\n${all(0, 255)}\r\n0\r\n\r\n`), all(0, 255)),
  'line ends in the data': body(chunked('9\r\n\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n'), '\r\n0\r\n\r\n\r\n'),
  'a request in the data': body(chunked(`${LAST.length.toString(16)}\r\n${LAST}\r\n0\r\n\r\n`), LAST),
  'a chunk of 100 KB': body(chunked(`186a0\r\n${long(100_000)}\r\n0\r\n\r\n`), long(100_000)),
  'an extension': body(chunked('5;a\r\nhello\r\n0\r\n\r\n'), 'hello'),
  'an extension with a value': body(chunked('5;a=b\r\nhello\r\n0\r\n\r\n'), 'hello'),
  'an extension with a quoted value': body(chunked('5;a="b c;d=e"\r\nhello\r\n0\r\n\r\n'), 'hello'),
  'an empty quoted value': body(chunked('5;a=""\r\nhello\r\n0\r\n\r\n'), 'hello'),
  'escapes in a quoted value': body(chunked('5;a="\\"\\\\\\ \xe9"\r\nhello\r\n0\r\n\r\n'), 'hello'),
  'several extensions': body(chunked('5;a;b=c;d="e"\r\nhello\r\n0\r\n\r\n'), 'hello'),
  'white space in extensions': body(chunked('5 ;\ta = b ; c\t=\t"d"\r\nhello\r\n0\r\n\r\n'), 'hello'),
  'signed chunks': body(chunked(`5;chunk-signature=${long(64)}\r\nhello\r\n0;chunk-signature=${long(64)}\r\n\r\n`), 'hello'),
  'an extension of the last chunk': body(chunked('5\r\nhello\r\n0;a=b\r\n\r\n'), 'hello'),
  'a trailer': body(chunked('5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n'), 'hello'),
  'trailers of all kinds': body(chunked('5\r\nhello\r\n0\r\nX-T:\r\nX-U: \t a "b" \xe9\t\r\nx-u:c\r\n\r\n'), 'hello'),
  'trailers that mean to be fields': { ...body(chunked('5\r\nhello\r\n0\r\nContent-Length: 9\r\nTransfer-Encoding: x\r\nHost: i\r\nx-bot-id: bot_2\r\nX-T: 1\r\n\r\n'), 'hello'), fields: { 'x-bot-id': 'bot_1' }, absent: ['x-t', 'content-length'] },
};

const EXPECT = {
  'a body that does not wait': body(post(['Expect: 100-continue', 'Content-Length: 5'], 'hello'), 'hello'),
  'capitals': body(post(['Expect: 100-Continue', 'Content-Length: 5'], 'hello'), 'hello'),
  'chunks': body(post(['Expect: 100-continue', 'Transfer-Encoding: chunked'], HELLO), 'hello'),
  'no body': { send: get('Expect: 100-continue') },
  'no body, length 0': body(post(['Expect: 100-continue', 'Content-Length: 0'], ''), ''),
};

const GROUPS = { WHITE_SPACE, FIELDS, HOP_BY_HOP, METHODS, TARGETS, HOSTS, VERSIONS, LENGTHS, CHUNKS, EXPECT };

/** Above this a request is cut into fewer pieces. */
const SHORT = 700;

function waysToSend(send) {
  const bytes = send + LAST;
  if (bytes.length > SHORT) return [[bytes], inPiecesOf(bytes, 4999)];
  return [[bytes], inBytes(bytes), ...cuts(bytes.slice(0, send.length + 3)).map(([first]) => [bytes.slice(0, first.length), bytes.slice(first.length)])];
}

describe('a legal request passes', () => {
  const endings = [];
  let stage;
  let volley;
  before(async () => {
    const settings = { anonymous: 'support', access_log: 'off', upstream: { pool: { max_open: 1000 } } };
    stage = await play({ after: (end) => endings.push(end) }, { settings, standIn: { plain: true }, announces: [/anonymous/i] });
    stage.upstream.on('', () => ({ json: { ok: true } }));
    volley = new Volley(stage.gateway);
  });
  after(async () => {
    volley?.close();
    for (const end of endings.reverse()) await end();
  });

  function compare(request, row, what) {
    const { upstream } = stage;
    assert.equal(request.method, row.method ?? 'GET', what);
    assert.equal(request.target, row.target ?? PATH, what);
    assert.equal(request.version, 'HTTP/1.1', what);
    assert.equal(request.header('host'), new URL(upstream.url).host, what);
    for (const [name, value] of Object.entries(row.fields ?? {})) assert.equal(request.header(name), value, `${what}: ${name}`);
    for (const name of ['connection', 'expect', 'x-injected', ...(row.absent ?? [])]) assert.equal(request.header(name), undefined, `${what}: ${name}`);
    if (row.raw) assert.ok(request.rawHead.toString('latin1').includes(`\r\n${row.raw}\r\n`), `${what}: ${request.rawHead}`);
    assert.equal(request.body.toString('latin1'), row.body ?? '', what);
  }

  async function assertPasses(what, row) {
    const { requests } = stage.upstream;
    requests.length = 0;
    const shots = waysToSend(row.send).map((pieces) => pieces.map((piece) => Buffer.from(piece, 'latin1')));
    const results = await volley.fire(shots);
    for (const { received, how } of results) {
      assert.equal(how, 'end', what);
      const statuses = Array.from(received.matchAll(/HTTP\/1\.1 (\d\d\d) /g), ([, status]) => status);
      assert.deepEqual(statuses.filter((status) => status !== '100'), ['200', '200'], `${what}: ${received}`);
    }
    const arrived = requests.filter((request) => request.target !== '/v1/chat/last');
    assert.equal(arrived.length, shots.length, what);
    assert.equal(requests.length, 2 * shots.length, what);
    for (const request of arrived) compare(request, row, what);
    return shots.length;
  }

  for (const [name, group] of Object.entries(GROUPS)) {
    test(`${name.toLowerCase().replaceAll('_', ' ')}: ${Object.keys(group).length}`, async (t) => {
      let count = 0;
      for (const [what, row] of Object.entries(group)) count += await assertPasses(what, row);
      t.diagnostic(`${count} connections`);
    });
  }
});
