/**
 * One step of a durable actor, thought through without doing anything: from a copy and an event to the next copy and
 * everything that must be committed with it. The same copy and event give the same step.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { toEdges } from '../../../machines/edges.ts';
import { DreyError } from '../../../machines/words/errors.ts';
import type { DreyEvent, EventType } from '../../../machines/words/events.ts';
import { eventVersion } from '../../../machines/words/events.ts';
import type { Address } from '../../../machines/words/ids.ts';
import { toAddressText, toDigest } from '../../../machines/words/ids.ts';
import type { OutboxEffect, TimerToSet } from '../../store/store.ts';
import { toIso } from '../clock.ts';
import type {
  Delivery,
  DurableKind,
  MachineEvent,
  PersistedSnapshot,
  Step,
  Verdict,
} from './durable-kind.ts';
import type { Described, PureMachine } from './inert-scope.ts';

/** A durable actor in memory: what its last commit said. */
export interface Copy {
  readonly revision: number;
  /** Undefined for an actor that is new. */
  readonly snapshot: AnyMachineSnapshot | undefined;
  /** What the row holds, to see whether a step changed anything. */
  readonly kept: string;
  readonly timers: readonly TimerToSet[];
  readonly beside: unknown;
}

export interface Thought {
  readonly snapshot: AnyMachineSnapshot;
  readonly kept: string;
  readonly timers: readonly TimerToSet[];
  readonly events: readonly DreyEvent[];
  readonly effects: readonly OutboxEffect[];
  readonly verdict: Verdict | null;
  /** False when there is nothing to commit. */
  readonly changes: boolean;
}

/** Events that follow each other within one step; more are a machine that runs in circles. */
const followedMax = 100;
export const timersPerActorMax = 32;
const idMax = 200;

/** The stem of effect and event ids: the address, or its digest where that would be too long. */
export function toStem(address: Address): string {
  const text = toAddressText(address);
  return text.length <= 160 ? text : `${address.kind}/${toDigest(text).slice(0, 40)}`;
}

/** `<actor>/<revision>:<n>`. */
export function toEffectId(address: Address, revision: number, n: number): string {
  return `${toStem(address)}/${revision}:${n}`.slice(0, idMax);
}

/** Under which name an actor takes ids into the inbox. */
export function toInboxName(address: Address): string {
  const text = `${address.kind}/${address.id}`;
  return text.length <= 128 ? text : `${address.kind}/${toDigest(text)}`;
}

export interface ThinkInput {
  readonly kind: DurableKind;
  readonly machine: PureMachine;
  readonly address: Address;
  readonly delivery: Delivery;
  readonly event: MachineEvent;
  readonly at: number;
}

/** Thinks one step; throws what the machine throws, and `unexpected` for an action nobody has hands for. */
export function think(copy: Copy, input: ThinkInput): Thought {
  const draft = new Draft(copy, input);
  if (copy.snapshot === undefined) draft.begin();
  const start = draft.snapshot;
  draft.consume(input.event);
  return draft.toThought(start);
}

/** A step while it is thought; it lives for one call of `think`. */
class Draft {
  readonly #copy: Copy;
  readonly #input: ThinkInput;
  readonly #events: DreyEvent[] = [];
  readonly #effects: OutboxEffect[] = [];
  readonly #queue: MachineEvent[] = [];
  readonly #step: Step;
  #snapshot: AnyMachineSnapshot | undefined;
  #timers: Map<string, TimerToSet>;
  #verdict: Verdict | null = null;
  #n = 0;

  constructor(copy: Copy, input: ThinkInput) {
    this.#copy = copy;
    this.#input = input;
    this.#snapshot = copy.snapshot;
    this.#timers = new Map(copy.timers.map((timer) => [timer.name, timer]));
    const { address, delivery, at } = input;
    if (delivery.from === 'timer') this.#timers.delete(delivery.name);
    this.#step = {
      address,
      delivery,
      at,
      beside: copy.beside,
      follow: (event) => this.#queue.push(event),
      answer: (verdict) => {
        this.#verdict = verdict;
      },
      tell: (type, data) => this.#tell(type, data),
      effect: (name, params) => this.#addEffect(name, params),
    };
  }

  get snapshot(): AnyMachineSnapshot {
    if (this.#snapshot === undefined) throw new DreyError('unexpected', 'a step began before its actor did');
    return this.#snapshot;
  }

  begin(): void {
    const { kind, machine, address } = this.#input;
    const { snapshot, actions } = machine.initial(kind.toInput(address));
    this.#snapshot = snapshot;
    this.#describe(actions);
    this.#drain();
  }

  consume(event: MachineEvent): void {
    this.#queue.push(event);
    this.#drain();
  }

  #drain(): void {
    let followed = 0;
    for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) {
      followed += 1;
      if (followed > followedMax) {
        throw new DreyError('unexpected', `${toAddressText(this.#input.address)} runs in circles`);
      }
      const before = this.snapshot;
      const { snapshot, actions } = this.#input.machine.transition(before, event);
      if (snapshot.status === 'error') throw snapshot.error;
      this.#snapshot = snapshot;
      this.#tellEdges(before, snapshot, event);
      this.#describe(actions);
    }
  }

  #tellEdges(before: AnyMachineSnapshot, after: AnyMachineSnapshot, cause: MachineEvent): void {
    for (const { from, to, type } of toEdges(this.#input.kind.edges, before.value, after.value)) {
      if (type === null) continue;
      const more = this.#input.kind.toEdgeData?.(type, after.context) ?? {};
      // Every type in a table of edges carries at least the edge; the kind adds what else it must.
      const told = this.#input.kind.toCause?.(cause) ?? cause;
      this.#tell(type, { from, to, cause: { ...told }, ...more });
    }
  }

  #describe(actions: readonly Described[]): void {
    for (const { type, params } of actions) {
      if (type === 'xstate.raise') this.#raise(params as Raised);
      else if (type === 'xstate.cancel') this.#timers.delete(String(params));
      else if (type !== 'xstate.log' && type !== 'xstate.emit') this.#custom(type, params);
    }
  }

  /** Without a delay it was consumed within the transition already; running it again would be twice. */
  #raise({ event, id, delay }: Raised): void {
    if (delay === undefined) return;
    const name = (id ?? event.type).slice(0, 128);
    this.#timers.delete(name);
    if (this.#timers.size >= timersPerActorMax) {
      throw new DreyError('limit_reached', `an actor may wait for ${timersPerActorMax} moments at a time`);
    }
    this.#timers.set(name, { name, dueAt: toIso(this.#input.at + Math.max(0, delay)), event });
  }

  #custom(type: string, params: unknown): void {
    const { kind } = this.#input;
    const act = Object.hasOwn(kind.actions, type) ? kind.actions[type] : undefined;
    if (act === undefined) {
      throw new DreyError(
        'unexpected',
        `the ${kind.kind} machine has an action "${type}" that its durable hands do not know`,
      );
    }
    // The machine's own types tie each action to its parameters; here only the name is left of that.
    act(params as never, this.#step);
  }

  #tell<T extends EventType>(type: T, data: DreyEvent<T>['data']): void {
    const { address, delivery, at } = this.#input;
    const { namespace, kind, id } = address;
    this.#events.push({
      id: this.#nextId(),
      type,
      at: toIso(at),
      namespace,
      actor: { kind, id },
      causation: delivery.id.slice(0, idMax),
      ...(delivery.from === 'command' && delivery.correlation !== undefined
        ? { correlation: delivery.correlation }
        : {}),
      ...(delivery.traceparent === undefined ? {} : { traceparent: delivery.traceparent }),
      version: eventVersion,
      data,
    });
  }

  #addEffect(name: string, params: unknown): void {
    const { address, delivery, kind } = this.#input;
    if (!Object.hasOwn(kind.effects, name)) {
      throw new DreyError('unexpected', `the ${kind.kind} actor has no effect "${name}"`);
    }
    const { traceparent } = delivery;
    const by = toInboxName(address);
    const trace = traceparent === undefined ? {} : { traceparent };
    this.#effects.push({ id: this.#nextId(), effect: name, address, by, params, ...trace });
  }

  #nextId(): string {
    this.#n += 1;
    return toEffectId(this.#input.address, this.#copy.revision + 1, this.#n);
  }

  toThought(start: AnyMachineSnapshot): Thought {
    const { kind } = this.#input;
    const { snapshot } = this;
    const persisted: PersistedSnapshot = { value: snapshot.value, context: snapshot.context };
    const timers = [...this.#timers.values()];
    const kept = JSON.stringify({ machine: kind.toKept?.(persisted) ?? persisted, timers });
    const isQuiet = this.#events.length === 0 && this.#effects.length === 0;
    const isRefused =
      this.#verdict?.ok === false && JSON.stringify(start.value) === JSON.stringify(snapshot.value);
    const isSame = this.#copy.revision === 0 ? isRefused : kept === this.#copy.kept;
    return {
      snapshot,
      kept,
      timers,
      events: this.#events,
      effects: this.#effects,
      verdict: this.#verdict,
      changes: !(isQuiet && isSame),
    };
  }
}

interface Raised {
  readonly event: MachineEvent;
  readonly id?: string | undefined;
  readonly delay?: number | undefined;
}
