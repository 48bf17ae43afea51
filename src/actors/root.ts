/**
 * The only place where root actors are created. An actor made here can break without taking the process with it:
 * its errors have an observer before it starts, and neither a watcher nor an inspector can throw into it.
 */
import { createActor } from 'xstate';
import type {
  Actor,
  ActorOptions,
  AnyActorLogic,
  InputFrom,
  InspectionEvent,
  Snapshot,
  SnapshotFrom,
} from 'xstate';
import { toDreyError } from '../../machines/words/errors.ts';
import type { Address } from '../../machines/words/ids.ts';
import type { Log } from './clock.ts';
import { createLongClock } from './durable/long-clock.ts';
import type { TimerSource } from './durable/long-clock.ts';
import type { Roots } from './roots.ts';

export interface RootOptions<TLogic extends AnyActorLogic> {
  readonly input?: InputFrom<TLogic>;
  /** A persisted snapshot as plain data; it is copied, so it may be used again. */
  readonly snapshot?: object;
  /** Timers for delays; a simulated one in tests. */
  readonly clock?: TimerSource;
  /** Sees every snapshot from the first on. */
  readonly onSnapshot?: (snapshot: SnapshotFrom<TLogic>) => void;
  readonly inspect?: (event: InspectionEvent) => void;
  /** Where it is known by its address while it lives. */
  readonly roots?: Roots | undefined;
  readonly address?: Address;
  /** Hears of the error that ended the actor; it can only be created anew. */
  readonly onError: (error: unknown) => void;
  readonly log: Log;
}

/** Events that only XState itself may send; refuse them at every border. */
export function isReservedEvent(type: string): boolean {
  return type.startsWith('xstate.') || type.includes('*');
}

/** Creates a root actor and starts it. */
export function createRoot<TLogic extends AnyActorLogic>(
  logic: TLogic,
  options: RootOptions<TLogic>,
): Actor<TLogic> {
  const { log } = options;
  const guarded = <A>(what: string, callback: (argument: A) => void) => {
    return (argument: A): void => {
      try {
        callback(argument);
      } catch (error) {
        log.error({ code: toDreyError(error).code, error: String(error) }, `A root actor's ${what} threw.`);
      }
    };
  };
  const settings: ActorOptions<AnyActorLogic> = {
    ...(options.input === undefined ? {} : { input: options.input }),
    // Restoring writes into the object it is given, and a second restore from it would then be wrong.
    ...(options.snapshot === undefined ? {} : { snapshot: toOwnCopy(options.snapshot) }),
    clock: options.clock ?? createLongClock(globalThis),
    ...(options.inspect === undefined ? {} : { inspect: guarded('inspector', options.inspect) }),
  };
  // The conditional types of createActor cannot be met by a generic logic; what goes in is what comes out.
  const actor = createActor<AnyActorLogic>(logic, settings) as unknown as Actor<TLogic>;
  const onSnapshot = options.onSnapshot ?? ignore;
  const { roots, address } = options;
  const remove = roots === undefined || address === undefined ? ignore : roots.add(address, actor);
  actor.subscribe({
    next: guarded('watcher', onSnapshot),
    error: (error) => {
      remove();
      guarded('error observer', options.onError)(error);
    },
    complete: remove,
  });
  return actor.start();
}

function toOwnCopy(snapshot: object): Snapshot<unknown> {
  return structuredClone(snapshot) as Snapshot<unknown>;
}

function ignore(): void {}
