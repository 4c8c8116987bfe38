// report.mjs - the results as text and as one picture.

import { ratioOf, ratioOfMedians } from './figures.mjs';
import { holds } from './promises.mjs';

const number = (value, digits = 1) => (value === null || value === undefined ? '-' : value.toFixed(digits));
const whole = (value) => (value === null ? '-' : String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ' '));

const line = (cells) => `| ${cells.join(' | ')} |`;

function table(head, rows) {
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}


function cellsOf(own, row) {
  if (row.failed > 0) return [row.name, `${row.failed} failed: ${row.first}`, ...Array(7).fill('-')];
  return [
    row.name, number(row.cpu, 2), number(ratioOf(own, row, 'cpu'), 2), whole(row.rate), number(row.share, 2),
    whole(row.p50), whole(row.p99), whole(row.p999), number(ratioOfMedians(own, row, 'p99'), 2),
  ];
}

function caseTable({ rows }) {
  const own = rows.find(({ name }) => name === 'bpgate') ?? rows[0];
  return table(
    ['system', 'CPU µs a request', 'bpgate to it', 'requests/s', 'CPU in use', 'p50 µs', 'p99 µs', 'p99.9 µs', 'p99, bpgate to it'],
    rows.map((row) => cellsOf(own, row)),
  );
}

const noiseText = (noise) => (noise ? `; rounds run again: ${noise.repeated}, still disturbed: ${noise.disturbed}` : '');

export const caseText = (result) =>
  `### ${result.title}\n\n${caseTable(result)}\n\nLatencies at ${whole(result.pace)} requests/s${noiseText(result.noise)}.\n`;

export const idleText = ({ counts, rows }) =>
  `### Connections at rest\n\n${table(
    ['system', ...counts.map((count) => `KiB with ${whole(count)}`), 'KiB each'],
    rows.map(({ name, kib, each, failed }) => [name, ...kib.map(whole), failed > 0 ? `${failed} failed` : number(each, 2)]),
  )}\n`;

export const stepsText = (rows) =>
  `### Steps of a hit, each by itself\n\n${table(
    ['step', 'instructions', 'ns'],
    rows.map(({ title, instructions, ns }) => [title, whole(instructions), whole(ns)]),
  )}\n`;

const promisesText = (promises) =>
  `## What is promised\n\n${table(
    ['', 'measured', 'at most', 'holds'],
    promises.map((promise) => [promise.says, number(promise.value, 2), String(promise.most), holds(promise) ? 'yes' : '**no**']),
  )}\n`;

export const page = (about, given, { idle, results, steps }, promises) => `# Results

Written by \`bench/run.sh --write\`; what is measured and how is in [compare.mjs](compare.mjs), the configurations in
[systems.mjs](systems.mjs). Medians of ${given.rounds} interleaved rounds of ${given.seconds} s each, twice that for latencies. The proxy has one core of its own, upstream
and load generator share another. CPU time is user and system of all threads of the proxy, by the kernel's accounting, while it answers
as fast as it can; latencies are counted from the intended start, at half the rate of the slowest; requests are due in groups,
each half millisecond. A round for latencies in which the host had more than 0.2 % of the processors' time for others (*steal* in
/proc/stat) is run again, whatever it found. *bpgate to it*: bpgate's figure divided by the row's, round by round, and the median of that;
of latencies, the ratio of the medians; below 1 bpgate needs less.

![CPU time a request](results.svg)

* ${about.processor}; ${about.memory}; Linux ${about.kernel}; load average before: ${about.load.toFixed(2)}
* bpgate ${about.commit}; ${about.versions.join('; ')}

${promisesText(promises)}
## What was measured

${results.map(caseText).join('\n')}
${idle ? idleText(idle) : ''}
${steps ? stepsText(steps) : ''}`;

// --- The picture ---

const COLOURS = { bpgate: '#1f6feb', nginx: '#6e7781', haproxy: '#8c959f', varnish: '#afb8c1', floor: '#2da44e', 'floor+TLS': '#2da44e', 'bpgate+redis': '#54aeff' };
const WIDTH = 860;
const BAR = 16;
const LEFT = 250;
const MOST = 480;

const text = (x, y, value, more = '') => `<text x="${x}" y="${y}" ${more}>${value}</text>`;

/** Bars of one case are to its own scale: what counts is how they compare. */
function bars({ title, rows: all }, top) {
  const rows = all.filter(({ failed }) => failed === 0);
  const largest = Math.max(...rows.map(({ cpu }) => cpu));
  const parts = [text(12, top + 12, title, 'font-weight="bold"')];
  rows.forEach(({ name, cpu }, i) => {
    const y = top + i * (BAR + 3);
    const width = Math.max(1, (MOST * cpu) / largest);
    parts.push(text(LEFT - 8, y + 12, name, 'text-anchor="end"'));
    parts.push(`<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${COLOURS[name] ?? '#d0d7de'}"/>`);
    parts.push(text((LEFT + width + 6).toFixed(1), y + 12, `${cpu.toFixed(1)} µs`));
  });
  return parts.join('\n');
}

export function picture(results) {
  let top = 40;
  const groups = results.map((result) => {
    const group = bars(result, top);
    top += result.rows.length * (BAR + 3) + 18;
    return group;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" font-family="sans-serif" font-size="12" fill="#24292f">
<rect width="${WIDTH}" height="${top}" fill="#ffffff"/>
${text(12, 22, 'CPU time of the proxy a request, µs (shorter is better; each case to its own scale)', 'font-size="14"')}
${groups.join('\n')}
</svg>
`;
}
