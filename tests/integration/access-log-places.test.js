// Where lines go: files that are rotated, disks that are full, readers that hang, a terminal; and the
// audit lines beside them. Whatever becomes of a line, no request is lost.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ADMIN } from './support/admin.js';
import { eventually, slowness } from './support/deadline.js';
import { binary, writeConfiguration } from './support/gateway.js';
import { readMetrics, sumOf } from './support/metrics.js';
import { newRequestId, play } from './support/play.js';
import { connect } from './support/raw.js';

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'bpgate-log-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const linesOf = (file) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line)
    .map((line) => JSON.parse(line));

test('a file that is rotated under load: each line is in one of the two, whole', async (t) => {
  const file = join(folder(t), 'access.log');
  const { ask, gateway } = await play(t, { settings: { access_log: file, workers: 2 } });
  const ids = Array.from({ length: 200 }, newRequestId);
  const asked = ids.map((id) => ask('GET', '/v1/chat/users', { headers: { 'x-request-id': id } }));
  await Promise.race(asked);
  renameSync(file, `${file}.1`);
  gateway.signal('SIGUSR1');
  await gateway.event(({ event }) => event === 'logs_reopened');
  const late = newRequestId();
  await Promise.all(asked);
  await ask('GET', '/v1/chat/users', { headers: { 'x-request-id': late } });
  await gateway.stop();
  const [old, fresh] = [linesOf(`${file}.1`), linesOf(file)];
  const seen = [...old, ...fresh].map(({ request_id: id }) => id).sort();
  assert.deepEqual(seen, [...ids, late].sort());
  assert.ok(fresh.some(({ request_id: id }) => id === late), 'what comes after goes to the new file');
});

test('twenty rotations under load, refused heads among them: one line each, none lost, all of them JSON', async (t) => {
  const file = join(folder(t), 'access.log');
  const { ask, gateway } = await play(t, { settings: { access_log: file, workers: 2 }, announces: [/./] });
  const ids = Array.from({ length: 2000 }, newRequestId);
  let refused = 0;
  let rotations = 0;
  const load = async (part) => {
    for (const id of part) await ask('GET', '/v1/chat/users', { headers: { 'x-request-id': id } });
  };
  const refuse = async () => {
    while (rotations < 20) {
      const raw = await connect(t, gateway);
      raw.send('GET / HTTP/1.1\r\nHost : x\r\n\r\n');
      await raw.response();
      refused += 1;
    }
  };
  const rotate = async () => {
    for (; rotations < 20; rotations += 1) {
      renameSync(file, `${file}.${rotations}`);
      gateway.signal('SIGUSR1');
      const isDone = () => gateway.events.filter(({ event }) => event === 'logs_reopened').length > rotations;
      await eventually(isDone, 'the log is reopened');
    }
  };
  await Promise.all([...[0, 1, 2, 3].map((n) => load(ids.slice(500 * n, 500 * (n + 1)))), rotate(), refuse()]);
  await gateway.stop();
  const lines = [...Array.from({ length: 20 }, (_, n) => `${file}.${n}`), file].flatMap(linesOf);
  const known = new Set(ids);
  const seen = lines.map(({ request_id: id }) => id).filter((id) => known.has(id));
  assert.deepEqual(seen.sort(), ids.sort());
  assert.equal(lines.filter(({ status }) => status === 400).length, refused);
  assert.equal(lines.length, ids.length + refused);
});

test('a rotation that fails leaves the log where it was', async (t) => {
  const path = folder(t);
  const file = join(path, 'access.log');
  const { ask, gateway } = await play(t, { settings: { access_log: file }, announces: [/log_reopen_failed/] });
  renameSync(path, `${path}.moved`);
  t.after(() => rmSync(`${path}.moved`, { recursive: true, force: true }));
  gateway.signal('SIGUSR1');
  await gateway.event(({ event }) => event === 'log_reopen_failed');
  await ask('GET', '/v1/chat/users');
  await gateway.stop();
  assert.equal(linesOf(join(`${path}.moved`, 'access.log')).length, 1);
});

test('a full disk costs lines, which are counted, and no request', async (t) => {
  const { ask, gateway } = await play(t, { settings: { ...ADMIN, access_log: '/dev/full' } });
  for (let i = 0; i < 20; i += 1) assert.equal((await ask('GET', '/v1/chat/users')).status, 200);
  await eventually(
    async () => sumOf(await readMetrics(t, gateway), 'bpgate_log_lines_dropped_total', {}) === 20,
    'all lines are counted as dropped',
  );
});

const sizeLimit = (gateway, bytes) => execFileSync('prlimit', ['--pid', `${gateway.pid}`, `--fsize=${bytes}:`]);

test('a disk that is full for a while costs whole lines, which are counted, and delays nobody', async (t) => {
  const file = join(folder(t), 'access.log');
  const { ask, gateway } = await play(t, { settings: { ...ADMIN, access_log: file } });
  const dropped = async () => sumOf(await readMetrics(t, gateway), 'bpgate_log_lines_dropped_total', {});
  const times = [];
  const askMany = async (count) => {
    for (let i = 0; i < count; i += 1) {
      const begun = performance.now();
      assert.equal((await ask('GET', '/v1/chat/users')).status, 200);
      times.push(performance.now() - begun);
    }
  };
  sizeLimit(gateway, 10_000); // no line ends there
  await askMany(200);
  const written = () => readFileSync(file, 'utf8').split('\n').length - 1;
  await eventually(async () => written() + (await dropped()) === 200, 'each line is written or counted');
  const lost = await dropped();
  assert.ok(lost > 100 && readFileSync(file).length <= 10_000, `${lost} lines`);
  assert.equal(linesOf(file).length, 200 - lost);
  sizeLimit(gateway, 'unlimited');
  await askMany(50);
  await gateway.stop();
  assert.equal(linesOf(file).length, 250 - lost);
  times.sort((a, b) => a - b);
  assert.ok(times[Math.floor(0.99 * times.length)] < 500 * slowness, `p99 ${times[Math.floor(0.99 * times.length)]} ms`);
});

test('a reader that hangs costs lines, which are counted, and no request', async (t) => {
  const pipe = join(folder(t), 'pipe');
  execFileSync('mkfifo', [pipe]);
  openSync(pipe, 'r+'); // a reader that never reads
  const { gateway, ask } = await play(t, { settings: { ...ADMIN, access_log: pipe } });
  const path = `/v1/files/${'x'.repeat(6000)}`;
  let asked = 0;
  let slowest = 0;
  await eventually(async () => {
    const answers = await Promise.all(Array.from({ length: 200 }, () => ask('GET', path)));
    asked += answers.length;
    for (const { status } of answers) assert.ok(status < 500, `${status}`);
    const begun = performance.now();
    await ask('GET', '/v1/chat/users');
    asked += 1;
    slowest = Math.max(slowest, performance.now() - begun);
    return sumOf(await readMetrics(t, gateway), 'bpgate_log_lines_dropped_total', {}) > 0;
  }, 'pipe and ring are full');
  assert.equal(sumOf(await readMetrics(t, gateway), 'bpgate_requests_total', {}), asked);
  assert.ok(slowest < 1000 * slowness, `nobody waits for the log: ${slowest} ms`);
});

test('people on a terminal get lines that they can read', async (t) => {
  const file = writeConfiguration(t, {
    listen: [{ address: '127.0.0.1:0' }],
    upstream: { url: 'http://127.0.0.1:9' },
  });
  const terminal = spawn('script', ['-qfec', `${binary} run --config ${file}`, '/dev/null'], {
    env: { ...process.env, NO_COLOR: '1', TERM: 'dumb' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  terminal.stdout.on('data', (bytes) => (output += bytes));
  const ended = new Promise((resolve) => terminal.once('exit', resolve));
  await eventually(() => /ready .*addresses=(\S+)/.test(output), 'it is ready');
  const [, address] = /addresses=(\S+)/.exec(output);
  const pid = Number(/pid=(\d+)/.exec(output)[1]);
  try {
    await fetch(`http://${address}/v1/chat/users?secret=hidden`);
    await eventually(() => /GET \/v1\/chat\/users/.test(output), 'the line of the request');
    assert.match(output, /\d\d:\d\d:\d\d\.\d\d\d 401 gateway +\d+\.\d ms {2}GET \/v1\/chat\/users {2}op=listUsers key=-/);
    assert.match(output, /audit {2}action=denied/);
    assert.ok(!output.includes('hidden'));
  } finally {
    process.kill(pid, 'SIGTERM');
    await ended;
  }
});

test('writes and denials are told to who audits, reads are not', async (t) => {
  const { ask, gateway } = await play(t);
  const [read, write, denied] = [newRequestId(), newRequestId(), newRequestId()];
  await ask('GET', '/v1/chat/users', { headers: { 'x-request-id': read } });
  await ask('POST', '/v1/chat/users', { body: '{"tags":{}}', headers: { 'x-request-id': write } });
  await ask('GET', '/v1/chat/users', {
    headers: { 'x-request-id': denied, authorization: 'Bearer bpg_wrong' },
  });
  const of = (id) => gateway.events.filter(({ event, request_id: is }) => event === 'audit' && is === id);
  const line = await gateway.event(({ event, request_id: id }) => event === 'audit' && id === write);
  assert.equal(line.action, 'write');
  assert.equal(line.key, 'ci');
  assert.equal(line.op, 'createUser');
  assert.equal(line.status, 201);
  assert.equal(line.method, 'POST');
  const other = await gateway.event(({ event, request_id: id }) => event === 'audit' && id === denied);
  assert.equal(other.action, 'denied');
  assert.equal(other.reason, 'bad_key');
  assert.deepEqual([of(read).length, of(write).length, of(denied).length], [0, 1, 1]);
});

test('audit_log: off writes none', async (t) => {
  const { ask, gateway } = await play(t, { settings: { audit_log: 'off' } });
  await ask('POST', '/v1/chat/users', { body: '{"tags":{}}' });
  await gateway.stop();
  assert.deepEqual(gateway.events.filter(({ event }) => event === 'audit'), []);
});
