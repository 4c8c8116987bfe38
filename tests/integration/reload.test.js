// Settings loaded anew while requests run: all of them or none, and nobody's request is lost.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ADMIN, adminOf, askAdmin } from './support/admin.js';
import { countTargets } from './support/counting.js';
import { deferred, eventually, slowness, within } from './support/deadline.js';
import { command, newKey } from './support/gateway.js';
import { play, troublePlay } from './support/play.js';
import { ask, connect, request } from './support/raw.js';
import { askTls, authorityFile, identityFiles, tlsListener } from './support/tls_client.js';
import { startUpstream } from './support/upstream.js';

const USERS = '/v1/chat/users';
const FAILED = /reload_failed/;

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'bpgate-reload-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Sends SIGHUP and waits for the line that says how it went. */
async function reload(gateway, outcome = 'reloaded') {
  const { length } = gateway.events;
  gateway.signal('SIGHUP');
  return gateway.event((event) => gateway.events.indexOf(event) >= length && event.event === outcome, outcome);
}

const status = async (stage, key, target = USERS) =>
  (await stage.ask('GET', target, { headers: { authorization: `Bearer ${key}` } })).status;

/** Asked at addresses that no other play has: a port that was given up may be somebody else's at once. */
const isRefused = ({ host, port }) =>
  new Promise((resolve) => {
    const socket = net.connect({ host, port });
    socket.once('connect', () => resolve(socket.destroy() && false)).once('error', () => resolve(true));
  });

test('a new key counts, one that is gone does not, and connections stay', async (t) => {
  const stage = await play(t, { settings: { workers: 2 }, keys: [{ name: 'old' }, { name: 'stays' }] });
  const { gateway } = stage;
  const client = await connect(t, gateway);
  const asOld = request(gateway, 'GET', USERS, { headers: { authorization: `Bearer ${gateway.keys.old}` } });
  assert.equal((await client.send(asOld).response()).status, 200);

  const made = await newKey({ name: 'new' });
  gateway.keepSecret(made.key.split('_')[2]);
  const text = readFileSync(gateway.configFile, 'utf8');
  gateway.rewrite({}, { more: [made.entry] });
  gateway.rewrite(readFileSync(gateway.configFile, 'utf8').replace(/name: old\n/, 'name: old\n    disabled: true\n'));
  assert.notEqual(readFileSync(gateway.configFile, 'utf8'), text);
  await reload(gateway);

  assert.equal(await status(stage, made.key), 200);
  assert.equal(await status(stage, gateway.keys.stays), 200);
  assert.equal((await client.send(asOld).response()).status, 401, 'on the connection that was there before');
  assert.equal(await status(stage, gateway.keys.old), 401);
});

test('what is under way ends as it began, though its key, its upstream and its listener are gone', async (t) => {
  const stage = await play(t, { settings: { listen: [{ address: '127.0.0.5:0' }] } });
  const { gateway, upstream } = stage;
  const goOn = deferred();
  upstream.on('GET ', { hold: goOn.promise, json: { from: 'the first' } });
  const client = await connect(t, gateway);
  client.send(request(gateway, 'GET', USERS));
  await eventually(() => upstream.requests.length === 1, 'it is upstream');

  const second = await startUpstream();
  t.after(() => second.stop());
  second.on('GET ', () => ({ json: { from: 'the second' } }));
  gateway.rewrite({ listen: [{ address: '127.0.0.2:0' }] }, { upstream: second });
  await reload(gateway);
  const { address } = gateway.events.find(({ event }) => event === 'listens');
  const there = { ...gateway, host: '127.0.0.2', port: Number(address.split(':')[1]) };
  assert.equal((await ask(t, there, 'GET', USERS)).json.from, 'the second');
  assert.ok(await isRefused(gateway), 'the old address is closed');

  goOn.resolve();
  assert.equal((await client.response()).json.from, 'the first');
  client.send(request(gateway, 'GET', USERS));
  assert.equal((await client.response()).json.from, 'the second', 'the next on the same connection');
  await eventually(() => upstream.openConnections === 0, 'the connections to the first upstream are closed');
});

test('connections upstream are kept, unless the upstream is another', async (t) => {
  const stage = await play(t);
  const { gateway, upstream } = stage;
  const goOn = deferred();
  assert.equal(await status(stage, gateway.key), 200);
  assert.equal(upstream.connections.length, 1);
  gateway.rewrite({ unknown_routes: 'deny' });
  for (let i = 0; i < 3; i += 1) await reload(gateway);
  assert.equal(await status(stage, gateway.key), 200);
  assert.equal(upstream.connections.length, 1, 'nobody shook hands anew');

  upstream.next({ hold: goOn.promise, json: {} });
  const client = await connect(t, gateway);
  client.send(request(gateway, 'GET', USERS));
  await eventually(() => upstream.requests.length === 3, 'it is upstream');
  gateway.rewrite({ upstream: { pool: { idle: '30s' } } });
  await reload(gateway);
  assert.equal(await status(stage, gateway.key), 200);
  assert.equal(upstream.connections.length, 2);
  goOn.resolve();
  assert.equal((await client.response()).status, 200);
  await eventually(() => upstream.openConnections === 1, 'the old one is closed with its last request');
});

test('a file with faults changes nothing, and is told everywhere', async (t) => {
  const stage = await play(t, { settings: { ...ADMIN, workers: 2 }, announces: [FAILED] });
  const { gateway } = stage;
  const good = readFileSync(gateway.configFile, 'utf8');
  assert.equal((await askAdmin(t, gateway, 'GET', '/readyz')).text, '{"status":"ready"}');

  gateway.rewrite(`${good}\nwrokers: 3\nlog_level: loud\n`);
  const event = await reload(gateway, 'reload_failed');
  assert.match(event.reason, /bpgate\.yaml:\d+:1: .*wrokers.*workers/);
  assert.match(event.reason, /\n.*log_level/);
  assert.equal(await status(stage, gateway.key), 200);

  let ready;
  await eventually(async () => (ready = await askAdmin(t, gateway, 'GET', '/readyz')).json.reload, 'it is told');
  assert.equal(ready.status, 200, 'it serves as before');
  assert.equal(ready.json.reload.result, 'failed');
  assert.match(ready.json.reload.reason, /wrokers/);
  const metrics = async () => (await askAdmin(t, gateway, 'GET', '/metrics')).text;
  assert.match(await metrics(), /^bpgate_config_last_reload_successful 0$/m);
  assert.match(await metrics(), /^bpgate_config_reloads_total\{result="failed"\} 1$/m);

  const asked = await command(['reload', '--admin', adminOf(gateway).url]);
  assert.equal(asked.code, 2);
  assert.match(asked.stderr, /bpgate\.yaml:\d+:1: .*wrokers[^]*nothing was reloaded/);

  gateway.rewrite(good);
  const done = await command(['reload', '--admin', adminOf(gateway).url]);
  assert.deepEqual([done.code, done.stdout, done.stderr], [0, 'reloaded\n', '']);
  assert.match(await metrics(), /^bpgate_config_last_reload_successful 1$/m);
  assert.match(await metrics(), /^bpgate_config_reloads_total\{result="failed"\} 2$/m);
  assert.match(await metrics(), /^bpgate_config_reloads_total\{result="done"\} 1$/m);
  const { json } = await askAdmin(t, gateway, 'GET', '/readyz');
  assert.equal(json.reload.result, 'done');
});

test('with a token /readyz tells strangers that a reload failed, and not why', async (t) => {
  const env = { ADMIN_TOKEN: 'the-token-of-the-admin-listener' };
  const settings = { admin: { address: '127.0.0.1:0', token: 'env:ADMIN_TOKEN' } };
  const { gateway } = await play(t, { env, settings, announces: [FAILED] });
  gateway.rewrite('wrong: 1\n');
  await reload(gateway, 'reload_failed');
  // The event is the main thread's; a worker that answers hears of it a moment later.
  let stranger;
  await eventually(async () => (stranger = await askAdmin(t, gateway, 'GET', '/readyz')).json.reload, 'it is told');
  assert.deepEqual([stranger.status, stranger.json.reload.result, stranger.json.reload.reason], [200, 'failed', undefined]);
  const known = await askAdmin(t, gateway, 'GET', '/readyz', { token: env.ADMIN_TOKEN });
  assert.match(known.json.reload.reason, /wrong/);
  assert.equal((await askAdmin(t, gateway, 'POST', '/reload')).status, 401);
  assert.equal((await askAdmin(t, gateway, 'GET', '/reload', { token: env.ADMIN_TOKEN })).status, 405);
});

test('listeners are added, kept and removed; an address that is taken changes nothing', async (t) => {
  const stage = await play(t, { settings: { workers: 3 }, announces: [FAILED] });
  const { gateway } = stage;
  gateway.rewrite({ listen: [{ address: '127.0.0.1:0' }, { address: '127.0.0.2:0' }, { address: '[::1]:0' }] });
  await reload(gateway);
  const added = gateway.events.filter(({ event }) => event === 'listens').map(({ address }) => address);
  assert.equal(added.length, 2);
  assert.equal(await status(stage, gateway.key), 200, 'the one that stays has its port');
  const there = { ...gateway, host: '127.0.0.2', port: Number(added[0].split(':')[1]) };
  // Each worker listens: of forty connections every one gets in.
  for (let i = 0; i < 40; i += 1) assert.equal((await ask(t, there, 'GET', USERS)).status, 200);

  const taken = net.createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await new Promise((resolve) => taken.once('listening', resolve));
  gateway.rewrite({ listen: [{ address: '127.0.0.3:0' }, { address: `127.0.0.1:${taken.address().port}` }] });
  const { reason } = await reload(gateway, 'reload_failed');
  assert.match(reason, /address in use/);
  assert.equal(await status(stage, gateway.key), 200);
  assert.equal((await ask(t, there, 'GET', USERS)).status, 200);

  gateway.rewrite({});
  await reload(gateway);
  assert.equal(await status(stage, gateway.key), 200);
  assert.ok(await isRefused(there), 'nobody listens there any more');
});

test('a listener gets TLS, demands a certificate, and goes back, on the same port', async (t) => {
  const files = identityFiles(t);
  const stage = await play(t, { settings: { workers: 2 }, announces: [FAILED] });
  const { gateway } = stage;
  const plain = await connect(t, gateway);
  gateway.rewrite(tlsListener(files));
  await reload(gateway);
  assert.equal((await askTls(t, gateway, 'GET', USERS)).status, 200);
  assert.equal((await plain.send(request(gateway, 'GET', USERS)).response()).status, 200, 'who was there stays as he is');

  files.installKey('renewed');
  await reload(gateway, 'reload_failed');
  assert.equal((await askTls(t, gateway, 'GET', USERS)).status, 200, 'key and certificate do not fit: nothing has changed');
  files.install('valid');

  gateway.rewrite(tlsListener(files, { client_ca: authorityFile(), client_certificate: 'required' }));
  await reload(gateway);
  await assert.rejects(askTls(t, gateway, 'GET', USERS));
  gateway.rewrite({});
  await reload(gateway);
  assert.equal((await stage.ask('GET', USERS)).status, 200);
});

test('a token that cannot be read keeps all workers as they are', async (t) => {
  const place = folder(t);
  const file = join(place, 'token');
  writeFileSync(file, 'bp_pat_the_token_in_a_file_0123456789');
  const credentials = [{ name: 'team', token: `file:${file}` }];
  const stage = await play(t, { settings: { credentials, workers: 4 }, announces: [FAILED] });
  const { gateway, upstream } = stage;
  gateway.rewrite({ credentials: [{ name: 'team', token: `file:${join(place, 'absent')}` }], listen: [{ address: '127.0.0.9:0' }] });
  const { reason } = await reload(gateway, 'reload_failed');
  assert.match(reason, /absent/);
  for (let i = 0; i < 12; i += 1) assert.equal(await status(stage, gateway.key), 200);
  assert.equal(upstream.requests.at(-1).header('authorization'), 'Bearer bp_pat_the_token_in_a_file_0123456789');
});

test('a limit goes on where it was, with its new rate', async (t) => {
  const limit = { name: 'few', requests: 3, per: '1h', key: ['key'] };
  const stage = await play(t, { settings: { limits: [limit], workers: 2 } });
  const { gateway } = stage;
  for (const expected of [200, 200, 200, 429]) assert.equal(await status(stage, gateway.key), expected);
  await reload(gateway);
  assert.equal(await status(stage, gateway.key), 429, 'nothing is given anew');
  gateway.rewrite({ limits: [] });
  await reload(gateway);
  assert.equal(await status(stage, gateway.key), 200);
  gateway.rewrite({ limits: [limit] });
  await reload(gateway);
  assert.equal(await status(stage, gateway.key), 429);
});

test('what a key has under way counts over a reload', async (t) => {
  const stage = await play(t, { keys: [{ max_inflight: 1 }], settings: { workers: 2 } });
  const { gateway, upstream } = stage;
  const goOn = deferred();
  upstream.on('GET ', { hold: goOn.promise, json: {} });
  const client = await connect(t, gateway);
  client.send(request(gateway, 'GET', USERS));
  await eventually(() => upstream.requests.length === 1, 'it is upstream');
  await reload(gateway);
  await reload(gateway);
  assert.equal(await status(stage, gateway.key), 429);
  goOn.resolve();
  assert.equal((await client.response()).status, 200);
  await eventually(async () => (await status(stage, gateway.key)) === 200, 'it has ended');
});

test('answers that were got with another token are validated before they are given', async (t) => {
  const env = { OTHER_TOKEN: 'bp_pat_the_token_of_another_0123456789' };
  const stage = await play(t, { env });
  const { gateway, upstream } = stage;
  countTargets(upstream, ['/v1/admin/bots']);
  const bots = async () => (await stage.ask('GET', '/v1/admin/bots')).header('cache-status');
  assert.match(await bots(), /fwd=uri-miss/);
  assert.match(await bots(), /; hit/);
  await reload(gateway);
  assert.match(await bots(), /; hit/, 'a reload alone forgets nothing');
  gateway.rewrite({ credentials: [{ name: 'team', token: 'env:OTHER_TOKEN' }] });
  await reload(gateway);
  assert.doesNotMatch(await bots(), /; hit/);
  assert.equal(upstream.requests.at(-1).header('authorization'), `Bearer ${env.OTHER_TOKEN}`);
});

test('what needs a restart is said, and the rest counts', async (t) => {
  const stage = await play(t, { settings: { ...ADMIN, workers: 1 }, announces: [/after a restart/] });
  const { gateway } = stage;
  gateway.rewrite({ workers: 3, cache: { memory: '1MiB' }, redis: { url: 'redis://127.0.0.1:1/0' }, unknown_routes: 'deny' });
  const { code, stdout, stderr } = await command(['reload', '--admin', adminOf(gateway).url]);
  assert.deepEqual([code, stdout], [0, 'reloaded\n']);
  assert.match(stderr, /^workers: .*restart/m);
  assert.match(stderr, /^cache\.memory: .*restart/m);
  assert.match(stderr, /^redis\.url.*restart/m);
  assert.equal(await status(stage, gateway.key, '/v1/nothing/known'), 404);
  assert.match((await askAdmin(t, gateway, 'GET', '/readyz')).json.reload.note, /^workers: /);
});

test('logs go to another place from then on', async (t) => {
  const file = join(folder(t), 'access.log');
  const stage = await play(t, { settings: { workers: 2 } });
  const { gateway } = stage;
  const lines = () => readFileSync(file, 'utf8').trim().split('\n').filter(Boolean);
  await stage.ask('GET', USERS, { headers: { 'x-request-id': 'before' } });
  await gateway.accessLine(({ request_id: id }) => id === 'before');
  gateway.rewrite({ access_log: file });
  await reload(gateway);
  await stage.ask('GET', USERS, { headers: { 'x-request-id': 'after' } });
  await eventually(() => lines().length === 1, 'its line is in the file');
  assert.equal(JSON.parse(lines()[0]).request_id, 'after');
  gateway.rewrite({ access_log: 'off' });
  await reload(gateway);
  await stage.ask('GET', USERS, { headers: { 'x-request-id': 'silent' } });
  gateway.rewrite({ access_log: 'stdout' });
  await reload(gateway);
  await stage.ask('GET', USERS, { headers: { 'x-request-id': 'again' } });
  await gateway.accessLine(({ request_id: id }) => id === 'again');
  assert.deepEqual(gateway.accessLines.map(({ request_id: id }) => id), ['before', 'again']);
  assert.equal(lines().length, 1);
});

test('the admin listener moves, opens and closes, and takes another token', async (t) => {
  const env = { ADMIN_TOKEN: 'the-token-of-the-admin-listener' };
  const { gateway } = await play(t, { env });
  const open = async (admin) => {
    const { length } = gateway.events;
    gateway.rewrite({ admin });
    await reload(gateway);
    const event = gateway.events.slice(length).find((one) => one.event === 'listens');
    return event && { host: event.admin.split(':')[0], port: Number(event.admin.split(':')[1]) };
  };
  const get = async (at, token) => {
    const headers = { host: `${at.host}:${at.port}`, authorization: token ? `Bearer ${token}` : null, 'x-bot-id': null };
    return (await ask(t, at, 'GET', '/api/keys', { headers })).status;
  };
  const first = await open({ address: '127.0.0.6:0' });
  assert.equal(await get(first), 200);
  assert.equal(await open({ address: '127.0.0.6:0', token: 'env:ADMIN_TOKEN' }), undefined, 'the same address stays');
  assert.equal(await get(first), 401);
  assert.equal(await get(first, env.ADMIN_TOKEN), 200);
  const second = await open({ address: '127.0.0.7:0' });
  assert.equal(await get(second), 200);
  assert.ok(await isRefused(first));
  await open(undefined);
  assert.ok(await isRefused(second));
});

test('a hundred reloads under load: no request fails, and memory does not grow', { timeout: 120_000 * slowness }, async (t) => {
  const workers = 2;
  const stage = await play(t, { settings: { workers, ...ADMIN, limits: [{ name: 'all', requests: 1_000_000, per: '1s' }] } });
  const { gateway } = stage;
  const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.pid}/status`, 'utf8'))[1]);
  let isOver = false;
  let answered = 0;
  const customer = async () => {
    const client = await connect(t, gateway);
    while (!isOver) {
      const response = await client.send(request(gateway, 'GET', USERS)).response();
      assert.equal(response.status, 200, response.text);
      answered += 1;
    }
  };
  const customers = Promise.all(Array.from({ length: 8 }, customer));
  let after20;
  for (let i = 1; i <= 100; i += 1) {
    gateway.rewrite({ upstream: { retries: i % 3 }, listen: [{ address: '127.0.0.1:0' }, ...(i % 2 ? [{ address: '127.0.0.2:0' }] : [])] });
    await within(Promise.race([reload(gateway), customers]), `reload ${i}`);
    if (i === 20) after20 = memory();
  }
  const after100 = memory();
  isOver = true;
  await customers;
  t.diagnostic(`${answered} requests; ${after20} KiB after 20 reloads, ${after100} after 100`);
  assert.ok(answered > 100);
  // Sanitizers keep what was freed for a while.
  if (slowness === 1) assert.ok(after100 < after20 + 4096, `${after20} -> ${after100} KiB`);
  const { text } = await askAdmin(t, gateway, 'GET', '/metrics');
  assert.match(text, /^bpgate_config_reloads_total\{result="done"\} 100$/m);
});

test('ten thousand keys are loaded, and loaded anew', async (t) => {
  const stage = await play(t, { settings: ADMIN });
  const { gateway } = stage;
  const more = Array.from({ length: 9_999 }, (_, i) => ({
    id: `K${String(i).padStart(9, '0')}`,
    name: `key-${i}`,
    hashes: [{ sha256: String(i).padStart(64, '0') }],
    profile: 'support',
    operations: ['read', 'createMessage'],
  }));
  gateway.rewrite({}, { more });
  await reload(gateway);
  assert.equal(await status(stage, gateway.key), 200);
  assert.equal((await command(['check', '--config', gateway.configFile], { env: { BOTPRESS_TOKEN: 'bp_pat_any' } })).code, 0);
  gateway.rewrite({}, { more: [...more, { ...more[0], id: 'K999999999', name: 'one-too-many' }] });
  gateway.announce(FAILED);
  await reload(gateway, 'reload_failed');
  gateway.rewrite({});
  await reload(gateway);
  assert.equal(await status(stage, gateway.key), 200);
});

test('many who ask for a reload at once all hear how one went that began after they asked', async (t) => {
  const { gateway } = await play(t, { settings: { ...ADMIN, workers: 2 } });
  const answers = await Promise.all(Array.from({ length: 40 }, () => askAdmin(t, gateway, 'POST', '/reload', { body: {} })));
  for (const { status: code, json } of answers) assert.deepEqual([code, json], [200, { reloaded: true, notes: [] }]);
  const leaver = await connect(t, { ...gateway, ...adminOf(gateway) });
  leaver.send('POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n').leave('reset');
  assert.equal((await askAdmin(t, gateway, 'POST', '/reload', { body: {} })).status, 200);
});

test('a signal to end is not lost in a reload, nor does a reload disturb the end', async (t) => {
  const { gateway } = await troublePlay(t, { settings: { workers: 4 } });
  for (let i = 0; i < 5; i += 1) gateway.signal('SIGHUP');
  gateway.signal('SIGTERM');
  gateway.signal('SIGHUP');
  assert.equal(await gateway.exited(), 0);
});
