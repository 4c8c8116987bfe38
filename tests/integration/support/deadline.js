// deadline.js - waits that always end: every wait of a play goes through here.

/** Sanitizer builds run several times slower; only the patience grows, never a configured timeout. */
export const slowness = process.env.BPGATE_SLOW === '1' ? 5 : 1;

/** What a machine with other work may keep anything waiting; who waits for what is away waits for longer. */
export const BUSY_MS = 500;

export const PATIENCE_MS = 10_000 * slowness;

/** Settles as `promise` does, or rejects with a sentence that says what was waited for. */
export function within(promise, what, patience = PATIENCE_MS) {
  let timer;
  const expired = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${patience} ms for ${what}`)), patience);
  });
  return Promise.race([promise, expired]).finally(() => clearTimeout(timer));
}

/** A promise with its two ends outside. */
export function deferred() {
  const handle = {};
  handle.promise = new Promise((resolve, reject) => Object.assign(handle, { resolve, reject }));
  // An end that nobody waits for is not a failure of the play.
  handle.promise.catch(() => {});
  return handle;
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks again until `question` answers with something true: for state that raises no event. */
export async function eventually(question, what, patience = PATIENCE_MS) {
  const end = Date.now() + patience;
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${patience} ms until ${what}`);
    await pause(10);
  }
}
