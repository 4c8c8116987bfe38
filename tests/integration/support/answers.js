// answers.js - carries out one order on a connection of the stand-in: good answers and every bad one.
//
// An order says what is answered:
//   status, headers, body | json | pieces   the message; pieces are sent one by one
//   framing       'length' (default), 'chunked', 'close' (the body ends with the connection)
//   claimLength   a Content-Length that is not the true one
//   gzip          the body is compressed
//   raw           these bytes instead of a message
//   before, after bytes around the message that do not belong to it
//   interim       ['103 Early Hints', ...] before the message; 'forever' never stops,
//                 'slowly' neither, with a pause of 100 ms between two
// and how:
//   early         answers before the request's body was read
//   readNothing   reads no byte of the body, and never answers
//   hold          a promise: the answer waits for it
//   delay         ms before the answer
//   between       ms, or a function that returns a promise, between pieces
//   drip          ms between every two bytes of the answer, after the first `dripFrom`
//   garbageAt     bytes that are no TLS after so many bytes of the answer
//   stallAt       silence after so many bytes of the answer (0: no answer at all)
//   cutAt         the connection ends after so many bytes of the answer
//   cutBodyAt     the same, counted from the end of the head
//   cut           how it ends: 'reset' (default), 'clean' (orderly TLS end), 'dirty' (TCP end inside TLS)
//   thenClose     ends the connection after the answer without having said so

import { gzipSync } from 'node:zlib';
import { pause, slowness } from './deadline.js';

const FOREVER_INTERIM = Buffer.from('HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'.repeat(100));

function bodyPieces(order) {
  if (order.pieces) return order.pieces.map((piece) => Buffer.from(piece));
  const plain = order.json !== undefined ? JSON.stringify(order.json) : (order.body ?? '');
  const body = Buffer.from(plain);
  return [order.gzip ? gzipSync(body) : body];
}

function headBytes(order, length) {
  const framing = order.framing ?? 'length';
  const status = order.status ?? 200;
  const lines = [`HTTP/1.1 ${status} ${order.reason ?? 'Said So'}`];
  const headers = Array.isArray(order.headers) ? order.headers : Object.entries(order.headers ?? {});
  const has = (name) => headers.some(([key]) => key.toLowerCase() === name);
  if (order.json !== undefined && !has('content-type')) {
    lines.push('Content-Type: application/json; charset=utf-8');
  }
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  if (order.gzip) lines.push('Content-Encoding: gzip');
  if (framing === 'chunked') lines.push('Transfer-Encoding: chunked');
  if (framing === 'close') lines.push('Connection: close');
  if (framing === 'length' && status !== 204 && status !== 304) {
    lines.push(`Content-Length: ${order.claimLength ?? length}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

function asChunk(piece) {
  return Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
}

/** The answer as a list of writes; the first one holds the head and the first piece. */
function answerWrites(order, request) {
  if (order.raw !== undefined) return [Buffer.from(order.raw, 'latin1')];
  const pieces = bodyPieces(order);
  const head = headBytes(
    order,
    pieces.reduce((sum, piece) => sum + piece.length, 0),
  );
  const bodiless = request?.method === 'HEAD' || order.status === 204 || order.status === 304;
  if (bodiless) return [head];
  if (order.framing !== 'chunked') return [Buffer.concat([head, pieces[0]]), ...pieces.slice(1)];
  const [first = Buffer.alloc(0), ...framed] = pieces.filter((piece) => piece.length > 0).map(asChunk);
  const writes = [Buffer.concat([head, first]), ...framed, Buffer.from('0\r\n\r\n')];
  return order.pieces ? writes : [Buffer.concat(writes)];
}

/** How many bytes the head has: plays that cut "at every byte" need to know where the body begins. */
export function headLength(order) {
  return Buffer.concat(answerWrites(order)).indexOf('\r\n\r\n') + 4;
}

function limitOf(order, writes) {
  if (order.stallAt !== undefined) return order.stallAt;
  if (order.garbageAt !== undefined) return order.garbageAt;
  if (order.cutAt !== undefined) return order.cutAt;
  if (order.cutBodyAt === undefined) return Infinity;
  return writes[0].indexOf('\r\n\r\n') + 4 + order.cutBodyAt;
}

function inBytes(writes, from = 0) {
  const all = Buffer.concat(writes);
  const bytes = Array.from(all.subarray(from), (byte) => Buffer.from([byte]));
  return from > 0 ? [all.subarray(0, from), ...bytes] : bytes;
}

async function waitBetween(order) {
  if (order.drip) await pause(order.drip);
  if (typeof order.between === 'function') await order.between();
  else if (order.between) await pause(order.between);
}

async function sendInterim(connection, order) {
  while (order.interim === 'slowly' && !connection.isClosed) {
    await connection.write(FOREVER_INTERIM.subarray(0, FOREVER_INTERIM.length / 100));
    await pause(100 * slowness);
  }
  while (order.interim === 'forever' && !connection.isClosed) {
    await connection.write(FOREVER_INTERIM);
    await pause(5);
  }
  if (!Array.isArray(order.interim)) return;
  for (const line of order.interim) await connection.write(Buffer.from(`HTTP/1.1 ${line}\r\n\r\n`));
}

/** Resolves to true if the connection can carry another request. */
export async function carryOut(connection, order, request) {
  if (order.hold) await order.hold;
  if (order.delay) await pause(order.delay);
  await sendInterim(connection, order);
  if (order.before) await connection.write(Buffer.from(order.before, 'latin1'));

  const whole = answerWrites(order, request);
  const writes = order.drip ? inBytes(whole, order.dripFrom) : whole;
  let left = limitOf(order, writes);
  for (const [index, bytes] of writes.entries()) {
    if (index > 0) await waitBetween(order);
    await connection.write(bytes.subarray(0, left));
    left -= bytes.length;
    if (left < 0) break;
    if (connection.isClosed) return false;
  }
  if (order.stallAt !== undefined) return connection.stall();
  if (order.garbageAt !== undefined) return connection.garble();
  if (order.cutAt !== undefined || order.cutBodyAt !== undefined) return connection.cut(order.cut);
  if (order.after) await connection.write(Buffer.from(order.after, 'latin1'));
  if (order.thenClose || order.framing === 'close') return connection.cut('clean');
  return true;
}
