// Heads that break RFC 9110 or 9112, or that two readers could read in two ways. Each is sent whole, byte
// by byte, and cut in two at every byte, always with a second request behind it that an attacker would like
// to smuggle: the answer is the refusal and the end of the connection, and no byte reaches the upstream.
//
// Where the RFCs leave a choice, the strict one was taken: 400 and not 501 for transfer codings that are
// not one "chunked" (RFC 9112 §6.1 and §6.3 allow both), repeated equal lengths refused (§6.3 allows to
// take them for one), an empty Host refused (RFC 9110 §4.2.1: no http URI has one), a second empty line
// before the request refused (RFC 9112 §2.2 asks for one to be ignored).

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { play } from './support/play.js';
import { cuts, inBytes, inPiecesOf, Volley } from './support/volley.js';

const USERS = '/v1/chat/users';
const SMUGGLED = 'GET /v1/chat/users/smuggled HTTP/1.1\r\nHost: h\r\n\r\n';

/** A head with this start line. */
const start = (line) => `${line}\r\nHost: h\r\n\r\n`;
/** A head with these field lines, Host among them or not. */
const fields = (...lines) => [`GET ${USERS} HTTP/1.1`, ...lines, '', ''].join('\r\n');
const withField = (line) => fields('Host: h', line);
const withHost = (value) => fields(`Host: ${value}`);
const withTarget = (target) => start(`GET ${target} HTTP/1.1`);
const post = (...lines) => `POST ${USERS} HTTP/1.1\r\nHost: h\r\n${lines.join('\r\n')}\r\n\r\n`;
const withLength = (value) => post(`Content-Length: ${value}`);
const withCoding = (value) => post(`Transfer-Encoding: ${value}`);

/** {what the row is called: head}, from the parts that differ. */
const rows = (parts, headOf) => Object.fromEntries(parts.map((part) => [JSON.stringify(part), headOf(part)]));

const byte = (code) => String.fromCharCode(code);
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, n) => byte(from + n));
const CONTROLS = [...range(0x00, 0x08), '\x0b', '\x0c', ...range(0x0e, 0x1f), '\x7f'];
const DELIMITERS = [...'"(),/;<=>?@[\\]{}'];

// RFC 9112 §2.2, §3, §5: CR LF ends a line, and nothing else does.
const LINE_ENDS = {
  'LF after the start line': `GET ${USERS} HTTP/1.1\nHost: h\r\n\r\n`,
  'LF after a field': withField('X-A: 1').replace('1\r\n', '1\n'),
  'LF everywhere': withField('X-A: 1').replaceAll('\r\n', '\n'),
  'LF for the empty line': withField('X-A: 1').replace(/\r\n$/, '\n'),
  'LF twice at the end': withField('X-A: 1').replace(/\r\n\r\n$/, '\n\n'),
  'LF CR for CR LF': withField('X-A: 1').replaceAll('\r\n', '\n\r'),
  'CR everywhere': withField('X-A: 1').replaceAll('\r\n', '\r'),
  'CR after the start line': `GET ${USERS} HTTP/1.1\rHost: h\r\n\r\n`,
  'CR CR LF after the start line': `GET ${USERS} HTTP/1.1\r\r\nHost: h\r\n\r\n`,
  'CR CR LF after a field': withField('X-A: 1').replace('1\r\n', '1\r\r\n'),
  'CR CR LF for the empty line': withField('X-A: 1').replace(/\r\n$/, '\r\r\n'),
  'CR in the method': start(`G\rET ${USERS} HTTP/1.1`),
  'CR in the target': withTarget('/v1/chat\r/users'),
  'CR for a space': start(`GET\r${USERS} HTTP/1.1`),
  'CR in the version': start(`GET ${USERS} HTTP/1\r.1`),
  'CR in a name': withField('X\r-A: 1'),
  'CR before the colon': withField('X-A\r: 1'),
  'CR after the colon': withField('X-A:\r1'),
  'CR in a value': withField('X-A: 1\r2'),
  'CR and a space in a value': withField('X-A: 1\r 2'),
  'CR at the end of a value': withField('X-A: 1\r '),
  'CR that hides a field': withField('X-A: 1\rContent-Length: 5'),
  'LF in the target': withTarget('/v1/chat\n/users'),
  'LF in a name': withField('X\n-A: 1'),
  'LF that hides a field': withField('X-A: 1\nContent-Length: 5'),
  'LF that hides a coding': withField('X-A: 1\nTransfer-Encoding: chunked'),
  'LF that hides a request': withField(`X-A: 1\n\n${SMUGGLED}`),
  'LF before the start line': `\n${withField('X-A: 1')}`,
  'CR before the start line': `\r${withField('X-A: 1')}`,
  'CR CR LF before the start line': `\r\r\n${withField('X-A: 1')}`,
  'two empty lines before the start line': `\r\n\r\n${withField('X-A: 1')}`,
  'a space on the empty line': fields('Host: h', ' '),
  'a tab on the empty line': fields('Host: h', '\t'),
  'vertical tab for a line end': withField('X-A: 1\x0bX-B: 2'),
  'form feed for a line end': withField('X-A: 1\x0cX-B: 2'),
};

// RFC 9112 §3: method SP request-target SP HTTP-version.
const START_LINES = rows([
  'GET', 'GET ', 'GET  ', ' ', USERS, `GET ${USERS}`, `GET ${USERS} `, 'GET HTTP/1.1', 'GET  HTTP/1.1',
  ` GET ${USERS} HTTP/1.1`, `\tGET ${USERS} HTTP/1.1`, `  ${USERS} HTTP/1.1`, ` ${USERS} HTTP/1.1`,
  `GET  ${USERS} HTTP/1.1`, `GET ${USERS}  HTTP/1.1`, `GET ${USERS} HTTP/1.1 `, `GET ${USERS} HTTP/1.1\t`,
  `GET\t${USERS} HTTP/1.1`, `GET ${USERS}\tHTTP/1.1`, `GET\x0b${USERS} HTTP/1.1`, `GET ${USERS}\x0cHTTP/1.1`,
  `GET\xa0${USERS} HTTP/1.1`, `GET ${USERS} x HTTP/1.1`, `GET ${USERS} HTTP/1.1 x`, `GET ${USERS} HTTP/1.1 HTTP/1.1`,
  `GET,${USERS},HTTP/1.1`, `GET: ${USERS} HTTP/1.1`, `HTTP/1.1 200 OK`, `HTTP/1.1 ${USERS} GET`,
  'EHLO mail.test', 'SSH-2.0-OpenSSH_9.2', 'PROXY TCP4 10.0.0.1 10.0.0.2 1 2', 'Host: h', '{"type":"x"}', '<html>',
  ...['http/1.1', 'Http/1.1', 'HTTP /1.1', 'HTTP/ 1.1', 'HTTP/1 .1', 'HTTP/1', 'HTTP/1.', 'HTTP/.1', 'HTTP/', 'HTTP',
    'HTTP/1.1.1', 'HTTP/11.1', 'HTTP/1.10', 'HTTP/01.1', 'HTTP/1.01', 'HTTP/1,1', 'HTTP/1.1x', 'HTTP/1.x', 'HTTP/x.1',
    'HTTP/1.1\0', 'HTTP/1\0.1', 'HTTP/+1.1', 'HTTP/-1.1', 'HTTP/1.-1', 'HTTP/\xb9.1', 'HTTP1.1', 'HTTP\\1.1',
    'HTTPS/1.1', 'SHTTP/1.1', 'ICY/1.1', 'RTSP/1.0', 'SIP/2.0', 'HTCPCP/1.0', '1.1', '/1.1', 'HTTP/1.1;x', '"HTTP/1.1"',
  ].map((version) => `GET ${USERS} ${version}`),
], start);

const OTHER_PROTOCOLS = {
  'a TLS hello': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  'an old TLS hello': '\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00',
  'PROXY protocol v2': '\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c',
  'zeros': '\0\0\0\0\0\0\0\0',
  'a byte order mark': `\xef\xbb\xbf${start(`GET ${USERS} HTTP/1.1`)}`,
};

// RFC 9110 §9.1: a token.
const METHODS = rows([...DELIMITERS, ':', ...CONTROLS.slice(0, 4), '\x7f', '\x80', '\xff'].map((c) => `G${c}T`), (method) =>
  start(`${method} ${USERS} HTTP/1.1`));

// RFC 9112 §3.2, RFC 3986 §3.3; the rules of the path are the gateway's own (product §11).
const TARGETS = rows([
  'v1/chat/users', 'users', 'h', 'h:80', '*', '**', '*/', '/*/..', '?a=b', '#', '.', '..', '%2Fv1', ';', ':', 'h/v1',
  '/v1/chat/users#', '/v1/chat/users#x', '/v1/chat/users?a#b', '/#?a',
  '/v1/chat/users\\', '\\v1\\chat', '/v1\\..\\x', '/v1/chat/users/%5c', '/v1/chat/users/%5C..', '/v1/chat/users/%00', '/%00',
  '/v1/chat/users/%', '/v1/chat/users/%2', '/v1/chat/users/%zz', '/v1/chat/users/%g0', '/v1/chat/users/%0g',
  '/v1/chat/users/%%32%65', '/v1/chat/users/%u002e', '/v1/chat/users/%-1',
  '/.', '/..', '/./', '/../', '/v1/.', '/v1/..', '/v1/./chat', '/v1/../admin', '/v1/chat/users/.', '/v1/chat/users/..',
  '/%2e', '/%2e%2e/x', '/%2E%2e', '/.%2e/x', '/%2e./x', '/v1/%2e/chat', '/v1/%2E%2E/admin', '//..//', '/v1//../x',
  '/v1/chat/..%2fadmin', '/v1/chat/%2e%2e%2fadmin', '/v1/chat%2f..%2fadmin', '/v1/..?a', '/..?',
  ...[...'"<>^`{|}'].map((c) => `/v1/chat/users/${c}`),
  ...['\0', '\x01', '\x0b', '\x1f', '\x7f', '\x80', '\xff', '\xc0\xae'].flatMap((c) => [`/v1/chat/users/${c}`, `/v1/chat/users?${c}`]),
  'ftp://h/v1', 'ws://h/v1', 'file:///etc/passwd', 'mailto:u@h', 'javascript:x', 'http:', 'http:/', 'http:/h/v1', 'http//h/v1',
  'http://', 'http:///v1', 'http://?a', 'http://u@h/v1', 'http://u:p@h/v1', 'http://@h/v1', 'http://h:x/v1', 'http://h:99999/v1',
  'http://h:-1/v1', 'http://h:1:2/v1', 'http://[::1/v1', 'http://[zz]/v1', 'http://::1/v1', 'http://h,i/v1', 'http://h;i/v1', 'http://h\\i/v1',
  'http://h#/v1', 'http://h/v1#x', 'http://h/../v1', 'http://h/%2e%2e/v1', 'http://h/v1\\', 'http://h?a#b', 'http://.h/v1', 'http://h..i/v1',
  'http://%68/v1', 'https:/h/v1', 'httpx://h/v1', ' /v1', '/v1 /chat', '/v1/chat/users?a b', '/v1\t/chat',
], withTarget);

// RFC 9110 §7.2, RFC 9112 §3.2.
const HOSTS = {
  'no Host': fields('X-A: 1'),
  'no field at all': fields(),
  'no Host beside an absolute form': `GET http://h${USERS} HTTP/1.1\r\nX-A: 1\r\n\r\n`,
  'a bad Host beside an absolute form': `GET http://h${USERS} HTTP/1.1\r\nHost: a b\r\n\r\n`,
  'the same Host twice': fields('Host: h', 'Host: h'),
  'two Hosts': fields('Host: h', 'Host: i'),
  'two Hosts apart': fields('Host: h', 'X-A: 1', 'hOST: i'),
  'two Hosts, one empty': fields('Host: h', 'Host:'),
  'two Hosts beside an absolute form': `GET http://h${USERS} HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n`,
  'two Hosts in HTTP/1.0': `GET ${USERS} HTTP/1.0\r\nHost: h\r\nHost: i\r\n\r\n`,
  'a bad Host in HTTP/1.0': `GET ${USERS} HTTP/1.0\r\nHost: a b\r\n\r\n`,
  'a space before the colon of Host': fields('Host : h'),
  'a folded Host': fields('Host:', ' h'),
  'a Host as the fold of another': fields('X-A: 1', ' Host: h'),
  'a NUL in the name of Host': fields('Ho\0st: h'),
  ...rows([
    '', ' ', 'a b', 'a\tb', 'h/', 'h/v1', 'h?', 'h#', 'h\\', 'u@h', 'u:p@h', '@', 'h,', 'h,i', 'h, i', 'h;', '"h"', '<h>', 'http://h', '//h',
    'h:1:2', 'h:65536', 'h:99999999999', 'h:-1', 'h:+80', 'h:80x', 'h: 80', 'h :80', 'h:0x50', 'h:8 0', ':80', ':', '*', '{h}', '|', '^',
    '::1', '[::1', '::1]', '[]', '[zz]', '[::1]x', '[::1]:x', '[::1]80', 'x[::1]', '[1.2.3.4]', '[::1%25eth0]', '[::1]]',
    '.h', '..', 'h..i', '.', '%41', 'h\0', 'h\x01', 'h\x7f', 'h\xe9', '\xff', 'h\0.i', "h'", 'h!', 'h(',
  ], withHost),
};

// RFC 9112 §5.1: no white space around a name, which is a token.
const NAMES = {
  'a space before the colon': withField('X-A : 1'),
  'a tab before the colon': withField('X-A\t: 1'),
  'a space before the first name': fields(' X-A: 1', 'Host: h'),
  'a tab before the first name': fields('\tX-A: 1', 'Host: h'),
  'an empty name': withField(': 1'),
  'a colon alone': withField(':'),
  'two colons first': withField(':: 1'),
  'no colon': withField('X-A'),
  'no colon, first line': fields('X-A', 'Host: h'),
  'no colon but a space': withField('X-A 1'),
  'an equals sign for the colon': withField('X-A=1'),
  'a space inside a name': withField('X A: 1'),
  'a second request line': withField(`GET ${USERS} HTTP/1.1`),
  ...rows([...DELIMITERS, ...CONTROLS, '\x80', '\xa0', '\xff'].map((c) => `X${c}A: 1`), withField),
};

// RFC 9110 §5.5; RFC 9112 §5.2.
const VALUES = {
  ...rows(CONTROLS.map((c) => `X-A: 1${c}2`), withField),
  'a NUL at the end of a value': withField('X-A: 1\0'),
  'a NUL before a value': withField('X-A:\x001'),
  'a value folded by a space': withField('X-A: 1\r\n 2'),
  'a value folded by a tab': withField('X-A: 1\r\n\t2'),
  'a value folded twice': withField('X-A: 1\r\n 2\r\n 3'),
  'a value that begins on the next line': withField('X-A:\r\n 1'),
  'a fold of nothing': withField('X-A: 1\r\n '),
  'a fold that hides a length': withField('X-A: 1\r\n Content-Length: 5'),
  'a fold that hides a coding': withField('X-A: 1\r\n Transfer-Encoding: chunked'),
};

// RFC 9110 §8.6: 1*DIGIT, once.
const LENGTHS = {
  ...rows([
    '', '+5', '-5', '-0', '+0', '5x', 'x5', '0x5', '0b1', '0o7', '5.0', '5.', '.5', '5e0', '5,5', '5, 5', '5,', ',5', '5,6', '5;', '5;q=1', '5 5', '5 6',
    '5\t5', '"5"', "'5'", '5_0', '1 000', '1,000', '5\0', '\x005', '5\x0b', '\x0c5', '5\x7f', '\xb2', '\xd9\xa5', '\xef\xbc\x95', 'five', 'NaN', 'Infinity', 'chunked',
    '9223372036854775808', '18446744073709551615', '18446744073709551616', '18446744073709551621', '99999999999999999999999',
    '-18446744073709551611', '4294967296x', '0 0', '0,0', '0x0', '5\r 5',
  ], withLength),
  'the same length twice': post('Content-Length: 5', 'Content-Length: 5'),
  'two lengths': post('Content-Length: 5', 'Content-Length: 6'),
  'two lengths, the second 0': post('Content-Length: 5', 'Content-Length: 0'),
  'two lengths, the first 0': post('Content-Length: 0', 'Content-Length: 49'),
  'two lengths in two spellings': post('Content-Length: 5', 'X-A: 1', 'content-LENGTH: 6'),
  'three equal lengths': post('Content-Length: 5', 'Content-Length: 5', 'Content-Length: 5'),
  'a length and an empty one': post('Content-Length: 5', 'Content-Length:'),
  'a length with a space before the colon': post('Content-Length : 5'),
  'a length with a tab before the colon': post('Content-Length\t: 5'),
  'a length with a NUL in its name': post('Content-\0Length: 5'),
  'a length with a control byte in its name': post('Content-Length\x0b: 5'),
  'a length with a space in its name': post('Content Length: 5'),
  'a folded length': post('Content-Length:\r\n 5'),
  'a length folded in two': post('Content-Length: 5\r\n 6'),
};

// RFC 9112 §6.1, §6.3: one "chunked", in HTTP/1.1, without a length.
const CODINGS = {
  ...rows([
    '', ',', 'gzip', 'identity', 'deflate', 'compress', 'x', 'nothing', 'none', 'chunk', 'chunke', 'cchunked', 'chunkedd', 'xchunked', 'x-chunked', 'chunked-x',
    'chunked, chunked', 'chunked chunked', 'chunked,chunked', 'chunked, identity', 'identity, chunked', 'gzip, chunked', 'chunked, gzip', 'chunked,', ',chunked', ', chunked',
    'chunked;', 'chunked;q=1', 'chunked;a=b', 'chunked; ', 'chunked x', 'x chunked', 'x, chunked', 'chunked, x', '"chunked"', "'chunked'", '<chunked>',
    '\x0bchunked', '\x0cchunked', 'chunked\x0b', 'chunked\0', '\0chunked', 'chun\0ked', 'chunked\x7f', '\xa0chunked', 'chunked\xa0', 'chun\xe2\x84\xaaed', 'chunked\x01', 'chun ked', 'chunked\r x',
    'trailers', 'gzip', '5', '0', 'true', 'chunked=1', '(chunked)', 'ch\xfcnked',
  ], withCoding),
  'chunked twice': post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
  'chunked and identity': post('Transfer-Encoding: chunked', 'Transfer-Encoding: identity'),
  'identity and chunked': post('Transfer-Encoding: identity', 'Transfer-Encoding: chunked'),
  'chunked and x': post('Transfer-Encoding: chunked', 'Transfer-encoding: x'),
  'x and chunked': post('Transfer-Encoding: x', 'Transfer-encoding: chunked'),
  'chunked and nothing': post('Transfer-Encoding: chunked', 'Transfer-Encoding:'),
  'CL.TE': post('Content-Length: 6', 'Transfer-Encoding: chunked'),
  'TE.CL': post('Transfer-Encoding: chunked', 'Content-Length: 4'),
  'TE with a length of 0': post('Content-Length: 0', 'Transfer-Encoding: chunked'),
  'TE with a bad length': post('Content-Length: x', 'Transfer-Encoding: chunked'),
  'CL with a bad coding': post('Content-Length: 5', 'Transfer-Encoding: x'),
  'CL with an empty coding': post('Content-Length: 5', 'Transfer-Encoding:'),
  'CL.TE in other letters': post('content-length: 6', 'TRANSFER-ENCODING: CHUNKED'),
  'CL.TE apart': post('Content-Length: 6', 'X-A: 1', 'Transfer-Encoding: chunked'),
  'CL.TE in a GET': fields('Host: h', 'Content-Length: 6', 'Transfer-Encoding: chunked'),
  'a coding with a space before the colon': post('Transfer-Encoding : chunked'),
  'a coding with a tab before the colon': post('Transfer-Encoding\t: chunked'),
  'a coding with a control byte before the colon': post('Transfer-Encoding\x0b: chunked'),
  'a coding with a NUL in its name': post('Transfer\0-Encoding: chunked'),
  'a coding with a NUL after its name': post('Transfer-Encoding\0: chunked'),
  'a coding with a space in its name': post('Transfer Encoding: chunked'),
  'a coding whose name is quoted': post('"Transfer-Encoding": chunked'),
  'a coding behind a colon': post(':Transfer-Encoding: chunked'),
  'a coding behind a space': post('X-A: 1', ' Transfer-Encoding: chunked'),
  'a coding behind a space, first line': `POST ${USERS} HTTP/1.1\r\n Transfer-Encoding: chunked\r\nHost: h\r\n\r\n`,
  'a coding whose colon is on the next line': post('Transfer-Encoding', ': chunked'),
  'a folded coding': post('Transfer-Encoding:\r\n chunked'),
  'a coding folded in two': post('Transfer-Encoding: chunked\r\n , x'),
  'a coding behind a bare CR': post('X-A: 1\rTransfer-Encoding: chunked'),
  'a coding behind a bare LF': post('X-A: 1\nTransfer-Encoding: chunked'),
  'a coding before a bare LF': post('Transfer-Encoding:\nchunked'),
  'a length and a disguised coding': post('Content-Length: 5', 'Transfer-Encoding : chunked'),
  'a coding in HTTP/1.0': `POST ${USERS} HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n`,
  'a coding in HTTP/1.0 that is kept alive': `POST ${USERS} HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n`,
  'CL.TE in HTTP/1.0': `POST ${USERS} HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`,
};

// Product §4, §11: fields that say who is asking come once, in their own spelling.
const INJECTED = ['authorization', 'x-bpgate-key', 'x-bot-id', 'x-workspace-id', 'x-integration-id', 'x-integration-alias', 'x-integration-name', 'x-destination-bot-id', 'x-user-id', 'x-user-role', 'x-multiple-integrations'];
const FAMILY = {
  ...rows(INJECTED, (name) => fields('Host: h', `${name}: a`, `${name.toUpperCase()}: b`)),
  ...rows(INJECTED.filter((name) => name.includes('-')).map((name) => name.replaceAll('-', '_')), (name) => withField(`${name}: a`)),
  'an alias in capitals': withField('X_BOT_ID: a'),
  'an alias beside the name': fields('Host: h', 'X-Bot-Id: a', 'X_Bot_Id: b'),
  'an alias with one underscore, first': withField('x_bot-id: a'),
  'an alias with one underscore, last': withField('x-workspace_id: a'),
  'a field injected by a bare LF': withField('X-A: 1\nx-bot-id: a'),
  'a field injected by a bare CR': withField('X-A: 1\rx-bot-id: a'),
  'a field injected by a fold': withField('X-A: 1\r\n x-bot-id: a'),
  'a field injected behind a NUL': withField('X-A: 1\0\r\nx-bot-id: a'),
  'a field injected by the target': withTarget(`${USERS}?a\nx-bot-id:a`),
};

const long = (size) => 'x'.repeat(size);
const many = (count) => Array.from({ length: count }, (_, n) => `X-${n}: v`);
const TOO_MUCH = {
  'a target of 9 KB': [withTarget(`/${long(9000)}`), 414],
  'a query of 9 KB': [withTarget(`${USERS}?${long(9000)}`), 414],
  'a method of 9 KB': [start(`${long(9000)} / HTTP/1.1`), 414],
  'a start line without an end': [long(40_000), 414],
  'a value of 9 KB': [withField(`X-A: ${long(9000)}`), 431],
  'a name of 9 KB': [withField(`${long(9000)}: 1`), 431],
  'white space of 9 KB': [withField(`X-A:${' '.repeat(9000)}1`), 431],
  'a Host of 9 KB': [withHost(long(9000)), 431],
  '101 fields': [fields('Host: h', ...many(100)), 431],
  '1000 fields': [fields('Host: h', ...many(999)), 431],
  '40 KB of fields': [fields('Host: h', ...Array.from({ length: 10 }, (_, n) => `X-${n}: ${long(4000)}`)), 431],
  'fields without an end': [`GET ${USERS} HTTP/1.1\r\n${'X-A: 1\r\n'.repeat(6000)}`, 431],
};

const OTHER_STATUS = {
  ...rows(['HTTP/0.9', 'HTTP/0.0', 'HTTP/2.0', 'HTTP/2.1', 'HTTP/3.0', 'HTTP/9.9'], (version) => [start(`GET ${USERS} ${version}`), 505]),
  'the preface of HTTP/2': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  CONNECT: [start('CONNECT h:443 HTTP/1.1'), 501],
  'CONNECT to a path': [start(`CONNECT ${USERS} HTTP/1.1`), 501],
  TRACE: [start(`TRACE ${USERS} HTTP/1.1`), 501],
  'TRACE with a body': [`TRACE ${USERS} HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello`, 501],
  ...rows(['200-ok', 'x', '100-continue, x', '100-continue;q=1', '100', '"100-continue"', 'continue'], (value) =>
    [post(`Expect: ${value}`, 'Content-Length: 5'), 417]),
};

const GROUPS = { LINE_ENDS, START_LINES, OTHER_PROTOCOLS, METHODS, TARGETS, HOSTS, NAMES, VALUES, LENGTHS, CODINGS, FAMILY, TOO_MUCH, OTHER_STATUS };

function casesOf(group) {
  return Object.entries(group).map(([what, row]) => {
    const [head, status] = [row].flat();
    return { what, status: status ?? 400, bytes: head + SMUGGLED };
  });
}

/** Above this a head is cut into fewer pieces: its length is what is wrong with it. */
const SHORT = 1000;

describe('a head is refused', () => {
  const endings = [];
  let stage;
  let volley;
  before(async () => {
    // Whoever gets past the parser goes upstream: nothing else would refuse it.
    const settings = { anonymous: 'support', access_log: 'off', upstream: { breaker: { enabled: false } } };
    stage = await play({ after: (end) => endings.push(end) }, { settings, standIn: { plain: true }, announces: [/anonymous/i] });
    volley = new Volley(stage.gateway);
  });
  after(async () => {
    volley?.close();
    for (const end of endings.reverse()) await end();
  });

  /** One refusal and the end; returns what its sender is told. */
  function judge({ received, how }, { what, status }) {
    const [head, body, ...more] = received.split('\r\n\r\n');
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `), what);
    assert.match(head, /^connection: close$/im, what);
    assert.deepEqual([how, more], ['end', []], what);
    const problem = JSON.parse(body);
    assert.equal(problem.status, status, what);
    return problem.message;
  }

  async function assertRefused(rowsOfGroup) {
    const { upstream } = stage;
    const shots = rowsOfGroup.flatMap((row) => {
      const isShort = row.bytes.length < SHORT;
      const cut = row.bytes.slice(0, -SMUGGLED.length + 3);
      const ways = [[Buffer.from(row.bytes, 'latin1')], isShort ? inBytes(row.bytes) : inPiecesOf(row.bytes, 997)];
      if (isShort) ways.push(...cuts(cut).map(([first, last]) => [first, Buffer.concat([last, Buffer.from(row.bytes.slice(cut.length))])]));
      return ways.map((pieces) => ({ row, pieces }));
    });
    const results = await volley.fire(shots.map(({ pieces }) => pieces));
    const told = new Map();
    results.forEach((result, index) => {
      const { row, pieces } = shots[index];
      const message = judge(result, row);
      assert.equal(message, told.get(row) ?? message, `${row.what}: the answer depends on the pieces: ${pieces.map((piece) => piece.length)}`);
      told.set(row, message);
    });
    const reached = upstream.connections.reduce((sum, { reader }) => sum + reader.received, 0);
    assert.equal(reached, 0, 'bytes that reached the upstream');
    return shots.length;
  }

  for (const [name, group] of Object.entries(GROUPS)) {
    const cases = casesOf(group);
    test(`${name.toLowerCase().replaceAll('_', ' ')}: ${cases.length}`, async (t) => {
      const count = await assertRefused(cases);
      t.diagnostic(`${count} connections`);
    });
  }

  test('and the next client is served', async () => {
    assert.equal((await stage.ask('GET', USERS)).status, 200);
    assert.equal(stage.upstream.requests.length, 1);
  });
});
