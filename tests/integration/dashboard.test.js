// The dashboard: a page of the admin listener that loads nothing from elsewhere, and tells what /metrics
// tells. Without a browser its parts are checked; with Chromium it is opened under load.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { ADMIN, adminOf, askAdmin } from './support/admin.js';
import { chromium, startBrowser } from './support/browser.js';
import { eventually } from './support/deadline.js';
import { readMetrics, sumOf } from './support/metrics.js';
import { play } from './support/play.js';

const FILES = { '/': 'text/html', '/dashboard.css': 'text/css', '/dashboard.js': 'text/javascript' };

async function pageOf(t, gateway) {
  const page = {};
  for (const path of Object.keys(FILES)) page[path] = await askAdmin(t, gateway, 'GET', path);
  return page;
}

test('its files are small and may run nothing but themselves', async (t) => {
  const { gateway } = await play(t, { settings: ADMIN });
  const page = await pageOf(t, gateway);
  let size = 0;
  for (const [path, type] of Object.entries(FILES)) {
    const response = page[path];
    assert.equal(response.status, 200);
    assert.ok(response.header('content-type').startsWith(type));
    const policy = response.header('content-security-policy');
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|\*|http/);
    assert.equal(response.header('x-content-type-options'), 'nosniff');
    size += response.body.length;
  }
  assert.ok(size < 64 * 1024, `${size} bytes`);
});

test('nothing inline, nothing from elsewhere', async (t) => {
  const { gateway } = await play(t, { settings: ADMIN });
  const page = await pageOf(t, gateway);
  const html = page['/'].text;
  assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=|<script>|javascript:/i);
  for (const [, url] of html.matchAll(/(?:src|href)="([^"]*)"/g)) assert.match(url, /^(\/|#|data:,)/, url);
  assert.doesNotMatch(page['/dashboard.css'].text, /url\(|@import/);
  assert.doesNotMatch(page['/dashboard.js'].text, /innerHTML|eval\(|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
});

test('every figure that the script names is one that /metrics tells', async (t) => {
  const { ask, gateway } = await play(t, { settings: ADMIN });
  await ask('GET', '/v1/chat/users');
  const page = await pageOf(t, gateway);
  const told = (await askAdmin(t, gateway, 'GET', '/metrics')).text;
  const names = new Set([...page['/dashboard.js'].text.matchAll(/'((?:bpgate|process)_[a-z_]+)'/g)].map(([, name]) => name));
  assert.ok(names.size > 15, `${names.size} names`);
  for (const name of names) assert.match(told, new RegExp(`^# TYPE ${name} `, 'm'), name);
  const ids = new Set([...page['/'].text.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id));
  const used = [...page['/dashboard.js'].text.matchAll(/(?:at|say|fill)\('([^']+)'/g)].map(([, id]) => id);
  for (const id of used) assert.ok(ids.has(id), `an element ${id}`);
});

test('who reads with a screen reader: headings, captions, a live region', async (t) => {
  const { gateway } = await play(t, { settings: ADMIN });
  const html = (await pageOf(t, gateway))['/'].text;
  assert.match(html, /<html lang="en">/);
  assert.match(html, /aria-live="polite"/);
  const tables = html.match(/<table/g).length;
  assert.equal(html.match(/<caption/g).length, tables);
  assert.equal(html.match(/<section[^>]*aria-label/g).length, html.match(/<section/g).length);
  for (const [head] of html.matchAll(/<th[ >][^>]*/g)) assert.match(head, /scope=/);
});

test('the page is for everybody, the figures are not where there is a token', async (t) => {
  const token = 'admin_secret_0123456789';
  const settings = { admin: { address: '127.0.0.1:0', token: 'env:ADMIN_TOKEN' } };
  const { gateway } = await play(t, { settings, env: { ADMIN_TOKEN: token } });
  for (const path of Object.keys(FILES)) assert.equal((await askAdmin(t, gateway, 'GET', path)).status, 200);
  for (const path of ['/metrics', '/api/refusals', '/api/keys', '/api/limits']) {
    assert.equal((await askAdmin(t, gateway, 'GET', path)).status, 401, path);
    assert.equal((await askAdmin(t, gateway, 'GET', path, { token })).status, 200, path);
  }
});

const LOOKS = [
  { width: 1440, height: 900, scheme: 'light' },
  { width: 1440, height: 900, scheme: 'dark' },
  { width: 390, height: 844, scheme: 'light' },
  { width: 390, height: 844, scheme: 'dark' },
  { width: 320, height: 700, scheme: 'light' },
];

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };

/** What axe-core finds wrong with the page as it is now. */
async function assertAccessible(browser, what) {
  await browser.run(`window.axe ? 0 : (() => { ${AXE} })()`);
  const found = await browser.run(`axe.run(document, ${JSON.stringify(RULES)}).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html, failureSummary }) => html + ' ' + failureSummary).join('; ')))`);
  assert.deepEqual(found, [], what);
}

/** What stands beyond the edge of what holds it, and cannot be reached without scrolling sideways. */
const CUT_OFF = `[document.documentElement, ...document.querySelectorAll('section, .tile')].filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.getAttribute('aria-labelledby') ?? box.className)`;

async function keepPicture(browser, name) {
  if (!process.env.BPGATE_PICTURES) return;
  await new Promise((resolve) => setTimeout(resolve, 1500));
  writeFileSync(join(process.env.BPGATE_PICTURES, `${name}.png`), await browser.picture());
}

test('in a browser with nothing to show: every card says so', { skip: !chromium() }, async (t) => {
  const { gateway } = await play(t, { settings: ADMIN });
  const browser = await startBrowser(t);
  await browser.open(adminOf(gateway).url);
  await eventually(async () => /No limits are set/.test((await browser.text('limits')) ?? ''), 'limits');
  assert.match(await browser.text('refusals'), /Nothing was refused yet/);
  assert.match(await browser.text('keys'), /No key was used yet/);
  assert.match(await browser.text('redis'), /not configured/);
  assert.match(await browser.text('health'), /^not asked yet/);
  const marks = await browser.run(`[...document.querySelectorAll('#traffic text')].map(({ textContent }) => textContent)`);
  assert.equal(new Set(marks).size, marks.length, `each mark of the axes differs: ${marks}`);
  assert.equal(await browser.text('p50'), '–');
  assert.doesNotMatch(await browser.run('document.body.innerText'), /NaN|undefined|null|Infinity/);
  for (const look of LOOKS) {
    await browser.look(look);
    await keepPicture(browser, `empty-${look.width}-${look.scheme}`);
    await assertAccessible(browser, `${look.width} ${look.scheme}`);
  }
  assert.deepEqual(browser.complaints, []);
});

test('in a browser where a token is asked for: a wrong one is told, the right one shows all', { skip: !chromium() }, async (t) => {
  const token = 'admin_secret_0123456789';
  const settings = { admin: { address: '127.0.0.1:0', token: 'env:ADMIN_TOKEN' } };
  const { gateway } = await play(t, { settings, env: { ADMIN_TOKEN: token } });
  const browser = await startBrowser(t);
  await browser.open(adminOf(gateway).url);
  const give = (text) => browser.run(`document.getElementById('token').value = ${JSON.stringify(text)}; document.querySelector('#ask button').click()`);
  const isShown = (id) => browser.run(`document.getElementById('${id}')?.checkVisibility() ?? false`);
  await eventually(async () => isShown('ask'), 'the token is asked for');
  assert.equal(await browser.run('document.activeElement.id'), 'token', 'the field has the focus');
  assert.equal(await isShown('figures'), false);
  for (const look of LOOKS) {
    await browser.look(look);
    await keepPicture(browser, `token-${look.width}-${look.scheme}`);
    await assertAccessible(browser, `token ${look.width} ${look.scheme}`);
  }
  await give('wrong');
  await eventually(async () => /not the token/.test(await browser.text('state')), 'a wrong one is told');
  await give(token);
  await eventually(async () => (await browser.text('state')) === 'live', 'the right one');
  assert.equal(await isShown('ask'), false);
  assert.equal(await isShown('figures'), true);
  assert.equal(await browser.run('document.cookie + localStorage.length'), '0', 'it is kept for this page alone');
});

test('in a browser: the gateway ends, and the page says so', { skip: !chromium() }, async (t) => {
  const { gateway } = await play(t, { settings: ADMIN });
  const browser = await startBrowser(t);
  await browser.open(adminOf(gateway).url);
  await eventually(async () => (await browser.text('state')) === 'live', 'live');
  await browser.run(`document.getElementById('pause').click()`);
  await eventually(async () => (await browser.text('state')) === 'paused', 'paused');
  assert.equal(await browser.text('pause'), 'Go on');
  await browser.run(`document.getElementById('pause').click()`);
  await gateway.stop();
  await eventually(async () => /does not answer/.test(await browser.text('state')), 'it is told');
  await assertAccessible(browser, 'lost');
});

test('in a browser under load: figures move, agree with /metrics, and nobody complains', { skip: !chromium() }, async (t) => {
  const { ask, gateway } = await play(t, {
    settings: { ...ADMIN, limits: [{ name: 'few', requests: 20, per: '1s', key: ['key'] }] },
  });
  const browser = await startBrowser(t);
  await browser.open(adminOf(gateway).url);
  let isOver = false;
  const load = (async () => {
    for (let i = 0; !isOver; i += 1) {
      const path = i % 3 ? '/v1/admin/hub/integrations' : '/v1/chat/users';
      const headers = i % 7 ? {} : { authorization: 'Bearer bpg_wrong' };
      await ask('GET', path, { headers });
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  try {
    await eventually(async () => /^[0-9.]+$/.test((await browser.text('rate')) ?? '') && Number(await browser.text('rate')) > 1, 'figures move');
    await eventually(async () => /bad_key/.test(await browser.text('refusals')), 'refusals are shown');
    await eventually(async () => /few/.test(await browser.text('limits')), 'limits are shown');
    for (const look of LOOKS) {
      const what = `${look.width} ${look.scheme}`;
      await browser.look(look);
      await keepPicture(browser, what.replace(' ', '-'));
      assert.deepEqual(await browser.run(CUT_OFF), [], `what does not fit into ${what}`);
      await assertAccessible(browser, what);
    }
    await browser.run(`document.querySelector('summary').click()`);
    await eventually(async () => /\d\d:\d\d:\d\d/.test(await browser.text('traffic-table')), 'the chart as a table');
    await assertAccessible(browser, 'with the table open');
  } finally {
    isOver = true;
    await load;
  }
  const metrics = await readMetrics(t, gateway);
  const hits = ['hit', 'stale', 'collapsed'].reduce((n, result) => n + sumOf(metrics, 'bpgate_cache_requests_total', { result }), 0);
  const wanted = `${((100 * hits) / sumOf(metrics, 'bpgate_cache_requests_total', {})).toFixed(1)} %`;
  await eventually(async () => (await browser.text('hits')) === wanted, `the hit ratio is ${wanted}`);
  const count = sumOf(metrics, 'bpgate_key_requests_total', { key: 'ci' });
  const shown = new RegExp(`ci\\s+${count.toLocaleString('en')}\\s`);
  await eventually(async () => shown.test(await browser.text('keys')), 'the key has its count');
  assert.deepEqual(browser.complaints, []);
});
