// gateway.js - runs the real binary for one play, and judges it when the play is over.
//
// The gateway listens on port 0 and is ready when its line says so. At the end it must exit with 0,
// have written no event of level warn or error that the play did not announce, nothing that is not
// an event line (a sanitizer's report is not), and no secret anywhere.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { deferred, slowness, within } from './deadline.js';
import { toYaml } from './yaml.js';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
export const binary = resolve(root, process.env.BPGATE ?? 'build/release/bpgate');

// product.md §10: what is running finishes within 30 s; a play's requests are shorter than that.
const DRAIN_MS = 10_000 * slowness;

export const TOKEN = 'bp_pat_the_token_of_the_team_0123456789';

/** One of the gateway's commands that ends by itself: {code, stdout, stderr}. */
export async function command(args, { env } = {}) {
  try {
    const options = { env: { ...process.env, ...env }, timeout: DRAIN_MS };
    return { code: 0, ...(await promisify(execFile)(binary, args, options)) };
  } catch (error) {
    if (error.code === 'ENOENT') throw error;
    return { code: error.code ?? error.signal, stdout: error.stdout, stderr: error.stderr };
  }
}

/** Makes a key with the binary; `record` completes or replaces fields of its entry. */
export async function newKey(record = {}) {
  const name = record.name ?? 'ci';
  const profile = record.profile ?? 'support';
  const made = await command(['key', 'new', '--name', name, '--profile', profile, '--json']);
  assert.equal(made.code, 0, `bpgate key new: ${made.stderr}`);
  const { key, entry } = JSON.parse(made.stdout);
  return { key, entry: { ...entry, operations: ['all'], ...record, name, profile } };
}

class Gateway {
  events = [];
  accessLines = [];
  /** Lines on stderr that are no JSON. */
  noise = [];
  #announced = [];
  #secrets = [];
  #listeners = new Set();
  #ready = deferred();
  #exited = deferred();

  constructor(configFile, env, through) {
    const [program, ...words] = [...through, binary, 'run', '--config', configFile];
    this.process = spawn(program, words, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    createInterface(this.process.stdout).on('line', (line) => this.#onAccessLine(line));
    createInterface(this.process.stderr).on('line', (line) => this.#onEventLine(line));
    this.process.on('error', (error) => this.#ready.reject(error));
    // 'close' comes after the last line, 'exit' may come before it.
    this.process.on('close', (code, signal) => {
      this.exit = signal ?? code;
      this.#exited.resolve(this.exit);
      this.#ready.reject(new Error(`the gateway ended with ${this.exit}:\n${this.#output()}`));
    });
  }

  get url() {
    return `http://${this.host}:${this.port}`;
  }

  get pid() {
    return this.process.pid;
  }

  /** What it has worked so far, in ms of the processor: a busy machine does not add to that. */
  get workMs() {
    const tasks = readdirSync(`/proc/${this.pid}/task`);
    const ns = tasks.map((task) => Number(readFileSync(`/proc/${this.pid}/task/${task}/schedstat`, 'latin1').split(' ')[0]));
    return ns.reduce((sum, one) => sum + one, 0) / 1e6;
  }

  async ready() {
    const [address] = await within(this.#ready.promise, 'the gateway to be ready');
    const colon = address.lastIndexOf(':');
    this.host = address.slice(0, colon);
    this.port = Number(address.slice(colon + 1));
  }

  /** Events of level warn or error that fit are part of the play. */
  announce(...patterns) {
    this.#announced.push(...patterns);
  }

  /** Texts that must never appear in any output. */
  keepSecret(...texts) {
    this.#secrets.push(...texts);
  }

  /** The first access line, past or to come, that fits. */
  accessLine(fits, what = 'an access line') {
    return this.#line(this.accessLines, fits, what);
  }

  event(fits, what = 'an event') {
    return this.#line(this.events, fits, what);
  }

  accessLinesOf(requestId) {
    return this.accessLines.filter((line) => line.request_id === requestId);
  }

  signal(name) {
    this.process.kill(name);
  }

  exited() {
    return within(this.#exited.promise, 'the gateway to exit', DRAIN_MS);
  }

  /** Ends the gateway and judges it. */
  async stop() {
    if (this.exit === undefined) this.signal('SIGTERM');
    try {
      await this.exited();
    } catch (error) {
      this.process.kill('SIGKILL');
      throw error;
    }
    assert.equal(this.exit, 0, `exit code\n${this.#output()}`);
    this.#assertQuiet();
  }

  #assertQuiet() {
    assert.deepEqual(this.noise, [], 'stderr holds event lines only');
    const isAnnounced = (event) => this.#announced.some((pattern) => pattern.test(JSON.stringify(event)));
    const surprises = this.events.filter(
      (event) => /^(warn|warning|error|fatal)$/i.test(event.level) && !isAnnounced(event),
    );
    assert.deepEqual(surprises, [], 'no event of level warn or error without announcement');
    const output = JSON.stringify([this.events, this.accessLines]);
    for (const secret of this.#secrets) {
      assert.ok(!output.includes(secret), `the secret ${secret} is in the output`);
    }
  }

  #output() {
    return [...this.events.map((event) => JSON.stringify(event)), ...this.noise].join('\n');
  }

  #onAccessLine(line) {
    this.accessLines.push(parsed(line) ?? this.noise.push(line));
    this.#wake();
  }

  #onEventLine(line) {
    const event = parsed(line);
    if (!event) this.noise.push(line);
    else this.events.push(event);
    if (event?.event === 'ready') this.#ready.resolve(event.addresses);
    this.#wake();
  }

  #wake() {
    for (const listener of this.#listeners) listener();
  }

  #line(list, fits, what) {
    const found = deferred();
    const look = () => {
      const line = list.find(fits);
      if (line) found.resolve(line);
    };
    this.#listeners.add(look);
    look();
    return within(found.promise, what).finally(() => this.#listeners.delete(look));
  }
}

function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** The configuration of most plays; `settings` replaces whole sections, but `upstream` is merged. */
function configuration(upstream, entries, settings) {
  return {
    listen: [{ address: '127.0.0.1:0' }],
    workers: 1,
    credentials: [{ name: 'team', token: 'env:BOTPRESS_TOKEN' }],
    profiles: [{ name: 'support', credential: 'team', workspace_id: 'wkspace_1', bot_id: 'bot_1' }],
    keys: entries,
    access_log: 'stdout',
    ...settings,
    upstream: {
      url: upstream.url,
      ...(!upstream.isPlain && { ca_file: upstream.caFile }),
      ...settings.upstream,
    },
  };
}

/** Puts a configuration into a folder that lives as long as the test. */
export function writeConfiguration(t, text, name = 'bpgate.yaml') {
  const folder = mkdtempSync(join(tmpdir(), 'bpgate-play-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, name);
  writeFileSync(file, typeof text === 'string' ? text : toYaml(text));
  return file;
}

/**
 * Starts a gateway in front of `upstream`. `keys` are records for newKey; the first one is
 * `gateway.key`, all of them by name are `gateway.keys`. `through`: the words of a program that becomes it.
 */
export async function startGateway(t, upstream, { settings = {}, keys = [{}], env = {}, through = [] } = {}) {
  const made = await Promise.all(keys.map(newKey));
  const entries = made.map(({ entry }) => entry);
  const file = writeConfiguration(t, configuration(upstream, entries, settings));
  const gateway = new Gateway(file, { BOTPRESS_TOKEN: TOKEN, ...env }, through);
  gateway.configFile = file;
  /** Puts other settings, or any text, in the place of the file. `more`: entries of further keys. */
  gateway.rewrite = (change, { upstream: other = upstream, more = [] } = {}) => {
    const whole = () => toYaml(configuration(other, [...entries, ...more], { ...settings, ...change }));
    writeFileSync(file, typeof change === 'string' ? change : whole());
  };
  gateway.key = made[0]?.key;
  gateway.keys = Object.fromEntries(made.map(({ key, entry }) => [entry.name, key]));
  gateway.keepSecret(TOKEN, ...Object.values(env), ...made.map(({ key }) => key.split('_')[2]));
  await gateway.ready();
  return gateway;
}
