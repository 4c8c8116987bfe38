// figures.mjs - what many rounds say together.

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/**
 * One row's figure to another's, round by round, and the median of that: what else the machine does changes from
 * round to round, but is much the same for all systems of one. null: one of them has no figures.
 */
export function ratioOf(own, other, field) {
  const [mine, theirs] = [own?.rounds?.[field], other?.rounds?.[field]];
  return mine && theirs ? median(mine.map((value, i) => value / theirs[i])) : null;
}

/**
 * One row's median to another's: for latencies, which are the machine's rare moments, and those meet each system in
 * rounds of its own. null: one of them has no figures.
 */
export function ratioOfMedians(own, other, field) {
  return own?.rounds && other?.rounds ? own[field] / other[field] : null;
}
