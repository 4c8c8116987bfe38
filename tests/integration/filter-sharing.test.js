// What filters share and tell: gw.dict, which all workers have, the metrics of gw.metric, the lines of gw.log.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADMIN, askAdmin, purge } from './support/admin.js';
import { onRequest, withFilters } from './support/filters.js';
import { readMetrics, sumOf } from './support/metrics.js';
import { assertProblem, play } from './support/play.js';

const USERS = '/v1/chat/users';

const reload = async (t, gateway, change) => {
  gateway.rewrite(change);
  return askAdmin(t, gateway, 'POST', '/reload', { body: {} });
};

test('gw.dict is one for all workers, and outlives a reload', async (t) => {
  const filters = withFilters(t, [onRequest('req:set_header("x-n", tostring(gw.dict.incr("n")))')]);
  const stage = await play(t, { settings: { ...filters.settings, ...ADMIN, workers: 4 } });
  const ask = () => stage.ask('GET', USERS);
  await Promise.all(Array.from({ length: 100 }, ask));
  const seen = () => new Set(stage.upstream.requests.map((request) => Number(request.header('x-n'))));
  assert.equal(seen().size, 100, 'no two workers gave the same number');
  assert.equal(Math.max(...seen()), 100);
  assert.equal((await reload(t, stage.gateway, { ...filters.settings, access_log: 'off' })).status, 200);
  await ask();
  assert.equal(Math.max(...seen()), 101);
  stage.gateway.announce(/counts after a restart/);
  const { json, text } = await reload(t, stage.gateway, { ...filters.settings, filter_limits: { dict: '2MiB' } });
  assert.match(text, /filter_limits\.dict: a change counts after a restart/, JSON.stringify(json));
});

test('a limit of its own that a filter keeps in gw.dict', async (t) => {
  const stage = await play(
    t,
    withFilters(t, [
      onRequest(`
        local n = gw.dict.incr("writes:" .. req.key.id, 1, 60)
        if n > 3 then return gw.respond(429, "RateLimited", "three a minute") end`),
    ]),
  );
  for (let i = 0; i < 3; i++) assert.equal((await stage.ask('GET', USERS)).status, 200);
  const answer = await stage.ask('GET', USERS);
  const problem = assertProblem(answer, { status: 429, type: 'RateLimited' });
  assert.equal(answer.header('retry-after'), '1', 'or clients come again at once');
  assert.equal(problem.message, 'three a minute');
});

test('what a filter counts is in /metrics, by name', async (t) => {
  const filters = withFilters(t, [
    onRequest('gw.metric("asked") gw.metric("bytes", 7) for i = 1, 40 do gw.metric("x-" .. i, 2) end'),
  ]);
  const stage = await play(t, { settings: { ...filters.settings, ...ADMIN, workers: 2 } });
  for (let i = 0; i < 5; i++) await stage.ask('GET', USERS);
  const samples = await readMetrics(t, stage.gateway);
  const count = (event) => sumOf(samples, 'bpgate_filter_events_total', { event });
  assert.deepEqual([count('asked'), count('bytes'), count('x-30'), count('other')], [5, 35, 10, 100]);
});

test('lines beyond the bounds are left out and counted, and fail nothing', async (t) => {
  const stage = await play(t, withFilters(t, [onRequest('for i = 1, 1000 do gw.log("line " .. i) end')]));
  for (let i = 0; i < 3; i++) assert.equal((await stage.ask('GET', USERS)).status, 200);
  const lines = stage.gateway.events.filter((event) => event.event === 'filter');
  assert.equal(lines.length, 30);
  assert.deepEqual(lines.map((line) => line.left_out).filter(Boolean), [990, 990]);
});

test('what a filter has tagged is forgotten together', async (t) => {
  const filters = withFilters(t, [onRequest('gw.cache.ttl(60) if req.query.x then gw.cache.tag("mine") end')]);
  const stage = await play(t, { settings: { ...filters.settings, ...ADMIN } });
  let count = 0;
  stage.upstream.on('GET', () => ({ json: { count: ++count } }));
  const ask = async (target) => (await stage.ask('GET', target)).json.count;
  assert.deepEqual([await ask(`${USERS}?x=1`), await ask(USERS)], [1, 2]);
  assert.equal((await purge(t, stage.gateway, { tags: ['mine'] })).status, 200);
  assert.deepEqual([await ask(`${USERS}?x=1`), await ask(USERS)], [3, 2]);
});
