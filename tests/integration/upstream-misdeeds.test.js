// Heads that are none, or come too late: product.md §8's answer in time, and the next request is served well.

import { slowness } from './support/deadline.js';
import { testMisdeeds } from './support/misdeeds.js';

const BODY = '\r\nContent-Length: 2\r\n\r\n{}';
const LONG = 'h'.repeat(40_000);

const misdeeds = (fate, rows, toOrder) =>
  Object.entries(rows).map(([what, row]) => ({ what, fate, order: toOrder(row) }));

const raw = (bytes) => ({ raw: bytes });

const STATUS_LINES = {
  'no status line': '\r\nHTTP/1.1 200 OK',
  'a status of two digits': 'HTTP/1.1 20 OK',
  'a status of four digits': 'HTTP/1.1 2000 OK',
  'a status below 100': 'HTTP/1.1 099 OK',
  'a status of zero': 'HTTP/1.1 000 OK',
  'a negative status': 'HTTP/1.1 -20 OK',
  'a signed status': 'HTTP/1.1 +20 OK',
  'a status in hexadecimal': 'HTTP/1.1 0xC OK',
  'a status after two spaces': 'HTTP/1.1  200 OK',
  'a status after a tab': 'HTTP/1.1\t200 OK',
  'a status before a tab': 'HTTP/1.1 200\tOK',
  'a status before a dot': 'HTTP/1.1 200.1 OK',
  'a status that sticks to the version': 'HTTP/1.1200 OK',
  'no status': 'HTTP/1.1',
  'an empty status': 'HTTP/1.1 ',
  'the reason before the status': 'HTTP/1.1 OK 200',
  'no version': '200 OK',
  'a space before the version': ' HTTP/1.1 200 OK',
  'a version in lower case': 'http/1.1 200 OK',
  'a version of three parts': 'HTTP/1.1.1 200 OK',
  'a version without a dot': 'HTTP/11 200 OK',
  'a version without a minor': 'HTTP/1. 200 OK',
  'a version with a leading zero': 'HTTP/01.1 200 OK',
  'a version with a long minor': 'HTTP/1.10 200 OK',
  'HTTP/0.9': 'HTTP/0.9 200 OK',
  'HTTP/2.0': 'HTTP/2.0 200 OK',
  'HTTP/2': 'HTTP/2 200',
  'HTTP/3': 'HTTP/3 200',
  'another protocol with its version': 'RTSP/1.0 200 OK',
  'a name that begins with HTTP': 'HTTPS/1.1 200 OK',
  'a shout': 'ICY 200 OK',
  'a request': 'GET / HTTP/1.1',
  'a NUL in the reason': 'HTTP/1.1 200 O\0K',
  'an escape in the reason': 'HTTP/1.1 200 \x1b[2J',
  'a bare CR in the reason': 'HTTP/1.1 200 O\rK',
  'a bare LF in the reason': 'HTTP/1.1 200 O\nK',
  'a reason without end': `HTTP/1.1 200 ${LONG}`,
  'another protocol after a 100': 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Go',
};

const FIELDS = {
  'an empty name': ': 1',
  'no colon': 'X-A',
  'a space in a name': 'X A: 1',
  'a tab before the colon': 'X-A\t: 1',
  'a space before the colon of a length': 'Content-Length : 2',
  'a name outside ASCII': 'X-\xc4: 1',
  'a NUL before a name': '\0X-A: 1',
  'a NUL alone': '\0',
  'a name in quotes': '"X-A": 1',
  'a name in brackets': '(X-A): 1',
  'an at sign for a name': '@: 1',
  'JSON for a field': '{"a": 1}',
  'HTML for a field': '<html>',
  'a control byte in a value': 'X-A: \x01',
  'a DEL in a value': 'X-A: \x7f',
  'an escape in a value': 'X-A: \x1b[31m',
  'a bare CR in a value': 'X-A: a\rb',
  'a bare CR before the line end': 'X-A: a\r',
  'a bare LF in a value': 'X-A: a\nX-B: b',
  'a bare LF for the empty line': 'X-A: 1\r\n\n',
  'an LF CR': 'X-A: 1\n\r',
  'a first field that is folded': ' X-A: 1',
  'a field folded with a tab': 'X-A: 1\r\n\tX-B: 2',
  'a length that is folded': 'X-A: 1\r\nContent-Length:\r\n 2',
  'a line of spaces': '   ',
  'too many fields': 'X-A: 1\r\n'.repeat(200) + 'X-A: 1',
  'a long field': `X-A: ${LONG}`,
  'a long name': `${LONG}: 1`,
  'a large head': `X-A: ${'h'.repeat(1000)}\r\n`.repeat(90) + 'X-A: 1',
  'a field of options without end': `Connection: ${'a,'.repeat(500)}a`,
};

const LENGTHS = {
  'an empty length': 'Content-Length: ',
  'a signed length': 'Content-Length: +2',
  'a length in hexadecimal': 'Content-Length: 0x2',
  'a length with a fraction': 'Content-Length: 2.0',
  'a length with an exponent': 'Content-Length: 2e0',
  'a length with a parameter': 'Content-Length: 2;',
  'a length in words': 'Content-Length: two',
  'a length in quotes': 'Content-Length: "2"',
  'a list of lengths': 'Content-Length: 2, 2',
  'two lengths in one field': 'Content-Length: 2 2',
  'the same length twice': 'Content-Length: 2\r\nContent-Length: 2',
  'a length of 2^63': 'Content-Length: 9223372036854775808',
  'a length of 2^64 + 2': 'Content-Length: 18446744073709551618',
  'a length of 30 digits': `Content-Length: ${'9'.repeat(30)}`,
  'a length before the coding': 'Content-Length: 2\r\nTransfer-Encoding: chunked',
  'a length after the coding': 'Transfer-Encoding: chunked\r\nContent-Length: 2',
  'a length of nothing with a coding': 'Transfer-Encoding: chunked\r\nContent-Length: 0',
  'a length with an unknown coding': 'Transfer-Encoding: x\r\nContent-Length: 2',
  'an empty coding': 'Transfer-Encoding: ',
  'an unknown coding': 'Transfer-Encoding: xchunked',
  'no coding by name': 'Transfer-Encoding: identity',
  'a compressed transfer': 'Transfer-Encoding: gzip',
  'a compressed transfer in chunks': 'Transfer-Encoding: gzip, chunked',
  'chunks that are compressed': 'Transfer-Encoding: chunked, gzip',
  'chunks in chunks': 'Transfer-Encoding: chunked, chunked',
  'chunks twice': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
  'chunks with a parameter': 'Transfer-Encoding: chunked;q=1',
  'chunks in quotes': 'Transfer-Encoding: "chunked"',
  'a list that begins with nothing': 'Transfer-Encoding: , chunked',
  'a vertical tab before chunked': 'Transfer-Encoding: \x0bchunked',
};

const GOOD = `HTTP/1.1 200 OK${BODY}`;

const NO_HTTP = {
  'an empty line before it': `\r\n${GOOD}`,
  'a bare LF before it': `\n${GOOD}`,
  'a NUL before it': `\0${GOOD}`,
  'a space before it': ` ${GOOD}`,
  'a byte order mark before it': `\xef\xbb\xbf${GOOD}`,
  'a chunk before it': `2\r\n{}\r\n${GOOD}`,
  'the rest of another body before it': `"}]}${GOOD}`,
  'HTML alone': '<html><body>502 Bad Gateway</body></html>',
  'JSON alone': '{"users":[]}',
  'zeros': '\0'.repeat(4096),
  'empty lines': '\r\n'.repeat(4096),
  'a line without end': 'h'.repeat(200_000),
  'a line without end behind a good beginning': 'HTTP/1.'.padEnd(200_000, '1'),
  'frames of HTTP/2': '\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80\0\x04\0\x01\0\0',
  'an alert of TLS': '\x15\x03\x03\0\x02\x02\x28',
  'an SMTP greeting': '220 mail.example ESMTP\r\n',
  'an FTP greeting': '220-Welcome\r\n220 \r\n',
  'a Redis error': '-ERR unknown command\r\n',
  'a MySQL greeting': 'J\0\0\0\n8.0.36\0',
  'a PROXY header before it': `PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n${GOOD}`,
  'a status line before it': `HTTP/1.1 200 OK\r\n${GOOD}`,
};

const INTERIM = {
  'seventeen interim answers': `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(17)}${GOOD}`,
  'large interim answers': `${`HTTP/1.1 103 Early Hints\r\nLink: ${'h'.repeat(9000)}\r\n\r\n`.repeat(9)}${GOOD}`,
  'an interim answer with a body': `HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhello${GOOD}`,
  'an interim answer in chunks': `HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${GOOD}`,
  'an interim answer that is malformed': `HTTP/1.1 103 Early Hints\r\nX A: 1\r\n\r\n${GOOD}`,
};

testMisdeeds('heads that are malformed', [
  ...misdeeds('lost', STATUS_LINES, (line) => raw(line + BODY)),
  ...misdeeds('lost', FIELDS, (field) => raw(`HTTP/1.1 200 OK\r\n${field}${BODY}`)),
  ...misdeeds('lost', LENGTHS, (length) => raw(`HTTP/1.1 200 OK\r\n${length}\r\n\r\n{}`)),
  ...misdeeds('lost', NO_HTTP, raw),
  ...misdeeds('lost', INTERIM, raw),
  { what: 'chunks in HTTP/1.0', fate: 'lost', order: raw('HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n') },
]);

const SLOW = {
  'silence': { stallAt: 0 },
  'silence after a byte': { json: {}, stallAt: 1 },
  'silence in the status line': { json: {}, stallAt: 10 },
  'silence in a field': { json: {}, stallAt: 25 },
  'silence before the last byte of the head': raw(GOOD.slice(0, -3)),
  'silence after a 100': { interim: ['100 Continue'], stallAt: 0 },
  'silence in a 103': raw('HTTP/1.1 103 Early Hints\r\nLink: <'),
  'interim answers, slowly and for ever': { interim: 'slowly' },
  'a head that drips': { json: {}, drip: 60 * slowness },
  'an answer after the deadline': { json: {}, delay: 700 * slowness },
  'an answer after the deadline, and the next one': { ...raw(GOOD + GOOD), delay: 700 * slowness },
};

const LOST = {
  'a close after an interim answer': { interim: ['100 Continue'], cutAt: 0, cut: 'clean' },
  'a reset after an interim answer': { interim: ['103 Early Hints'], cutAt: 0 },
  'no TLS in place of a head': { json: {}, garbageAt: 0 },
  'no TLS inside a head': { json: {}, garbageAt: 25 },
};

testMisdeeds('heads that come late or never', [
  ...misdeeds('late', SLOW, (order) => order),
  ...misdeeds('lost', LOST, (order) => order),
]);
