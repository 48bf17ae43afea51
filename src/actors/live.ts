/**
 * A live actor's place in the directory: a root actor whose events come from outside. What only XState itself may send
 * is refused here; an actor that broke leaves its place, and the next message activates it anew.
 */
import type { Actor, AnyStateMachine, EventObject } from 'xstate';
import { DreyError } from '../../machines/words/errors.ts';
import type { Resident } from './directory.ts';
import { isReservedEvent } from './root.ts';
import { createToldRoot } from './told-root.ts';
import type { ToldRootOptions } from './told-root.ts';

export interface LiveOptions<TMachine extends AnyStateMachine> extends Omit<
  ToldRootOptions<TMachine>,
  'onError'
> {
  readonly machine: TMachine;
  /** It broke, or came to its final state. */
  readonly ended: (error: unknown) => void;
  /** Keeps its last snapshot when it is put to rest. */
  readonly keep?: (snapshot: ReturnType<Actor<TMachine>['getPersistedSnapshot']>) => Promise<void>;
}

export type LiveResident = Resident<EventObject, void>;

/** Starts a live actor. */
export function openLive<TMachine extends AnyStateMachine>(options: LiveOptions<TMachine>): LiveResident {
  const { machine, ended, keep, ...root } = options;
  const actor = createToldRoot(machine, { ...root, onError: ended });
  return {
    isBusy: false,
    deliver(event) {
      if (isReservedEvent(event.type)) {
        throw new DreyError(
          'transition_refused',
          `"${event.type.slice(0, 80)}" belongs to the actor runtime`,
        );
      }
      actor.send(event as Parameters<typeof actor.send>[0]);
    },
    async leave() {
      const snapshot = actor.getPersistedSnapshot();
      actor.stop();
      await keep?.(snapshot);
    },
  };
}
