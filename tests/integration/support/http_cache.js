// http_cache.js - plays of an HTTP cache as rows of steps: what is asked, what the stand-in would answer,
// and who answers in the end. All run at once against one gateway without a catalogue.
//
// A step:
//   ask      {method, headers, body, target}; target: a further path, else the row's own
//   answer   the stand-in's order (answers.js), if it is asked; a validator that it knows is answered with 304
//   wait     ms before the request
//   by       'upstream', 'store' or 'validation': who must answer it
//            Values of fields may be functions: then they are what those say at the time
//   status, text, has: {name: value or pattern}, lacks: [name], sent: {name: value or pattern}
//            of the answer, and of the request that went upstream

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pause } from './deadline.js';
import { play } from './play.js';
import { ask } from './raw.js';

/** Now, when it is said. */
export const now = () => date(0);
export const date = (seconds) => new Date(Date.now() + seconds * 1000).toUTCString();
/** The same moment in the form of RFC 850, and as asctime() writes it. */
export const rfc850 = (seconds) => {
  const [, day, month, year, time] = /^\w+, (\d\d) (\w+) (\d+) (\S+)/.exec(date(seconds));
  const weekday = new Date(Date.now() + seconds * 1000).toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' });
  return `${weekday}, ${day}-${month}-${year.slice(2)} ${time} GMT`;
};
export const asctime = (seconds) => {
  const [, weekday, day, month, year, time] = /^(\w+), (\d\d) (\w+) (\d+) (\S+)/.exec(date(seconds));
  return `${weekday} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`;
};

const said = (value) => (typeof value === 'function' ? value() : value);
const pairs = (headers = {}) => (Array.isArray(headers) ? headers : Object.entries(headers)).map(([name, value]) => [name, said(value)]);
const valueOf = (headers, name) => pairs(headers).find(([key]) => key.toLowerCase() === name)?.[1];

/** A 304 if the request holds what the last answer is known by. */
function answerTo(row, step, request) {
  const order = { type: 'text/plain', body: `${row.asked}`, ...(typeof step.answer === 'function' ? step.answer(row) : step.answer) };
  const headers = pairs(order.headers);
  if (valueOf(headers, 'date') === undefined) headers.push(['Date', date(0)]);
  const etag = valueOf(row.known, 'etag');
  const modified = valueOf(row.known, 'last-modified');
  const knows = (etag && request.header('if-none-match') === etag) || (modified && request.header('if-modified-since') === modified);
  if (knows && (order.status ?? 200) === 200 && !step.isNew) {
    row.validations += 1;
    return { status: 304, headers };
  }
  row.known = headers;
  return { ...order, headers };
}

function assertFields(message, wanted, what) {
  for (const [name, value] of Object.entries(wanted ?? {})) {
    const got = message.headerValues(name).join(', ');
    if (value instanceof RegExp) assert.match(got, value, `${what} ${name}`);
    else assert.equal(got, value, `${what} ${name}`);
  }
}

async function takeStep(stage, row, step, index) {
  if (step.wait) await pause(step.wait);
  const before = { asked: row.asked, validations: row.validations };
  row.step = step;
  const { method = 'GET', headers = {}, body, target = '' } = step.ask ?? {};
  const response = await stage.ask(method, row.path + target, { headers: { authorization: null, 'x-bot-id': null, ...headers }, body });
  const by = row.asked === before.asked ? 'store' : row.validations > before.validations ? 'validation' : 'upstream';
  const what = `step ${index + 1} (${response.status}, ${response.headerValues('cache-status')})`;
  if (step.by) assert.equal(by, step.by, `${what}: who answers`);
  if (step.status) assert.equal(response.status, step.status, what);
  if (step.text !== undefined) assert.equal(response.text, step.text, what);
  assertFields(response, step.has, what);
  for (const name of step.lacks ?? []) assert.deepEqual(response.headerValues(name), [], `${what}: no ${name}`);
  if (step.sent) assertFields(stage.upstream.requests.findLast(({ target: sent }) => sent.startsWith(row.path)), step.sent, `${what} upstream:`);
}

/** `rows` by what they show; each has a path of its own. */
export function httpCache(title, rows, { settings = {} } = {}) {
  describe(title, { concurrency: true }, () => {
    const endings = [];
    const byPath = new Map();
    let stage;
    before(async () => {
      const upstream = { catalogue: 'none', breaker: { enabled: false }, ...settings.upstream };
      const profiles = [{ name: 'open', pass_authorization: true }];
      stage = await play(
        { after: (end) => endings.push(end) },
        { standIn: { plain: true }, announces: [/./], settings: { anonymous: 'open', profiles, credentials: [], keys: [], access_log: 'off', ...settings, upstream } },
      );
      stage.upstream.on('', (request) => {
        const row = byPath.get(/^\/row\d+/.exec(request.target)?.[0]);
        row.asked += 1;
        return answerTo(row, row.step, request);
      });
    });
    after(async () => {
      for (const end of endings.reverse()) await end();
    });
    for (const [what, steps] of Object.entries(rows)) {
      test(what, async (t) => {
        const row = { path: `/row${byPath.size + 1}`, asked: 0, validations: 0, known: [] };
        byPath.set(row.path, row);
        const asking = { ...stage, ask: (...request) => ask(t, stage.gateway, ...request) };
        for (const [index, step] of steps.entries()) await takeStep(asking, row, step, index);
      });
    }
  });
}

/** An answer with these fields, and then: the store has it, or the upstream is asked again. */
export const kept = (headers, second = {}) => [{ answer: { headers } }, { by: 'store', ...second }];
export const askedAgain = (headers, second = {}) => [{ answer: { headers } }, { by: 'upstream', ...second }];
