/** The priorities of a process's threads, as Linux tells them; it starts and changes nothing. */
import { readFileSync, readdirSync } from 'node:fs';

/** Fields of `stat` after the name, from the state on; `nice` is the 19th of all. */
const place = 16;

/** The nice value of each thread; 19 goes last. */
export function readNices(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(') ') + 2).split(' ')[place]);
  });
}
