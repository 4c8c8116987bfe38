// promises.mjs - what the bench is to show: figures of one run, each with the most that it may be.
//
// A promise is {show, says, value, most}; value is null when a system that it is about has no figures.

import { median, ratioOf, ratioOfMedians } from './figures.mjs';

const PEERS = ['nginx', 'haproxy', 'varnish'];

const rowOf = (result, name) => result?.rows.find((row) => row.name === name && row.failed === 0);

/** The gateway's figure to that of the best of these, which is the one beside which it looks worst. */
function ratio(result, field, names, own = 'bpgate', compare = ratioOf) {
  const ratios = names.map((name) => compare(rowOf(result, own), rowOf(result, name), field)).filter((value) => value !== null);
  return ratios.length > 0 ? Math.max(...ratios) : null;
}

const CPU = [
  { id: 'hit', says: 'CPU time of a hit, to nginx', of: ['nginx'], most: 0.6 },
  { id: 'hit', says: 'CPU time of a hit, to the floor', of: ['floor'], most: 1.5 },
  { id: 'pass', says: 'CPU time of 1 KiB through TLS, to the better of nginx and HAProxy', of: ['nginx', 'haproxy'], most: 0.9 },
  { id: 'pass', says: 'CPU time of 1 KiB through TLS, to the floor with one call', of: ['floor+TLS'], most: 1.25 },
  { id: '64k', says: 'CPU time of 64 KiB through TLS, to the better of nginx and HAProxy', of: ['nginx', 'haproxy'], most: 1 },
  { id: 'hit-redis', says: 'CPU time with the limit in Redis, to the limit in memory', own: 'bpgate+redis', of: ['bpgate'], most: 1.15 },
];
const P99_MOST = 1.1;
const FILTER_US = 3;

/** Of what compare() has found. */
export function promisesOf({ idle, results }) {
  const byId = Object.fromEntries(results.map((result) => [result.id, result]));
  const promises = CPU.filter(({ id }) => byId[id]).map(({ id, says, own, of, most }) => ({
    show: 1, says, most, value: ratio(byId[id], 'cpu', of, own),
  }));
  const latencies = results
    .filter(({ rows }) => rows.some(({ name }) => PEERS.includes(name)))
    .map((result) => ({ show: 2, says: `p99 of ${result.title}, to the best peer's`, value: ratio(result, 'p99', PEERS, 'bpgate', ratioOfMedians), most: P99_MOST }));
  promises.push(...latencies);
  if (latencies.length > 0) {
    const above = latencies.filter(({ value }) => value === null || value > 1).length;
    promises.push({ show: 2, says: 'share of cases with a p99 above the best peer\'s', value: above / latencies.length, most: 0.5 });
  }
  if (idle) {
    const each = (name) => idle.rows.find((row) => row.name === name && row.failed === 0)?.each;
    promises.push({ show: 3, says: 'memory of a connection at rest, to nginx', value: each('bpgate') / each('nginx') || null, most: 1 });
  }
  const [filtered, plain] = ['bpgate+filter', 'bpgate'].map((name) => rowOf(byId.filter, name)?.rounds.cpu);
  if (byId.filter) promises.push({ show: 'filters', says: 'µs of CPU time for one filter', value: filtered && plain ? median(filtered.map((us, i) => us - plain[i])) : null, most: FILTER_US });
  return promises;
}

export const holds = ({ value, most }) => value !== null && value <= most;

export const promiseText = (promise) =>
  `${holds(promise) ? 'holds' : 'DOES NOT HOLD'}: ${promise.says}: ${promise.value === null ? 'not measured' : promise.value.toFixed(2)}, at most ${promise.most}`;
