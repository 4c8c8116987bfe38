// Wrong settings files: none is accepted, none breaks anything, and all that is wrong is told at
// once, with its place and what to write instead. The files are in settings/.

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { identities } from './settings/wrong_identities.js';
import { outside } from './settings/wrong_outside.js';
import { values } from './settings/wrong_values.js';
import { yaml } from './settings/wrong_yaml.js';
import { command } from './support/gateway.js';

const SETTINGS_ARE_WRONG = 2;
const TOKEN = 'bp_pat_0123456789';
const cases = [...yaml, ...values, ...identities, ...outside];

function folderOf(t) {
  const folder = mkdtempSync(join(tmpdir(), 'bpgate-wrong-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const linesOf = (text) => text.split('\n').filter(Boolean);

test('there are many ways to be wrong, each with its own name', () => {
  assert.ok(cases.length >= 100, `${cases.length}`);
  assert.equal(new Set(cases.map(({ what }) => what)).size, cases.length);
});

for (const { what, yaml: content, says, env } of cases) {
  test(`${what}: all is told`, async (t) => {
    const folder = folderOf(t);
    const file = join(folder, 'bpgate.yaml');
    writeFileSync(file, typeof content === 'function' ? content(folder) : content);
    const checked = await command(['check', '--config', file], { env: { TOKEN, ...env } });
    assert.equal(checked.code, SETTINGS_ARE_WRONG, checked.stderr);
    assert.equal(checked.stdout, '');
    const lines = linesOf(checked.stderr);
    assert.match(lines.pop(), /^bpgate: [0-9]+ errors?( or more)? in /);
    const told = lines.map((line) => line.replace(`${file}:`, '').replaceAll(folder, 'FOLDER'));
    assert.deepEqual(told, says);
    for (const line of says) assert.match(line, /^[1-9][0-9]*:[1-9][0-9]*: ./, 'a line and a column');
    assert.ok(!checked.stderr.includes(TOKEN), 'no token is told');
  });
}

test('run tells the same as check, and ends', async (t) => {
  const { yaml: content, says } = identities.find(({ what }) => what === 'much at once');
  const file = join(folderOf(t), 'bpgate.yaml');
  writeFileSync(file, content);
  const { code, stderr } = await command(['run', '--config', file]);
  assert.equal(code, SETTINGS_ARE_WRONG);
  assert.deepEqual(
    linesOf(stderr),
    says.map((line) => `${file}:${line}`),
  );
});

for (const verb of ['run', 'check']) {
  test(`${verb}: a file that is not there`, async () => {
    const { code, stderr } = await command([verb, '--config', '/nowhere/bpgate.yaml']);
    assert.equal(code, SETTINGS_ARE_WRONG);
    assert.match(stderr, /^bpgate: \/nowhere\/bpgate\.yaml: cannot be opened: No such file or directory; /);
    assert.match(stderr, /--config FILE/);
    assert.match(stderr, /BOTPRESS_TOKEN/);
  });

  test(`${verb}: a folder in place of the file`, async (t) => {
    const folder = folderOf(t);
    const { code, stderr } = await command([verb, '--config', folder]);
    assert.equal(code, SETTINGS_ARE_WRONG);
    assert.ok(stderr.startsWith(`bpgate: ${folder}: cannot be read: Is a directory; `), stderr);
  });

  const skip = process.getuid() === 0 && 'root may read everything';
  test(`${verb}: a file that may not be read`, { skip }, async (t) => {
    const file = join(folderOf(t), 'bpgate.yaml');
    writeFileSync(file, 'workers: 1\n');
    chmodSync(file, 0);
    const { code, stderr } = await command([verb, '--config', file]);
    assert.equal(code, SETTINGS_ARE_WRONG);
    assert.ok(stderr.startsWith(`bpgate: ${file}: cannot be opened: Permission denied; `), stderr);
  });
}
