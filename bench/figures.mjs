// figures.mjs - what many rounds say together.

export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/**
 * One row's figure to the least of others', round by round, and the median of that: what else the machine does
 * changes from round to round, but is much the same for all systems of one. null: there is none.
 */
export function ratioOf(own, others, field) {
  const rounds = own?.rounds?.[field];
  const there = others.filter((row) => row?.rounds?.[field]);
  if (!rounds || there.length === 0) return null;
  return median(rounds.map((value, i) => value / Math.min(...there.map((row) => row.rounds[field][i]))));
}
