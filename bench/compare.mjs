// compare.mjs - measures the gateway beside its peers.
//
// In each case every system is measured in turn, round after round, so that what else the machine
// does meets all alike. What shares a core with ours costs it up to half as much again, for some
// seconds at a time: rounds are many and short. First as fast as answers come: processor time a
// request, requests a second of one core. Then, longer, as what is rare is measured, at half the
// rate of the slowest: latencies.
// A host that runs others meanwhile is what a p99 would tell, of all systems: such rounds are run again.
// What counts are the medians of the rounds. A system that fails a request has no figures.

import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { cases } from './cases.mjs';
import { median } from './figures.mjs';
import { caseText, idleText } from './report.mjs';
import { withStolen } from './stolen.mjs';
import * as systems from './systems.mjs';

const PACED_LONGER = 2;
// Connections upstream may have become too old for a POST since the last round: first what waits for new ones is served.
const PACED_WARMER = 3;
// A p99 is of one part in a hundred: less than a fifth of that is stolen from a round that counts.
const MOST_STOLEN = 0.002;
const MAX_REPEATS = 5;

const pidsOf = (system) => [system.pid, ...(system.more ?? [])].flatMap(systems.family);

/** Where a comparison takes place: what is wanted of it, and what it has started. */
class Comparison {
  started = {};

  constructor(stage, wanted) {
    this.stage = stage;
    this.wanted = wanted;
  }

  async start() {
    const upstream = await systems.startUpstream(this.stage);
    this.keys = await systems.makeKeys(this.wanted.keys);
    const starters = {
      bpgate: [systems.binary, systems.startBpgate],
      'bpgate+redis': ['redis-server', systems.startBpgateWithRedis],
      'bpgate+filter': [systems.binary, systems.startBpgateWithFilter],
      nginx: ['nginx', systems.startNginx],
      haproxy: ['haproxy', systems.startHaproxy],
      varnish: ['varnishd', systems.startVarnish],
      floor: [systems.tool('floor'), systems.startFloor],
      'floor+TLS': [systems.tool('floor'), systems.startFloorWithCall],
    };
    for (const [name, [program, start]] of Object.entries(starters)) {
      if (this.wanted.systems.length > 0 && !this.wanted.systems.includes(name)) continue;
      if (!systems.isThere(program)) throw new Error(`there is no ${program}`);
      this.started[name] = await start(this.stage, upstream, this.keys);
    }
  }

  wantsCase(id) {
    return this.wanted.cases.length === 0 || this.wanted.cases.includes(id);
  }

  requestsOf({ id, requests }) {
    return this.stage.file(`${id}.requests`, requests(this.keys).map((text) => `${text}\0`).join(''));
  }

  async load(system, one, { rate, requests }) {
    const warm = this.wanted.warm * (rate ? PACED_WARMER : 1);
    const seconds = this.wanted.seconds * (rate ? PACED_LONGER * (one.longer ?? 1) : 1);
    const args = [
      '-c', String(systems.LOAD_CORE), systems.tool('load'),
      '--to', `127.0.0.1:${one.tls ? system.tls : system.plain}`,
      '--requests', requests, '--connections', String(one.connections ?? 64),
      '--seconds', String(seconds), '--warm', String(warm), '--pids', pidsOf(system).join(','),
      ...(one.tls ? ['--tls', ...one.tls] : []), ...(rate ? ['--rate', String(rate)] : []), ...(one.spins && !rate ? ['--spin'] : []),
    ];
    try {
      return JSON.parse((await promisify(execFile)('taskset', args)).stdout);
    } catch (error) {
      if (error.stdout) return JSON.parse(error.stdout);
      throw error;
    }
  }

  /** One round of one system. */
  async run(system, one, how) {
    const found = await withStolen(() => this.load(system, one, how));
    this.stage.emptyLogs();
    return found;
  }

  /** Rounds of all systems in turn: results by system. */
  async measure(one, all, how) {
    const results = Object.fromEntries(all.map(({ name }) => [name, []]));
    for (let round = 0; round < this.wanted.rounds; round += 1) {
      for (const system of all) {
        results[system.name].push(await this.run(system, one, how));
      }
    }
    return results;
  }

  /** Runs disturbed rounds again, in turn as before; where none was quiet, the one counts from which least was stolen. */
  async repeatDisturbed(one, all, how, results) {
    const isDisturbed = ({ failed, stolen }) => failed === 0 && stolen > MOST_STOLEN;
    let repeated = 0;
    for (let pass = 0; pass < MAX_REPEATS; pass += 1) {
      for (let round = 0; round < this.wanted.rounds; round += 1) {
        for (const system of all) {
          const before = results[system.name][round];
          if (!isDisturbed(before)) continue;
          const again = await this.run(system, one, how);
          repeated += 1;
          if (again.failed > 0 || again.stolen < before.stolen) results[system.name][round] = again;
        }
      }
    }
    return { repeated, disturbed: Object.values(results).flat().filter(isDisturbed).length };
  }

  async runCase(one) {
    const all = one.systems.filter((name) => this.started[name]).map((name) => this.started[name]);
    if (all.length === 0) return null;
    const requests = this.requestsOf(one);
    const fast = await this.measure(one, all, { requests });
    const rates = Object.values(fast).map((runs) => median(runs.map(({ rate }) => rate)));
    const rate = Math.max(1, Math.floor(Math.min(...rates) / 2));
    const paced = await this.measure(one, all, { requests, rate });
    const noise = this.wanted.isQuick ? null : await this.repeatDisturbed(one, all, { requests, rate }, paced);
    const rows = all.map(({ name }) => rowOf(name, fast[name], paced[name]));
    return { id: one.id, title: one.title, pace: rate, noise, rows };
  }

  async hold(system, count, requests) {
    const args = ['--to', `127.0.0.1:${system.plain}`, '--requests', requests, '--connections', String(count), '--hold'];
    const child = spawn(systems.tool('load'), args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const line = await new Promise((resolve) => child.stdout.once('data', resolve));
    const { failed } = JSON.parse(line);
    const kib = residentKib(system);
    child.stdin.end();
    await new Promise((resolve) => child.once('exit', resolve));
    return { failed, kib };
  }

  /** What connections at rest cost in memory. */
  async runIdle() {
    const rows = [];
    const requests = this.requestsOf(cases[0]);
    const counts = this.wanted.idle;
    for (const system of ['bpgate', 'nginx', 'haproxy'].map((name) => this.started[name]).filter(Boolean)) {
      const [kib, failed] = [[residentKib(system)], []];
      for (const count of counts.slice(1)) {
        const held = await this.hold(system, count, requests);
        kib.push(held.kib);
        failed.push(held.failed);
      }
      const each = (kib.at(-1) - kib[0]) / counts.at(-1);
      rows.push({ name: system.name, kib, each, failed: failed.reduce((sum, one) => sum + one, 0) });
    }
    return { counts, rows };
  }
}

const residentKib = (system) =>
  pidsOf(system).reduce((sum, pid) => sum + Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))[1]), 0);

function rowOf(name, fast, paced) {
  const runs = [...fast, ...paced];
  const failed = runs.reduce((sum, run) => sum + run.failed, 0);
  if (failed > 0) return { name, failed, first: runs.find((run) => run.failed > 0).first_failure };
  const all = (some, field) => some.map((run) => run[field]);
  const rounds = {
    cpu: all(fast, 'cpu_us'), share: all(fast, 'cpu_share'), rate: all(fast, 'rate'),
    p50: all(paced, 'p50_us'), p99: all(paced, 'p99_us'), p999: all(paced, 'p999_us'),
  };
  return { name, failed, rounds, ...Object.fromEntries(Object.entries(rounds).map(([field, values]) => [field, median(values)])) };
}

/** Results of all that is wanted, told as they come. */
export async function compare(stage, wanted) {
  const comparison = new Comparison(stage, wanted);
  await comparison.start();
  // First, while no system has memory left over from work.
  const idle = comparison.wantsCase('idle') ? await comparison.runIdle() : null;
  if (idle) console.log(idleText(idle));
  const results = [];
  for (const one of cases.filter(({ id }) => comparison.wantsCase(id))) {
    const result = await comparison.runCase(one);
    if (!result) continue;
    results.push(result);
    console.log(caseText(result));
  }
  return { idle, results };
}
