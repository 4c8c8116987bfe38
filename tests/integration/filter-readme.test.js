// lua-filters/README.md: every filter on it is tested by the test on it, its commands and settings work, and its
// tables name what there is, no more and no less.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { binary, newKey, root, writeConfiguration } from './support/gateway.js';

const page = readFileSync(join(root, 'lua-filters/README.md'), 'utf8');
const source = (name) => readFileSync(join(root, 'src/script', name), 'utf8');

/** [{kind, name, text}] of the page, indented ones too. */
const blocks = [...page.matchAll(/^( *)```(\w+)(?: (\S+))?\n([^]*?)^\1```$/gm)].map(([, indent, kind, name, text]) => ({
  kind,
  name,
  text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
}));
const ofKind = (kind) => blocks.filter((block) => block.kind === kind);

/** A folder with all that the page shows, and the shipped filters beside it. */
function lay(t) {
  const folder = mkdtempSync(join(tmpdir(), 'bpgate-page-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const { name, text } of ofKind('lua')) writeFileSync(join(folder, name), text);
  cpSync(join(root, 'lua-filters'), join(folder, 'lua-filters'), { recursive: true });
  return folder;
}

const run = (folder, words, env = {}) => promisify(execFile)(binary, words, { cwd: folder, env: { PATH: process.env.PATH, ...env } });

test('every filter on the page passes the test on the page', async (t) => {
  const folder = lay(t);
  const names = ofKind('lua').map(({ name }) => name);
  assert.ok(names.every(Boolean), 'each block of Lua has a name');
  assert.equal(new Set(names).size, names.length);
  const filters = names.filter((name) => !name.endsWith('_test.lua'));
  assert.ok(filters.length >= 8, `${filters}`);
  for (const name of filters) assert.ok(names.includes(name.replace('.lua', '_test.lua')), `a test of ${name}`);
  const tests = ofKind('lua').flatMap(({ text }) => [...text.matchAll(/^ *\["[^"]*"\] = function/gm)]);
  const { stdout } = await run(folder, ['filter', 'test', '.']);
  assert.match(stdout, new RegExp(`^${tests.length} passed, 0 failed$`, 'm'));
});

test('the commands on the page work', async (t) => {
  const folder = lay(t);
  const lines = ofKind('sh').flatMap(({ text }) => text.trim().split('\n'));
  assert.ok(lines.length >= 2);
  for (const line of lines) {
    const [program, ...words] = line.split(' ');
    assert.equal(program, 'bpgate');
    await run(folder, words);
  }
});

test('the settings on the page are good', async (t) => {
  const folder = lay(t);
  const { entry } = await newKey({ name: 'qa' });
  const base = {
    credentials: [{ name: 'team', token: 'env:BOTPRESS_TOKEN' }],
    profiles: [{ name: 'support', credential: 'team' }],
  };
  assert.ok(ofKind('yaml').length >= 2);
  for (const { text } of ofKind('yaml')) {
    const file = writeConfiguration(t, base);
    const key = `keys:\n  - {id: ${entry.id}, name: qa, hashes: [{sha256: "${entry.hashes[0].sha256}"}], profile: support}\n`;
    const here = text.replaceAll(/file: (\S+)/g, `file: ${folder}/$1`);
    writeFileSync(file, `${readFileSync(file, 'utf8')}\n${key}${here}`);
    await run(folder, ['check', '--config', file], { BOTPRESS_TOKEN: 'bp_pat_of_the_page_0123456789' });
  }
});

/** The first cells of the tables below a heading. */
function cells(heading) {
  const from = page.indexOf(`\n## ${heading}\n`);
  assert.ok(from > 0, heading);
  const part = page.slice(from, page.indexOf('\n## ', from + 1));
  return [...part.matchAll(/^\| (.*?) \|/gm)].map(([, cell]) => cell);
}

const tableOf = (text, name) => {
  const [, body] = new RegExp(`${name}\\[[^\\]]*\\] = \\{([^]*?)\\};`).exec(text) ?? assert.fail(name);
  return [...body.matchAll(/"(\w+)"/g)].map(([, word]) => word);
};

test('the tables name each field, method and function that there is', () => {
  const handles = source('script_handles.c');
  const api = source('script_api.c');
  const group = (name, table) => tableOf(api, table).map((word) => `gw.${name}.${word}`);
  const functions = [
    ...tableOf(api, 'struct luaL_Reg functions').map((word) => `gw.${word}`),
    ...group('cache', 'cache_functions'), ...group('limit', 'limit_functions'), ...group('dict', 'dict_functions'),
    ...group('base64', 'base64_functions'), ...group('json', 'json_functions'), 'gw.null', 'gw.options',
  ];
  const named = cells('gw').flatMap((cell) => [...cell.matchAll(/`(gw\.[\w.]+)/g)].map(([, name]) => name));
  assert.deepEqual([...new Set(named)].sort(), functions.sort());

  const members = [
    ...tableOf(handles, 'field_names'), ...tableOf(handles, 'common_methods'), ...tableOf(handles, 'request_methods'),
    ...tableOf(source('script_body.c'), 'script_body_methods'),
  ];
  const told = cells('req and res').flatMap((cell) => [...cell.matchAll(/`(\w+)/g)].map(([, name]) => name));
  assert.deepEqual([...new Set(told)].sort(), members.sort());
});

test('the bounds are those of the settings', () => {
  const settings = readFileSync(join(root, 'conf/settings.md'), 'utf8');
  const rows = [...page.matchAll(/^\| [^|]+ \| ([^|]+) \| `(filter_limits\.\w+)` \|$/gm)];
  assert.equal(rows.length, 5);
  for (const [, bound, name] of rows) {
    const [, value] = new RegExp(`^\\| \`${name.replace('.', '\\.')}\` \\| \\w+ \\| (\\S+) \\|`, 'm').exec(settings);
    assert.equal(bound.replaceAll(' ', ''), value, name);
  }
});

test('the messages on the page stand in the sources, and its links lead somewhere', () => {
  const files = readdirSync(join(root, 'src/script')).filter((name) => name.endsWith('.c'));
  const texts = files.map(source).join('\n').replace(/"\s*\n\s*"/g, '').replaceAll('\\"', '"');
  const messages = cells('When something is not as it should be').filter((cell) => cell.startsWith('`'));
  assert.ok(messages.length >= 10);
  for (const message of messages) assert.ok(texts.includes(message.slice(1, -1)), message);
  const targets = [...page.matchAll(/\]\(([^)#]+)\)/g)].map(([, target]) => target);
  assert.ok(targets.length >= 6);
  for (const target of targets) assert.ok(existsSync(join(root, 'lua-filters', target)), target);
});
