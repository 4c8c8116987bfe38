// byte_reader.js - pulls exact bytes out of a socket, and knows how the socket ended.

import { deferred } from './deadline.js';

/** Raised when the bytes end before what was asked for; `how` is 'end' (an orderly close) or 'reset'. */
export class CutShort extends Error {
  constructor(how, wanted, rest) {
    super(`the connection ended (${how}) inside ${wanted}`);
    this.how = how;
    this.rest = rest;
  }
}

export class ByteReader {
  #chunks = [];
  #length = 0;
  #ended = null;
  #waiting = null;

  constructor(socket) {
    this.received = 0;
    this.closed = deferred();
    socket.on('data', (chunk) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      this.received += chunk.length;
      this.#wake();
    });
    socket.on('end', () => this.#end('end'));
    socket.on('error', () => this.#end('reset'));
    socket.on('close', () => this.#end('end'));
  }

  #wake() {
    this.#waiting?.resolve();
    this.#waiting = null;
  }

  #end(how) {
    if (this.#ended) return;
    this.#ended = how;
    this.closed.resolve(how);
    this.#wake();
  }

  #all() {
    if (this.#chunks.length !== 1) this.#chunks = [Buffer.concat(this.#chunks)];
    return this.#chunks[0];
  }

  #take(size) {
    const all = this.#all();
    this.#chunks = size < all.length ? [all.subarray(size)] : [];
    this.#length -= size;
    return all.subarray(0, size);
  }

  async #more(wanted) {
    if (this.#ended) throw new CutShort(this.#ended, wanted, this.#take(this.#length));
    this.#waiting ??= deferred();
    await this.#waiting.promise;
  }

  async exactly(size, wanted = `${size} bytes`) {
    while (this.#length < size) await this.#more(wanted);
    return this.#take(size);
  }

  /** At least one byte, and no more than `size`: what comes before a cut is seen this way. */
  async upTo(size, wanted) {
    while (this.#length === 0) await this.#more(wanted);
    return this.#take(Math.min(size, this.#length));
  }

  /** Everything up to and including `mark`. */
  async through(mark, wanted) {
    let from = 0;
    for (;;) {
      const all = this.#all();
      const at = all.indexOf(mark, from);
      if (at >= 0) return this.#take(at + mark.length);
      from = Math.max(0, all.length - mark.length);
      await this.#more(wanted);
    }
  }

  /** Everything until the connection ends; says how it ended. */
  async toEnd() {
    try {
      for (;;) await this.#more('the rest');
    } catch (cut) {
      return { bytes: cut.rest, how: cut.how };
    }
  }

  /** True if the peer has ended and nothing is left to read; waits for one or the other. */
  async isAtEnd() {
    try {
      while (this.#length === 0) await this.#more('the next message');
      return false;
    } catch {
      return true;
    }
  }
}
