// bpgate key rotate: a second secret for a key, and the entry in which both are good for a while.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { command, newKey, writeConfiguration } from './support/gateway.js';
import { play } from './support/play.js';

const USERS = '/v1/chat/users';
const HOUR_MS = 3_600_000;

const settingsOf = (...keys) => ({
  credentials: [{ name: 'team', token: 'env:BOTPRESS_TOKEN' }],
  profiles: [{ name: 'support', credential: 'team', bot_id: 'bot_1', bots: ['bot_2'] }],
  keys,
});

const rotate = (file, ...args) => command(['key', 'rotate', '--config', file, ...args]);

async function rotated(file, ...args) {
  const { code, stdout, stderr } = await rotate(file, '--json', ...args);
  assert.equal(code, 0, stderr);
  return { ...JSON.parse(stdout), stderr };
}

/** Milliseconds from now to the end of the entry's second hash. */
const overlapOf = (entry) => Date.parse(entry.hashes[1].not_after) - Date.now();

const isAbout = (ms, wanted) => assert.ok(Math.abs(ms - wanted) < 60_000, `${ms} is about ${wanted}`);

test('both keys are good with the new entry, and the id is the same', async (t) => {
  const old = await newKey();
  const file = writeConfiguration(t, settingsOf(old.entry));
  const { key, entry } = await rotated(file, 'ci');
  assert.notEqual(key, old.key);
  assert.equal(entry.id, old.entry.id);
  assert.equal(key.split('_')[1], old.key.split('_')[1]);
  assert.equal(entry.hashes[1].sha256, old.entry.hashes[0].sha256);
  isAbout(overlapOf(entry), 24 * HOUR_MS);
  const { ask, gateway } = await play(t, { keys: [entry] });
  gateway.keepSecret(key.split('_')[2]);
  for (const good of [old.key, key]) {
    const { status } = await ask('GET', USERS, { headers: { Authorization: `Bearer ${good}` } });
    assert.equal(status, 200);
  }
});

test('the text can be pasted, shows the key once, and says until when the old one works', async (t) => {
  const old = await newKey();
  const file = writeConfiguration(t, settingsOf(old.entry));
  const before = readFileSync(file, 'utf8');
  const { code, stdout, stderr } = await rotate(file, old.entry.id, '--overlap=30m');
  assert.equal(code, 0, stderr);
  assert.equal(readFileSync(file, 'utf8'), before, 'the file is not changed');
  const [key] = stdout.match(/^bpg_\w+$/m);
  assert.equal(stdout.split(key.split('_')[2]).length, 2, 'the secret is there once');
  assert.match(stdout, /^# The old key works until 20\d\d-\d\d-\d\dT/m);
  const entry = stdout.slice(stdout.indexOf('  - id:'));
  const pasted = writeConfiguration(t, `${before.slice(0, before.indexOf('keys:'))}keys:\n${entry}`);
  for (const one of [key, old.key]) {
    const checked = await command(['key', 'check', one, '--config', pasted]);
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  }
});

test('all other fields of the entry are kept', async (t) => {
  const { entry } = await newKey({
    operations: ['read', 'list*', '!deleteMessage'],
    bots: ['bot_2'],
    cidrs: ['10.0.0.0/8', '::1'],
    expires: '2999-01-31T10:00:00+02:00',
    disabled: true,
    certificates: ['0f'.repeat(32)],
  });
  const file = writeConfiguration(t, settingsOf(entry));
  const made = await rotated(file, 'ci');
  const { hashes, ...rest } = made.entry;
  const { hashes: oldHashes, ...oldRest } = entry;
  assert.equal(hashes.length, 2);
  assert.equal(oldHashes.length, 1);
  assert.deepEqual(rest, { ...oldRest, expires: '2999-01-31T08:00:00Z' });
});

test('a list of operations that is empty does not become all', async (t) => {
  const { entry } = await newKey({ operations: [] });
  const made = await rotated(writeConfiguration(t, settingsOf(entry)), 'ci');
  assert.deepEqual(made.entry.operations, []);
});

test('no overlap: the old secret is dropped', async (t) => {
  const old = await newKey();
  const { entry } = await rotated(writeConfiguration(t, settingsOf(old.entry)), 'ci', '--overlap', '0s');
  assert.equal(entry.hashes.length, 1);
  assert.notEqual(entry.hashes[0].sha256, old.entry.hashes[0].sha256);
});

test('an end that the old secret has already is not put off', async (t) => {
  const { entry } = await newKey();
  const soon = new Date(Date.now() + HOUR_MS).toISOString();
  const file = writeConfiguration(
    t,
    settingsOf({ ...entry, hashes: [{ ...entry.hashes[0], not_after: soon }] }),
  );
  isAbout(overlapOf((await rotated(file, 'ci')).entry), HOUR_MS);
});

test('a secret that has ended gives way', async (t) => {
  const [{ entry }, other] = await Promise.all([newKey(), newKey()]);
  const ended = { ...other.entry.hashes[0], not_after: '2020-01-01' };
  const file = writeConfiguration(t, settingsOf({ ...entry, hashes: [ended, ...entry.hashes] }));
  const made = await rotated(file, 'ci');
  assert.equal(made.entry.hashes.length, 2);
  assert.equal(made.entry.hashes[1].sha256, entry.hashes[0].sha256);
});

test('a third secret is refused, and the one to drop is named', async (t) => {
  const [{ entry }, other] = await Promise.all([newKey(), newKey()]);
  const [hash] = entry.hashes;
  const [second] = other.entry.hashes;
  const ending = { ...second, not_after: '2999-01-01' };
  const one = await rotate(writeConfiguration(t, settingsOf({ ...entry, hashes: [hash, ending] })), 'ci');
  assert.equal(one.code, 2);
  assert.match(
    one.stderr,
    /"ci" has two secrets already; drop the old one, the hash in line \d+ that ends at 2999/,
  );
  const two = await rotate(writeConfiguration(t, settingsOf({ ...entry, hashes: [hash, second] })), 'ci');
  assert.equal(two.code, 2);
  assert.match(two.stderr, /has two secrets already, in lines \d+ and \d+; drop the one/);
});

test('a word that means no key, or two, is refused', async (t) => {
  const [first, second] = await Promise.all([newKey({ name: 'deploy' }), newKey({ name: 'ci' })]);
  const file = writeConfiguration(t, settingsOf(first.entry, second.entry));
  const cases = [
    ['deplyo', /there is no key "deplyo" in .*; did you mean "deploy"\?/],
    ['zzzzzzzzzzzzzzzz', /there is no key "z+" in .*; take a name or id below its `keys:`/],
    [first.key, /name the key by its name or id, without its secret/],
  ];
  for (const [word, saying] of cases) {
    const { code, stdout, stderr } = await rotate(file, word);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.match(stderr, saying);
    assert.ok(!stderr.includes(first.key.split('_')[2]), 'no secret is told');
  }
  const twins = settingsOf({ ...first.entry, name: second.entry.id }, second.entry);
  assert.match(
    (await rotate(writeConfiguration(t, twins), second.entry.id)).stderr,
    /is the id of the key in line/,
  );
  const none = await rotate(writeConfiguration(t, settingsOf()), 'ci');
  assert.match(none.stderr, /there are no keys in .*; make one with `bpgate key new`/);
});

test('a key without a secret, and a file that is wrong', async (t) => {
  const { entry } = await newKey();
  const { hashes, ...bare } = entry;
  assert.ok(hashes);
  const file = writeConfiguration(t, settingsOf({ ...bare, certificates: ['0f'.repeat(32)] }));
  assert.match((await rotate(file, 'ci')).stderr, /has no secret, its certificates stand for it/);
  const { code, stderr } = await rotate(writeConfiguration(t, 'workrs: 1\n'), 'ci');
  assert.equal(code, 2);
  assert.match(stderr, /:1:1: "workrs" is not a setting; did you mean "workers"\?/);
  assert.match(stderr, /^bpgate: the settings file is wrong; mend it first$/m);
});

test('a disabled key can be rotated, with a note', async (t) => {
  const { entry } = await newKey({ disabled: true });
  const { code, stderr } = await rotate(writeConfiguration(t, settingsOf(entry)), 'ci');
  assert.equal(code, 0);
  assert.match(stderr, /^bpgate: note: this key is disabled/);
});
