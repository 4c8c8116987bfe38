// volley.js - many raw connections at once against one gateway, in lockstep.
//
// A shot is a list of pieces. Piece n + 1 of any shot leaves only when the gateway has read piece n of
// all: it has one worker here, and that answered a probe after them. So a cut between two pieces is a
// cut between two reads, without waiting for time to pass.

import net from 'node:net';
import { deferred, PATIENCE_MS, within } from './deadline.js';
import { request } from './raw.js';

const AT_ONCE = 400;

class Shot {
  #chunks = [];
  #ended = deferred();

  constructor(gateway, pieces) {
    this.pieces = pieces;
    this.socket = net.connect({ host: gateway.host, port: gateway.port, noDelay: true });
    this.opened = new Promise((resolve, reject) => this.socket.once('connect', resolve).once('error', reject));
    this.socket.on('data', (chunk) => this.#chunks.push(chunk));
    this.socket.on('error', () => this.#end('reset'));
    this.socket.on('end', () => this.#end('end'));
    this.socket.on('close', () => this.#end('closed'));
  }

  #end(how) {
    this.how ??= how;
    this.#ended.resolve();
  }

  /** A gateway that has refused reads no more: what is left need not be sent. */
  send(index) {
    if (index < this.pieces.length && !this.how && this.socket.writable) this.socket.write(this.pieces[index]);
  }

  get received() {
    return Buffer.concat(this.#chunks).toString('latin1');
  }

  ended() {
    return within(this.#ended.promise, `the end of ${JSON.stringify(Buffer.concat(this.pieces).toString('latin1').slice(0, 200))}`);
  }
}

export class Volley {
  #probe;

  constructor(gateway) {
    this.gateway = gateway;
  }

  /**
   * Resolves when the gateway has read what had been sent to it. Two answers: connections that it
   * accepted in the turn of the first one are read only after it.
   */
  async barrier() {
    this.#probe ??= net.connect({ host: this.gateway.host, port: this.gateway.port, noDelay: true });
    for (let turn = 0; turn < 2; turn += 1) {
      const answered = new Promise((resolve, reject) => {
        this.#probe.once('data', resolve);
        this.#probe.once('close', () => reject(new Error('the probe was closed')));
      });
      this.#probe.write(request(this.gateway, 'OPTIONS', '/v1/chat/users'));
      await within(answered, 'the probe');
      this.#probe.removeAllListeners('close');
    }
  }

  /** What came back on each connection, until the gateway ended it: {received, how}. */
  async fire(shots) {
    const results = [];
    for (let at = 0; at < shots.length; at += AT_ONCE) {
      results.push(...(await this.#batch(shots.slice(at, at + AT_ONCE))));
    }
    return results;
  }

  async #batch(shots) {
    const open = shots.map((pieces) => new Shot(this.gateway, pieces));
    await within(Promise.all(open.map((shot) => shot.opened)), 'the connections', PATIENCE_MS);
    await this.barrier();
    const most = Math.max(...shots.map((pieces) => pieces.length));
    for (let index = 0; index < most; index += 1) {
      if (index > 0) await this.barrier();
      for (const shot of open) shot.send(index);
    }
    await Promise.all(open.map((shot) => shot.ended()));
    for (const shot of open) shot.socket.destroy();
    return open.map(({ received, how }) => ({ received, how }));
  }

  close() {
    this.#probe?.destroy();
  }
}

export const inBytes = (text) => Array.from(Buffer.from(text, 'latin1'), (byte) => Buffer.from([byte]));

export const inPiecesOf = (text, size) => {
  const all = Buffer.from(text, 'latin1');
  return Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.subarray(n * size, (n + 1) * size));
};

/** Every way to cut the text in two. */
export const cuts = (text) => {
  const all = Buffer.from(text, 'latin1');
  return Array.from({ length: all.length - 1 }, (_, n) => [all.subarray(0, n + 1), all.subarray(n + 1)]);
};
