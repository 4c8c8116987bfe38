// Connections that never come about, break while they rest, or answer before the request has been read.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slowness, within } from './support/deadline.js';
import { assertLastOnItsConnection, assertWell, completeResponse, echo, SHORT } from './support/misdeeds.js';
import { assertOneAccessLine, assertProblem, newRequestId, troublePlay } from './support/play.js';

const ALERT = '\x15\x03\x03\0\x02\x02\x28';

const HANDSHAKES = {
  'stalls': { tls: 'stall' },
  'is reset': { tls: 'refuse' },
  'is a banner': { tls: 'garbage' },
  'is HTTP': { says: 'HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}' },
  'is an alert': { says: ALERT },
  'is a warning without end': { says: '\x15\x03\x03\0\x02\x01\x5a'.repeat(1000) },
  'is application data': { says: '\x17\x03\x03\0\x02{}' },
  'is a record of an unknown type': { says: '\x63\x03\x03\0\x02{}' },
  'is a record of an old version': { says: '\x16\x02\0\0\x02{}' },
  'is a record that is too long': { says: `\x16\x03\x03\xff\xff${'h'.repeat(0xffff)}` },
  'is a record that never ends': { says: '\x16\x03\x03\x3f\xff\x02\0' },
  'is empty records': { says: '\x16\x03\x03\0\0'.repeat(1000) },
  'is zeros': { says: '\0'.repeat(1000) },
  'is a hello of SSL 2': { says: '\x80\x2e\x01\0\x02\0\x15\0\0\0\x10' },
  'is our own hello': { says: '\x16\x03\x01\0\x05\x01\0\0\x01\x03' },
};

for (const helloBytes of [1, 5, 40, 127, 300, 600]) {
  for (const then of ['stall', 'end', 'reset', 'garbage']) {
    HANDSHAKES[`has ${helloBytes} bytes, then ${then}`] = { helloBytes, then };
  }
}

const OLD_TLS = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' };
const CERTIFICATES = {
  'is not valid yet': ['notYetValid'],
  'is for clients': ['forClients'],
  'is for all names': ['tooWide'],
  'comes with TLS 1.1': ['valid', OLD_TLS],
};

async function assertNothingSent(t, stage) {
  for (const method of ['GET', 'POST']) {
    const id = newRequestId();
    const started = Date.now();
    const options = { headers: { 'x-request-id': id } };
    const response = await completeResponse(t, stage.gateway, method, '/v1/chat/users', options);
    assert.ok(response, 'an answer');
    assertProblem(response, { status: 502, type: 'Internal' });
    assert.match(response.header('retry-after'), /^[1-9]\d?$/);
    assert.ok(Date.now() - started < 2000 * slowness, 'three tries of 300 ms each, and the pauses between');
    assert.equal((await assertOneAccessLine(stage.gateway, id)).status, 502);
  }
}

const handshakes = Object.entries(HANDSHAKES);
test(`handshakes that fail: ${handshakes.length} misdeeds`, { concurrency: 8 }, async (t) => {
  // One upstream each: who connects for whom cannot be told before the handshake.
  const parts = handshakes.map(([what, order]) =>
    t.test(`a handshake that ${what}`, async (t2) => {
      const stage = await troublePlay(t2, { settings: { upstream: SHORT } });
      stage.upstream.on('', echo);
      stage.upstream.everyConnection = order;
      await assertNothingSent(t2, stage);
      assert.equal(stage.upstream.requests.length, 0);
      stage.upstream.everyConnection = {};
      await assertWell(t2, stage, 'handshake');
    }),
  );
  await Promise.all(parts);
});

test(`certificates that are wrong: ${Object.keys(CERTIFICATES).length} misdeeds`, async (t) => {
  const stage = await troublePlay(t, { settings: { upstream: SHORT } });
  stage.upstream.on('', echo);
  for (const [what, presented] of Object.entries(CERTIFICATES)) {
    await t.test(`a certificate that ${what}`, async () => {
      const before = stage.upstream.requests.length;
      stage.upstream.present(...presented);
      await stage.upstream.closeIdle();
      await assertNothingSent(t, stage);
      assert.equal(stage.upstream.requests.length, before);
      stage.upstream.present('valid', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' });
      await assertWell(t, stage, 'certificate');
    });
  }
});

const PLANTED = 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nplanted';

// What a connection at rest does; the gateway must have left it before it is asked again.
const AT_REST = {
  'says that a request took too long': (connection) =>
    connection.write(Buffer.from('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')),
  'gives an answer that nobody asked for': (connection) => connection.write(Buffer.from(PLANTED)),
  'says one byte': (connection) => connection.write(Buffer.from('H')),
  'says 100': (connection) => connection.write(Buffer.from('HTTP/1.1 100 Continue\r\n\r\n')),
  'speaks no TLS any more': (connection) => void connection.garble(),
  'says goodbye in TLS alone': (connection) => void connection.stream.end(),
  'is reset': (connection) => connection.cut('reset'),
  'ends without goodbye': (connection) => connection.cut('dirty'),
};

test(`connections at rest: ${Object.keys(AT_REST).length} misdeeds`, async (t) => {
  const stage = await troublePlay(t, { settings: { upstream: SHORT } });
  stage.upstream.on('', echo);
  for (const [what, deed] of Object.entries(AT_REST)) {
    await t.test(`a connection that ${what}`, async () => {
      await assertWell(t, stage, 'before');
      const { connection } = stage.upstream.requests.at(-1);
      await deed(connection);
      await within(connection.closed.promise, 'the connection to be left');
      await assertWell(t, stage, 'after');
    });
  }
});

test('connections that break when they are used again: GETs succeed, POSTs are sent once', async (t) => {
  const stage = await troublePlay(t, { settings: { upstream: SHORT } });
  for (const cut of ['clean', 'reset', 'dirty']) {
    stage.upstream.on('', (sent) => (sent.connection.requests > 1 ? { cutAt: 0, cut } : echo(sent)));
    for (let i = 0; i < 4; i += 1) {
      const target = `/v1/chat/users?again=${cut}${i}`;
      assert.deepEqual((await stage.ask('GET', target)).json, { youAskedFor: target });
      assert.equal((await stage.ask('POST', target, { body: '{}' })).status, 504);
      assert.equal(stage.upstream.requestsTo(`POST ${target}`).length, 1);
    }
  }
});

const TOO_LARGE = { status: 413, json: { id: 'e', code: 413, type: 'PayloadTooLarge', message: 'no' } };
const DONE = { status: 201, json: { rows: [] } };

// How the upstream answers an upload that it has not read, and what becomes of it.
const EARLY = {
  'an error, then a close': [{ ...TOO_LARGE, headers: { Connection: 'close' }, thenClose: true }, 413],
  'an error, then nothing is read': [{ ...TOO_LARGE, readNothing: true }, 413],
  'an error, then the body is read': [TOO_LARGE, 413],
  'an error in chunks': [{ ...TOO_LARGE, framing: 'chunked', readNothing: true }, 413],
  'an error that drips': [{ ...TOO_LARGE, drip: 1, dripFrom: 100, readNothing: true }, 413],
  'an error of an edge': [{ status: 403, body: '<html>no</html>', readNothing: true }, 403],
  'a redirect': [{ status: 307, headers: { Location: '/elsewhere' }, readNothing: true }, 307],
  'success, then nothing is read': [{ ...DONE, readNothing: true }, 201],
  'success, then the body is read': [DONE, 201],
  'a malformed head': [{ raw: 'HTTP/1.1 2x0 OK\r\n\r\n', readNothing: true }, 504],
  'two lengths': [{ raw: 'HTTP/1.1 413 No\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}', readNothing: true }, 504],
  'a reset': [{ cutAt: 0 }, 504],
  'a close': [{ cutAt: 0, cut: 'clean' }, 504],
  'half a head': [{ ...TOO_LARGE, stallAt: 30 }, 504],
  'half an error': [{ ...TOO_LARGE, stallAt: 120 }, 504],
  'a 100 and nothing more': [{ interim: ['100 Continue'], stallAt: 0 }, 504],
};

const chunked = (body) => Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]);

const UPLOADS = {
  small: { body: Buffer.alloc(200, 'x') },
  large: { body: Buffer.alloc(3_000_000, 'x') },
  chunked: { body: chunked(Buffer.alloc(1_000_000, 'x')), headers: { 'Transfer-Encoding': 'chunked' } },
};

const uploads = Object.entries(EARLY).flatMap(([what, [order, status]]) =>
  Object.entries(UPLOADS).map(([size, upload]) => ({ what: `${what}, upload ${size}`, order, status, upload })),
);

test(`early answers to uploads: ${uploads.length} misdeeds`, { concurrency: 6 }, async (t) => {
  // No more is held than what comes before the last bytes: all have begun upstream by then.
  const stage = await troublePlay(t, { settings: { upstream: { ...SHORT, replay_bytes: '100B' } } });
  stage.upstream.on('', (sent) => {
    const index = /[?]case=(.*)/.exec(sent.target)?.[1];
    return index ? { ...uploads[index].order, early: true } : echo(sent);
  });
  const parts = uploads.map(({ what, status, upload }, index) =>
    t.test(what, async () => {
      const id = newRequestId();
      const target = `/v1/tables/T/rows?case=${index}`;
      const headers = { 'x-request-id': id, ...upload.headers };
      // Without its last bytes no request is over before its answer.
      const options = { headers, body: upload.body, held: 10 };
      const response = await completeResponse(t, stage.gateway, 'POST', target, options);
      assert.equal(response?.status, status, response?.text);
      if (status === 504) assertProblem(response, { status, type: 'OperationTimeout' });
      assert.equal((await assertOneAccessLine(stage.gateway, id)).status, status);
      await assertWell(t, stage, `upload-${index}`);
      const sent = stage.upstream.requestsTo(`POST ${target}`);
      assert.equal(sent.length, 1);
      assertLastOnItsConnection(stage, sent[0]);
    }),
  );
  await Promise.all(parts);
});
