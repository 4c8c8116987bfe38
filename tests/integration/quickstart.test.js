// deploy/quickstart.sh: what it prints is true, a second run finds what the first made, and nothing is
// left of it, however it ends.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from './support/machine.js';
import { makeHome, nothingIsLeft, processesOf, runLine, startQuickstart } from './support/quickstart.js';

const READY = '"event":"ready"';

/** The script with a free port; more arguments may follow. */
async function begin(t, place, { env, args = [] } = {}) {
  const port = await freePort();
  return Object.assign(startQuickstart(t, place, ['--port', `${port}`, ...args], env), { port });
}

async function endInOrder(run, place) {
  assert.equal(await run.end('SIGINT'), 130);
  await nothingIsLeft(place.home);
  assert.doesNotMatch(run.text, /Sanitizer|runtime error|"level":"(warn|error)"/);
}

const json = ({ header, text }) => {
  assert.equal(header('content-type'), 'application/json');
  return JSON.parse(text);
};

/** What the answers to the lines below a sentence must be; a sentence without a row is an error. */
const TRUTHS = [
  [/^What reaches the API/, ([answer]) => {
    assert.equal(answer.status, 200);
    const { headers } = json(answer);
    assert.equal(headers.authorization, 'Bearer ***demo');
    assert.equal(headers['x-bot-id'], 'bot_quickstart');
  }],
  [/^The hub, twice: each time the API is asked/, (answers) => {
    assert.deepEqual(answers.map(({ status }) => status), [200, 200]);
    const [first, second] = answers.map(({ header }) => Number(header('x-stand-in-answer')));
    assert.equal(second, first + 1);
    assert.equal(json(answers[0]).integration.name, 'telegram');
  }],
  [/^The hub, twice: the API is asked once/, (answers) => {
    assert.deepEqual(answers.map(({ status }) => status), [200, 200]);
    assert.match(answers[1].header('cache-status'), /\bhit\b/);
    const [first, second] = answers.map(({ header }) => header('x-stand-in-answer'));
    assert.equal(second, first);
    assert.deepEqual(json(answers[1]), json(answers[0]));
  }],
  [/^An edge proxy's HTML page/, ([answer]) => {
    assert.equal(answer.status, 502);
    const { type, code, id, message } = json(answer);
    assert.deepEqual({ type, code }, { type: 'Internal', code: 502 });
    assert.match(id, /^err_/);
    assert.match(message, /HTML page/);
  }],
  [/^A key that is none/, ([answer]) => {
    assert.equal(answer.status, 401);
    assert.equal(json(answer).type, 'Unauthorized');
    assert.equal(json(answer).metadata.source, 'gateway');
    assert.equal(answer.header('x-stand-in-answer'), undefined);
  }],
];

async function assertTrue({ says, lines }) {
  const answers = [];
  for (const line of lines) answers.push(await runLine(line));
  const row = TRUTHS.find(([sentence]) => sentence.test(says));
  assert.ok(row, `a row for "${says}"`);
  row[1](answers);
}

test('every printed line does what is said of it; a second run finds key and certificate', async (t) => {
  const place = makeHome(t);
  const first = await begin(t, place);
  await first.running();
  assert.equal(first.offers.length, 4);
  for (const offer of first.offers) await assertTrue(offer);
  await endInOrder(first, place);

  const keyFile = join(place.state, 'first.key');
  const key = readFileSync(keyFile, 'utf8').trim();
  assert.ok(first.text.includes(`    ${key}\n`) && first.text.includes(keyFile), 'the key and its place are shown');
  for (const file of readdirSync(place.state)) {
    assert.equal(statSync(join(place.state, file)).mode & 0o077, 0, `${file} is its owner's alone`);
  }

  const certificate = readFileSync(join(place.state, 'stand-in/server.pem'), 'utf8');
  const second = await begin(t, place);
  await second.running();
  assert.ok(second.text.includes('no work to do'), 'nothing is built');
  assert.ok(!second.text.includes(key), 'the key is shown once');
  assert.equal(readFileSync(keyFile, 'utf8').trim(), key);
  assert.equal(readFileSync(join(place.state, 'stand-in/server.pem'), 'utf8'), certificate);
  for (const offer of second.offers) await assertTrue(offer);
  await endInOrder(second, place);
});

test('in a pipe it is plain text, without colours', async (t) => {
  const place = makeHome(t);
  const run = await begin(t, place);
  await run.running();
  await endInOrder(run, place);
  assert.doesNotMatch(run.text, /\x1b/);
});

test('with a token it forwards to the real API, and the token is nowhere to be read', async (t) => {
  const token = 'bp_pat_of_the_quickstart_play_0123456789';
  const place = makeHome(t);
  // The proxy that does not exist is for a line that would call the API after all.
  const env = { BOTPRESS_TOKEN: token, BOTPRESS_BOT_ID: 'bot_7', HTTPS_PROXY: 'http://127.0.0.1:9' };
  const run = await begin(t, place, { env });
  await run.running();
  assert.equal(run.offers.length, 3);
  await assertTrue(run.offers.at(-1));
  const settings = readFileSync(join(place.state, `quickstart-${run.port}.yaml`), 'utf8');
  assert.match(settings, /url: "https:\/\/api\.botpress\.cloud"/);
  assert.match(settings, /bot_id: "bot_7"/);
  assert.ok(!processesOf(place.home).some(({ command }) => command.includes('stand-in')));
  await endInOrder(run, place);
  assert.ok(!run.text.includes(token) && !settings.includes(token));
});

test('a port that is taken: what to do is said, and nothing is started', async (t) => {
  const place = makeHome(t);
  const holder = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => holder.once('listening', resolve));
  t.after(() => holder.close());
  const { port } = holder.address();
  const run = startQuickstart(t, place, ['--port', `${port}`]);
  assert.equal(await run.exited(), 1);
  assert.match(run.text, new RegExp(`port ${port} is taken[^]*--port ${(port % 65535) + 1}`));
  assert.ok(!run.text.includes(READY));
  await nothingIsLeft(place.home);
});

for (const cue of ['== packages', '== build', '== run', 'made a gateway key', 'BOTPRESS_TOKEN is not set', READY]) {
  for (const [signal, code] of [['SIGTERM', 143], ['SIGINT', 130], ['SIGHUP', 129], ['SIGKILL', 'SIGKILL']]) {
    test(`${signal} right after "${cue}" leaves nothing`, async (t) => {
      const place = makeHome(t);
      const run = await begin(t, place);
      await run.said(cue);
      assert.equal(await run.end(signal), code);
      await nothingIsLeft(place.home);
    });
  }
}

test('what runs when it is ended is answered first', async (t) => {
  const place = makeHome(t);
  const run = await begin(t, place);
  await run.running();
  const socket = net.connect(run.port, '127.0.0.1');
  t.after(() => socket.destroy());
  const key = readFileSync(join(place.state, 'first.key'), 'utf8').trim();
  const answered = () => new Promise((resolve) => socket.once('data', (bytes) => resolve(`${bytes}`)));
  const interim = answered();
  socket.write(
    `POST /v1/chat/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n` +
      'Content-Length: 4\r\nExpect: 100-continue\r\n\r\n',
  );
  assert.match(await interim, /^HTTP\/1\.1 100 /);
  run.process.kill('SIGTERM');
  await run.said('"event":"draining"');
  const answer = answered();
  socket.write('abcd');
  assert.match(await answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.equal(await run.exited(), 143);
  await nothingIsLeft(place.home);
});

test('when the gateway does not start, the stand-in ends too', async (t) => {
  const failing = (real) => `#!/bin/sh\n[ "$1" != run ] || { echo "it cannot" >&2; exit 1; }\nexec ${real} "$@"\n`;
  const place = makeHome(t, { bpgate: failing });
  const run = await begin(t, place);
  assert.equal(await run.exited(), 1);
  assert.match(run.text, /it cannot[^]*the gateway did not start/);
  await nothingIsLeft(place.home);
});

for (const [name, code, saying] of [['stand-in', 1, /the stand-in of the API has ended/], ['bpgate', 0, /draining/]]) {
  test(`when ${name} ends by itself, so does all else`, async (t) => {
    const place = makeHome(t);
    const run = await begin(t, place);
    await run.running();
    const child = processesOf(place.home).find(({ command }) => command.startsWith(join(place.home, 'build', name)));
    process.kill(child.pid, 'SIGTERM');
    assert.equal(await run.exited(), code);
    assert.match(run.text, saying);
    await nothingIsLeft(place.home);
  });
}

test('a certificate at the end of its life is made anew, a damaged key is told', async (t) => {
  const place = makeHome(t);
  const first = await begin(t, place);
  await first.running();
  await endInOrder(first, place);
  const file = (name) => join(place.state, 'stand-in', name);
  const ca = readFileSync(file('ca.pem'), 'utf8');
  const oneDay = ['req', '-x509', '-key', file('server.key'), '-subj', '/CN=old', '-days', '1', '-out', file('server.pem')];
  execFileSync('openssl', oneDay, { stdio: 'ignore' });
  const second = await begin(t, place);
  await second.running();
  assert.notEqual(readFileSync(file('ca.pem'), 'utf8'), ca);
  for (const offer of second.offers) await assertTrue(offer);
  await endInOrder(second, place);

  writeFileSync(join(place.state, 'first.key'), 'bpg_cut\n');
  const third = await begin(t, place);
  assert.equal(await third.exited(), 1);
  assert.match(third.text, /first\.key, is damaged; remove it for a new one/);
  await nothingIsLeft(place.home);
});

test('two at once share a key', async (t) => {
  const place = makeHome(t);
  const runs = [await begin(t, place), await begin(t, place)];
  await Promise.all(runs.map((run) => run.running()));
  for (const run of runs) await assertTrue(run.offers[0]);
  assert.equal(runs.filter(({ text }) => text.includes('made a gateway key')).length, 1);
  for (const run of runs) assert.equal(await run.end(), 130);
  await nothingIsLeft(place.home);
});

test('--help, --install-only, and what it does not know', async (t) => {
  const place = makeHome(t);
  const ended = async (...args) => {
    const run = startQuickstart(t, place, args);
    return { code: await run.exited(), text: run.text };
  };
  assert.equal((await ended('--help')).code, 0);
  const install = await ended('--install-only');
  assert.deepEqual([install.code, install.text.includes('== run')], [0, false]);
  for (const args of [['--prot', '80'], ['--port'], ['--port', '0'], ['--port', '65536'], ['--port', '8o80']]) {
    assert.equal((await ended(...args)).code, 2, args.join(' '));
  }
  await nothingIsLeft(place.home);
});
