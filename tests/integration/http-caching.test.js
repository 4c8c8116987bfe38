// RFC 9111 as a shared cache keeps it, for any HTTP API (`catalogue: none`), section by section, with what
// RFC 5861, 8246, 9110, 9211 and 9213 add. A row a rule; support/http_cache.js says how to read one.

import { asctime, askedAgain, date, httpCache, kept, now, rfc850 } from './support/http_cache.js';

const SOON_OLD = 'max-age=1';
const OLD = 2100; // ms after which it is
const cc = (value, more = {}) => ({ 'Cache-Control': value, ...more });
const FRESH = cc('max-age=3600');

httpCache('§3 what may be stored', {
  'an answer without freshness or validator is not': askedAgain({}),
  'max-age': kept(FRESH),
  'nothing with no-store': askedAgain(cc('max-age=3600, no-store')),
  'nothing with No-StOrE': askedAgain(cc('max-age=3600, No-StOrE')),
  'nothing private': askedAgain(cc('private, max-age=3600')),
  'private with a field name keeps the rest': [
    { answer: { headers: { ...cc('max-age=3600, private="a, b"'), a: '1', b: '2', c: '3' } } },
    { by: 'store', has: { c: '3' }, lacks: ['a', 'b'] },
  ],
  'a request that says no-store is not stored': [
    { ask: { headers: { 'Cache-Control': 'no-store' } }, answer: { headers: FRESH } },
    { by: 'upstream' },
  ],
  'a later answer with no-store does not do away with an earlier one that is not asked for': [
    { answer: { headers: cc('max-age=1') } },
    { wait: OLD, answer: { headers: cc('no-store') }, by: 'upstream' },
    { by: 'upstream' },
  ],
  'must-understand counts when the status is understood': kept(cc('max-age=3600, must-understand, no-store')),
  'and no-store when it is not': [
    { answer: { status: 299, headers: cc('max-age=3600, must-understand, no-store') } },
    { by: 'upstream' },
  ],
  'Set-Cookie with a lifetime is': kept({ ...FRESH, 'Set-Cookie': 'a=b' }),
  'a request with Cookie may be answered': kept(FRESH, { ask: { headers: { Cookie: 'a=b' } } }),
  'a query is part of the key': [{ ask: { target: '?a=1' }, answer: { headers: FRESH } }, { ask: { target: '?a=2' }, answer: { headers: FRESH }, by: 'upstream' }, { ask: { target: '?a=1' }, by: 'store' }],
});

const FIELDS = {
  'Test-Header': 'x', 'Content-Type': 'text/plain', 'X-Frame-Options': 'deny', 'Clear-Site-Data': 'cookies', 'Public-Key-Pins': 'x', 'Set-Cookie': 'a=b', 'Set-Cookie2': 'a=b',
  'Strict-Transport-Security': 'x', 'WWW-Authenticate': 'x', 'Content-Disposition': 'attachment; filename=x', Warning: '199 - "x"',
};
httpCache('§3.1 header fields', {
  ...Object.fromEntries(Object.entries(FIELDS).map(([name, value]) => [`${name} is stored`, kept({ ...FRESH, [name]: value }, { has: { [name]: value } })])),
  'those that Connection lists are not': kept([...Object.entries(FRESH), ['Connection', 'a, b'], ['a', '1'], ['b', '2'], ['c', '3']], { has: { c: '3' }, lacks: ['a', 'b'] }),
  'Proxy-Connection and Keep-Alive are not': kept({ ...FRESH, 'Proxy-Connection': 'x' }, { lacks: ['proxy-connection'] }),
  'no-cache with a field name keeps the rest': kept([['Cache-Control', 'no-cache="a"'], ['a', '1'], ['b', '2'], ['Cache-Control', 'max-age=3600']], { has: { b: '2' }, lacks: ['a'] }),
  'a coding, a length and a range of their own are': kept({ ...FRESH, 'Content-Encoding': 'x-odd', 'Content-Range': 'x' }, { has: { 'content-encoding': 'x-odd', 'content-range': 'x' } }),
  'a transfer coding that nobody knows is not': [{ answer: { raw: `HTTP/1.1 200 OK\r\nTransfer-Encoding: x-store\r\nCache-Control: max-age=3600\r\n\r\nall of it`, thenClose: true }, text: 'all of it' }, { by: 'store', text: 'all of it', lacks: ['x-store'] }],
  'those of a proxy are not': kept({ ...FRESH, 'Proxy-Authenticate': 'x', 'Proxy-Authentication-Info': 'x', 'Proxy-Authorization': 'x', TE: 'x', Upgrade: 'x' }, { lacks: ['proxy-authenticate', 'proxy-authentication-info', 'proxy-authorization', 'te', 'upgrade'] }),
  'a long field comes whole': kept({ ...FRESH, 'Test-Long': 'y'.repeat(4000) }, { has: { 'Test-Long': 'y'.repeat(4000) } }),
});

const THE_UPDATED = {
  'Test-Header': ['a', 'b'], 'X-Test-Header': ['a', 'b'], 'Content-Foo': ['a', 'b'], 'Content-Type': ['text/plain', 'text/plain;charset=utf-8'], 'Content-Location': ['/foo', '/bar'], 'Content-MD5': ['rL0Y20zC+Fzt72VPzMSk2A==', 'N7UdGUp1E+RbVvZSTy1R8g=='],
  'Content-Security-Policy': ["default-src 'self'", "default-src 'self' cdn.example.com"], 'X-Frame-Options': ['deny', 'sameorigin'], 'Clear-Site-Data': ['cache', 'cookies'], 'Set-Cookie': ['a=b', 'a=c'], Expires: [date(1), date(3600)],
};
const NOT_UPDATED = { 'Content-Encoding': ['identity', 'x-y'], 'Content-Range': ['bytes 0-0/9', 'bytes 1-1/9'] };
const VALIDATORS = { ETag: '"v1"', 'Last-Modified': date(-86400) };
const updates = Object.entries(VALIDATORS).flatMap(([validator, its]) =>
  Object.entries(THE_UPDATED).map(([name, [first, second]]) => [
    `${name} by a 304 with ${validator}`,
    [
      { answer: { headers: { ...cc('max-age=1'), [validator]: its, [name]: first } } },
      { wait: OLD, answer: { headers: { ...FRESH, [validator]: its, [name]: second } }, by: 'validation', status: 200, has: { [name]: second } },
      { by: 'store', has: { [name]: second } },
    ],
  ]),
);
httpCache('§3.2 and §4.3.4 what a 304 updates', {
  ...Object.fromEntries(updates),
  ...Object.fromEntries(Object.entries(NOT_UPDATED).map(([name, [, second]]) => [
    `but not ${name}, which is of the body`,
    [
      { answer: { headers: { ...cc('max-age=1'), ETag: '"v1"' } } },
      { wait: OLD, answer: { headers: { ...FRESH, ETag: '"v1"', [name]: second } }, by: 'validation', status: 200, lacks: [name.toLowerCase()] },
      { by: 'store', lacks: [name.toLowerCase()] },
    ],
  ])),
  'what it does not name stays': [
    { answer: { headers: { ...cc('max-age=1'), ETag: '"v1"', 'Test-Header': 'a' } } },
    { wait: OLD, answer: { headers: { ...FRESH, ETag: '"v1"' } }, by: 'validation', has: { 'Test-Header': 'a' } },
    { by: 'store', has: { 'Test-Header': 'a' } },
  ],
  'its lifetime counts': [
    { answer: { headers: { ...cc('max-age=1'), ETag: '"v1"' } } },
    { wait: OLD, answer: { headers: { ...FRESH, ETag: '"v1"' } }, by: 'validation', status: 200, text: '1' },
    { by: 'store', text: '1' },
  ],
});

httpCache('§3.3 partial content', {
  'a whole answer serves a range': kept(FRESH, { ask: { headers: { Range: 'bytes=0-1' } }, status: 206, text: '01' }).map((step, i) => (i ? step : { answer: { headers: FRESH, body: '0123456789A' } })),
  'an open one': [{ answer: { headers: FRESH, body: '0123456789A' } }, { ask: { headers: { Range: 'bytes=1-' } }, by: 'store', status: 206, text: '123456789A', has: { 'content-range': 'bytes 1-10/11' } }],
  'a suffix': [{ answer: { headers: FRESH, body: '0123456789A' } }, { ask: { headers: { Range: 'bytes=-1' } }, by: 'store', status: 206, text: 'A' }],
  'one outside is 416': [{ answer: { headers: FRESH, body: '0123456789A' } }, { ask: { headers: { Range: 'bytes=11-' } }, by: 'store', status: 416, has: { 'content-range': 'bytes */11' } }],
  'another unit is no range': [{ answer: { headers: FRESH, body: '0123456789A' } }, { ask: { headers: { Range: 'lines=1-2' } }, by: 'store', status: 200, text: '0123456789A' }],
  'If-Range with its tag': [{ answer: { headers: { ...FRESH, ETag: '"v"' }, body: '0123456789A' } }, { ask: { headers: { Range: 'bytes=0-1', 'If-Range': '"v"' } }, by: 'store', status: 206, text: '01' }],
  'If-Range with another is all': [{ answer: { headers: { ...FRESH, ETag: '"v"' }, body: '0123456789A' } }, { ask: { headers: { Range: 'bytes=0-1', 'If-Range': '"w"' } }, by: 'store', status: 200 }],
  'If-Range with a weak tag never holds': [{ answer: { headers: { ...FRESH, ETag: 'W/"v"' }, body: '0123456789A' } }, { ask: { headers: { Range: 'bytes=0-1', 'If-Range': 'W/"v"' } }, by: 'store', status: 200 }],
  'a part is never given as the whole': [
    { ask: { headers: { Range: 'bytes=-5' } }, answer: { status: 206, headers: { ...FRESH, 'Content-Range': 'bytes 5-9/10' }, body: '56789' }, status: 206, sent: { range: 'bytes=-5' } },
    { answer: { headers: FRESH, body: '0123456789' }, by: 'upstream', status: 200, text: '0123456789' },
  ],
  'a 206 that nobody asked for is not stored': [{ answer: { status: 206, headers: { ...FRESH, 'Content-Range': 'bytes 5-9/10' }, body: '56789' } }, { by: 'upstream' }],
});

const authorized = (value, by) => [
  { ask: { headers: { Authorization: 'FOO' } }, answer: { headers: cc(value) }, sent: { authorization: 'FOO' } },
  { by },
];
httpCache('§3.5 requests with Authorization', {
  'are not stored, whatever their lifetime': authorized('max-age=3600', 'upstream'),
  'unless public': authorized('max-age=3600, public', 'store'),
  'or must-revalidate': authorized('max-age=3600, must-revalidate', 'store'),
  'or with s-maxage': authorized('s-maxage=3600', 'store'),
  'may be answered from what was stored without': kept(FRESH, { ask: { headers: { Authorization: 'FOO' } } }),
});

const vary = (first, second, by, names = 'Foo') => [
  { ask: { headers: first }, answer: { headers: { ...FRESH, Vary: names } } },
  { ask: { headers: second }, by },
];
const star = (...lines) => [{ ask: { headers: { Foo: '1' } }, answer: { headers: [...Object.entries(FRESH), ...lines.map((line) => ['Vary', line])] } }, { ask: { headers: { Foo: '1' } }, by: 'upstream' }];
httpCache('§4.1 Vary', {
  'the same': vary({ Foo: '1' }, { Foo: '1' }, 'store'),
  'another': vary({ Foo: '1' }, { Foo: '2' }, 'upstream'),
  'none': vary({ Foo: '1' }, {}, 'upstream'),
  'one that was not there': vary({}, { Foo: '1' }, 'upstream'),
  'absent both times': vary({ Baz: '1' }, { Baz: '1' }, 'store', 'Foo, Bar, Baz'),
  'fields that are not listed are no difference': vary({ Foo: '1', Other: '2' }, { Foo: '1', Other: '3' }, 'store'),
  'two': vary({ Foo: '1', Bar: 'abc' }, { Foo: '1', Bar: 'abc' }, 'store', 'Foo, Bar'),
  'one of two': vary({ Foo: '1', Bar: 'abc' }, { Foo: '2', Bar: 'abc' }, 'upstream', 'Foo, Bar'),
  'names in any case': vary({ Foo: '1' }, { fOO: '1' }, 'store', 'fOo'),
  'spaces in lists are no difference': vary({ Foo: '1,2' }, { Foo: ' 1, 2 ' }, 'store'),
  'nor are two lines': vary({ Foo: '1, 2' }, { Foo: ['1', '2'] }, 'store'),
  'the variants stay beside each other': [
    { ask: { headers: { Foo: '1' } }, answer: { headers: { ...FRESH, Vary: 'Foo' }, body: 'one' } },
    { ask: { headers: { Foo: '2' } }, answer: { headers: { ...FRESH, Vary: 'Foo' }, body: 'two' }, by: 'upstream', text: 'two' },
    { ask: { headers: { Foo: '1' } }, by: 'store', text: 'one' },
    { ask: { headers: { Foo: '2' } }, by: 'store', text: 'two' },
  ],
  'languages in another order and case': vary({ 'Accept-Language': 'en, de' }, { 'Accept-Language': 'De,  eN' }, 'store', 'Accept-Language'),
  '*': star('*'), '*, *': star('*, *'), '* twice': star('*', '*'), ', *': star(', *'), 'an empty line and *': star('', '*'), '*, Foo': star('*, Foo'), 'Foo, *': star('Foo, *'),
  'the selecting fields go along with a validation': [
    { ask: { headers: { Abc: '123' } }, answer: { headers: { ...cc(SOON_OLD), ETag: '"v"', Vary: 'Abc' } } },
    { wait: OLD, ask: { headers: { Abc: '123' } }, answer: { headers: FRESH }, by: 'validation', sent: { abc: '123', 'if-none-match': '"v"' } },
  ],
});

const expires = (value, more = {}) => ({ Expires: value, Date: now, ...more });
const NOT_A_DATE = ['0', 'Thu 18 Aug 2050 02:01:18', 'Thu, 18 Aug 2050', 'x', ''];
httpCache('§4.2 freshness', {
  'max-age in a quoted string is none': askedAgain(cc('extension="max-age=3600", max-age=1'), { wait: OLD }),
  'nor behind the real one': askedAgain(cc('max-age=1, extension="max-age=3600"'), { wait: OLD }),
  'max-age in single quotes': askedAgain(cc("max-age='3600'")),
  'max-age=0': askedAgain(cc('max-age=0')),
  'a negative one': askedAgain(cc('max-age=-3600')),
  'leading zeros': kept(cc('max-age=003600')),
  'MaX-aGe': kept(cc('MaX-aGe=3600')),
  '2^31': kept(cc('max-age=2147483648')),
  'more than that': kept(cc('max-age=99999999999')),
  'beside an extension': kept(cc('foobar, max-age=3600')),
  'not older than it says with Age': askedAgain({ ...cc('max-age=10'), Age: '15' }),
  'max-age over a past Expires': kept({ ...cc('max-age=3600'), ...expires(date(-10000)) }),
  'max-age over a bad Expires': kept({ ...cc('max-age=3600'), ...expires('0') }),
  'max-age=0 over a future Expires': askedAgain({ ...cc('max-age=0'), ...expires(date(10000)) }),
  's-maxage': kept(cc('s-maxage=3600')),
  's-maxage over a longer max-age': askedAgain(cc('max-age=3600, s-maxage=1'), { wait: OLD }),
  'in any order': askedAgain(cc('s-maxage=1, max-age=3600'), { wait: OLD }),
  'on two lines': askedAgain([['Cache-Control', 'max-age=3600'], ['Cache-Control', 's-maxage=1']], { wait: OLD }),
  's-maxage over a shorter max-age': kept(cc('max-age=1, s-maxage=3600'), { wait: OLD }),
  'a future Expires': kept(expires(date(86400))),
  'in the form of RFC 850': kept(expires(rfc850(86400))),
  'as asctime writes it': kept(expires(asctime(86400))),
  'far in the future': kept(expires('Wed, 18 Aug 2100 02:01:18 GMT')),
  'a past Expires': askedAgain(expires(date(-86400))),
  'Expires now': askedAgain(expires(date(0))),
  'Expires before Date, both in the future': askedAgain({ Expires: date(300), Date: date(400) }),
  'Expires with a bad Date': kept({ Date: 'foo', Expires: date(30) }),
  'Expires, aged, with a slow Date': askedAgain({ Date: date(-10), Expires: date(10), Age: '25' }),
  'Expires, aged, with a fast Date': askedAgain({ Date: date(10), Expires: date(20), Age: '15' }),
  ...Object.fromEntries(NOT_A_DATE.map((text) => [`Expires: ${text}`, askedAgain(expires(text))])),
  'a lifetime that is over': askedAgain(cc(SOON_OLD), { wait: OLD }),
});

const HEURISTIC = { 'Last-Modified': date(-86400) };
const heuristic = (status, more, by) => [{ answer: { status, headers: { ...HEURISTIC, ...more } } }, { answer: { status }, by, status }];
httpCache('§4.2.2 heuristic freshness', {
  ...Object.fromEntries([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501].map((status) => [`${status} may be`, heuristic(status, {}, 'store')])),
  ...Object.fromEntries([201, 202, 302, 303, 307, 400, 403, 500, 502, 503, 504, 599].map((status) => [`${status} not`, heuristic(status, {}, 'upstream')])),
  'any if public': heuristic(599, cc('public'), 'store'),
});

const STATUSES = [200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599];
httpCache('statuses with a lifetime of their own', {
  ...Object.fromEntries(STATUSES.map((status) => [`${status} while fresh`, [{ answer: { status, headers: FRESH } }, { answer: { status }, by: 'store', status }]])),
  ...Object.fromEntries(STATUSES.map((status) => [`${status} no longer`, [{ answer: { status, headers: { Expires: date(-5000), 'Last-Modified': date(-100000) } } }, { isNew: true, answer: { status }, by: 'upstream', status }]])),
});

const NOON = date(-3);
httpCache('§4.2.3 and §5.1 Age', {
  'is there, and right': [{ answer: { headers: expires(date(86400)) } }, { wait: OLD, by: 'store', has: { age: /^[23]$/ } }],
  'counts on with Expires': [{ answer: { headers: expires(date(86400), { Age: '30' }) } }, { wait: OLD, by: 'store', has: { age: /^3[23]$/ } }],
  'and with max-age': [{ answer: { headers: { ...cc('max-age=600'), Age: '30' } } }, { wait: OLD, by: 'store', has: { age: /^3[23]$/ } }],
  'Date stays': [{ answer: { headers: { ...FRESH, Date: NOON } } }, { wait: OLD, by: 'store', has: { date: NOON } }],
  'an apparent age counts': [{ answer: { headers: { ...FRESH, Date: () => date(-100) } } }, { by: 'store', has: { age: /^10[0-3]$/ } }],
});

const closed = { cutAt: 0 };
const failing = (value, more = {}) => [{ answer: { headers: cc(value) } }, { wait: OLD, answer: closed, by: 'upstream', ...more }];
httpCache('§4.2.4 and RFC 5861 stale answers', {
  'come when the upstream closes': failing('max-age=1', { status: 200, text: '1', has: { 'cache-status': /stale/ } }),
  'and when it says 503, with stale-if-error': [{ answer: { headers: cc('max-age=1, stale-if-error=60') } }, { wait: OLD, answer: { status: 503 }, by: 'upstream', status: 200, text: '1' }],
  'and when the caller says stale-if-error': [{ answer: { headers: cc(SOON_OLD) } }, { wait: OLD, ask: { headers: cc('stale-if-error=60') }, answer: { status: 503 }, by: 'upstream', status: 200, text: '1' }],
  'with stale-if-error': failing('max-age=1, stale-if-error=60', { status: 200, text: '1' }),
  'not with must-revalidate': failing('max-age=1, must-revalidate', { status: 502 }),
  'nor proxy-revalidate': failing('max-age=1, proxy-revalidate', { status: 502 }),
  'nor no-cache': failing('max-age=1, no-cache', { status: 502 }),
  'nor s-maxage': failing('max-age=1, s-maxage=1', { status: 502 }),
  'nor when stale-if-error is over': failing('max-age=1, stale-if-error=0', { status: 502 }),
  'while another is fetched': [
    { answer: { headers: cc('max-age=1, stale-while-revalidate=60') } },
    { wait: OLD, answer: { headers: FRESH }, status: 200, text: '1', has: { 'cache-status': /stale-while-revalidate/ } },
    { wait: 500, by: 'store', text: '2' },
  ],
  'not a 503 that nobody allows for': [{ answer: { headers: cc(SOON_OLD) } }, { wait: OLD, answer: { status: 503 }, by: 'upstream', status: 503 }],
  'not when that time is over too': askedAgain(cc('max-age=1, stale-while-revalidate=0'), { wait: OLD }),
});

httpCache('§4.3 validation', {
  'by its tag': [{ answer: { headers: { ...cc(SOON_OLD), ETag: '"v"' } } }, { wait: OLD, answer: { headers: cc(SOON_OLD) }, by: 'validation', status: 200, text: '1', sent: { 'if-none-match': '"v"' } }],
  'by a weak one': [{ answer: { headers: { ...cc(SOON_OLD), ETag: 'W/"v"' } } }, { wait: OLD, answer: { headers: cc(SOON_OLD) }, by: 'validation', sent: { 'if-none-match': 'W/"v"' } }],
  'by its date': [{ answer: { headers: { ...cc(SOON_OLD), 'Last-Modified': VALIDATORS['Last-Modified'] } } }, { wait: OLD, answer: { headers: cc(SOON_OLD) }, by: 'validation', sent: { 'if-modified-since': VALIDATORS['Last-Modified'] } }],
  'no-cache each time': [{ answer: { headers: { ...cc('no-cache'), ETag: '"v"' } } }, { answer: { headers: cc('no-cache') }, by: 'validation', status: 200, text: '1' }],
  'no-cache with a lifetime too': [{ answer: { headers: { ...cc('max-age=3600, No-CaChE'), ETag: '"v"' } } }, { answer: { headers: cc('no-cache') }, by: 'validation' }],
  'must-revalidate only when stale': [{ answer: { headers: { ...cc('max-age=1, must-revalidate'), ETag: '"v"' } } }, { by: 'store' }, { wait: OLD, answer: { headers: cc(SOON_OLD) }, by: 'validation' }],
  'a new answer takes the old one\'s place': [{ answer: { headers: { ...cc(SOON_OLD), ETag: '"v"' } } }, { wait: OLD, isNew: true, answer: { headers: { ...FRESH, ETag: '"w"' }, body: 'new' }, by: 'upstream', text: 'new' }, { by: 'store', text: 'new' }],
  'a 304 for another tag is not taken for this one': [
    { answer: { headers: { ...cc(SOON_OLD), ETag: '"v"' } } },
    { wait: OLD, answer: { status: 304, headers: { ...FRESH, ETag: '"w"' } }, by: 'upstream' },
    { isNew: true, answer: { headers: FRESH, body: 'new' }, by: 'upstream', text: 'new' },
  ],
});

const conditional = (validator, condition, status, by = 'store') => [{ answer: { headers: { ...FRESH, ...validator } } }, { ask: { headers: condition }, by, status }];
const TAG = { ETag: '"abcdef"' };
httpCache('§4.3.2 conditional requests', {
  'the same tag': conditional(TAG, { 'If-None-Match': '"abcdef"' }, 304),
  'a weak one': conditional({ ETag: 'W/"abcdef"' }, { 'If-None-Match': 'W/"abcdef"' }, 304),
  'weak against strong': conditional(TAG, { 'If-None-Match': 'W/"abcdef"' }, 304),
  'the first of many': conditional(TAG, { 'If-None-Match': '"abcdef", "1234", "5678"' }, 304),
  'one between': conditional(TAG, { 'If-None-Match': '"1234", "abcdef", "5678"' }, 304),
  'the last': conditional(TAG, { 'If-None-Match': '"1234", "5678", "abcdef"' }, 304),
  '*': conditional(TAG, { 'If-None-Match': '*' }, 304),
  'another': conditional(TAG, { 'If-None-Match': '"x"' }, 200),
  'the 304 has the tag': [{ answer: { headers: { ...FRESH, ...TAG } } }, { ask: { headers: { 'If-None-Match': '"abcdef"' } }, by: 'store', status: 304, text: '', has: { etag: '"abcdef"', 'cache-control': 'max-age=3600' }, lacks: ['content-length'] }],
  'a tag counts more than a date': conditional({ ...TAG, 'Last-Modified': date(-5000) }, { 'If-None-Match': '"abcdef"', 'If-Modified-Since': date(-10000) }, 304),
  'also when it says no': conditional({ ...TAG, 'Last-Modified': date(-5000) }, { 'If-None-Match': '"x"', 'If-Modified-Since': date(-1) }, 200),
  'the same date': conditional({ 'Last-Modified': VALIDATORS['Last-Modified'] }, { 'If-Modified-Since': VALIDATORS['Last-Modified'] }, 304),
  'a later one': conditional({ 'Last-Modified': date(-3000) }, { 'If-Modified-Since': date(-2000) }, 304),
  'in the form of RFC 850': conditional({ 'Last-Modified': date(-3000) }, { 'If-Modified-Since': rfc850(-2000) }, 304),
  'an earlier one': conditional({ 'Last-Modified': date(-3000) }, { 'If-Modified-Since': date(-4000) }, 200),
  'without Last-Modified, Date counts': conditional({ Date: date(-100) }, { 'If-Modified-Since': date(-50) }, 304),
  'what is no date counts for nothing': conditional({ 'Last-Modified': date(-3000) }, { 'If-Modified-Since': 'x' }, 200),
  'after validation': [{ answer: { headers: { ...cc(SOON_OLD), ...TAG } } }, { wait: OLD, ask: { headers: { 'If-None-Match': '"abcdef"' } }, answer: { headers: { ...cc(SOON_OLD), ...TAG } }, by: 'validation', status: 304 }],
  'after validation, by a date': [{ answer: { headers: { ...cc(SOON_OLD), 'Last-Modified': VALIDATORS['Last-Modified'] } } }, { wait: OLD, ask: { headers: { 'If-Modified-Since': VALIDATORS['Last-Modified'] } }, answer: { headers: cc(SOON_OLD) }, by: 'validation', status: 304 }],
  'with nothing stored they go along': [{ ask: { headers: { 'If-None-Match': '"abcdef"' } }, answer: { headers: {} }, by: 'upstream', sent: { 'if-none-match': '"abcdef"' } }],
});

const invalidated = (method, target, answer) => [
  { ask: { target }, answer: { headers: FRESH } },
  { ask: { target }, by: 'store' },
  { ask: { method, body: 'abc' }, answer, by: 'upstream' },
];
const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'M-SEARCH', 'UNHEARD-OF'];
const ofMethods = (title, row) => Object.fromEntries(METHODS.map((method) => [title.replace('METHOD', method), row(method)]));
const pointing = (field, to) => (row) => ({ headers: { [field]: to(row) } });
httpCache('§4.4 invalidation', {
  ...ofMethods('METHOD makes its target old', (method) => [...invalidated(method, '', {}), { by: 'upstream' }]),
  ...ofMethods('not when METHOD fails', (method) => [...invalidated(method, '', { status: 500 }), { by: 'store' }]),
  ...ofMethods('what Location names, by METHOD', (method) => [...invalidated(method, '/there', pointing('Location', (row) => `${row.path}/there`)), { ask: { target: '/there' }, by: 'upstream' }]),
  ...ofMethods('what Content-Location names, by METHOD', (method) => [...invalidated(method, '/there', pointing('Content-Location', (row) => `${row.path}/there`)), { ask: { target: '/there' }, by: 'upstream' }]),
  'a relative Location': [...invalidated('POST', '/there', pointing('Location', (row) => `${row.path.slice(1)}/there`)), { ask: { target: '/there' }, by: 'upstream' }],
  'not of another origin': [...invalidated('POST', '/there', pointing('Location', (row) => `http://elsewhere.test${row.path}/there`)), { ask: { target: '/there' }, by: 'store' }],
  'a safe method makes nothing old': [{ answer: { headers: FRESH } }, { ask: { method: 'OPTIONS' }, answer: {}, by: 'upstream' }, { by: 'store' }],
});

httpCache('§5.2.1 directives of requests', {
  'max-age=0': kept({ ...FRESH, ETag: '"v"' }).map((s, i) => (i ? { wait: 1100, ask: { headers: cc('max-age=0') }, answer: { headers: FRESH }, by: 'validation' } : s)),
  'a max-age that it is older than': kept({ ...FRESH, Age: '1800' }, { ask: { headers: cc('max-age=600') }, by: 'upstream' }),
  'max-stale': kept(cc(SOON_OLD), { wait: OLD, ask: { headers: cc('max-stale=1000') } }),
  'max-stale, aged': kept({ ...cc('max-age=1500'), Age: '2000' }, { ask: { headers: cc('max-stale=1000') }, by: undefined, text: '1', has: { 'cache-status': /^bpgate; hit/ } }),
  'max-stale cannot undo must-revalidate': askedAgain(cc('max-age=1, must-revalidate'), { wait: OLD, ask: { headers: cc('max-stale=1000') } }),
  'min-fresh': kept(cc('max-age=1500'), { ask: { headers: cc('min-fresh=2000') }, by: 'upstream' }),
  'min-fresh, aged': kept({ ...cc('max-age=1500'), Age: '1000' }, { ask: { headers: cc('min-fresh=1000') }, by: 'upstream' }),
  'no-cache': kept(FRESH, { ask: { headers: cc('no-cache') }, by: 'upstream' }),
  'no-cache validates by a tag': kept({ ...FRESH, ETag: '"v"' }, { ask: { headers: cc('no-cache') }, answer: { headers: FRESH }, by: 'validation' }),
  'no-cache validates by a date': kept({ ...FRESH, 'Last-Modified': VALIDATORS['Last-Modified'] }, { ask: { headers: cc('no-cache') }, answer: { headers: FRESH }, by: 'validation' }),
  'only-if-cached with nothing stored': [{ ask: { headers: cc('only-if-cached') }, by: 'store', status: 504 }],
  'only-if-cached with something': kept(FRESH, { ask: { headers: cc('only-if-cached') } }),
  'Pragma: no-cache': kept(FRESH, { ask: { headers: { Pragma: 'no-cache' } }, by: 'upstream' }),
  'not where Cache-Control speaks': kept(FRESH, { ask: { headers: { Pragma: 'no-cache', 'Cache-Control': 'max-age=100' } }, by: 'store' }),
  'another Pragma': kept(FRESH, { ask: { headers: { Pragma: 'x' } } }),
  'Pragma of an answer says nothing': kept({ ...FRESH, Pragma: 'no-cache' }),
  'immutable (RFC 8246) is fresh as long as it says': kept(cc('max-age=3600, immutable')),
});

httpCache('RFC 9213 targeted fields', {
  'CDN-Cache-Control': kept({ 'CDN-Cache-Control': 'max-age=3600' }),
  'beats Cache-Control': kept({ ...cc(SOON_OLD), 'CDN-Cache-Control': 'max-age=3600' }, { wait: OLD }),
  'also when shorter': askedAgain({ ...FRESH, 'CDN-Cache-Control': 'max-age=1' }, { wait: OLD }),
  'and Expires': kept({ 'CDN-Cache-Control': 'max-age=3600', ...expires(date(-10000)) }),
  'with Age': askedAgain({ 'CDN-Cache-Control': 'max-age=3600', Age: '7200' }),
  'max-age=0': askedAgain({ 'CDN-Cache-Control': 'max-age=0', ...expires(date(10000)) }),
  'private': askedAgain({ 'CDN-Cache-Control': 'private', ...FRESH }),
  'no-cache': askedAgain({ 'CDN-Cache-Control': 'no-cache', ...FRESH }),
  'no-store': askedAgain({ 'CDN-Cache-Control': 'no-store', ...FRESH }),
  'over no-store': kept({ ...cc('no-store'), 'CDN-Cache-Control': 'max-age=3600' }),
  'a large number': kept({ 'CDN-Cache-Control': 'max-age=99999999999' }),
  'an extension': kept({ 'CDN-Cache-Control': 'foobar, max-age=3600' }),
  'what is no Structured Field counts for nothing': askedAgain({ ...cc('no-store'), 'CDN-Cache-Control': 'max-age=3600, &&&&&' }),
  'nor does a wrong type': askedAgain({ ...cc('no-store'), 'CDN-Cache-Control': 'max-age="3600"' }),
  'ours beats it': askedAgain({ 'Bpgate-Cache-Control': 'no-store', 'CDN-Cache-Control': 'max-age=3600' }),
});

const HEAD = { method: 'HEAD' };
httpCache('HEAD', {
  'is answered from a GET': kept(FRESH, { ask: HEAD, text: '', has: { 'content-length': '1' } }),
  'that is old is passed on': [{ answer: { headers: cc(SOON_OLD) } }, { wait: OLD, ask: HEAD, answer: { headers: FRESH }, by: 'upstream' }],
  'is not stored as a GET': [{ ask: HEAD, answer: { headers: FRESH } }, { by: 'upstream', text: '2' }],
});

httpCache('interim answers', {
  '102 passes, and the last is stored': [{ answer: { interim: ['102 Processing'], headers: FRESH }, status: 200 }, { by: 'store' }],
  '103 passes, and the last is stored': [{ answer: { interim: ['103 Early Hints\r\nlink: </x>; rel=preload'], headers: FRESH }, status: 200 }, { by: 'store' }],
});
