/**
 * What work costs in processor time, the bench's own and that of the server's processes: on a machine that others use, too,
 * this tells growth where waiting tells how busy the others are. NaN where the system does not tell it.
 */
import type { Layer1Place } from './layer1-place.ts';
import { measure } from './measure.ts';
import type { Measure } from './measure.ts';
import { readCpuUs } from './process-figures.ts';

/** Does the work, and answers what came of it with what each of so many runs cost, as a measure. */
export async function withCost<T>(
  { ask }: Pick<Layer1Place, 'ask'>,
  { name, count }: { readonly name: string; readonly count: number },
  work: () => Promise<T>,
): Promise<readonly [T, Measure]> {
  const before = await readAll(ask);
  const done = await work();
  const after = await readAll(ask);
  let us = 0;
  for (const [pid, now] of after) us += now - (before.get(pid) ?? 0);
  return [done, measure(`${name}.cpu_ms`, us / 1_000 / count, 'ms', 'lower')];
}

/** CPU time so far of this process and of each connection's process. */
async function readAll(ask: Layer1Place['ask']): Promise<ReadonlyMap<number, number>> {
  const backends = await ask<{ pid: number }>(
    `select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
  );
  const pids = [process.pid, ...backends.map(({ pid }) => pid)];
  return new Map(pids.map((pid) => [pid, readCpuUs(pid)]));
}
