// botpress_api.js - a tiny Botpress Cloud API in memory: what a request is answered when no order says otherwise.
//
// It knows as much as the plays need. An answer is an order of answers.js.

import { parse as parseQuery } from 'node:querystring';

export const ERROR_STATUS = {
  Unknown: 500,
  Internal: 500,
  Unauthorized: 401,
  Forbidden: 403,
  PayloadTooLarge: 413,
  InvalidPayload: 400,
  UnsupportedMediaType: 415,
  MethodNotFound: 405,
  ResourceNotFound: 404,
  InvalidJsonSchema: 400,
  InvalidDataFormat: 400,
  InvalidIdentifier: 400,
  RelationConflict: 409,
  ReferenceConstraint: 409,
  ResourceLockedConflict: 409,
  ResourceGone: 410,
  ReferenceNotFound: 400,
  InvalidQuery: 400,
  Runtime: 400,
  AlreadyExists: 409,
  RateLimited: 429,
  PaymentRequired: 402,
  QuotaExceeded: 403,
  LimitExceeded: 413,
  BreakingChanges: 400,
  OperationTimeout: 504,
};

/** An error as Botpress sends it. */
export function botpressError(type, message = `the upstream says ${type}`) {
  const code = ERROR_STATUS[type];
  return { status: code, json: { id: 'err_20260101000000x0123ABCD', code, type, message } };
}

const COLLECTIONS = {
  '/v1/chat/users': ['user', 201],
  '/v1/chat/conversations': ['conversation', 201],
  '/v1/chat/messages': ['message', 201],
  '/v1/chat/events': ['event', 201],
  '/v1/chat/workflows': ['workflow', 201],
  '/v1/admin/bots': ['bot', 200],
  '/v1/admin/integrations': ['integration', 200],
  '/v1/admin/workspaces': ['workspace', 200],
};

const DEFAULT_PAGE = 20;
// The documentation shows page tokens with these characters, unencoded.
const PAGE_TOKEN = 'dG9r+ZW4/bm8=';

class Collection {
  constructor(name, createdStatus) {
    this.name = name;
    this.createdStatus = createdStatus;
    this.items = new Map();
  }

  #wrap(item, meta) {
    return { [this.name]: item, ...(meta && { meta }) };
  }

  #create(fields) {
    const id = fields.id ?? `${this.name}_${this.items.size + 1}`;
    const now = '2026-01-01T00:00:00.000Z';
    const item = { tags: {}, ...fields, id, createdAt: now, updatedAt: now };
    this.items.set(id, item);
    return item;
  }

  #getOrCreate(fields) {
    const wanted = JSON.stringify(fields.tags ?? fields);
    const found = [...this.items.values()].find((item) => item.origin === wanted);
    const item = found ?? Object.assign(this.#create(fields), { origin: wanted });
    return { status: 200, json: this.#wrap(item, { created: !found }) };
  }

  #page(query) {
    const size = Number(query.pageSize ?? DEFAULT_PAGE);
    const start = query.nextToken ? Number(query.nextToken.slice(PAGE_TOKEN.length)) : 0;
    const all = [...this.items.values()];
    const more = start + size < all.length;
    const meta = more ? { nextToken: `${PAGE_TOKEN}${start + size}` } : {};
    return { status: 200, json: { [`${this.name}s`]: all.slice(start, start + size), meta } };
  }

  #one(method, id, fields) {
    const item = this.items.get(id);
    if (!item) return botpressError('ResourceNotFound', `no ${this.name} ${id}`);
    if (method === 'DELETE') this.items.delete(id);
    if (method === 'DELETE') return { status: 200, json: {} };
    if (method === 'PUT') Object.assign(item, fields);
    return { status: 200, json: this.#wrap(item) };
  }

  answer(method, rest, query, fields) {
    if (rest.length === 0 && method === 'GET') return this.#page(query);
    if (rest.length === 0 && method === 'POST') {
      return { status: this.createdStatus, json: this.#wrap(this.#create(fields)) };
    }
    if (rest[0] === 'get-or-create' && method === 'POST') return this.#getOrCreate(fields);
    if (rest.length === 1) return this.#one(method, rest[0], fields);
    return null;
  }
}

export class BotpressApi {
  #collections = new Map();
  #states = new Map();
  #files = new Map();
  #rows = new Map();

  /** When set, only these tokens are good. */
  tokens = null;

  collection(path) {
    if (!this.#collections.has(path)) {
      this.#collections.set(path, new Collection(...COLLECTIONS[path]));
    }
    return this.#collections.get(path);
  }

  answer(request) {
    if (this.tokens && !this.tokens.has(request.header('authorization'))) {
      return botpressError('Unauthorized', 'this token is not good');
    }
    const [path, search = ''] = request.target.split('?', 2);
    // A plus is a plus here: unlike in forms, the tokens hold it raw.
    const query = parseQuery(search, '&', '=', { decodeURIComponent });
    const segments = path.split('/').slice(1).map(decodeURIComponent);
    const root = `/${segments.slice(0, 3).join('/')}`;
    const fields = this.#fields(request);
    const answer =
      COLLECTIONS[root] && this.collection(root).answer(request.method, segments.slice(3), query, fields);
    return answer || this.#special(request.method, segments, fields) || { status: 200, json: {} };
  }

  #fields(request) {
    try {
      return request.body.length ? JSON.parse(request.text) : {};
    } catch {
      return {};
    }
  }

  #special(method, segments, fields) {
    const [, service, kind] = segments;
    if (service === 'chat' && kind === 'states') return this.#state(method, segments, fields);
    if (service === 'files') return this.#file(method, segments.slice(2), fields);
    if (service === 'tables' && kind) return this.#table(method, segments.slice(2), fields);
    if (service === 'admin' && kind === 'hub') return this.#hub(segments.slice(3));
    if (service === 'cognitive' && kind === 'generate-text-stream') return NDJSON;
    return null;
  }

  #state(method, segments, fields) {
    const id = segments.slice(3, 6).join(' ');
    if (method !== 'GET')
      this.#states.set(id, { ...(method === 'PATCH' && this.#states.get(id)), ...fields.payload });
    const payload = this.#states.get(id);
    if (!payload) return botpressError('ResourceNotFound', 'no such state');
    return { status: 200, json: { state: { id: 'state_1', payload }, meta: { cached: false } } };
  }

  #file(method, rest, fields) {
    if (rest.length === 0 && method === 'PUT') {
      this.#files.set(fields.key, { id: `file_${this.#files.size + 1}`, ...fields });
      return { status: 200, json: { file: this.#files.get(fields.key) } };
    }
    if (rest.length === 0) return { status: 200, json: { files: [...this.#files.values()], meta: {} } };
    const file = this.#files.get(rest[0]);
    if (file && rest[1]) this.#files.set(rest[1], { ...file, key: rest[1] });
    if (!file) return botpressError('ResourceNotFound', `no file ${rest[0]}`);
    if (method === 'DELETE') this.#files.delete(rest[0]);
    if (method === 'DELETE') return { status: 200, json: {} };
    return { status: 200, json: { file } };
  }

  #table(method, [table, kind, verb], fields) {
    if (kind !== 'rows') return { status: 200, json: { table: { id: table, name: table } } };
    const rows = this.#rows.get(table) ?? [];
    if (method === 'POST' && !verb) this.#rows.set(table, rows.concat(fields.rows));
    if (verb === 'find') return { status: 200, json: { rows, limit: 100, offset: 0, hasMore: false } };
    return { status: 200, json: { rows: fields.rows ?? [], warnings: [], errors: [] } };
  }

  #hub(rest) {
    if (rest[0] !== 'integrations') return null;
    if (rest.length === 1) return { status: 200, json: { integrations: [], meta: {} } };
    const [name, version] = rest.slice(1);
    return { status: 200, json: { integration: { id: `intver_${name}`, name, version } } };
  }
}

const NDJSON = {
  status: 200,
  headers: { 'content-type': 'application/x-ndjson' },
  framing: 'chunked',
  pieces: ['{"output":"one"}\n', '{"output":"two"}\n', '{"output":"three"}\n'],
};
