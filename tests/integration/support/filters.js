// filters.js - filters for plays, written into files that live as long as the test.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './gateway.js';

/** Of the filters that come with bpgate. */
export const shipped = (name) => join(root, 'lua-filters', `${name}.lua`);

/** Settings with these filters: texts of Lua, or entries `{file | lua, ...}`. */
export function withFilters(t, filters, settings = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'bpgate-filters-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const entries = filters.map((filter, index) => {
    const { lua, ...entry } = typeof filter === 'string' ? { lua: filter } : filter;
    if (lua === undefined) return entry;
    const file = join(folder, `filter${index}.lua`);
    writeFileSync(file, lua);
    return { file, ...entry };
  });
  return { settings: { filters: entries, ...settings } };
}

/** A filter whose request function is this text, from line 2 on. */
export const onRequest = (lua) => `return {on_request = function(req, gw)\n${lua}\nend}\n`;
export const onResponse = (lua) => `return {on_response = function(res, gw)\n${lua}\nend}\n`;
export const onBody = (lua) =>
  `return {needs = {"response_body"}, on_response = function(res, gw)\n${lua}\nend}\n`;
