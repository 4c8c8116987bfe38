// raw.js - a client made of bytes: sends them as they are, in any pieces, and leaves in any way.

import net from 'node:net';
import { ByteReader } from './byte_reader.js';
import { within } from './deadline.js';
import { readResponse } from './http_messages.js';

export class RawClient {
  constructor(socket) {
    this.socket = socket;
    this.reader = new ByteReader(socket);
  }

  send(bytes) {
    this.socket.write(toBytes(bytes));
    return this;
  }

  /** One write for each piece, each on its way before the next. */
  async sendInPieces(bytes, size) {
    const all = toBytes(bytes);
    for (let at = 0; at < all.length; at += size) {
      const piece = all.subarray(at, at + size);
      await within(new Promise((resolve) => this.socket.write(piece, resolve)), 'a piece to leave');
    }
    return this;
  }

  /** The next response, read strictly; rejects if it breaks off. */
  response(options) {
    return within(readResponse(this.reader, options), 'a response');
  }

  /** The bytes up to and including `mark`, whatever they are. */
  through(mark) {
    const what = JSON.stringify(mark.slice(0, 40));
    return within(this.reader.through(Buffer.from(mark), what), what);
  }

  /** How the gateway ended the connection, and the bytes that came before. */
  ended() {
    return within(this.reader.toEnd(), 'the connection to end');
  }

  halfClose() {
    this.socket.end();
    return this;
  }

  reset() {
    this.socket.resetAndDestroy();
    return this;
  }

  leave(how) {
    if (how === 'reset') this.socket.resetAndDestroy();
    else this.socket.destroy();
  }
}

const toBytes = (bytes) => (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes, 'latin1'));

/** Opens a connection to a gateway; it is closed when the test ends. */
export async function connect(t, gateway) {
  const socket = net.connect({ host: gateway.host, port: gateway.port, noDelay: true });
  t.after(() => socket.destroy());
  await within(
    new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject)),
    'a connection to the gateway',
  );
  return new RawClient(socket);
}

/** A request as text: what is usual is filled in, a header set to null is left out. */
export function request(gateway, method, target, { headers = {}, body, version = '1.1' } = {}) {
  const usual = { Host: 'gateway.test', Authorization: `Bearer ${gateway.key}`, 'x-bot-id': 'bot_1' };
  const given = Object.keys(headers).map((name) => name.toLowerCase());
  const lines = [`${method} ${target} HTTP/${version}`];
  for (const [name, value] of Object.entries(usual)) {
    if (!given.includes(name.toLowerCase())) lines.push(`${name}: ${value}`);
  }
  for (const [name, value] of Object.entries(headers)) {
    for (const one of [value].flat()) if (one !== null) lines.push(`${name}: ${one}`);
  }
  const bytes = body === undefined ? Buffer.alloc(0) : toBytes(body);
  const isFramed = given.includes('content-length') || given.includes('transfer-encoding');
  if (body !== undefined && !isFramed) lines.push(`Content-Length: ${bytes.length}`);
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes]);
}

/** One request on a connection of its own. */
export async function ask(t, gateway, method, target, options = {}) {
  const raw = await connect(t, gateway);
  raw.send(request(gateway, method, target, options));
  const response = await raw.response({ method });
  raw.socket.destroy();
  return response;
}
