// quickstart.js - runs deploy/quickstart.sh with a state folder of its own, and a build that is there.
//
// Whatever it starts carries the name of that folder in its environment: that is how what is left of
// it is found, by whichever parent.

import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { deferred, eventually, slowness, within } from './deadline.js';
import { binary, root } from './gateway.js';

const script = join(root, 'deploy/quickstart.sh');
const standIn = join(dirname(binary), 'stand-in');

/** It ends the gateway in good order, and builds nothing here. */
const PATIENCE_MS = 20_000 * slowness;

/** A build in which nothing is left to do; `programs` are scripts in place of the real ones. */
function makeBuild(folder, programs) {
  mkdirSync(folder);
  writeFileSync(join(folder, 'build.ninja'), 'build bpgate: phony\nbuild stand-in: phony\n');
  for (const [name, real] of [['bpgate', binary], ['stand-in', standIn]]) {
    const program = join(folder, name);
    if (programs[name]) writeFileSync(program, programs[name](real), { mode: 0o755 });
    else symlinkSync(real, program);
  }
}

/** A folder for the state of some runs, with the build that they use. */
export function makeHome(t, programs = {}) {
  const home = mkdtempSync(join(tmpdir(), 'bpgate-quickstart-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  makeBuild(join(home, 'build'), programs);
  return { home, state: join(home, 'state/bpgate') };
}

const environmentOf = (home, env) => ({
  ...process.env,
  BOTPRESS_TOKEN: '',
  STATE_DIRECTORY: '',
  XDG_STATE_HOME: join(home, 'state'),
  BPGATE_BUILD: join(home, 'build'),
  ...env,
});

/** {pid, command} of all that runs with the state of this home. */
export function processesOf(home) {
  const mark = `XDG_STATE_HOME=${join(home, 'state')}\0`;
  const read = (pid, file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'latin1');
    } catch {
      return ''; // it has just ended
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && read(name, 'environ').includes(mark))
    .map((pid) => ({ pid: Number(pid), command: read(pid, 'cmdline').replaceAll('\0', ' ').trim() }))
    .filter(({ command }) => command);
}

export const nothingIsLeft = (home) =>
  eventually(() => processesOf(home).length === 0, 'all that it started has ended', PATIENCE_MS);

class Quickstart {
  text = '';
  #listeners = new Set();
  #exited = deferred();

  constructor(home, args, env) {
    const options = { env: environmentOf(home, env), stdio: ['ignore', 'pipe', 'pipe'] };
    this.process = spawn(script, args, options);
    for (const pipe of [this.process.stdout, this.process.stderr]) {
      pipe.setEncoding('utf8').on('data', (text) => this.#take(text));
    }
    // Not 'close': a child that is left would hold the pipes, and that is to be seen, not waited for.
    this.process.on('exit', (code, signal) => {
      this.exit = signal ?? code;
      this.#exited.resolve(this.exit);
      this.#take('');
    });
  }

  #take(text) {
    this.text += text;
    for (const listener of this.#listeners) listener();
  }

  /** When it has said this; rejects when it ends first. */
  said(words) {
    const heard = deferred();
    const look = () => {
      if (this.text.includes(words)) heard.resolve();
      else if (this.exit !== undefined) heard.reject(new Error(`it ended with ${this.exit}:\n${this.text}`));
    };
    this.#listeners.add(look);
    look();
    return within(heard.promise, `"${words}"`, PATIENCE_MS).finally(() => this.#listeners.delete(look));
  }

  running() {
    return this.said('Ctrl-C ends it');
  }

  exited() {
    return within(this.#exited.promise, `it to end:\n${this.text}`, PATIENCE_MS);
  }

  /** The exit code after this signal to the script alone. */
  end(signal = 'SIGINT') {
    this.process.kill(signal);
    return this.exited();
  }

  /** What it printed to try: [{says, lines}], in order. */
  get offers() {
    const offers = [];
    for (const line of this.text.split('\n')) {
      if (line.startsWith('    curl ')) offers.at(-1).lines.push(line.trim());
      else if (line.endsWith(':')) offers.push({ says: line, lines: [] });
    }
    return offers.filter(({ lines }) => lines.length > 0);
  }
}

/** Starts the script; whatever is left of it when the test is over is ended, by pid. */
export function startQuickstart(t, { home }, args = [], env = {}) {
  t.after(() => processesOf(home).forEach(({ pid }) => process.kill(pid, 'SIGKILL')));
  return new Quickstart(home, args, env);
}

/** Runs a printed line as a person would: {status, header(name), text}. */
export async function runLine(line) {
  const { stdout } = await new Promise((resolve, reject) =>
    execFile('sh', ['-c', line], { timeout: PATIENCE_MS }, (error, out) =>
      error ? reject(error) : resolve({ stdout: out }),
    ),
  );
  const end = stdout.indexOf('\r\n\r\n');
  const [first, ...fields] = stdout.slice(0, end).split('\r\n');
  const header = (name) =>
    fields.find((field) => field.toLowerCase().startsWith(`${name}: `))?.slice(name.length + 2);
  return { status: Number(first.split(' ')[1]), header, text: stdout.slice(end + 4) };
}

export const canRun = existsSync(standIn);
