// upstream.js - a stand-in of api.botpress.cloud on raw TLS sockets, which can misbehave at every byte.
//
// It records each request exactly and answers from a small Botpress API, unless an order of answers.js
// says otherwise:
//
//   upstream.next({ status: 500 })                       the next request, whatever it is
//   upstream.next('POST /v1/chat/messages', { ... })     the next one of these
//   upstream.on('GET /v1/chat/users', { ... })           all of these
//   upstream.nextConnection({ tls: 'refuse' })           the next connection
//   upstream.everyConnection = { tls: 'stall' }          all that have no order of their own
//
// A connection's order: `tls` is 'refuse', 'stall' or 'garbage'; `says` are bytes in place of a handshake;
// of the handshake, `helloBytes` come through, and `then` it stalls, ends, is reset or goes on with garbage.
// After it come a `banner`, or a `cut`.
//
// An order may be a function (request, connection) => order, or undefined for the usual answer.

import net from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { carryOut } from './answers.js';
import { BotpressApi } from './botpress_api.js';
import { ByteReader } from './byte_reader.js';
import { certificate } from './certificates.js';
import { deferred, within } from './deadline.js';
import { readRequestBody, readRequestHead } from './http_messages.js';

/** Lets so many bytes of the server's side of a handshake pass. */
class ShortHello extends Duplex {
  constructor(raw, { helloBytes, then }) {
    super();
    Object.assign(this, { raw, left: helloBytes, then });
    raw.on('data', (bytes) => this.push(bytes));
    raw.on('close', () => this.destroy());
  }

  _read() {}

  _write(bytes, _encoding, done) {
    if (this.left > 0) this.raw.write(bytes.subarray(0, this.left));
    const isOver = this.left > 0 && this.left <= bytes.length;
    this.left -= bytes.length;
    if (isOver) this.#finish();
    done();
  }

  #finish() {
    if (this.then === 'end') this.raw.end();
    else if (this.then === 'reset') this.raw.resetAndDestroy();
    else if (this.then === 'garbage') this.raw.write('garbage'.repeat(1000));
  }
}

class Connection {
  requests = 0;
  isBusy = false;
  isClosed = false;

  constructor(id, raw, stream) {
    this.id = id;
    this.raw = raw;
    this.stream = stream;
    this.reader = new ByteReader(stream);
    this.closed = deferred();
    // Either may come without the other, by version of node and by how it ended.
    for (const socket of new Set([raw, stream])) {
      socket.once('close', () => {
        this.isClosed = true;
        this.closed.resolve();
        stream.destroy();
      });
    }
  }

  /** Resolves when the bytes have left, also when nobody is there to take them. */
  write(bytes) {
    if (this.isClosed || bytes.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.stream.off('close', done);
        resolve();
      };
      this.stream.once('close', done);
      this.stream.write(bytes, done);
    });
  }

  /** Says nothing more, and keeps what it has open until the other side leaves. */
  async stall() {
    await this.closed.promise;
    return false;
  }

  /** Bytes below TLS that are none of its records, and then silence. */
  async garble() {
    this.raw.write('HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(20));
    return this.stall();
  }

  /** Ends the connection as answers.js explains. */
  cut(how = 'reset') {
    if (how === 'clean') this.stream.end();
    else if (how === 'dirty') this.stream.destroy();
    else this.raw.resetAndDestroy();
    return false;
  }
}

class Upstream {
  requests = [];
  connections = [];
  handshakes = 0;
  resumptions = 0;
  /** Sockets accepted, also those whose TLS never came about. */
  accepted = 0;
  everyConnection = {};
  api = new BotpressApi();

  #once = [];
  #always = [];
  #connectionOrders = [];
  #arrivals = [];
  #sockets = new Set();
  #tcp;
  #tls;
  #port;

  constructor({ certificate: name = 'valid', plain = false, host = 'localhost' }) {
    this.isPlain = plain;
    this.host = host;
    this.#tcp = net.createServer({ noDelay: true }, (raw) => this.#accept(raw));
    if (!plain) {
      this.#tls = tls.createServer({ ...certificate(name), minVersion: 'TLSv1.2' });
      this.#tls.on('secureConnection', (stream) => this.#secured(stream));
      // A gateway that refuses the certificate breaks the handshake: that is its right.
      this.#tls.on('tlsClientError', () => {});
    }
  }

  get url() {
    return `${this.isPlain ? 'http' : 'https'}://${this.host}:${this.#port}`;
  }

  get caFile() {
    return certificate('authority').certificateFile;
  }

  get port() {
    return this.#port;
  }

  /** Listens again on the same port after `down`. */
  async up() {
    await new Promise((resolve, reject) => {
      this.#tcp.once('error', reject);
      this.#tcp.listen(this.#port ?? 0, '127.0.0.1', resolve);
    });
    this.#port = this.#tcp.address().port;
  }

  /** Refuses connections from now on and drops those that are open. */
  async down() {
    const closed = new Promise((resolve) => this.#tcp.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async stop() {
    if (this.#tcp.listening) await this.down();
  }

  present(name, options = {}) {
    this.#tls.setSecureContext({ ...certificate(name), ...options });
  }

  next(pattern, order) {
    this.#once.push(asRule(pattern, order));
  }

  on(pattern, order) {
    this.#always.unshift(asRule(pattern, order));
  }

  nextConnection(order) {
    this.#connectionOrders.push(order);
  }

  /** The requests so far whose line begins with `start`, as 'POST /v1/chat/messages'. */
  requestsTo(start) {
    return this.requests.filter((request) => `${request.method} ${request.target}`.startsWith(start));
  }

  /** The first request, past or to come, whose line begins with `start`; its head has been read. */
  async arrival(start = '', { index = 0 } = {}) {
    const arrived = () => this.requestsTo(start)[index];
    const waiting = async () => {
      while (!arrived()) {
        const next = deferred();
        this.#arrivals.push(next);
        await next.promise;
      }
      return arrived();
    };
    return within(waiting(), `request ${index + 1} of "${start}" at the upstream`);
  }

  closeIdle(how = 'clean') {
    const idle = this.connections.filter((connection) => !connection.isBusy && !connection.isClosed);
    for (const connection of idle) connection.cut(how);
    const closed = Promise.all(idle.map((connection) => connection.closed.promise));
    return within(closed, 'idle connections to close');
  }

  get openConnections() {
    return this.connections.filter((connection) => !connection.isClosed).length;
  }

  #accept(raw) {
    this.accepted += 1;
    this.#sockets.add(raw);
    raw.on('close', () => this.#sockets.delete(raw));
    raw.on('error', () => {});
    const order = this.#connectionOrders.shift() ?? this.everyConnection;
    if (order.tls === 'stall') return;
    if (order.tls === 'refuse') raw.resetAndDestroy();
    else if (order.tls === 'garbage') raw.end('SSH-2.0-OpenSSH_9.2\r\n');
    else if (order.says !== undefined) raw.write(Buffer.from(order.says, 'latin1'));
    else if (order.helloBytes) this.#tls.emit('connection', new ShortHello(raw, order));
    else if (this.isPlain) this.#serve(raw, raw, order);
    else {
      // The stream of 'secureConnection' does not say which socket it stands on.
      raw.playOrder = order;
      this.#tls.emit('connection', raw);
    }
  }

  #secured(stream) {
    this.handshakes += 1;
    if (stream.isSessionReused()) this.resumptions += 1;
    const raw = [...this.#sockets].find((socket) => socket.remotePort === stream.remotePort);
    if (raw) this.#serve(raw, stream, raw.playOrder);
  }

  async #serve(raw, stream, order) {
    stream.on('error', () => {});
    const connection = new Connection(this.connections.length + 1, raw, stream);
    connection.serverName = stream.servername;
    this.connections.push(connection);
    if (order.banner) await connection.write(Buffer.from(order.banner));
    if (order.cut) connection.cut(order.cut);
    try {
      while (!(await connection.reader.isAtEnd())) {
        connection.isBusy = true;
        if (!(await this.#exchange(connection))) return;
        connection.isBusy = false;
      }
      connection.stream.end();
    } catch (error) {
      // A gateway may leave at any byte; what it sent must be well formed nevertheless.
      if (error.name === 'Error' && !error.how) this.offence = error;
      stream.destroy();
    }
  }

  async #exchange(connection) {
    const request = await readRequestHead(connection.reader);
    connection.requests += 1;
    Object.assign(request, { connection, isComplete: false, ended: deferred() });
    this.requests.push(request);
    for (const waiting of this.#arrivals.splice(0)) waiting.resolve();

    const order = this.#orderFor(request, connection);
    if (order?.early && !(await carryOut(connection, order, request))) return false;
    if (order?.readNothing) {
      connection.stream.pause();
      return connection.stall();
    }
    if (request.header('expect')) await connection.write(Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'));
    await this.#readBody(connection, request);
    const goesOn = order?.early || (await carryOut(connection, order ?? this.api.answer(request), request));
    if (!goesOn || request.header('connection')?.toLowerCase() !== 'close') return goesOn;
    return connection.cut('clean');
  }

  async #readBody(connection, request) {
    try {
      await readRequestBody(connection.reader, request);
      request.isComplete = true;
    } finally {
      request.ended.resolve();
    }
  }

  #orderFor(request, connection) {
    const line = `${request.method} ${request.target}`;
    const fits = (rule) => line.startsWith(rule.start);
    const index = this.#once.findIndex(fits);
    const [rule] = index >= 0 ? this.#once.splice(index, 1) : this.#always.filter(fits);
    if (typeof rule?.order === 'function') return rule.order(request, connection);
    return rule?.order;
  }
}

function asRule(pattern, order) {
  return typeof pattern === 'string' ? { start: pattern, order } : { start: '', order: pattern };
}

export async function startUpstream(options = {}) {
  const upstream = new Upstream(options);
  await upstream.up();
  return upstream;
}
