/**
 * What a call costs while what stands behind the gateway does not answer: the bus frozen, the learner frozen, beside
 * rounds in which both work. Whatever it freezes it wakes again.
 */
import { drive } from './load.ts';
import type { Target } from './load.ts';
import { measure, quantile } from './measure.ts';
import type { Measure } from './measure.ts';

/** A process that can be frozen. */
export interface Freezable {
  readonly name: string;
  readonly pid: number;
}

/** One caller; medians of rounds side by side. A round with the bus frozen stays shorter than what calls a bus gone. */
export async function measureOutages(
  target: Target,
  processes: readonly Freezable[],
  { rounds, ms }: { readonly rounds: number; readonly ms: number },
): Promise<Measure[]> {
  const added = new Map<string, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, pid } of processes) {
      const awake = await p95(target, ms);
      process.kill(pid, 'SIGSTOP');
      try {
        added.set(name, [...(added.get(name) ?? []), (await p95(target, ms)) - awake]);
      } finally {
        process.kill(pid, 'SIGCONT');
      }
    }
  }
  return processes.map(({ name }) =>
    measure(`gateway.${name}_frozen.added_p95_ms`, quantile(added.get(name) ?? [], 0.5), 'ms', 'lower', 1),
  );
}

async function p95(target: Target, ms: number): Promise<number> {
  return quantile((await drive(target, 1, ms)).latenciesMs, 0.95);
}
