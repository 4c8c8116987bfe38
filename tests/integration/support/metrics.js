// metrics.js - reads what /metrics tells, strictly: a line that is none of the format is an error.

import assert from 'node:assert/strict';
import { askAdmin } from './admin.js';

const LINE = /^([a-z_]+)(?:\{(.*)\})? ([0-9.]+)$/;
const LABEL = /([a-z_]+)="((?:[^"\\]|\\.)*)"(?:,|$)/gy;

function labelsOf(text, line) {
  const labels = {};
  let end = 0;
  for (const match of (text ?? '').matchAll(LABEL)) {
    labels[match[1]] = match[2];
    end = match.index + match[0].length;
  }
  assert.equal(end, (text ?? '').length, line);
  return labels;
}

/** [{ name, labels, value }] of a text in Prometheus' format. */
export function parseMetrics(text) {
  const samples = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ') || line.startsWith('# TYPE ')) continue;
    const match = LINE.exec(line);
    assert.ok(match, `a line of metrics: ${line}`);
    samples.push({ name: match[1], labels: labelsOf(match[2], line), value: Number(match[3]) });
  }
  return samples;
}

export async function readMetrics(t, gateway) {
  const response = await askAdmin(t, gateway, 'GET', '/metrics');
  assert.equal(response.status, 200, response.text);
  return parseMetrics(response.text);
}

/** The sum of a metric's series that have these labels. */
export function sumOf(samples, name, labels) {
  const wanted = Object.entries(labels);
  return samples
    .filter((sample) => sample.name === name && wanted.every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0);
}
