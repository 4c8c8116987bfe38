// deploy/prometheus and deploy/grafana: Prometheus takes them, each alert speaks when it should, and what they
// ask for is something that the gateway tells.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import YAML from 'yaml';
import { ADMIN, askAdmin } from './support/admin.js';
import { objectOf, textOf } from './support/deploy.js';
import { root } from './support/gateway.js';
import { play } from './support/play.js';

const dashboard = JSON.parse(textOf('deploy/grafana/bpgate.json'));
const panels = dashboard.panels.filter(({ type }) => type !== 'row');
const rules = objectOf('deploy/prometheus/rules.yml').groups.flatMap((group) => group.rules);

/** Grafana's variables as values that they may have. */
const resolved = (expr) => expr.replaceAll('$__rate_interval', '5m').replaceAll('"$job"', '".*"').replaceAll('"$instance"', '".*"');

const expressions = [
  ...rules.map(({ alert, expr }) => ({ where: alert, expr })),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ where: title, expr: resolved(expr) }))),
  ...dashboard.annotations.list.map(({ name, expr }) => ({ where: name, expr: resolved(expr) })),
];

// --- What the gateway tells ---

/** The rows of src/metrics/metrics_table.h: by the name of a series, its labels and their words. */
function readTable() {
  const text = textOf('src/metrics/metrics_table.h').replace(/\\\n/g, ' ');
  const labels = new Map();
  for (const [, id, name, words, more] of text.matchAll(/\bLABEL\((LABEL_\w+), "(\w*)", (?:"([^"]*)"|\w+), (\d+)\)/g)) {
    labels.set(id, { name, words: more === '0' && words !== undefined ? words.split('|') : null });
  }
  const series = new Map();
  for (const [, kind, name, ...ids] of text.matchAll(/\bMETRIC\(METRIC_\w+, (\w+), "(\w+)", (\w+), (\w+), (\w+),/g)) {
    const own = ids.map((id) => labels.get(id)).filter((label) => label.name);
    if (kind === 'COUNTER') series.set(`${name}_total`, own);
    else if (!kind.endsWith('TIMES')) series.set(name, own);
    else for (const end of ['_sum', '_count', '_bucket']) series.set(name + end, end === '_bucket' ? [...own, { name: 'le', words: null }] : own);
  }
  return series;
}

const SERIES = readTable();
const OF_SCRAPING = ['up', 'ALERTS'];
const LABELS_OF_SCRAPING = ['job', 'instance'];

/** The series of an expression, each with what it asks of its labels. */
function selectorsOf(expr) {
  const found = expr.matchAll(/\b((?:bpgate|process)_\w+|up)\b(?:\{([^}]*)\})?/g);
  return [...found].map(([, name, asked = '']) => ({
    name,
    asked: [...asked.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)].map(([, label, how, value]) => ({ label, how, value })),
  }));
}

function faultOf({ name, asked }) {
  if (OF_SCRAPING.includes(name)) return null;
  const labels = SERIES.get(name);
  if (!labels) return `${name} is no metric`;
  for (const { label, how, value } of asked.filter((one) => !LABELS_OF_SCRAPING.includes(one.label))) {
    const row = labels.find((one) => one.name === label);
    if (!row) return `${name} has no label ${label}`;
    const values = how.endsWith('~') ? value.split('|') : [value];
    const strange = values.find((one) => row.words && !row.words.includes(one));
    if (strange !== undefined) return `${name} has no ${label}="${strange}"`;
  }
  return null;
}

test('each metric, label and value that an alert or a panel asks for is in the table', () => {
  assert.ok(SERIES.size > 45, `${SERIES.size} series`);
  assert.ok(expressions.length > 50, `${expressions.length} expressions`);
  for (const { where, expr } of expressions) {
    const selectors = selectorsOf(expr);
    assert.ok(selectors.length > 0, where);
    for (const selector of selectors) assert.equal(faultOf(selector), null, where);
    for (const [, names] of expr.matchAll(/\bby \(([^)]*)\)/g)) {
      for (const name of names.split(', ').filter((one) => !LABELS_OF_SCRAPING.includes(one) && one !== 'source')) {
        const knows = ({ name: series }) => SERIES.get(series)?.some((label) => label.name === name);
        assert.ok(selectors.some(knows), `${where}: ${name}`);
      }
    }
  }
});

test('what is in no table is found', () => {
  const fault = (expr) => faultOf(selectorsOf(expr)[0]);
  assert.match(fault('rate(bpgate_request_total[5m])'), /is no metric/);
  assert.match(fault('bpgate_requests_total{code="5xx"}'), /has no label code/);
  assert.match(fault('bpgate_requests_total{status=~"4xx|500"}'), /has no status="500"/);
  assert.match(fault('bpgate_overhead_seconds_bucket{service="hub"}'), /has no label service/);
});

test('a running gateway tells each of them', async (t) => {
  const limits = [{ name: 'few', requests: 1, per: '1h', key: ['key'], match_operations: ['listUsers'] }];
  const { ask, gateway } = await play(t, { settings: { ...ADMIN, limits } });
  for (const path of ['/v1/chat/users', '/v1/chat/users', '/v1/admin/hub/integrations']) await ask('GET', path);
  const { text } = await askAdmin(t, gateway, 'GET', '/metrics');
  const told = new Set([...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name));
  const base = (name) => (told.has(name) ? name : name.replace(/_(sum|count|bucket)$/, ''));
  for (const { where, expr } of expressions) {
    for (const { name } of selectorsOf(expr)) {
      if (!OF_SCRAPING.includes(name)) assert.ok(told.has(base(name)), `${where}: ${name}`);
    }
  }
});

// --- What Grafana is given ---

test('the panels have their own ids and places, and say what they show', () => {
  const taken = new Set();
  const ids = dashboard.panels.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const { title, gridPos: { x, y, w, h } } of dashboard.panels) {
    assert.ok(title && x + w <= 24, title);
    for (let row = y; row < y + h; row += 1) {
      for (let column = x; column < x + w; column += 1) {
        assert.ok(!taken.has(`${row}/${column}`), `${title} lies upon another`);
        taken.add(`${row}/${column}`);
      }
    }
  }
  const variables = new Set(dashboard.templating.list.map(({ name }) => name));
  for (const [, name] of JSON.stringify(dashboard).matchAll(/\$\{?(?!__)(\w+)/g)) assert.ok(variables.has(name), `$${name}`);
  for (const { title, targets } of panels) assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
});

// --- What Prometheus says ---

const skip = spawnSync('promtool', ['--version']).status !== 0 && 'there is no promtool';

function promtool(words, options) {
  const { status, stdout, stderr } = spawnSync('promtool', words, { encoding: 'utf8', ...options });
  assert.equal(status, 0, `promtool ${words.join(' ')}:\n${stdout}${stderr}`);
  return stdout;
}

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'bpgate-monitoring-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('promtool finds nothing wrong with the configurations', { skip }, (t) => {
  const there = folder(t);
  writeFileSync(join(there, 'token'), 'a token\n');
  writeFileSync(join(there, 'rules.yml'), textOf('deploy/prometheus/rules.yml'));
  // Debian's Prometheus is built without Kubernetes: its pods are a fixed target here.
  const pods = objectOf('deploy/prometheus/kubernetes.yml');
  for (const job of pods.scrape_configs) {
    assert.deepEqual(job.kubernetes_sd_configs, [{ role: 'pod' }]);
    delete job.kubernetes_sd_configs;
    job.static_configs = [{ targets: ['pod:9901'] }];
  }
  for (const text of [textOf('deploy/prometheus/prometheus.yml'), YAML.stringify(pods)]) {
    const file = join(there, 'prometheus.yml');
    writeFileSync(file, text.replaceAll('/etc/prometheus/bpgate_admin_token', join(there, 'token')));
    promtool(['check', 'config', file]);
  }
});

test('promtool finds nothing wrong with the rules, and each alert has a test that it passes', { skip }, () => {
  const cwd = join(root, 'deploy/prometheus');
  promtool(['check', 'rules', '--lint=all', '--lint-fatal', 'rules.yml'], { cwd });
  promtool(['test', 'rules', 'rules_test.yml'], { cwd });
  const tested = textOf('deploy/prometheus/rules_test.yml');
  for (const { alert } of rules) assert.match(tested, new RegExp(`alertname(="|: )${alert}\\b`), alert);
});

test('promtool can read what the panels ask', { skip }, (t) => {
  const file = join(folder(t), 'rules.yml');
  writeFileSync(file, YAML.stringify({ groups: [{ name: 'panels', rules: expressions.map(({ expr }, i) => ({ record: `panel_${i}`, expr })) }] }));
  promtool(['check', 'rules', file]);
});
