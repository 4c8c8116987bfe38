// Bodies that break, and answers that are odd but right: nothing cut is complete, nothing right is refused,
// and what stands behind an answer is never the next one.

import { gzipSync } from 'node:zlib';
import { slowness } from './support/deadline.js';
import { testMisdeeds } from './support/misdeeds.js';

const head = (fields, status = '200 OK') => `HTTP/1.1 ${status}\r\n${fields}\r\n\r\n`;
const CHUNKED = head('Transfer-Encoding: chunked');
const PLANTED = `${head('Content-Length: 7')}planted`;

const misdeeds = (fate, rows, toOrder) =>
  Object.entries(rows).map(([what, row]) => ({ what, fate, order: toOrder(row) }));

const CHUNKS = {
  'an empty size': '\r\n',
  'a size that is no number': 'x\r\nhello\r\n0\r\n\r\n',
  'a size with a prefix': '0x5\r\nhello\r\n0\r\n\r\n',
  'a signed size': '+5\r\nhello\r\n0\r\n\r\n',
  'a negative size': '-5\r\nhello\r\n0\r\n\r\n',
  'a space before the size': ' 5\r\nhello\r\n0\r\n\r\n',
  'a space after the size': '5 \r\nhello\r\n0\r\n\r\n',
  'a tab after the size': '5\t\r\nhello\r\n0\r\n\r\n',
  'a size with a fraction': '5.0\r\nhello\r\n0\r\n\r\n',
  'a size with a comma': '5,5\r\nhello\r\n0\r\n\r\n',
  'an underscore in the size': '0_5\r\nhello\r\n0\r\n\r\n',
  'a NUL after the size': '5\0\r\nhello\r\n0\r\n\r\n',
  'a size of 2^64': '10000000000000000\r\nhello\r\n0\r\n\r\n',
  'a size of 2^64 + 5': '10000000000000005\r\nhello\r\n0\r\n\r\n',
  'a size of 2^64 - 1': 'ffffffffffffffff\r\nhello\r\n0\r\n\r\n',
  'a size without end': '0'.repeat(100_000),
  'a bare LF after the size': '5\nhello\r\n0\r\n\r\n',
  'a bare CR after the size': '5\rhello\r\n0\r\n\r\n',
  'two CR after the size': '5\r\r\nhello\r\n0\r\n\r\n',
  'a bare LF after the data': '5\r\nhello\n0\r\n\r\n',
  'a bare CR after the data': '5\r\nhello\r0\r\n\r\n',
  'nothing after the data': '5\r\nhello0\r\n\r\n',
  'data longer than the size': '5\r\nhello!\r\n0\r\n\r\n',
  'data shorter than the size': '6\r\nhello\r\n0\r\n\r\n',
  'an extension without a name': '5;=1\r\nhello\r\n0\r\n\r\n',
  'an extension with a control byte': '5;a=\x01\r\nhello\r\n0\r\n\r\n',
  'an extension with a bare LF': '5;a=\n1\r\nhello\r\n0\r\n\r\n',
  'an extension with a bare CR': '5;a=\r1\r\nhello\r\n0\r\n\r\n',
  'an extension with a line end in quotes': '5;a="\r\n"\r\nhello\r\n0\r\n\r\n',
  'an extension without end': `5;a=${'h'.repeat(100_000)}`,
  'an extension on each of many bytes': `1;a=${'h'.repeat(100)}\r\nx\r\n`.repeat(2000),
  'a bare LF behind the last chunk': '5\r\nhello\r\n0\n\n',
  'a bare LF for the last line': '5\r\nhello\r\n0\r\n\n',
  'a bare CR for the last line': '5\r\nhello\r\n0\r\n\rX',
  'a trailer without a colon': '5\r\nhello\r\n0\r\nX-A\r\n\r\n',
  'a trailer without a name': '5\r\nhello\r\n0\r\n: 1\r\n\r\n',
  'a trailer with a space in its name': '5\r\nhello\r\n0\r\nX A: 1\r\n\r\n',
  'a trailer with a space before the colon': '5\r\nhello\r\n0\r\nX-A : 1\r\n\r\n',
  'a trailer that is folded': '5\r\nhello\r\n0\r\nX-A: 1\r\n 2\r\n\r\n',
  'a trailer with a NUL': '5\r\nhello\r\n0\r\nX-A: \0\r\n\r\n',
  'a trailer with a bare LF': '5\r\nhello\r\n0\r\nX-A: 1\nX-B: 2\r\n\r\n',
  'the next answer for a trailer': `5\r\nhello\r\n0\r\n${PLANTED}`,
  'a trailer without end': `5\r\nhello\r\n0\r\nX-A: ${'h'.repeat(100_000)}`,
  'trailers without end': `5\r\nhello\r\n0\r\n${'X-A: 1\r\n'.repeat(20_000)}`,
  'no chunks at all': '{"users":[],"meta":{}}',
  'HTML in the place of a chunk': '5\r\nhello\r\n<html>504</html>',
  'another head in the place of a chunk': `5\r\nhello\r\n${PLANTED}`,
};

const TEN = { body: '0123456789' };
const TEN_CHUNKED = { ...TEN, framing: 'chunked' };

const BREAKS = {
  'an end before its length': { ...TEN, claimLength: 11, thenClose: true },
  'an end before a byte of it': { raw: head('Content-Length: 10'), thenClose: true },
  'an end before a length of 2^63 - 1': { ...TEN, claimLength: '9223372036854775807', thenClose: true },
  'a reset before its length': { ...TEN, cutBodyAt: 9 },
  'an end without TLS goodbye before its length': { ...TEN, cutBodyAt: 9, cut: 'dirty' },
  'an end in place of the last chunk': { ...TEN_CHUNKED, cutBodyAt: 15, cut: 'clean' },
  'an end inside the last chunk': { ...TEN_CHUNKED, cutBodyAt: 16, cut: 'clean' },
  'an end before the last line': { ...TEN_CHUNKED, cutBodyAt: 18, cut: 'clean' },
  'an end before the last byte': { ...TEN_CHUNKED, cutBodyAt: 19, cut: 'clean' },
  'a reset in place of its end': { ...TEN, framing: 'close', cutBodyAt: 10 },
  'an end without TLS goodbye in place of its end': { ...TEN, framing: 'close', cutBodyAt: 10, cut: 'dirty' },
  'no TLS in its middle': { ...TEN, garbageAt: 45 },
  'no TLS in its chunks': { ...TEN_CHUNKED, garbageAt: 60 },
  'no TLS in place of its end': { ...TEN, framing: 'close', garbageAt: 46 },
  'silence before its length': { ...TEN, claimLength: 11 },
  'silence before a byte of it': { raw: head('Content-Length: 10') },
  'silence in a chunk': { raw: `${CHUNKED}a\r\n01234` },
  'silence after a chunk': { raw: `${CHUNKED}a\r\n0123456789\r\n` },
  'silence in the last chunk': { raw: `${CHUNKED}a\r\n0123456789\r\n0\r\n` },
  'silence in a trailer': { raw: `${CHUNKED}a\r\n0123456789\r\n0\r\nX-A: ` },
  'silence before the end of a body that lasts until then': { raw: `${head('X-A: 1')}0123456789` },
  'a drip that lasts too long': { body: '0'.repeat(200), drip: 20 * slowness, dripFrom: 60 },
  'chunks that drip too long': { framing: 'chunked', pieces: Array(200).fill('0'), between: 20 * slowness },
  'an extension that drips too long': { raw: `${CHUNKED}5;${'h'.repeat(200)}`, drip: 20 * slowness, dripFrom: CHUNKED.length },
};

testMisdeeds('bodies that break', [
  ...misdeeds('cut', CHUNKS, (chunks) => ({ raw: CHUNKED + chunks, thenClose: true })),
  ...misdeeds('cut', BREAKS, (order) => order),
]);

const answered = (rows, common) =>
  Object.entries(rows).map(([what, [bytes, rest]]) => ({
    what,
    fate: 'answered',
    order: typeof bytes === 'string' ? { raw: bytes } : bytes,
    text: '{}',
    ...common,
    ...rest,
  }));

const BEHIND = {
  'another answer': [`${head('Content-Length: 2')}{}${PLANTED}`],
  'another answer behind chunks': [`${CHUNKED}2\r\n{}\r\n0\r\n\r\n${PLANTED}`],
  'another answer behind an empty body': [`${head('Content-Length: 0')}${PLANTED}`, { text: '' }],
  'another answer behind a 204': [`${head('X-A: 1', '204 No Content')}${PLANTED}`, { status: 204, text: '' }],
  'another answer behind a 304': [`${head('X-A: 1', '304 Not Modified')}${PLANTED}`, { status: 304, text: '' }],
  'another answer behind an error': [
    `${head('Content-Length: 2', '404 Not Found')}{}${PLANTED}`,
    { status: 404, type: 'ResourceNotFound' },
  ],
  'an empty line': [`${head('Content-Length: 2')}{}\r\n`],
  'a byte more than its length': [`${head('Content-Length: 2')}{}}`],
  'a chunk more': [`${CHUNKED}2\r\n{}\r\n0\r\n\r\n2\r\n{}\r\n`],
  'a 100': [`${head('Content-Length: 2')}{}HTTP/1.1 100 Continue\r\n\r\n`],
  'zeros': [`${head('Content-Length: 2')}{}${'\0'.repeat(100)}`],
  'a body in a 204': [`${head('Content-Length: 7', '204 No Content')}planted`, { status: 204, text: '' }],
  'chunks in a 204': [`${head('Transfer-Encoding: chunked', '204 No Content')}0\r\n\r\n`, { status: 204, text: '' }],
  'a body in a 304': [`${head('Content-Length: 7', '304 Not Modified')}planted`, { status: 304, text: '' }],
  'a promised body in a 204': [head('Content-Length: 7', '204 No Content'), { status: 204, text: '' }],
  'promised chunks in a 204': [head('Transfer-Encoding: chunked', '204 No Content'), { status: 204, text: '' }],
  'a body for a HEAD': [`${head('Content-Length: 7')}planted`, { methods: ['HEAD'] }],
  'chunks for a HEAD': [`${CHUNKED}7\r\nplanted\r\n0\r\n\r\n`, { methods: ['HEAD'] }],
  'another answer for a HEAD': [`${head('Content-Length: 7')}${PLANTED}`, { methods: ['HEAD'] }],
  'an answer that says close': [`${head('Connection: close\r\nContent-Length: 2')}{}`],
  'an answer that says close in a list': [`${head('Connection: X-A , CLOSE\r\nContent-Length: 2')}{}`],
  'an answer of HTTP/1.0': ['HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}'],
};

const PACKED = gzipSync('{"users":[]}').toString('latin1');
const packed = (bytes, status = '200 OK') =>
  head(`Content-Encoding: gzip\r\nContent-Length: ${bytes.length}`, status) + bytes;

const ODD = {
  'no reason': [`HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}`],
  'a reason outside ASCII': [`HTTP/1.1 200 D\xe9j\xe0 vu\r\nContent-Length: 2\r\n\r\n{}`],
  'a later minor version': ['HTTP/1.9 200 OK\r\nContent-Length: 2\r\n\r\n{}'],
  'HTTP/1.0 that stays': ['HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}'],
  'a name in capitals': [`HTTP/1.1 200 OK\r\nCONTENT-LENGTH:2\r\n\r\n{}`],
  'white space around a length': [`HTTP/1.1 200 OK\r\nContent-Length:\t 2 \t\r\n\r\n{}`],
  'zeros before a length': [`HTTP/1.1 200 OK\r\nContent-Length: 0002\r\n\r\n{}`],
  'chunked in capitals': [`${head('Transfer-Encoding: CHUNKED')}2\r\n{}\r\n0\r\n\r\n`],
  'one byte a chunk': [`${CHUNKED}1\r\n{\r\n1\r\n}\r\n0\r\n\r\n`],
  'zeros before a size': [`${CHUNKED}0002\r\n{}\r\n000\r\n\r\n`],
  'extensions': [`${CHUNKED}2;a=1;b="c d"\r\n{}\r\n0;last\r\n\r\n`],
  'trailers': [`${CHUNKED}2\r\n{}\r\n0\r\nX-A: 1\r\nX-B:\r\n\r\n`],
  'sixteen interim answers': [`${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(16)}${head('Content-Length: 2')}{}`],
  'an unknown interim answer': [`HTTP/1.1 199 Soon\r\n\r\n${head('Content-Length: 2')}{}`],
  'a body that lasts until the end': [{ body: '{}', framing: 'close' }],
  'one byte at a time': [{ body: '{}', drip: 1 }],
  'a form that is no gzip': [packed('no gzip'), { text: 'no gzip' }],
  'a form that is cut gzip': [packed(PACKED.slice(0, -9)), { text: PACKED.slice(0, -9) }],
  'a status beyond 599': [`${head('Content-Length: 2', '799 Odd')}{}`, { status: 799, type: 'Internal' }],
  'a redirect without a place': [`${head('Content-Length: 2', '302 Found')}{}`, { status: 302 }],
  'a type that is none': [`${head('Content-Type: ;;\r\nContent-Length: 2')}{}`],
};

testMisdeeds('what stands behind an answer', answered(BEHIND, { poisons: true }));
testMisdeeds('answers that are odd', answered(ODD));

const PAGE = '<html><head><title>edge</title></head></html>';
const error = (body, fields = 'X-A: 1', status = '404 Not Found') =>
  head(`${fields}\r\nContent-Length: ${body.length}`, status) + body;
const OVERLONG = gzipSync('0'.repeat(20_000_000)).toString('latin1');
const JSON_TYPE = 'Content-Type: application/json';

const PAGES = {
  'a page': [error(PAGE, 'Content-Type: text/html')],
  'a page that says JSON': [error(PAGE, JSON_TYPE)],
  'a page in gzip': [error(gzipSync(PAGE).toString('latin1'), 'Content-Encoding: gzip')],
  'gzip that is none': [error(PAGE, 'Content-Encoding: gzip')],
  'gzip that is cut': [error(gzipSync(PAGE).toString('latin1').slice(0, -9), 'Content-Encoding: gzip')],
  'gzip that grows a thousandfold': [error(OVERLONG, 'Content-Encoding: gzip')],
  'deflate that is none': [error(PAGE, 'Content-Encoding: deflate')],
  'a page in br': [error(PAGE, 'Content-Type: text/html\r\nContent-Encoding: br')],
  'gzip twice': [error(PACKED, 'Content-Encoding: gzip, gzip')],
  'JSON that is cut': [error('{"id":"e","code":404,"type":"Res', JSON_TYPE)],
  'JSON that is deep': [error('['.repeat(20_000), JSON_TYPE)],
  'JSON of another API': [error('{"error":{"code":404}}', JSON_TYPE)],
  'JSON of a type that nobody knows': [error('{"code":404,"type":"Bogus","message":"m"}', JSON_TYPE)],
  'a number': [error('404', JSON_TYPE)],
  'null': [error('null', JSON_TYPE)],
  'no UTF-8': [error('\xff\xfe\x80', 'Content-Type: text/plain')],
  'control bytes': [error('\0\x1b[2J\r\n', 'Content-Type: text/plain')],
  'zeros': [error('\0'.repeat(5000))],
  'a large page': [error('x'.repeat(2_000_000))],
  'a large page in chunks': [{ status: 404, framing: 'chunked', pieces: Array(200).fill('x'.repeat(5000)) }],
  'no type and no body': [error('')],
  'text until the end': [{ status: 404, framing: 'close', body: 'gone' }],
};

const PAGE_BREAKS = {
  'a page that is cut': { status: 404, body: PAGE, cutBodyAt: 9 },
  'a page without its length': { status: 502, body: PAGE, claimLength: 500, thenClose: true },
  'a page of bad chunks': { raw: `${head('Transfer-Encoding: chunked', '503 No')}x\r\n` },
  'a page until a reset': { status: 500, body: PAGE, framing: 'close', cutBodyAt: 9 },
};

const PAGE_STALLS = {
  'a page that stops': { status: 404, body: PAGE, claimLength: 500 },
  'a page before its first byte': { raw: head('Content-Length: 9', '500 No') },
  'a page of chunks that stops': { raw: `${head('Transfer-Encoding: chunked', '502 No')}5\r\nhello` },
};

testMisdeeds('errors of others', [
  ...answered(PAGES, { status: 404, type: 'ResourceNotFound' }),
  ...misdeeds('lost', PAGE_BREAKS, (order) => order),
  ...misdeeds('late', PAGE_STALLS, (order) => order),
]);
