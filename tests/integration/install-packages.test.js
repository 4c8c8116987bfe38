// deploy/install-packages: what it says where it cannot install. Its tools are stand-ins here: nothing
// is asked of dpkg, apt or sudo.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from './support/gateway.js';

const REAL = ['awk', 'bash', 'cat', 'dirname', 'env', 'flock', 'sed'];

function whereIs(name) {
  return spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
}

/** The script with these programs alone on its path, by name: the lines of a shell script. */
function install(t, programs, ...sections) {
  const folder = mkdtempSync(join(tmpdir(), 'bpgate-packages-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'bin');
  mkdirSync(path);
  for (const name of REAL) symlinkSync(whereIs(name), join(path, name));
  const said = join(folder, 'said');
  writeFileSync(said, '');
  for (const [name, text] of Object.entries({ 'dpkg-query': 'exit 1', ...programs })) {
    writeFileSync(join(path, name), `#!/bin/sh\necho "${name} $*" >>${said}\n${text}\n`, { mode: 0o755 });
  }
  const script = join(root, 'deploy/install-packages');
  const run = spawnSync(script, sections, { encoding: 'utf8', env: { PATH: path } });
  return { code: run.status, text: run.stdout + run.stderr, calls: spawnSync('cat', [said]).stdout.toString() };
}

const knows = 'exit 0';
const isRoot = process.getuid() === 0;

test('all there: nothing is asked and nothing said', (t) => {
  const { code, text, calls } = install(t, { 'dpkg-query': 'echo installed', 'apt-get': 'exit 1' }, 'build');
  assert.deepEqual([code, text], [0, '']);
  assert.doesNotMatch(calls, /apt-get/);
});

test('not root, and no sudo: what is missing and who can install it', (t) => {
  const { code, text, calls } = install(t, { id: 'echo 1000', 'apt-get': 'exit 0' }, 'build');
  assert.equal(code, 1);
  assert.match(text, /as root, run `[^`]*install-packages build`/);
  assert.match(text, /^ {4}libuv1-dev$/m);
  assert.doesNotMatch(calls, /apt-get/);
});

test('not root: sudo is asked, and a refusal is told', (t) => {
  const { code, text, calls } = install(t, { id: 'echo 1000', 'apt-get': 'exit 0', sudo: 'exit 1' }, 'build', 'run');
  assert.equal(code, 1);
  assert.match(calls, /^sudo -- .*install-packages build run$/m);
  assert.match(text, /not installed; as root, run/);
});

test('no apt: what is missing is named', (t) => {
  const { code, text } = install(t, {}, 'run');
  assert.equal(code, 1);
  assert.match(text, /no apt-get here[^]*ca-certificates/);
});

test('no network: that is said with what could not be installed', { skip: !isRoot }, (t) => {
  const away = { id: 'echo 0', 'apt-get': 'exit 100', 'apt-cache': knows };
  const { code, text } = install(t, away, 'run');
  assert.equal(code, 1);
  assert.match(text, /could not install[^]*could not be reached: is there a network[^]*zlib1g/);
  const { text: unknown } = install(t, { ...away, 'apt-cache': 'exit 100' }, 'run');
  assert.match(unknown, /knows no package[^]*is there a network/);
});

test('a source that fails does not matter when the packages come from another', { skip: !isRoot }, (t) => {
  const apt = 'case $1 in update) exit 100;; esac; exit 0';
  const { code, calls } = install(t, { id: 'echo 0', 'apt-get': apt, 'apt-cache': knows }, 'run');
  assert.equal(code, 0);
  assert.match(calls, /^apt-get install .*\blibyaml-0-2\b/m);
});
