/**
 * What an actor was and held at a place in the stream: its stored events, folded through its machine. It holds no more
 * than those events carry, and nothing of it leaves unredacted.
 */
import { DreyError } from '../../machines/words/errors.ts';
import { beginReplay, isMachineKind, toInspected } from '../actors/actors.ts';
import type { Redaction } from '../access/access.ts';
import type { ActorThen, WatchingNeeds } from '../gateway/gateway.ts';
import type { Wire } from '../wire/wire.ts';
import { toFilters } from '../wire/wire.ts';

export interface ActorThenOptions {
  readonly wire: Pick<Wire, 'readEvents' | 'root'>;
  readonly redactor: Pick<Redaction, 'in'>;
  /** Events of one life that are folded; default `actorEventsMax`. */
  readonly eventsMax?: number;
}

/** Events that are folded for one answer; `drey replay` folds longer lives. */
export const actorEventsMax = 20_000;

/** Builds that part of the gateway's needs. */
export function createActorThen(options: ActorThenOptions): WatchingNeeds['actorThen'] {
  const { wire, redactor, eventsMax = actorEventsMax } = options;
  return async ({ address, sequence: upTo, isAwaited }): Promise<ActorThen | undefined> => {
    const { namespace, kind, id } = address;
    if (!isMachineKind(kind))
      throw new DreyError(
        'argument_invalid',
        `Actors of kind "${kind}" have no machine, so their events cannot be folded; ask for one that has states.`,
      );
    const replaying = beginReplay(kind);
    let folded = 0;
    let isTooLong = false;
    await wire.readEvents({
      filters: toFilters({ namespace, kind, id }, wire.root),
      from: 'all',
      onEvent: async (event, sequence) => {
        if (sequence > upTo || !isAwaited()) return false;
        isTooLong = folded >= eventsMax;
        if (isTooLong) return false;
        replaying.take({ ...event, sequence, data: { ...event.data } });
        folded += 1;
        return true;
      },
    });
    if (isTooLong)
      throw new DreyError(
        'limit_reached',
        `More than ${eventsMax} events lead there; drey replay ${kind}/${id} --to ${upTo} folds them.`,
      );
    if (folded === 0) return undefined;
    const { states, context, transitions, differences } = replaying.result();
    const last = transitions.at(-1);
    return {
      states,
      context: toInspected(context ?? null, redactor.in(namespace)),
      since: last === undefined ? null : { sequence: last.sequence ?? 0, at: last.at, event: last.event },
      folded,
      differences: differences.length,
    };
  };
}
