// http_messages.js - reads HTTP/1.1 messages from exact bytes, strictly (RFC 9110, RFC 9112).
//
// One reader for both ends of a play: the stand-in upstream reads requests with it, raw clients
// read answers. Whatever is not well formed is an error, so that the gateway's own output is judged.

const CRLF = Buffer.from('\r\n');
const HEAD_END = Buffer.from('\r\n\r\n');
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// Field values are compared as bytes, hence latin1: one character for each byte.
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

function parseFields(lines) {
  return lines.map((line) => {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).replace(/^[ \t]+|[ \t]+$/g, '');
    if (colon < 1 || !TOKEN.test(name)) throw new Error(`bad field line: ${JSON.stringify(line)}`);
    if (!VALUE.test(value)) throw new Error(`bad field value: ${JSON.stringify(line)}`);
    return [name, value];
  });
}

class Message {
  constructor(rawHead) {
    this.rawHead = rawHead;
    const text = rawHead.toString('latin1');
    const [startLine, ...lines] = text.slice(0, -HEAD_END.length).split('\r\n');
    if (/[\r\n]/.test(startLine + lines.join(''))) throw new Error('bare CR or LF in a head');
    this.startLine = startLine;
    this.headers = parseFields(lines);
    this.body = Buffer.alloc(0);
  }

  /** The only value of a field; undefined when absent, an error when it comes twice. */
  header(name) {
    const values = this.headerValues(name);
    if (values.length > 1) throw new Error(`${name} came ${values.length} times: ${values}`);
    return values[0];
  }

  headerValues(name) {
    const wanted = name.toLowerCase();
    return this.headers.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value);
  }

  get headerNames() {
    return this.headers.map(([name]) => name.toLowerCase());
  }

  get text() {
    return this.body.toString('utf8');
  }

  get json() {
    return JSON.parse(this.text);
  }
}

/** What the head says about the length of the body: {chunked}, {length}, or {} for neither. */
function declaredLength(message) {
  const coding = message.header('transfer-encoding');
  const length = message.header('content-length');
  if (coding !== undefined && length !== undefined) throw new Error('both lengths in one head');
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') throw new Error(`coding ${coding}`);
  if (length !== undefined && !/^\d+$/.test(length)) throw new Error(`length ${length}`);
  return { chunked: coding !== undefined, length: length && Number(length) };
}

/** Yields the data of a chunked body; trailers are read and left in `message.trailers`. */
async function* chunks(reader, message) {
  for (;;) {
    const line = (await reader.through(CRLF, 'a chunk size')).toString('latin1').slice(0, -2);
    if (!/^[0-9a-fA-F]{1,8}$/.test(line)) throw new Error(`bad chunk size ${JSON.stringify(line)}`);
    const size = parseInt(line, 16);
    if (size === 0) break;
    yield* counted(reader, size, 'a chunk');
    const end = await reader.exactly(2, 'the end of a chunk');
    if (!end.equals(CRLF)) throw new Error('a chunk without its end');
  }
  const lines = [];
  for (;;) {
    const line = (await reader.through(CRLF, 'trailers')).toString('latin1').slice(0, -2);
    if (line === '') break;
    lines.push(line);
  }
  message.trailers = parseFields(lines);
}

async function* counted(reader, length, wanted) {
  let left = length;
  while (left > 0) {
    const piece = await reader.upTo(left, wanted);
    left -= piece.length;
    yield piece;
  }
}

/** The body is kept piece by piece, so that what came before a cut is seen too. */
async function collect(message, pieces, onPiece) {
  const parts = [];
  try {
    for await (const piece of pieces) {
      parts.push(piece);
      onPiece?.(piece);
    }
  } finally {
    message.body = Buffer.concat(parts);
  }
}

export async function readRequestHead(reader) {
  const request = new Message(await reader.through(HEAD_END, 'a request head'));
  const parts = /^(\S+) (\S+) (HTTP\/1\.[01])$/.exec(request.startLine);
  if (!parts) throw new Error(`bad request line: ${JSON.stringify(request.startLine)}`);
  [, request.method, request.target, request.version] = parts;
  return request;
}

export async function readRequestBody(reader, request, onPiece) {
  const { chunked, length } = declaredLength(request);
  if (chunked) await collect(request, chunks(reader, request), onPiece);
  else if (length) await collect(request, counted(reader, length, 'a body of known length'), onPiece);
}

async function readResponseHead(reader) {
  const response = new Message(await reader.through(HEAD_END, 'a response head'));
  const parts = /^(HTTP\/1\.[01]) ([1-9]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/.exec(response.startLine);
  if (!parts) throw new Error(`bad status line: ${JSON.stringify(response.startLine)}`);
  response.version = parts[1];
  response.status = Number(parts[2]);
  response.reason = parts[3];
  return response;
}

/**
 * Reads one final response, with the interim ones before it in `response.interim`. A response that
 * breaks off rejects with CutShort, its `response` holding what had come.
 */
export async function readResponse(reader, { method = 'GET', onPiece } = {}) {
  const interim = [];
  let response = await readResponseHead(reader);
  while (response.status < 200) {
    interim.push(response);
    response = await readResponseHead(reader);
  }
  response.interim = interim;
  const { chunked, length } = declaredLength(response);
  response.framing = chunked ? 'chunked' : length !== undefined ? 'length' : 'close';
  if (method === 'HEAD' || response.status === 204 || response.status === 304) return response;
  try {
    if (chunked) await collect(response, chunks(reader, response), onPiece);
    else if (length !== undefined)
      await collect(response, counted(reader, length, 'a body of known length'), onPiece);
    else await readUntilClose(reader, response);
  } catch (error) {
    error.response = response;
    throw error;
  }
  return response;
}

/** A reset is how a sender says that a body without a length is not complete. */
async function readUntilClose(reader, response) {
  const { bytes, how } = await reader.toEnd();
  response.body = bytes;
  if (how === 'reset') throw new Error('reset inside a body that ends with the connection');
}
