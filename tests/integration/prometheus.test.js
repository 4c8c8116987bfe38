// What Prometheus itself makes of /metrics: its linter finds nothing, and what it has scraped agrees with a
// generator of so many requests, to the request. Where prometheus and promtool are installed.
//
// BPGATE_PROMETHEUS_S=60 node --test tests/integration/prometheus.test.js     for a minute, not some seconds

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ADMIN, adminOf, askAdmin } from './support/admin.js';
import { eventually, pause } from './support/deadline.js';
import { freePort, has } from './support/machine.js';
import { play } from './support/play.js';
import { startRedis } from './support/redis.js';

/** Ten rounds a second for so long; by default as fast as they go. */
const SECONDS = Number(process.env.BPGATE_PROMETHEUS_S ?? 0);
const ROUNDS = SECONDS ? 10 * SECONDS : 30;

async function startPrometheus(t, target) {
  const folder = mkdtempSync(join(tmpdir(), 'bpgate-prometheus-'));
  const file = join(folder, 'prometheus.yml');
  const job = `  - job_name: bpgate\n    static_configs: [{targets: ['${target}']}]\n`;
  writeFileSync(file, `global: {scrape_interval: 500ms, scrape_timeout: 500ms}\nscrape_configs:\n${job}`);
  const port = await freePort();
  const args = [`--config.file=${file}`, `--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`];
  const server = spawn('prometheus', args, { stdio: 'ignore' });
  const exited = new Promise((resolve) => server.once('exit', resolve));
  t.after(async () => {
    server.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  });
  return async (expression) => {
    const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const { data } = await (await fetch(url)).json();
    return data.result.map(({ metric, value }) => ({ ...metric, value: Number(value[1]) }));
  };
}

test('promtool finds nothing to say', { skip: !has('promtool') }, async (t) => {
  const redis = await startRedis(t);
  const limits = [{ name: 'few', requests: 4, per: '1h', key: ['key'] }, { name: 'tried', requests: 1, per: '1h', mode: 'shadow' }];
  const settings = { ...ADMIN, limits, redis: { url: redis.url }, workers: 2 };
  const { ask, gateway } = await play(t, { settings, announces: [/redis|tags/] });
  const requests = [['GET', '/v1/admin/hub/integrations'], ['POST', '/v1/chat/users', { body: '{"tags":{}}' }], ['GET', '/v1/nowhere'], ['PUT', '/v1/chat/users']];
  for (let i = 0; i < 3; i += 1) for (const one of requests) await ask(...one);
  const { text } = await askAdmin(t, gateway, 'GET', '/metrics');
  assert.equal(execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' }), '');
});

test('scraped under load: the sums agree to the request', { skip: !has('prometheus') }, async (t) => {
  const { ask, gateway } = await play(t, { settings: { ...ADMIN, workers: 2 } });
  const { host, port } = adminOf(gateway);
  const query = await startPrometheus(t, `${host}:${port}`);
  await eventually(async () => {
    try {
      return (await query('up{job="bpgate"}'))[0]?.value === 1;
    } catch {
      return false;
    }
  }, 'it is scraped');
  const sent = { listUsers: 0, listPublicIntegrations: 0, refused: 0 };
  const begun = Date.now();
  for (let round = 0; round < ROUNDS; round += 1) {
    if (SECONDS) await pause(begun + 100 * round - Date.now());
    const batch = [];
    for (let i = 0; i < 10; i += 1) {
      batch.push(ask('GET', '/v1/chat/users'), ask('GET', '/v1/admin/hub/integrations'));
      batch.push(ask('GET', '/v1/chat/users', { headers: { authorization: 'Bearer bpg_wrong' } }));
      sent.listUsers += 1;
      sent.listPublicIntegrations += 1;
      sent.refused += 1;
    }
    await Promise.all(batch);
  }
  const total = sent.listUsers + sent.listPublicIntegrations + sent.refused;
  await eventually(async () => (await query('sum(bpgate_requests_total)'))[0]?.value === total, `all ${total} are there`);
  const value = async (expression) => (await query(expression))[0]?.value ?? 0;
  assert.equal(await value('sum(bpgate_requests_total{op="listUsers",status="2xx"})'), sent.listUsers);
  assert.equal(await value('sum(bpgate_requests_total{op="listUsers",status="4xx",source="gateway"})'), sent.refused);
  assert.equal(await value('sum(bpgate_requests_total{op="listPublicIntegrations"})'), sent.listPublicIntegrations);
  assert.equal(await value('sum(bpgate_request_duration_seconds_count)'), total);
  assert.equal(await value('sum(bpgate_key_requests_total{key="ci"})'), total - sent.refused);
  assert.equal(await value('sum(bpgate_refusals_total{reason="bad_key"})'), sent.refused);
  assert.equal(await value('sum(bpgate_cache_requests_total)'), sent.listPublicIntegrations);
  const scrapes = await value('max(count_over_time(bpgate_workers[10m]))');
  t.diagnostic(`${total} requests in ${((Date.now() - begun) / 1000).toFixed(1)} s, seen in ${scrapes} scrapes`);
  assert.ok(scrapes >= SECONDS, `${scrapes} scrapes`);
});
