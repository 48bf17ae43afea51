/**
 * The scope in which pure transitions run. XState's own helper builds a throw-away actor for every one; this scope is
 * made once a kind and only collects the actions, so that nothing is executed, scheduled or sent while a step is thought.
 */
import { fromTransition } from 'xstate';
import type { AnyActorScope, AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import type { Log } from '../clock.ts';
import type { PersistedSnapshot } from './durable-kind.ts';
import { createRoot } from '../root.ts';

/** An action as a transition describes it. */
export interface Described {
  readonly type: string;
  readonly params: unknown;
}

export interface PureMachine {
  initial(input: unknown): { readonly snapshot: AnyMachineSnapshot; readonly actions: readonly Described[] };
  transition(
    snapshot: AnyMachineSnapshot,
    event: EventObject,
  ): { readonly snapshot: AnyMachineSnapshot; readonly actions: readonly Described[] };
  /** Throws for a state that the machine does not have. */
  revive(persisted: PersistedSnapshot): AnyMachineSnapshot;
}

/** Wraps a machine; what its guards and assignments throw comes out, and then nothing has changed. */
export function toPureMachine(machine: AnyStateMachine, log: Log): PureMachine {
  const self = createRoot(
    fromTransition((state: null) => state, null),
    { onError: () => {}, log },
  );
  let collected: Described[] = [];
  const scope: AnyActorScope = {
    self,
    id: machine.id,
    sessionId: 'pure',
    system: self.system,
    logger: () => {},
    defer: () => {},
    emit: () => {},
    stopChild: () => {},
    actionExecutor: (action) => {
      collected.push({ type: action.type, params: action.params });
    },
  };
  const run = (next: () => AnyMachineSnapshot) => {
    collected = [];
    const executor = scope.actionExecutor;
    try {
      return { snapshot: next(), actions: collected };
    } finally {
      scope.actionExecutor = executor;
    }
  };
  return {
    initial: (input) => run(() => machine.getInitialSnapshot(scope, input)),
    transition: (snapshot, event) => run(() => machine.transition(snapshot, event, scope)),
    // Not `restoreSnapshot`: it would take data that looks like an actor reference for one.
    revive: ({ value, context }) => machine.resolveState({ value, context }),
  };
}
