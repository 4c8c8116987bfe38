// stolen.mjs - how much of the processors' time other guests of the host had: who measures then measures them.

import { readFileSync } from 'node:fs';

/** Of all processors since the start, in ticks (proc(5), /proc/stat). Where no hypervisor tells, none is stolen. */
function ticks() {
  const [user, nice, system, idle, iowait, irq, softirq, stolen] = /^cpu +(.*)/.exec(readFileSync('/proc/stat', 'latin1'))[1].split(' ').map(Number);
  return { stolen, all: user + nice + system + idle + iowait + irq + softirq + stolen };
}

/** What the work found, and the share of the time that was stolen meanwhile. */
export async function withStolen(work) {
  const before = ticks();
  const found = await work();
  const after = ticks();
  return { ...found, stolen: (after.stolen - before.stolen) / Math.max(1, after.all - before.all) };
}
