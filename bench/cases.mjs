// cases.mjs - what is asked of each system.

const HUB = '/v1/admin/hub/integrations/slack/1.0.0';
const ID_LENGTH = 24;

const head = (method, target, key, fields = '') =>
  `${method} ${target} HTTP/1.1\r\nHost: gateway.example\r\nAuthorization: Bearer ${key}\r\n` +
  `Accept: application/json\r\nUser-Agent: bench/1\r\n${fields}\r\n`;

const get = (target, key) => head('GET', target, key);

function post(target, key) {
  const body = JSON.stringify({ conversationId: 'conv_1', payload: { type: 'text', text: 'x'.repeat(300) } });
  return head('POST', target, key, `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`) + body;
}

const MIXED = [
  HUB,
  '/v1/chat/users',
  '/v1/admin/hub/interfaces/llm/2.0.0',
  '/v1/chat/conversations',
  '/v1/admin/hub/plugins/hitl/0.3.0',
  '/v1/chat/messages?conversationId=conv_1',
  '/v1/admin/hub/integrations/telegram/0.5.1',
  `/v1/chat/users/user_${'0'.repeat(ID_LENGTH)}`,
  '/v1/admin/hub/integrations/whatsapp/3.0.0',
  '/v1/chat/events',
];

/** 10 routes by all keys: a prime step, so that every key meets every route. */
const mixed = (keys) =>
  Array.from({ length: 4000 }, (_, i) => get(MIXED[i % MIXED.length], keys[(i * 7919) % keys.length].key));

const one = (write, target) => (keys) => [write(target, keys[0].key)];

/**
 * Systems are measured in this order, so those that are compared most closely are neighbours.
 * spins: nothing else needs the core of the load generator, so it never sleeps.
 * longer: a round for latencies lasts so many times as long, as few requests are answered in it.
 */
export const cases = [
  { id: 'hit', title: 'hit of 1 KiB', systems: ['floor', 'bpgate', 'nginx', 'haproxy', 'varnish'], requests: one(get, HUB), spins: true },
  { id: 'hit-redis', title: 'hit of 1 KiB, limit in Redis', systems: ['bpgate', 'bpgate+redis'], requests: one(get, HUB), spins: true },
  { id: 'pass', title: '1 KiB through TLS', systems: ['floor+TLS', 'bpgate', 'nginx', 'haproxy'], requests: one(get, '/v1/chat/users') },
  { id: 'post', title: 'POST through TLS', systems: ['bpgate', 'nginx', 'haproxy'], requests: one(post, '/v1/chat/messages') },
  { id: '64k', title: '64 KiB through TLS', systems: ['bpgate', 'nginx', 'haproxy'], requests: one(get, '/v1/tables') },
  { id: '4m', title: '4 MiB through TLS', systems: ['bpgate', 'nginx', 'haproxy'], requests: one(get, '/v1/files'), connections: 8, longer: 8 },
  { id: 'mixed', title: '1 000 keys, 10 routes', systems: ['bpgate', 'nginx', 'haproxy'], requests: mixed },
  { id: 'tls-new', title: 'TLS, new connection each', systems: ['bpgate', 'nginx', 'haproxy'], requests: one(get, HUB), tls: ['--fresh'], connections: 16, longer: 4 },
  { id: 'tls-resumed', title: 'TLS, resumed each', systems: ['bpgate', 'nginx', 'haproxy'], requests: one(get, HUB), tls: ['--fresh', '--resume'], connections: 16, longer: 4 },
  { id: 'filter', title: 'hit of 1 KiB, one Lua filter', systems: ['bpgate+filter', 'bpgate'], requests: one(get, HUB), spins: true },
];
