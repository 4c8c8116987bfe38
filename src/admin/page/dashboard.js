// dashboard.js - polls the admin listener and draws what it says. All figures come from /metrics,
// /api/limits, /api/redis and /api/refusals; nothing is made up here, so that the page agrees with Prometheus.
'use strict';

const EVERY_MS = 1000;
const KEPT = 120; // looks at most in the chart
const WIDTHS = [20, 60, KEPT]; // looks that it is wide: it grows with what there is
const WINDOW = 5; // looks that a rate is over
const SOURCES = ['upstream', 'cache', 'gateway'];

const at = (id) => document.getElementById(id);
const looks = []; // { at, samples }
let first = null;
let isPaused = false;

/* --- Reading --- */

const LINE = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-z_]+)="((?:[^"\\]|\\.)*)"/g;

function parse(text) {
  const families = new Map();
  for (const line of text.split('\n')) {
    const match = line[0] === '#' ? null : LINE.exec(line);
    if (!match) continue;
    const labels = {};
    for (const [, key, value] of (match[2] ?? '').matchAll(LABEL)) {
      labels[key] = value.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c));
    }
    if (!families.has(match[1])) families.set(match[1], []);
    families.get(match[1]).push({ labels, value: Number(match[3]) });
  }
  return families;
}

function sum(families, name, fits = {}) {
  const wanted = Object.entries(fits);
  return (families.get(name) ?? [])
    .filter(({ labels }) => wanted.every(([key, value]) => labels[key] === value))
    .reduce((total, { value }) => total + value, 0);
}

class TokenAsked extends Error {}

async function get(path) {
  const token = sessionStorage.getItem('token');
  const response = await fetch(path, { headers: token ? { authorization: `Bearer ${token}` } : {}, cache: 'no-store' });
  if (response.status === 401) throw new TokenAsked(token ? 'this is not the token' : 'a token is asked for');
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}

/* --- Figures --- */

/** Buckets of a histogram, less those of an earlier look: [[upper, count], …]. */
function buckets(families, earlier, name, fits) {
  const counts = new Map();
  for (const [map, sign] of [[families, 1], [earlier ?? new Map(), -1]]) {
    for (const { labels, value } of map.get(`${name}_bucket`) ?? []) {
      if (Object.entries(fits).some(([key, wanted]) => labels[key] !== wanted)) continue;
      const upper = labels.le === '+Inf' ? Infinity : Number(labels.le);
      counts.set(upper, (counts.get(upper) ?? 0) + sign * value);
    }
  }
  return [...counts].sort(([a], [b]) => a - b);
}

/** As Prometheus' histogram_quantile: linear within a bucket. */
function quantile(share, cumulative) {
  const total = cumulative.length ? cumulative[cumulative.length - 1][1] : 0;
  if (!total) return null;
  const rank = share * total;
  let [lower, below] = [0, 0];
  for (const [upper, count] of cumulative) {
    if (count >= rank) {
      if (upper === Infinity) return lower;
      return lower + (upper - lower) * (count === below ? 1 : (rank - below) / (count - below));
    }
    [lower, below] = [upper, count];
  }
  return lower;
}

const seconds = (value) =>
  value === null ? '–' : value < 0.001 ? `${Math.round(value * 1e6)} µs` : value < 1 ? `${(value * 1000).toFixed(value < 0.01 ? 1 : 0)} ms` : `${value.toFixed(2)} s`;
const count = (value) => (value >= 1e6 ? `${(value / 1e6).toFixed(1)} M` : Math.round(value).toLocaleString('en'));
const rate = (value) => (value >= 100 || value === 0 ? count(value) : value.toFixed(1));
const share = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(1)} %` : '–');

function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit += 1) value /= 1024;
  return `${unit ? value.toFixed(1) : value} ${units[unit]}`;
}

function ago(epoch) {
  const s = Math.max(0, Math.round(Date.now() / 1000 - epoch));
  return s < 60 ? `${s} s ago` : s < 3600 ? `${Math.floor(s / 60)} min ago` : s < 86400 ? `${Math.floor(s / 3600)} h ago` : `${Math.floor(s / 86400)} d ago`;
}

/** The clock of who looks, to the second, in 24 hours as logs have it. */
const clock = (time) => new Date(time).toLocaleTimeString([], { hour12: false });
const plural = (value, one, many) => `${count(value)} ${value === 1 ? one : many}`;

/* --- Showing --- */

function say(id, text) {
  if (at(id).textContent !== text) at(id).textContent = text;
}

/** The first cell of a row is its heading; what stands below a numeric heading stands to the right. */
function fill(id, rows, nothing) {
  const body = at(id).tBodies[0];
  const heads = at(id).tHead.rows[0].cells;
  const columns = heads.length;
  const hasRoles = at(id).getAttribute('role') === 'table';
  body.replaceChildren(
    ...(rows.length ? rows : [null]).map((row) => {
      const tr = document.createElement('tr');
      if (hasRoles) tr.setAttribute('role', 'row');
      if (!row) {
        const td = tr.insertCell();
        td.colSpan = columns;
        td.className = 'empty';
        if (hasRoles) td.setAttribute('role', 'cell');
        td.textContent = nothing;
        return tr;
      }
      row.forEach((cell, i) => {
        const td = document.createElement(i ? 'td' : 'th');
        if (!i) td.scope = 'row';
        td.className = heads[i].className;
        if (hasRoles) td.setAttribute('role', i ? 'cell' : 'rowheader');
        td.textContent = cell;
        tr.append(td);
      });
      return tr;
    }),
  );
}

function svg(name, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function draw(points) {
  const [width, height, left, bottom] = [Math.max(280, at('traffic').clientWidth), 176, 44, 18];
  const highest = Math.max(1, ...points.flatMap((point) => [...SOURCES, 'error'].map((key) => point[key])));
  const magnitude = 10 ** Math.floor(Math.log10(highest));
  const top = [1, 2, 5, 10].map((n) => n * magnitude).find((n) => n >= highest);
  const wide = WIDTHS.find((n) => n >= points.length);
  const x = (i) => left + ((width - left - 4) * (i + wide - points.length)) / (wide - 1);
  const y = (value) => 6 + (height - bottom - 6) * (1 - value / top);
  const last = points[points.length - 1];
  const label = last ? SOURCES.map((key) => `${key} ${rate(last[key])}`).join(', ') : 'no figures yet';
  const picture = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': `Requests a second now: ${label}` });
  for (const part of [0, 0.5, 1]) {
    picture.append(svg('line', { class: 'grid', x1: left, x2: width, y1: y(top * part), y2: y(top * part) }));
    const text = svg('text', { x: left - 6, y: y(top * part) + 4, 'text-anchor': 'end' });
    text.textContent = Number.isInteger(top * part) ? count(top * part) : (top * part).toFixed(1);
    picture.append(text);
  }
  const begin = wide < 60 ? `${wide} s ago` : `${wide / 60} min ago`;
  for (const [text, anchor, where] of [[begin, 'start', left], ['now', 'end', width - 4]]) {
    const mark = svg('text', { x: where, y: height - 4, 'text-anchor': anchor });
    mark.textContent = text;
    picture.append(mark);
  }
  for (const key of [...SOURCES, 'error']) {
    const d = points.map((point, i) => `${i ? 'L' : 'M'}${x(i).toFixed(1)} ${y(point[key]).toFixed(1)}`).join('');
    if (d) picture.append(svg('path', { class: `s-${key}`, d }));
  }
  at('traffic').replaceChildren(picture);
}

/* --- What it all means --- */

/** Requests a second between two looks; a restart begins from nothing. */
function pointOf(earlier, later) {
  const passed = (later.at - earlier.at) / 1000;
  const per = (fits) => {
    const now = sum(later.families, 'bpgate_requests_total', fits);
    const grown = now - sum(earlier.families, 'bpgate_requests_total', fits);
    return Math.max(0, grown < 0 ? now : grown) / passed;
  };
  const point = { at: later.at, error: per({ status: '5xx' }), all: per({}) };
  for (const source of SOURCES) point[source] = per({ source });
  return point;
}

function showTiles(now) {
  const before = looks[Math.max(0, looks.length - 1 - WINDOW)];
  const point = before === now ? null : pointOf(before, now);
  say('rate', point ? rate(point.all) : '–');
  say('errors', point ? share(point.error, point.all) : '–');
  at('errors').classList.toggle('bad', Boolean(point && point.error > 0));
  const all = buckets(now.families, first.families, 'bpgate_request_duration_seconds', {});
  say('p50', seconds(quantile(0.5, all)));
  say('p95', seconds(quantile(0.95, all)));
  say('p99', `p99 ${seconds(quantile(0.99, all))}`);
  say('overhead', seconds(quantile(0.95, buckets(now.families, null, 'bpgate_overhead_seconds', {}))));
  const asked = sum(now.families, 'bpgate_cache_requests_total');
  const given = ['hit', 'stale', 'collapsed'].reduce((n, result) => n + sum(now.families, 'bpgate_cache_requests_total', { result }), 0);
  say('hits', share(given, asked));
  say('saved', `${bytes(sum(now.families, 'bpgate_cache_saved_bytes_total'))} saved`);
}

function showTraffic() {
  const points = looks.slice(1).map((look, i) => pointOf(looks[i], look));
  draw(points);
  if (!at('traffic-details').open) return;
  const rows = points.slice(-KEPT).reverse().filter((_, i) => i % 10 === 0);
  fill('traffic-table', rows.map((point) => [clock(point.at), ...[...SOURCES, 'error'].map((key) => rate(point[key]))]), 'no figures yet');
}

function showTables({ families }) {
  const name = 'bpgate_request_duration_seconds';
  fill('latency', SOURCES.map((source) => {
    const all = buckets(families, null, name, { source });
    return [source, count(sum(families, `${name}_count`, { source })), ...[0.5, 0.95, 0.99].map((q) => seconds(quantile(q, all)))];
  }), '');
  const phase = 'bpgate_upstream_phase_seconds';
  fill('phases', ['resolve', 'connect', 'tls', 'first_byte', 'body'].map((key) => {
    const all = buckets(families, null, phase, { phase: key });
    return [key.replace('_', ' '), count(sum(families, `${phase}_count`, { phase: key })), seconds(quantile(0.5, all)), seconds(quantile(0.95, all))];
  }), '');
  const results = (families.get('bpgate_cache_requests_total') ?? []).filter(({ value }) => value > 0);
  const asked = sum(families, 'bpgate_cache_requests_total');
  fill('cache', results.sort((a, b) => b.value - a.value).map(({ labels, value }) => [labels.result, count(value), share(value, asked)]), 'Nothing that may be stored was asked for yet.');
  const keys = new Map();
  for (const { labels, value } of families.get('bpgate_key_requests_total') ?? []) keys.set(labels.key, (keys.get(labels.key) ?? 0) + value);
  fill('keys', [...keys].sort(([, a], [, b]) => b - a).slice(0, 10).map(([key, value]) => {
    const last = sum(families, 'bpgate_key_last_request_seconds', { key });
    return [key === 'none' ? '(no key)' : key, count(value), last ? ago(last) : '–'];
  }), 'No key was used yet.');
}

function showHealth({ families }) {
  const workers = sum(families, 'bpgate_workers');
  const open = sum(families, 'bpgate_breaker_open');
  const answers = sum(families, 'bpgate_upstream_attempts_total') ? 'answering (breaker closed)' : 'not asked yet';
  say('health', `${open ? `left alone by ${open} of ${workers} workers (breaker open)` : answers} · ${count(sum(families, 'bpgate_upstream_connections', { state: 'busy' }))} busy, ${count(sum(families, 'bpgate_upstream_connections', { state: 'idle' }))} idle, ${count(sum(families, 'bpgate_upstream_waiting'))} waiting · ${plural(sum(families, 'bpgate_upstream_retries_total'), 'retry', 'retries')}`);
  at('health').className = open ? 'bad' : 'good';
  say('cache-size', `${plural(sum(families, 'bpgate_cache_entries'), 'answer', 'answers')} in ${bytes(sum(families, 'bpgate_cache_bytes'))}; ${count(sum(families, 'bpgate_cache_evictions_total'))} made room for others`);
  const version = families.get('bpgate_build_info')?.[0]?.labels.version ?? '';
  say('about', `${version} · ${workers} ${workers === 1 ? 'worker' : 'workers'} · ${plural(sum(families, 'bpgate_client_connections'), 'connection', 'connections')} · ${bytes(sum(families, 'process_resident_memory_bytes'))} · up since ${new Date(1000 * sum(families, 'process_start_time_seconds')).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short', hour12: false })}`);
}

function showRedis({ families }, redis) {
  const workers = sum(families, 'bpgate_workers');
  const up = sum(families, 'bpgate_redis_up');
  const trouble = ['late', 'lost', 'refused'].map((result) => `${count(redis.commands[result] ?? 0)} ${result}`).join(', ');
  say('redis', redis.on ? `${up} of ${workers} workers connected` : 'not configured: this gateway keeps and counts for itself');
  at('redis').className = !redis.on ? '' : up < workers ? 'bad' : 'good';
  say('redis-counts', redis.on ? `${count(sum(families, 'bpgate_redis_commands_total'))} commands (${trouble}) · ${count(redis.cache.found ?? 0)} answers found` : '');
}

/** "ci 3 left, qa 12 left"; whom the settings do not name nobody knows. */
function mostUsed({ most_used: used }) {
  if (!used) return 'not kept';
  return used.slice(0, 3).map(({ name, remaining }) => `${name} ${count(remaining)} left`).join(', ') || 'nobody';
}

function showLimits({ policies }) {
  const per = (ms) => (ms % 1000 ? `${ms} ms` : ms % 3600000 === 0 ? `${ms / 3600000} h` : ms % 60000 === 0 ? `${ms / 60000} min` : `${ms / 1000} s`);
  fill('limits', policies.map((policy) => [policy.mode === 'shadow' ? `${policy.name} (shadow)` : policy.name, `${count(policy.requests)} / ${per(policy.per_ms)}`, count(policy.admitted), count(policy.mode === 'shadow' ? policy.would_refuse : policy.refused), mostUsed(policy)]), 'No limits are set.');
}

/** Those that are alike are one row: a storm of one refusal must not hide another. */
function showRefusals({ refusals }) {
  const rows = new Map();
  for (const { ts, status, reason, op, key, client } of refusals) {
    const alike = [status, reason, op || '–', key || '–', client];
    const row = rows.get(alike.join('\n')) ?? { ts, times: 0, alike };
    row.times += 1;
    rows.set(alike.join('\n'), row);
  }
  fill('refusals', [...rows.values()].slice(0, 15).map(({ ts, times, alike }) => [clock(ts), count(times), ...alike]), 'Nothing was refused yet.');
}

async function look() {
  const [text, limits, refusals, redis] = await Promise.all(
    ['/metrics', '/api/limits', '/api/refusals', '/api/redis'].map(async (path, i) => (i ? (await get(path)).json() : (await get(path)).text())),
  );
  const now = { at: Date.now(), families: parse(text) };
  first ??= now;
  looks.push(now);
  if (looks.length > KEPT + 1) looks.shift();
  showTiles(now);
  showTraffic();
  showTables(now);
  showHealth(now);
  showRedis(now, redis);
  showLimits(limits);
  showRefusals(refusals);
}

function tell(text, kind) {
  say('state', text);
  at('state').className = kind;
}

/** Nothing is asked again until there is a token to show. */
function askForToken(text) {
  tell(text, 'lost');
  at('pause').hidden = true;
  at('ask').hidden = false;
  at('figures').hidden = true;
  at('token').focus();
}

function showFigures() {
  const isFirst = at('figures').hidden;
  at('pause').hidden = false;
  at('ask').hidden = true;
  at('figures').hidden = false;
  if (isFirst) at('figures').focus();
}

async function run() {
  try {
    if (!isPaused) {
      await look();
      showFigures();
      tell('live', 'live');
    }
  } catch (error) {
    if (error instanceof TokenAsked) return askForToken(error.message);
    tell(error instanceof TypeError ? 'the gateway does not answer' : error.message, 'lost');
  }
  setTimeout(run, EVERY_MS);
}

at('traffic-details').addEventListener('toggle', () => first && showTraffic());
at('pause').addEventListener('click', () => {
  isPaused = !isPaused;
  at('pause').textContent = isPaused ? 'Go on' : 'Pause';
  if (isPaused) tell('paused', '');
});
at('ask').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem('token', at('token').value);
  at('token').value = '';
  run();
});
run();
