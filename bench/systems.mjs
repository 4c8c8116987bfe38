// systems.mjs - what is compared: the gateway, its peers, the floors, and the upstream they all ask.
//
// Each gets one worker, keep-alive and session reuse upstream, verified TLS, the check of the
// caller's key, the injection of token and ids, its own limiter and cache, and an access log in a
// file, written in as few calls as it knows how to. What a system cannot do is left out and said.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { certificate } from '../tests/integration/support/certificates.js';
import { newKey, root } from '../tests/integration/support/gateway.js';
import { freePort } from '../tests/integration/support/machine.js';
import { startRedis } from '../tests/integration/support/redis.js';
import { toYaml } from '../tests/integration/support/yaml.js';

export const binary = join(root, process.env.BPGATE ?? 'build/release/bpgate');
export const tool = (name) => join(root, 'build/release/bench', `bench_${name}`);

const TOKEN = 'bp_pat_the_token_of_the_bench_0123456789';
const PROXY_CORE = 0;
export const LOAD_CORE = 1;
const START_MS = 10_000;
// So much that nobody is refused: what is measured is the asking.
const PER_SECOND = 1_000_000;
const CONNECTIONS = 10_000;

/** Whether a program is installed. */
export const isThere = (program) =>
  existsSync(program) || [...(process.env.PATH ?? '').split(':'), '/usr/sbin'].some((folder) => existsSync(join(folder, program)));

const answers = (port) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

/** The processes that a command has become, its children too. */
export function family(pid) {
  const file = `/proc/${pid}/task/${pid}/children`;
  if (!existsSync(file)) throw new Error(`process ${pid} has ended`);
  const children = readFileSync(file, 'latin1').split(' ').filter(Boolean);
  return [pid, ...children.flatMap((child) => family(Number(child)))];
}

/** Everything that is started here ends with `stop`. */
export class Stage {
  #processes = [];
  ends = [];

  constructor(folder) {
    this.folder = folder;
  }

  after(end) {
    this.ends.unshift(end);
  }

  file(name, text) {
    const path = join(this.folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
    return path;
  }

  /** Starts a command on one core and waits until its port answers. */
  async run(name, core, port, command, { output = `${name}.log`, env = {} } = {}) {
    const out = openSync(join(this.folder, output), 'a');
    const errors = openSync(join(this.folder, `${name}.err`), 'a');
    const child = spawn('taskset', ['-c', String(core), ...command], {
      cwd: this.folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', out, errors],
    });
    this.#processes.push(child);
    const until = Date.now() + START_MS;
    while (port && !(await answers(port))) {
      if (child.exitCode !== null || Date.now() > until) {
        throw new Error(`${name} does not start:\n${readFileSync(join(this.folder, `${name}.err`), 'utf8')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return child.pid;
  }

  /** Access logs begin anew: a log that only grows takes memory that the machine has not used before, at a cost that
   *  varies by the machine and by who is measured after whom. */
  emptyLogs() {
    for (const name of readdirSync(this.folder)) {
      if (name.endsWith('.access')) truncateSync(join(this.folder, name));
    }
  }

  async stop() {
    for (const child of this.#processes.reverse()) {
      if (child.exitCode !== null || child.signalCode) continue;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await gone;
      clearTimeout(killer);
    }
    for (const end of this.ends) await end();
  }
}

// --- The upstream ---

const json = (size) => {
  const start = '{"data":"';
  return `${start}${'x'.repeat(size - start.length - 2)}"}`;
};

/** One nginx for all: 1 KiB, 64 KiB and 4 MiB of JSON, with TLS and, for Varnish, without. */
export async function startUpstream(stage) {
  const { cert, key } = certificate('valid');
  const identity = { certificateFile: stage.file('server.pem', cert), keyFile: stage.file('server.key', key) };
  const [tls, plain] = [await freePort(), await freePort()];
  stage.file('www/v1/tables', json(64 * 1024));
  stage.file('www/v1/files', json(4 * 1024 * 1024));
  const config = stage.file('upstream.conf', `
daemon off; user root; pid upstream.pid; error_log upstream.err; worker_processes 1;
events { worker_connections 4096; }
http {
  access_log off; default_type application/json; etag off; sendfile off; output_buffers 2 64k;
  keepalive_requests 1000000000; keepalive_timeout 600s; open_file_cache max=100 inactive=600s;
  client_body_temp_path up_body; proxy_temp_path up_proxy; fastcgi_temp_path up_f; uwsgi_temp_path up_u; scgi_temp_path up_s;
  server {
    listen 127.0.0.1:${tls} ssl backlog=4096; listen 127.0.0.1:${plain} backlog=4096;
    ssl_certificate ${identity.certificateFile}; ssl_certificate_key ${identity.keyFile};
    ssl_session_cache shared:up:4m; ssl_protocols TLSv1.3;
    root ${join(stage.folder, 'www')};
    location = /v1/tables { }
    location = /v1/files { }
    location /v1/admin/hub/ { add_header Cache-Control "public, max-age=3600"; return 200 '${json(1024)}'; }
    location / { return 200 '${json(1024)}'; }
  }
}`);
  await stage.run('upstream', LOAD_CORE, tls, ['nginx', '-p', stage.folder, '-e', 'upstream.err', '-c', config]);
  return { tls, plain, authority: certificate('authority').certificateFile, identity };
}

// --- The gateway ---

/** Keys as the gateway makes them: {key, entry}. */
export async function makeKeys(count) {
  const keys = [];
  while (keys.length < count) {
    const some = Array.from({ length: Math.min(20, count - keys.length) }, (_, i) =>
      newKey({ name: `key-${keys.length + i}` }));
    keys.push(...(await Promise.all(some)));
  }
  return keys;
}

export async function startBpgate(stage, upstream, keys, { name = 'bpgate', workers = 1, redis, isCounted, settings = {} } = {}) {
  const [plain, tls, admin] = [await freePort(), await freePort(), await freePort()];
  const config = stage.file(`${name}.yaml`, toYaml({
    listen: [
      { address: `127.0.0.1:${plain}` },
      { address: `127.0.0.1:${tls}`, tls: { certificate: upstream.identity.certificateFile, key: upstream.identity.keyFile } },
    ],
    workers,
    max_connections: CONNECTIONS,
    admin: { address: `127.0.0.1:${admin}` },
    credentials: [{ name: 'team', token: 'env:BENCH_TOKEN' }],
    profiles: [{ name: 'support', credential: 'team', workspace_id: 'wkspace_1', bot_id: 'bot_1' }],
    keys: keys.map(({ entry }) => entry),
    limits: [{ name: 'per-key', requests: PER_SECOND, per: '1s', burst: PER_SECOND, key: ['key'] }],
    access_log: join(stage.folder, `${name}.access`),
    client: { idle_timeout: '1h' },
    ...(redis && { redis: { url: redis } }),
    upstream: { url: `https://localhost:${upstream.tls}`, ca_file: upstream.authority },
    ...settings,
  }));
  // The same code paths of the libraries on every processor.
  const counter = isCounted ? ['valgrind', '--tool=callgrind', `--callgrind-out-file=${stage.folder}/callgrind.out`] : [];
  const core = workers > 1 ? `${PROXY_CORE},${LOAD_CORE}` : PROXY_CORE;
  const pid = await stage.run(name, core, plain, [...counter, binary, 'run', '--config', config], {
    env: { BENCH_TOKEN: TOKEN, ...(isCounted && { OPENSSL_ia32cap: ':0' }) },
  });
  return { name, plain, tls, pid };
}

export async function startBpgateWithRedis(stage, upstream, keys) {
  const redis = await startRedis(stage);
  return startBpgate(stage, upstream, keys, { name: 'bpgate+redis', redis: redis.url });
}

/** One filter that sets a field of every answer. */
export function startBpgateWithFilter(stage, upstream, keys, options = {}) {
  const file = stage.file('one.lua', 'return {on_response = function(res) res:set_header("x-served-by", "bpgate") end}\n');
  return startBpgate(stage, upstream, keys, { name: 'bpgate+filter', ...options, settings: { filters: [{ file }] } });
}

// --- Its peers ---

const nginxKeys = (keys) => keys.map(({ key }) => `    "Bearer ${key}" 1;`).join('\n');

export async function startNginx(stage, upstream, keys) {
  const [plain, tls] = [await freePort(), await freePort()];
  const config = stage.file('nginx.conf', `
daemon off; user root; pid nginx.pid; error_log nginx.err; worker_processes 1; worker_rlimit_nofile 20000;
events { worker_connections ${CONNECTIONS}; }
http {
  map_hash_max_size 65536; map_hash_bucket_size 256;
  map $http_authorization $is_known { default 0;
${nginxKeys(keys)}
  }
  log_format line escape=json '{"ts":"$time_iso8601","request_id":"$request_id","client":"$remote_addr","method":"$request_method",'
    '"path":"$uri","status":$status,"bytes_in":$request_length,"bytes_out":$bytes_sent,"cache":"$upstream_cache_status",'
    '"duration":$request_time,"upstream":"$upstream_response_time"}';
  access_log nginx.access line buffer=64k flush=1s;
  limit_req_zone $http_authorization zone=callers:32m rate=${PER_SECOND}r/s;
  proxy_cache_path ${join(stage.folder, 'nginx-cache')} keys_zone=store:64m max_size=1g inactive=1h use_temp_path=off;
  open_file_cache max=10000 inactive=600s; open_file_cache_valid 600s;
  client_body_temp_path n_body; proxy_temp_path n_proxy; fastcgi_temp_path n_f; uwsgi_temp_path n_u; scgi_temp_path n_s;
  keepalive_requests 1000000000; keepalive_timeout 1h;
  upstream api { server 127.0.0.1:${upstream.tls}; keepalive 256; keepalive_requests 1000000000; keepalive_timeout 600s; }
  server {
    listen 127.0.0.1:${plain} backlog=4096; listen 127.0.0.1:${tls} ssl backlog=4096;
    ssl_certificate ${upstream.identity.certificateFile}; ssl_certificate_key ${upstream.identity.keyFile};
    ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:down:16m; ssl_session_tickets on;
    if ($is_known = 0) { return 401; }
    limit_req zone=callers burst=100000 nodelay;
    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host localhost;
    proxy_set_header Authorization "Bearer ${TOKEN}"; proxy_set_header x-bot-id bot_1; proxy_set_header x-workspace-id wkspace_1;
    proxy_set_header x-request-id $request_id; proxy_ssl_session_reuse on; proxy_ssl_verify on; proxy_ssl_name localhost;
    proxy_ssl_server_name on; proxy_ssl_protocols TLSv1.2 TLSv1.3; proxy_ssl_trusted_certificate ${upstream.authority};
    location /v1/admin/hub/ { proxy_cache store; proxy_cache_key $request_uri; proxy_pass https://api; }
    location / { proxy_pass https://api; }
  }
}`);
  const pid = await stage.run('nginx', PROXY_CORE, plain, ['nginx', '-p', stage.folder, '-e', 'nginx.err', '-c', config]);
  return { name: 'nginx', plain, tls, pid };
}

export async function startHaproxy(stage, upstream, keys) {
  const [plain, tls] = [await freePort(), await freePort()];
  const map = stage.file('haproxy.map', keys.map(({ key }) => `${key} 1\n`).join(''));
  const pem = stage.file('haproxy.pem', readFileSync(upstream.identity.certificateFile, 'latin1') + readFileSync(upstream.identity.keyFile, 'latin1'));
  const config = stage.file('haproxy.cfg', `
global
  nbthread 1
  maxconn ${CONNECTIONS - 500}
  log stdout format raw local0
  ssl-server-verify required
cache store
  total-max-size 256
  max-object-size 1048576
  max-age 3600
defaults
  mode http
  log global
  option dontlognull
  log-format '{"ts":"%t","request_id":"%ID","client":"%ci","method":"%HM","path":"%HP","status":%ST,"bytes_in":%U,"bytes_out":%B,"duration":%Ta,"upstream":"%Tr"}'
  unique-id-format %{+X}o%ci:%cp_%fi:%fp_%Ts_%rt:%pid
  timeout connect 2s
  timeout client 1h
  timeout server 60s
  timeout http-keep-alive 1h
backend callers
  stick-table type string len 96 size 200k expire 1h store http_req_rate(1s)
frontend entry
  bind 127.0.0.1:${plain} backlog 4096
  bind 127.0.0.1:${tls} ssl crt ${pem} backlog 4096
  http-request set-var(txn.key) req.hdr(authorization),word(2,' ')
  http-request deny deny_status 401 unless { var(txn.key),map_str(${map}) -m found }
  http-request track-sc0 var(txn.key) table callers
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt ${PER_SECOND} }
  http-request del-header authorization
  http-request set-header x-request-id %[unique-id]
  use_backend hub if { path_beg /v1/admin/hub/ }
  default_backend api
backend hub
  http-request cache-use store
  http-response cache-store store
  http-request set-header authorization "Bearer ${TOKEN}"
  server up localhost:${upstream.tls} ssl verify required ca-file ${upstream.authority} sni str(localhost) verifyhost localhost pool-max-conn 256 init-addr 127.0.0.1
backend api
  http-reuse always
  http-request set-header authorization "Bearer ${TOKEN}"
  http-request set-header x-bot-id bot_1
  http-request set-header x-workspace-id wkspace_1
  server up localhost:${upstream.tls} ssl verify required ca-file ${upstream.authority} sni str(localhost) verifyhost localhost pool-max-conn 256 init-addr 127.0.0.1
`);
  const pid = await stage.run('haproxy', PROXY_CORE, plain, ['haproxy', '-db', '-f', config], { output: 'haproxy.access' });
  return { name: 'haproxy', plain, tls, pid };
}

/** Speaks no TLS upstream, so it takes part in the hits alone; its log is written by varnishncsa. */
export async function startVarnish(stage, upstream, keys) {
  const plain = await freePort();
  const vcl = stage.file('varnish.vcl', `vcl 4.1;
backend api { .host = "127.0.0.1"; .port = "${upstream.plain}"; }
sub vcl_recv {
  if (${keys.slice(0, 1).map(({ key }) => `req.http.Authorization != "Bearer ${key}"`).join(' && ')}) { return (synth(401)); }
  unset req.http.Authorization;
}`);
  const work = join(stage.folder, 'varnish');
  const pid = await stage.run('varnish', PROXY_CORE, plain, ['varnishd', '-F', '-n', work, '-a', `127.0.0.1:${plain}`, '-f', vcl,
    '-s', 'malloc,256m', '-p', 'thread_pools=1', '-p', 'thread_pool_min=100', '-p', 'timeout_idle=3600', '-j', 'none']);
  const log = await stage.run('varnishncsa', PROXY_CORE, 0, ['varnishncsa', '-n', work, '-w', join(stage.folder, 'varnish.access')]);
  return { name: 'varnish', plain, pid, more: [log] };
}

// --- The floors ---

export async function startFloor(stage) {
  const plain = await freePort();
  return { name: 'floor', plain, pid: await stage.run('floor', PROXY_CORE, plain, [tool('floor'), String(plain)]) };
}

export async function startFloorWithCall(stage, upstream) {
  const plain = await freePort();
  const command = [tool('floor'), String(plain), `127.0.0.1:${upstream.tls}`];
  return { name: 'floor+TLS', plain, pid: await stage.run('floor+TLS', PROXY_CORE, plain, command) };
}
