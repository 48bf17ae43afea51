/** What the system says of a process: CPU time and resident memory; NaN where it does not tell. */
import { readFileSync } from 'node:fs';

/** The kernel's clock ticks a second; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** CPU time so far, in microseconds, all threads together. */
export function readCpuUs(pid: number | undefined): number {
  try {
    const fields = (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1] ?? '').split(' ');
    return ((Number(fields[11]) + Number(fields[12])) * 1_000_000) / ticksPerSecond;
  } catch {
    return Number.NaN;
  }
}

/** Resident bytes. */
export function readRss(pid: number | undefined): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
  } catch {
    return Number.NaN;
  }
}

/** The child of a process whose command line has this word; undefined where there is none. */
export function findChild(pid: number, word: string): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  return children.find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes(word));
}
