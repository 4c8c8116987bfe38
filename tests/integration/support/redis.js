// redis.js - a real redis-server of the play's own, on a free port and a local socket.
//
// It keeps nothing on disk. `kill` and `start` are a restart, `suspend` and `resume` a stall; all of
// it is gone after the test.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificate } from './certificates.js';
import { eventually, within } from './deadline.js';
import { freePort } from './machine.js';

/** Replies are read for the needs of plays: null, numbers, texts, lists; a refusal rejects. */
class ReplyReader {
  #text = '';

  /** The replies that are whole now. */
  take(bytes) {
    this.#text += bytes.toString('latin1');
    const replies = [];
    for (let read = this.#read(0); read; read = this.#read(0)) {
      replies.push(read.value);
      this.#text = this.#text.slice(read.end);
    }
    return replies;
  }

  #read(start) {
    const lineEnd = this.#text.indexOf('\r\n', start);
    if (lineEnd < 0) return null;
    const line = this.#text.slice(start + 1, lineEnd);
    const end = lineEnd + 2;
    switch (this.#text[start]) {
      case '+':
        return { value: line, end };
      case '-':
        return { value: new Error(line), end };
      case ':':
        return { value: Number(line), end };
      case '$':
        return this.#readText(Number(line), end);
      case '*':
        return this.#readList(Number(line), end);
      default:
        throw new Error(`no reply of Redis: ${this.#text.slice(start, start + 40)}`);
    }
  }

  #readText(length, start) {
    if (length < 0) return { value: null, end: start };
    if (this.#text.length < start + length + 2) return null;
    const bytes = Buffer.from(this.#text.slice(start, start + length), 'latin1');
    return { value: bytes.toString(), end: start + length + 2 };
  }

  #readList(count, start) {
    if (count < 0) return { value: null, end: start };
    const value = [];
    let end = start;
    while (value.length < count) {
      const item = this.#read(end);
      if (!item) return null;
      value.push(item.value);
      end = item.end;
    }
    return { value, end };
  }
}

const encode = (args) =>
  `*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(String(arg))}\r\n${arg}\r\n`).join('')}`;

class Redis {
  #folder = mkdtempSync(join(tmpdir(), 'bpgate-redis-'));
  #options;
  #process;

  constructor(port, options) {
    this.port = port;
    this.socket = join(this.#folder, 'redis.sock');
    this.#options = options;
  }

  /** For `redis.url` of the configuration. */
  get url() {
    const { password, tls } = this.#options;
    const login = password ? `:${encodeURIComponent(password)}@` : '';
    return `${tls ? 'rediss' : 'redis'}://${login}127.0.0.1:${this.port}`;
  }

  get socketUrl() {
    const { password } = this.#options;
    return `unix://${password ? `:${encodeURIComponent(password)}@` : ''}${this.socket}`;
  }

  get pid() {
    return this.#process.pid;
  }

  /** Returns when it answers. */
  async start() {
    const { password, tls, args = [] } = this.#options;
    const listen = ['--bind', '127.0.0.1', tls ? '--tls-port' : '--port', String(this.port)];
    this.#process = spawn(
      'redis-server',
      [
        ...['--dir', this.#folder, '--unixsocket', this.socket, '--save', '', '--appendonly', 'no'],
        ...listen,
        ...(tls ? this.#tlsArguments() : []),
        ...(password ? ['--requirepass', password] : []),
        ...args,
      ],
      { stdio: 'ignore' },
    );
    this.#process.exited = new Promise((resolve) => this.#process.once('close', resolve));
    await within(new Promise((resolve, reject) => {
      this.#process.once('spawn', resolve);
      this.#process.once('error', reject);
    }), 'redis-server to start');
    await eventually(() => this.command('PING').catch(() => null), 'redis-server answers');
  }

  /** Without a goodbye; `start` brings it back on the same port, empty. */
  async kill() {
    this.#process.kill('SIGKILL');
    await within(this.#process.exited, 'redis-server to end');
  }

  /** It keeps its connections and answers nothing. */
  suspend() {
    this.#process.kill('SIGSTOP');
  }

  resume() {
    this.#process.kill('SIGCONT');
  }

  /** One command over the local socket: its reply, or rejects with what Redis refused. */
  async command(...args) {
    const { password } = this.#options;
    const commands = [...(password ? [['AUTH', password]] : []), args];
    const replies = await this.#converse(commands);
    const reply = replies.at(-1);
    if (reply instanceof Error) throw reply;
    return reply;
  }

  async stop() {
    if (this.#process?.exitCode === null && this.#process.signalCode === null) await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #converse(commands) {
    const socket = net.connect(this.socket);
    const answered = new Promise((resolve, reject) => {
      const reader = new ReplyReader();
      const replies = [];
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('redis-server closed the connection')));
      socket.on('data', (bytes) => {
        replies.push(...reader.take(bytes));
        if (replies.length >= commands.length) resolve(replies);
      });
      socket.write(commands.map(encode).join(''));
    });
    return within(answered, `redis-server to answer ${commands.at(-1)[0]}`).finally(() => socket.destroy());
  }

  #tlsArguments() {
    const { cert, key } = certificate('valid');
    this.caFile = certificate('authority').certificateFile;
    const files = { cert: join(this.#folder, 'cert.pem'), key: join(this.#folder, 'key.pem') };
    writeFileSync(files.cert, cert);
    writeFileSync(files.key, key, { mode: 0o600 });
    return [
      ...['--port', '0', '--tls-cert-file', files.cert, '--tls-key-file', files.key],
      ...['--tls-ca-cert-file', this.caFile, '--tls-auth-clients', 'no'],
    ];
  }
}

/**
 * `password` is asked of everybody, `tls: true` leaves no port without TLS (`caFile` is then who to
 * trust), `args` are further arguments of redis-server.
 */
export async function startRedis(t, options = {}) {
  const redis = new Redis(await freePort(), options);
  t.after(() => redis.stop());
  await redis.start();
  return redis;
}

/** One sentinel, which alone decides who serves `master`; its URL. */
export async function startSentinel(t, master) {
  const folder = mkdtempSync(join(tmpdir(), 'bpgate-sentinel-'));
  const port = await freePort();
  const file = join(folder, 'sentinel.conf');
  const settings = [`monitor main 127.0.0.1 ${master.port} 1`, 'down-after-milliseconds main 300', 'failover-timeout main 1000'];
  writeFileSync(file, [`bind 127.0.0.1`, `port ${port}`, `dir ${folder}`, ...settings.map((line) => `sentinel ${line}`)].join('\n'));
  const sentinel = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' });
  const exited = new Promise((resolve) => sentinel.once('close', resolve));
  t.after(async () => {
    sentinel.kill('SIGKILL');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  });
  return `redis+sentinel://127.0.0.1:${port}/main`;
}

/** A way to Redis on which everything arrives `ms.now` late; its URL. */
export async function slowWay(t, redis, ms) {
  const server = net.createServer((client) => {
    const there = net.connect(redis.port, '127.0.0.1');
    for (const [from, to] of [[client, there], [there, client]]) {
      from.on('data', (bytes) => setTimeout(() => to.writable && to.write(bytes), ms.now));
      from.on('close', () => to.destroy());
      from.on('error', () => to.destroy());
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `redis://127.0.0.1:${server.address().port}`;
}
