/**
 * The way of every request that is no tool call: through the same guards as a call of that upstream, to its connection.
 * Reading may be tried again, everything else is tried once.
 */
import type { CallOutcome, PassCommand } from '../../machines/words/calls.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Clock } from './clock.ts';
import { guardCall } from './guards.ts';
import { isRepeatable } from './repeatable.ts';
import type { Resource } from './resource.ts';
import { refuseAbsent } from './route.ts';
import type { Guarded } from './route.ts';

/** An upstream behind its guards that can be asked for anything. */
export interface Passable extends Guarded {
  readonly resource: Pick<Resource<Upstream>, 'current' | 'view' | 'restart'>;
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
      const upstream = one.resource.current;
      return upstream === undefined ? refuseAbsent(one, clock) : upstream.pass({ ...command, signal });
    },
  });
}
