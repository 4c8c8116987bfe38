// The command line: what each command says of itself, what it ends with, and the shells' completion.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { command } from './support/gateway.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const WIDEST = 100;

/** The commands, as the overview lists them. */
async function commands() {
  const { stdout } = await command(['help']);
  return stdout.match(/^ {2}\S+( \S+)?(?= {2,})/gm).map((name) => name.trim());
}

test('every command explains itself, with exit code 0 and lines that fit', async () => {
  const names = await commands();
  assert.ok(names.length >= 10, names.join());
  for (const name of ['', ...names]) {
    const { code, stdout, stderr } = await command([...name.split(' ').filter(Boolean), '--help']);
    assert.equal(code, 0, name);
    assert.equal(stderr, '');
    assert.match(stdout, new RegExp(`^usage: bpgate ${name || 'COMMAND'}`, 'm'));
    for (const line of stdout.split('\n')) assert.ok(line.length <= WIDEST, line);
  }
});

test('every message of wrong usage says who speaks, and ends with 2', async () => {
  const wrong = [
    ['run', '--confg', 'x'],
    ['run', '--config'],
    ['run', 'bpgate.yaml'],
    ['run', '-c', 'x'],
    ['rnu'],
    ['key'],
    ['key', 'rotate'],
    ['completion', 'csh'],
  ];
  for (const args of wrong) {
    const { code, stdout, stderr } = await command(args);
    assert.equal(code, 2, args.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, /^bpgate: [^\n]+\n$/);
  }
});

const withoutDefault = { skip: existsSync('/etc/bpgate/bpgate.yaml') && 'there is a default file' };

test('without a file and a token, run says where it looked and what to do', withoutDefault, async () => {
  const { code, stderr } = await command(['run'], { env: { BOTPRESS_TOKEN: '' } });
  assert.equal(code, 2);
  assert.match(stderr, /^bpgate: there is no settings file \/etc\/bpgate\/bpgate\.yaml; /);
  assert.match(stderr, /--config FILE/);
  assert.match(stderr, /BOTPRESS_TOKEN/);
});

test('check and key rotate need a file', withoutDefault, async () => {
  for (const args of [['check'], ['key', 'rotate', 'ci']]) {
    const { code, stderr } = await command(args);
    assert.equal(code, 2);
    assert.match(stderr, /^bpgate: there is no \/etc\/bpgate\/bpgate\.yaml; .*--config FILE\n$/);
  }
});

test('standard output that cannot be written is trouble', { skip: !existsSync('/dev/full') }, async () => {
  const binary = join(root, process.env.BPGATE ?? 'build/release/bpgate');
  const program = process.env.BPGATE?.startsWith('/') ? process.env.BPGATE : binary;
  assert.throws(
    () => execFileSync('sh', ['-c', `exec "${program}" settings >/dev/full`], { stdio: 'pipe' }),
    ({ status, stderr }) => status === 1 && /standard output could not be written/.test(stderr),
  );
});

test('nothing is emphasised where the output is no terminal', async () => {
  for (const args of [['help'], ['settings'], ['routes'], ['run', '--help']]) {
    const { stdout } = await command(args, { env: { TERM: 'xterm' } });
    assert.ok(!stdout.includes('\u001b'), args.join(' '));
  }
});

test('routes and settings have a form for machines', async () => {
  const routes = JSON.parse((await command(['routes', '--json'])).stdout);
  assert.ok(routes.length >= 226);
  assert.ok(routes.some(({ name, method }) => name === 'createMessage' && method === 'POST'));
  const hub = JSON.parse((await command(['routes', '--json', '--service', 'hub'])).stdout);
  assert.ok(hub.length > 0 && hub.every(({ service }) => service === 'hub'));
  assert.match((await command(['settings', '--markdown'])).stdout, /^\| `listen\[\]\.address` \| /m);
  assert.match((await command(['settings', '--man'])).stdout, /^\.Dt BPGATE\.YAML 5$/m);
});

test('the manual page names every command and option', async () => {
  const page = readFileSync(join(root, 'deploy/man/bpgate.1'), 'utf8').replaceAll('\\-', '-');
  for (const name of await commands()) {
    assert.ok(page.includes(`\n.It Cm ${name}\n`), name);
    const { stdout } = await command([...name.split(' '), '--help']);
    for (const [, option] of stdout.matchAll(/^ {2}-(-[a-z]+)/gm)) {
      assert.match(page, new RegExp(`^\\.It Fl ${option}\\b`, 'm'), `${name} -${option}`);
    }
  }
});

/** What bash offers where the last of the words is being typed. */
async function bashOffers(t, ...words) {
  const folder = mkdtempSync(join(tmpdir(), 'bpgate-completion-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'bash'), (await command(['completion', 'bash'])).stdout);
  writeFileSync(join(folder, 'a file.yaml'), '');
  const script = `. ./bash
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _bpgate
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const args = ['--norc', '-c', script, 'bash', 'bpgate', ...words];
  return execFileSync('bash', args, { cwd: folder, encoding: 'utf8' }).split('\n').filter(Boolean);
}

test('bash completes commands', async (t) => {
  const names = (await commands()).map((name) => name.split(' ')[0]);
  assert.deepEqual(await bashOffers(t, ''), [...new Set(names), '--help', '--version']);
  assert.deepEqual(await bashOffers(t, 'co'), ['completion']);
  assert.deepEqual(await bashOffers(t, 'key', ''), ['new', 'check', 'rotate', '--help']);
  assert.deepEqual(await bashOffers(t, 'key', 'ro'), ['rotate']);
  assert.deepEqual(await bashOffers(t, 'help', 'ro'), ['routes']);
  assert.deepEqual(await bashOffers(t, 'nothing', ''), []);
});

test('bash completes options and their values', async (t) => {
  assert.deepEqual(await bashOffers(t, 'run', '--'), ['--config', '--help']);
  assert.deepEqual(await bashOffers(t, 'key', 'new', '--o'), ['--operations']);
  assert.deepEqual(await bashOffers(t, 'key', 'rotate', '--config', 'x', 'ci', '--'), [
    '--config',
    '--overlap',
    '--json',
    '--help',
  ]);
  assert.deepEqual(await bashOffers(t, 'routes', '--service', 'h'), ['hub']);
  assert.deepEqual(await bashOffers(t, 'routes', '--service', '=', 'h'), ['hub']);
  assert.deepEqual(await bashOffers(t, 'completion', ''), ['--help', 'bash', 'zsh', 'fish']);
  assert.deepEqual(await bashOffers(t, 'run', '--config', 'a'), ['a file.yaml']);
  assert.deepEqual((await bashOffers(t, 'run', '--config', '=')).sort(), ['a file.yaml', 'bash']);
  assert.deepEqual(await bashOffers(t, 'key', 'new', '--name', ''), []);
});

function isThere(program) {
  try {
    execFileSync(program, ['-c', 'exit']);
    return true;
  } catch {
    return false;
  }
}

test('zsh reads its completion', { skip: !isThere('zsh') && 'there is no zsh' }, async () => {
  const { stdout } = await command(['completion', 'zsh']);
  execFileSync('zsh', ['-n'], { input: stdout });
});

test('fish completes commands and options', { skip: !isThere('fish') && 'there is no fish' }, async () => {
  const { stdout } = await command(['completion', 'fish']);
  const offers = (line) =>
    execFileSync('fish', ['--no-config', '-c', `${stdout}\ncomplete -C '${line}'`], { encoding: 'utf8' });
  assert.match(offers('bpgate co'), /^completion\t/m);
  assert.match(offers('bpgate key '), /^rotate\t/m);
  assert.match(offers('bpgate key rotate --o'), /^--overlap\t/m);
  assert.match(offers('bpgate routes --service h'), /^hub\b/m);
});

test('the settings files that come along are good', async () => {
  const env = { BOTPRESS_TOKEN: 'a', SUPPORT_TOKEN: 'b', DEPLOY_TOKEN: 'c', API_TOKEN: 'd' };
  for (const name of ['bpgate.yaml', 'example-team.yaml', 'generic.yaml']) {
    const { code, stdout, stderr } = await command(['check', '--config', join(root, 'conf', name)], { env });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ok: /);
    if (name !== 'bpgate.yaml') assert.equal(stderr, '', 'without a warning');
  }
});
