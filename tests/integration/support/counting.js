// counting.js - a stand-in that says in each answer how often its target was asked for, and by whom.

/** Answers `GET path` with {target, count, ids}; `more` goes into each answer (headers, status …). */
export function countTargets(upstream, paths, more = {}) {
  const counts = new Map();
  for (const path of paths) {
    upstream.on(`GET ${path}`, (request) => {
      counts.set(request.target, (counts.get(request.target) ?? 0) + 1);
      const ids = ['authorization', 'x-bot-id', 'x-workspace-id'].map((name) => request.header(name) ?? null);
      const given = typeof more === 'function' ? more(request, counts.get(request.target)) : more;
      return { json: { target: request.target, count: counts.get(request.target), ids }, ...given };
    });
  }
  return counts;
}

export const HUB = '/v1/admin/hub/integrations/gmail/1.0.0';
export const HUB_LIST = '/v1/admin/hub/integrations';
export const BOT = '/v1/admin/bots/bot_1';

/** Waits until `probe` holds; plays say how long that may take. */
export async function until(probe, ms = 2000) {
  const end = Date.now() + ms;
  for (;;) {
    const result = await probe();
    if (result || Date.now() > end) return result;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
