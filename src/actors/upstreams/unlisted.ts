/**
 * Upstreams of whose tools nothing is known yet, since they never came up: why that is, and the way of a call to a tool
 * that such a one may have. A call waits for it as for any that starts; it is never told that there is no such tool.
 */
import type { CallOutcome } from '../../../machines/words/calls.ts';
import type { Clock } from '../clock.ts';
import { refuseAbsent } from '../calls/route.ts';
import type { Guarded, Route } from '../calls/route.ts';

/** One of them, with a sentence for people. */
export interface Unlisted {
  readonly server: string;
  readonly sentence: string;
}

/** Named in one sentence; of more it is said how many. */
const namedMax = 3;

/** Why nothing of it is listed. */
export function toUnlisted({ alias, resource }: Pick<Guarded, 'alias' | 'resource'>): Unlisted {
  // How it failed may tell of its machine and its secrets; everybody reads lists.
  const { state } = resource.view();
  const sentence = `what the upstream "${alias}" offers is not known yet, since it is ${state}; "drey status" says why`;
  return { server: alias, sentence };
}

/** The way of a name that only this upstream could have; `find` looks the name up again once it is there. */
export function toUnlistedRoute(
  one: Guarded,
  name: string,
  find: (name: string) => Route | undefined,
  clock: Pick<Clock, 'monotonic'>,
): Route {
  const { alias, resource, startMs } = one;
  return {
    server: alias,
    tool: name,
    async call(command, namespace): Promise<CallOutcome> {
      const upstream = await resource.arrive({ boundMs: startMs, signal: command.signal });
      const found = find(name);
      if (found !== undefined) return found.call(command, namespace);
      // Anybody can make up such a name: how it failed is told by `drey status`, not here.
      if (upstream === undefined) {
        const refused = refuseAbsent(one, clock);
        return refused.outcome === 'refused' ? { ...refused, message: toUnlisted(one).sentence } : refused;
      }
      const message = `there is no tool "${name}": the upstream "${alias}" does not offer it`;
      return { outcome: 'refused', code: 'tool_unknown', message, retryAfterMs: undefined };
    },
  };
}

/** Why a name is nobody's, as far as that is known. */
export function toUnknownSentence(name: string, unlisted: readonly Unlisted[] = []): string {
  const told = unlisted.slice(0, namedMax).map(({ sentence }) => `; ${sentence}`);
  const more = unlisted.length - told.length;
  return `there is no tool "${name}"${told.join('')}${more > 0 ? ` (and ${more} more)` : ''}`;
}
