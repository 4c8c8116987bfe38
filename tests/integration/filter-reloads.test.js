// Filters and reloads: a broken one changes nothing, and however often they are loaded nothing is left behind.
//
// BPGATE_RELOADS=10000 node --test tests/integration/filter-reloads.test.js is the long form.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ADMIN, askAdmin } from './support/admin.js';
import { onBody, onRequest, shipped, withFilters } from './support/filters.js';
import { command } from './support/gateway.js';
import { readMetrics, sumOf } from './support/metrics.js';
import { play } from './support/play.js';

const USERS = '/v1/chat/users';
const RELOADS = Number(process.env.BPGATE_RELOADS ?? 150);
const WARM_UP = 60;
const isSanitized = Boolean(process.env.BPGATE_SLOW);

const tag = (text) => onRequest(`req:set_header("x-tag", "${text}")`);
const reload = (t, gateway) => askAdmin(t, gateway, 'POST', '/reload', { body: {} });

test('a broken filter keeps the old ones, and says why, wherever one asks', async (t) => {
  const { settings } = withFilters(t, [tag('old')]);
  const { file } = settings.filters[0];
  const stage = await play(t, { settings: { ...settings, ...ADMIN, workers: 2 }, announces: [/reload_failed/] });
  const { gateway } = stage;
  const seen = async () => {
    await stage.ask('GET', USERS);
    return stage.upstream.requests.at(-1).header('x-tag');
  };
  assert.equal(await seen(), 'old');
  const broken = {
    'return {on_request = function(req, gw)\n  req.path = \nend}': /filter0\.lua:3: unexpected symbol near 'end'/,
    'return 1': /filter0\.lua:1: a filter must return a table/,
    'local x = gw.nothing.at.all\nreturn {}': /filter0\.lua:1: attempt to index a nil value/,
    '\nwhile true do end': /filter0\.lua:2: the call took more/,
    'return {on_request = function() end, on_error = "perhaps"}': /invalid option 'perhaps'/,
    '\x1bLua': /attempt to load a binary chunk/,
  };
  for (const [lua, why] of Object.entries(broken)) {
    writeFileSync(file, lua, 'latin1');
    const answer = await reload(t, gateway);
    assert.equal(answer.status, 422);
    assert.match(answer.text, why);
    const { length } = gateway.events;
    gateway.signal('SIGHUP');
    const told = await gateway.event((event) => gateway.events.indexOf(event) >= length && event.event === 'reload_failed');
    assert.match(JSON.stringify(told), why);
    for (let i = 0; i < 4; i++) assert.equal(await seen(), 'old');
  }
  assert.equal(sumOf(await readMetrics(t, gateway), 'bpgate_config_last_reload_successful', {}), 0);
  const checked = await command(['filter', 'check', file]);
  assert.equal(checked.code, 1);
  writeFileSync(file, tag('new'));
  assert.equal((await reload(t, gateway)).status, 200);
  for (let i = 0; i < 4; i++) assert.equal(await seen(), 'new');
});

test(`${RELOADS} reloads of filters, broken ones among them, leak nothing`, async (t) => {
  const many = withFilters(t, [
    tag('x'),
    'local kept = {} for i = 1, 2000 do kept[i] = {i, gw.options.a} end\nlocal re = gw.regex("a+")\n' +
      onRequest('kept.last = re:test(req.path)'),
    onBody('res:edit({paths = {"a"}, with = "-"})'),
    { file: shipped('redact_secrets') },
    { file: shipped('mask_emails') },
  ]).settings;
  const broken = withFilters(t, [tag('x'), 'return {\n']).settings;
  const stage = await play(t, { settings: { ...many, ...ADMIN, workers: 2 }, announces: [/reload_failed/] });
  const { gateway } = stage;
  const measure = async () => {
    const samples = await readMetrics(t, gateway);
    return [sumOf(samples, 'process_resident_memory_bytes', {}), sumOf(samples, 'process_open_fds', {})];
  };
  const seen = [];
  let before;
  for (let i = 0; i < RELOADS; i++) {
    if (i % (RELOADS / 10) === 0) seen.push(`${(await measure())[0] >> 10}`);
    if (i === WARM_UP) before = await measure();
    const isBroken = i % 10 === 9;
    if (isBroken || i % 10 === 0) gateway.rewrite(isBroken ? broken : many);
    const [answer] = await Promise.all([reload(t, gateway), stage.ask('GET', USERS)]);
    assert.equal(answer.status, isBroken ? 422 : 200, answer.text);
  }
  const [rss, fds] = await measure();
  t.diagnostic(`after ${WARM_UP}: ${before[0] >> 10} KiB, after ${RELOADS}: ${rss >> 10} KiB; each tenth: ${seen.join(' ')}`);
  // A connection more may just be open; one forgotten with each reload, or each broken one, would be ten and more.
  assert.ok(fds - before[1] < 5, `open descriptors: ${before[1]} -> ${fds}`);
  // One state that were lost each time would be 300 KiB a reload, one forgotten text 64 KiB. ASan keeps what is
  // freed for a while, and looks for leaks itself.
  if (!isSanitized) assert.ok(rss - before[0] < 4 << 20, `${rss - before[0]} bytes more`);
});
