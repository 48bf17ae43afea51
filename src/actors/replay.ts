/**
 * Replay: an actor's recorded events folded through its machine. Pure: the same events give the same transitions. What
 * the machine says otherwise than the record is told as a difference, and the fold goes on from the recorded state.
 */
import { initialTransition, transition } from 'xstate';
import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate';
import { toLifecycle } from '../../machines/edges.ts';
import { machines } from '../../machines/machines.ts';
import type { MachineKind } from '../../machines/machines.ts';

/** What of an event is folded. */
export interface RecordedEvent {
  readonly id: string;
  readonly type: string;
  readonly at: string;
  /** Its place in the stream, where it is known. */
  readonly sequence?: number | undefined;
  /** The process it happened in, where actors of several have one address. */
  readonly node?: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

/** One recorded lifecycle edge and where the machine went. */
export interface ReplayedTransition {
  readonly sequence: number | null;
  readonly at: string;
  readonly event: string;
  readonly from: string;
  readonly to: string;
  /** The event that the machine consumed. */
  readonly cause: EventObject;
  /** True for the first edge of an actor that began anew under the same address. */
  readonly begins: boolean;
  readonly node?: string;
}

/** A place where record and machine do not agree. */
export interface ReplayDifference {
  readonly sequence: number | null;
  readonly event: string;
  readonly recorded: string;
  readonly replayed: string;
  readonly sentence: string;
}

export interface Replay {
  readonly kind: MachineKind;
  readonly transitions: readonly ReplayedTransition[];
  /** The lifecycle state at the end, one for each region; of the process asked for, or of the one that told last. */
  readonly states: readonly string[];
  /** What its machine held after its last edge: of what events do not carry, nothing. */
  readonly context: unknown;
  /** The same for every process that told of an actor under this address, the one that told last at the end. */
  readonly lives: readonly Life[];
  readonly differences: readonly ReplayDifference[];
}

export interface Life {
  readonly node: string;
  readonly states: readonly string[];
}

interface RecordedEdge {
  readonly from: string;
  readonly to: string;
  readonly cause: EventObject;
  readonly untold: readonly EventObject[];
  readonly input: Readonly<Record<string, unknown>> | undefined;
}

export function isMachineKind(kind: string): kind is MachineKind {
  return Object.hasOwn(machines, kind);
}

/** A replay while it is fed, so that nobody need hold all events. */
export interface Replaying {
  /** The next event in the order of the stream; one that is no lifecycle edge changes nothing. */
  take(event: RecordedEvent): void;
  /** What came out of it so far; `node` is the process whose state is asked for. */
  result(node?: string): Replay;
}

/** Begins a replay; the events of each process are folded by themselves. */
export function beginReplay(kind: MachineKind): Replaying {
  const told = { transitions: [], differences: [] };
  const folds = new Map<string, Fold>();
  return {
    take(event) {
      const one = event.node ?? '';
      const fold = folds.get(one) ?? new Fold(kind, told);
      // Who told last is last.
      folds.delete(one);
      folds.set(one, fold);
      fold.take(event);
    },
    result(node) {
      const lives = [...folds].map(([one, { states }]) => ({ node: one, states }));
      // Only facts of `_system` name their process; of all others there is one life.
      const asked = node === undefined ? [...folds.values()].at(-1) : (folds.get(node) ?? folds.get(''));
      const { states, context } = asked ?? new Fold(kind, told);
      return { kind, ...told, lives, states, context };
    },
  };
}

/** Folds events that are all at hand. */
export function replayEvents(kind: MachineKind, events: readonly RecordedEvent[], node?: string): Replay {
  const replaying = beginReplay(kind);
  for (const event of events) replaying.take(event);
  return replaying.result(node);
}

/** What all folds of one replay tell, in the order of the stream. */
interface Told {
  readonly transitions: ReplayedTransition[];
  readonly differences: ReplayDifference[];
}

class Fold {
  readonly #machine: AnyStateMachine;
  readonly #told: Told;
  #state: AnyMachineSnapshot;
  /** The cause taken last: one event may move several regions, and then tells of each of them. */
  #last = '';

  constructor(kind: MachineKind, told: Told) {
    this.#told = told;
    this.#machine = machines[kind].machine;
    this.#state = this.#begin(undefined);
  }

  take(event: RecordedEvent): void {
    // A resource is registered anew whenever its process starts, a procedure proposed when it comes up (again).
    if (event.type === 'resource.registered' || event.type === 'sop.proposed')
      this.#state = this.#begin(undefined);
    if (event.type === 'breaker.resumed') this.#goOn(event.data);
    const edge = readEdge(event.data);
    if (edge === undefined) return;
    if (edge.input !== undefined) this.#state = this.#begin(edge.input);
    const told = JSON.stringify(edge.cause);
    const isParallel = this.#machine.root.type === 'parallel';
    const isSame = isParallel && told === this.#last && toLifecycle(this.#state.value).includes(edge.to);
    if (!isSame) this.#step(event, edge);
    this.#last = told;
    const { from, to, cause } = edge;
    this.#told.transitions.push({
      sequence: event.sequence ?? null,
      at: event.at,
      event: event.type,
      from,
      to,
      cause,
      begins: edge.input !== undefined,
      ...(event.node === undefined ? {} : { node: event.node }),
    });
  }

  get states(): readonly string[] {
    return toLifecycle(this.#state.value);
  }

  get context(): unknown {
    return this.#state.context;
  }

  #step(event: RecordedEvent, edge: RecordedEdge): void {
    for (const cause of edge.untold) this.#consume(cause);
    this.#check(event, edge.from, 'was');
    this.#consume(edge.cause);
    this.#check(event, edge.to, 'went to');
  }

  /** A life that began elsewhere: nothing before it matters here. */
  #goOn({ state, context }: RecordedEvent['data']): void {
    if (typeof state !== 'string' || this.#machine.states[state] === undefined || !isRecord(context)) return;
    this.#last = '';
    this.#state = this.#machine.resolveState({ value: state, context });
  }

  #begin(input: Readonly<Record<string, unknown>> | undefined): AnyMachineSnapshot {
    this.#last = '';
    return initialTransition(this.#machine, input as never)[0];
  }

  #consume(cause: EventObject): void {
    this.#state = transition(this.#machine, this.#state, cause)[0];
  }

  #check(event: RecordedEvent, recorded: string, verb: string): void {
    const replayed = toLifecycle(this.#state.value);
    if (replayed.includes(recorded)) return;
    this.#told.differences.push({
      sequence: event.sequence ?? null,
      event: event.type,
      recorded,
      replayed: replayed.join(', '),
      sentence: `the record says it ${verb} ${recorded}, the machine says ${replayed.join(', ')}`,
    });
    this.#state = this.#resume(recorded);
  }

  /** The machine in the recorded state, with what it knew. */
  #resume(state: string): AnyMachineSnapshot {
    const { states, type } = this.#machine.root;
    if (type !== 'parallel') return this.#resolve(states[state] === undefined ? this.#state.value : state);
    const region = Object.values(states).find((node) => node.states[state] !== undefined);
    const value = this.#state.value as Readonly<Record<string, string>>;
    return this.#resolve(region === undefined ? value : { ...value, [region.key]: state });
  }

  #resolve(value: AnyMachineSnapshot['value']): AnyMachineSnapshot {
    return this.#machine.resolveState({ value, context: this.#state.context });
  }
}

function readEdge(data: Readonly<Record<string, unknown>>): RecordedEdge | undefined {
  const { from, to, cause, untold, input } = data;
  if (typeof from !== 'string' || typeof to !== 'string' || !isCause(cause)) return undefined;
  return {
    from,
    to,
    cause,
    untold: Array.isArray(untold) ? untold.filter(isCause) : [],
    input: isRecord(input) ? input : undefined,
  };
}

function isCause(value: unknown): value is EventObject {
  return isRecord(value) && typeof value['type'] === 'string';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
