/** What the journeys read of `GET /api/v1/status`, and the two things they wait for. */
import { until } from '../../support/until.ts';
import type { NodeProcess } from '../demo/node.ts';

export interface Status {
  readonly pid: number;
  readonly state: string;
  readonly resources: readonly {
    readonly id: string;
    readonly state: string;
    readonly lastError: string | null;
  }[];
  readonly events: { readonly waiting: number; readonly appended: number; readonly unrecorded: number };
  readonly learning: {
    readonly engine_status: string;
    readonly behind: number | null;
    readonly learners: number | null;
    readonly pid: number | null;
  };
}

export function readStatus(node: NodeProcess): Promise<Status> {
  return node.get<Status>('/api/v1/status');
}

/** Everything that happened is on the bus and learned from. */
export async function untilLearned(node: NodeProcess, withinMs = 60_000): Promise<void> {
  let calm = 0;
  await until(
    'everything is on the bus and learned from',
    async () => {
      const { events, learning } = await readStatus(node);
      // What was just taken from the bus is on its way into the engine's own count: look twice.
      calm = events.waiting === 0 && learning.behind === 0 ? calm + 1 : 0;
      return calm > 1;
    },
    withinMs,
  );
}

/** Every part of the node works. */
export async function untilHealthy(node: NodeProcess, withinMs = 90_000): Promise<Status> {
  return until(
    'every part of the node is healthy',
    async () => {
      const status = await readStatus(node);
      const isWhole = status.resources.every(({ state }) => state === 'healthy');
      return isWhole && status.state === 'running' && status.learning.engine_status === 'running'
        ? status
        : undefined;
    },
    withinMs,
  );
}
