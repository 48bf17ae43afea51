/**
 * The way of every request that is no tool call: through the same guards as a call of that upstream, to its connection.
 * Reading may be tried again, everything else is tried once.
 */
import type { CallOutcome, PassCommand } from '../../../machines/words/calls.ts';
import type { Upstream } from '../../upstream/upstream.ts';
import type { Clock } from '../clock.ts';
import { guardCall } from './guards.ts';
import { isRepeatable } from './repeatable.ts';
import { toConnectionKey } from '../upstreams/connections.ts';
import type { Connections } from '../upstreams/connections.ts';
import type { Standby } from '../upstreams/standby.ts';
import { refuseAbsent } from './route.ts';
import type { Guarded } from './route.ts';

/** An upstream behind its guards that can be asked for anything. */
export interface Passable extends Guarded {
  readonly resource: Pick<Standby<Upstream>, 'current' | 'view' | 'restart' | 'arrive'>;
  readonly connections: Connections<Upstream>;
  /** How it is configured; another object where that changed. */
  readonly config: object;
}

/** Passes a request on; never rejects. */
export function passTo(
  one: Passable,
  command: PassCommand,
  namespace: string,
  clock: Pick<Clock, 'monotonic'>,
): Promise<CallOutcome> {
  return guardCall(one.guards, {
    namespace,
    signal: command.signal,
    isRepeatable: isRepeatable(command.method, undefined, []),
    work: async (signal) => {
      const send = (upstream: Upstream): Promise<CallOutcome> => upstream.pass({ ...command, signal });
      const key = toConnectionKey({ isEach: one.isEach, isModern: true }, command);
      if (key !== undefined) return one.connections.use(key, { namespace, signal }, send);
      const { resource, startMs } = one;
      const upstream = resource.current ?? (await resource.arrive({ boundMs: startMs, signal }));
      return upstream === undefined ? refuseAbsent(one, clock) : send(upstream);
    },
  });
}
