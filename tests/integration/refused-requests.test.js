// Requests that could mean two things are refused and their connection closed: nothing of them goes upstream.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { assertProblem, play } from './support/play.js';
import { connect, request } from './support/raw.js';

const USERS = '/v1/chat/users';
const MALFORMED = { announces: [/malformed|refused|bad|request|parse/i] };

describe('a request is refused', () => {
  const endings = [];
  let stage;
  before(async () => {
    stage = await play({ after: (end) => endings.push(end) }, MALFORMED);
  });
  after(async () => {
    for (const end of endings.reverse()) await end();
  });

  /** Sends the bytes with a smuggled request behind; neither may arrive upstream. */
  async function assertRefused(t, bytes, status = 400) {
    const { gateway, upstream } = stage;
    const sent = upstream.requests.length;
    const raw = await connect(t, gateway);
    raw.send(bytes);
    const response = await raw.response();
    assert.equal(response.status, status, response.text);
    if (status === 400) assertProblem(response, { status, type: 'InvalidPayload' });
    assert.equal(response.header('connection')?.toLowerCase(), 'close');
    assert.equal((await raw.ended()).bytes.length, 0, 'nothing after the refusal');
    assert.equal(upstream.requests.length, sent);
  }

  const smuggled = () => request(stage.gateway, 'GET', '/v1/chat/users/smuggled').toString('latin1');
  const post = (headers, body) => request(stage.gateway, 'POST', USERS, { headers, body });

  const FRAMING = {
    'Content-Length and Transfer-Encoding': { 'Content-Length': 4, 'Transfer-Encoding': 'chunked' },
    'two lengths that differ': { 'Content-Length': ['0', '44'] },
    'two lengths that agree': { 'Content-Length': ['5', '5'] },
    'a list of lengths': { 'Content-Length': '5, 5' },
    'a length with a sign': { 'Content-Length': '+5' },
    'a negative length': { 'Content-Length': '-1' },
    'a length in hexadecimal': { 'Content-Length': '0x5' },
    'a length with a space': { 'Content-Length': '1 2' },
    'an empty length': { 'Content-Length': '' },
    'a length that overflows': { 'Content-Length': '18446744073709551621' },
    'a coding that is not chunked': { 'Transfer-Encoding': 'gzip' },
    'chunked that is not last': { 'Transfer-Encoding': 'chunked, gzip' },
    'more than chunked': { 'Transfer-Encoding': 'gzip, chunked' },
    'chunked twice': { 'Transfer-Encoding': ['chunked', 'chunked'] },
    'chunked twice in one line': { 'Transfer-Encoding': 'chunked, chunked' },
    'a coding in disguise': { 'Transfer-Encoding': 'xchunked' },
    'a coding in quotes': { 'Transfer-Encoding': '"chunked"' },
    'the coding identity': { 'Transfer-Encoding': 'identity' },
    'a coding behind a control byte': { 'Transfer-Encoding': '\x0bchunked' },
  };
  for (const [what, headers] of Object.entries(FRAMING)) {
    test(`with ${what}`, (t) => assertRefused(t, post(headers, `0\r\n\r\n${smuggled()}`)));
  }

  test('with Transfer-Encoding in HTTP/1.0', async (t) => {
    const options = {
      version: '1.0',
      headers: { 'Transfer-Encoding': 'chunked' },
      body: `0\r\n\r\n${smuggled()}`,
    };
    await assertRefused(t, request(stage.gateway, 'POST', USERS, options));
  });

  /** The head as text, changed by the play. */
  const headWith = (line) => {
    const head = request(stage.gateway, 'GET', USERS).toString('latin1');
    return head.replace('\r\n\r\n', `\r\n${line}\r\n\r\n`);
  };

  const LINES = {
    'a folded header': 'X-A: 1\r\n 2',
    'a folded header by tab': 'X-A: 1\r\n\t2',
    'a space before the colon': 'X-A : 1',
    'a tab before the colon': 'X-A\t: 1',
    'an empty name': ': 1',
    'a line without a colon': 'X-A',
    'a name that is no token': 'X(A): 1',
    'a name with a byte above 127': 'X-\xe9: 1',
    'a NUL in a value': 'X-A: a\0b',
    'a control byte in a value': 'X-A: a\x01b',
    'a DEL in a value': 'X-A: a\x7fb',
    'a bare CR in a value': 'X-A: a\rb',
    'a bare CR before the end of a line': 'X-A: a\r\r',
    'a bare LF between headers': 'X-A: 1\nX-B: 2',
    'a Content-Length in disguise': 'Content-Length : 4',
    'a Transfer-Encoding in disguise': 'Transfer-Encoding\x0b: chunked',
    'a second Host': 'Host: other.test',
    'the same Host again': 'Host: gateway.test',
  };
  for (const [what, line] of Object.entries(LINES)) {
    test(`with ${what}`, (t) => assertRefused(t, headWith(line)));
  }

  const HOSTS = {
    'no Host': null,
    'a Host with a path': 'a/b',
    'a Host with a space': 'a b',
    'a Host with a user': 'u@h',
    'a Host with two ports': 'h:1:2',
    'a Host with a NUL': 'a\0',
  };
  for (const [what, host] of Object.entries(HOSTS)) {
    test(`with ${what}`, (t) =>
      assertRefused(t, request(stage.gateway, 'GET', USERS, { headers: { Host: host } })));
  }

  const TARGETS = [
    '/v1/chat/users/%00',
    '/v1/chat/users/%5c',
    '/v1/chat/users/%5C',
    '/v1/chat/../admin/bots',
    '/v1/chat/./users',
    '/v1/chat/%2e%2e/admin',
    '/v1/chat/.%2E/admin',
    '/v1/chat/%2E/users',
    '/v1/chat/users/..',
    '/v1/chat/users\\x',
    '/v1/chat/users#x',
    'v1/chat/users',
    '*',
    '/v1/chat/users/%zz',
    '/v1/chat/users/%2',
  ];
  for (const target of TARGETS) {
    test(`to ${target}`, (t) => assertRefused(t, request(stage.gateway, 'GET', target)));
  }

  test('whose line ends with a bare LF', async (t) => {
    const head = request(stage.gateway, 'GET', USERS).toString('latin1');
    await assertRefused(t, head.replace('\r\n', '\n'));
    await assertRefused(t, head.replace(/\r\n\r\n$/, '\r\n\n'));
    await assertRefused(t, head.replaceAll('\r\n', '\n'));
  });

  test('that is no HTTP', async (t) => {
    for (const bytes of [
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
      'hello\r\n\r\n',
      'GET\r\n\r\n',
      `GET  ${USERS} HTTP/1.1\r\nHost: x\r\n\r\n`,
      'G\0T / HTTP/1.1\r\nHost: x\r\n\r\n',
    ]) {
      await assertRefused(t, bytes);
    }
  });

  for (const method of ['CONNECT', 'TRACE']) {
    test(`with the method ${method}`, async (t) => {
      const { gateway, upstream } = stage;
      const raw = await connect(t, gateway);
      raw.send(request(gateway, method, method === 'CONNECT' ? 'api.botpress.cloud:443' : USERS));
      const response = await raw.response();
      assert.ok([400, 405, 501].includes(response.status), `${response.status}`);
      await raw.ended();
      assert.equal(upstream.requestsTo(method).length, 0);
    });
  }

  test('with a head that is too large, a line that is too long, or too many headers', async (t) => {
    const large = {};
    for (let i = 0; i < 10; i += 1) large[`X-${i}`] = 'v'.repeat(4000);
    const many = {};
    for (let i = 0; i < 120; i += 1) many[`X-${i}`] = 'v';
    const requests = [
      request(stage.gateway, 'GET', USERS, { headers: large }),
      request(stage.gateway, 'GET', USERS, { headers: many }),
      request(stage.gateway, 'GET', `${USERS}?${'q'.repeat(9000)}`),
    ];
    for (const bytes of requests) {
      const raw = await connect(t, stage.gateway);
      raw.send(bytes);
      const response = await raw.response();
      assert.ok([400, 413, 414, 431].includes(response.status), `${response.status}`);
      assert.ok(JSON.parse(response.text).type);
      await raw.ended();
    }
  });

  test('with a chunked body that breaks the rules, and is never complete upstream', async (t) => {
    const { gateway, upstream } = stage;
    const before_ = upstream.requests.filter(({ isComplete }) => isComplete).length;
    const bodies = [
      'xyz\r\n',
      '5\r\nhello!!0\r\n\r\n',
      '5\nhello\r\n0\r\n\r\n',
      '-5\r\nhello\r\n0\r\n\r\n',
      'fffffffffffffffff\r\n',
      '0x5\r\nhello\r\n0\r\n\r\n',
      ' 5\r\nhello\r\n0\r\n\r\n',
      '5;a=\x01\r\nhello\r\n0\r\n\r\n',
      '5\r\nhello\r\n0\r\nX-T : 1\r\n\r\n',
    ];
    for (const body of bodies) {
      const raw = await connect(t, gateway);
      raw.send(post({ 'Transfer-Encoding': 'chunked' }, `${body}${smuggled()}`));
      const response = await raw.response().catch(() => null);
      assert.ok(response === null || response.status === 400, `${JSON.stringify(body)}: ${response?.status}`);
      await raw.ended().catch(() => {});
    }
    assert.equal(upstream.requests.filter(({ isComplete }) => isComplete).length, before_);
    assert.equal(upstream.requestsTo('GET /v1/chat/users/smuggled').length, 0);
  });

  test('and the next client is served', async (t) => {
    const raw = await connect(t, stage.gateway);
    raw.send(request(stage.gateway, 'GET', USERS));
    assert.equal((await raw.response()).status, 200);
  });
});
