/**
 * What the durable host must know of a kind of actor: its machine, how commands become the machine's events, what its
 * actions mean, and how it is read and written. Describing is pure; only `read`, `write` and effects do work.
 */
import type { AnyMachineSnapshot, AnyStateMachine, EventObject, StateValue } from 'xstate';
import type { LifecycleEdges } from '../../../machines/edges.ts';
import type { ErrorCode } from '../../../machines/words/errors.ts';
import type { EventData, EventType } from '../../../machines/words/events.ts';
import type { ActorKind, Address } from '../../../machines/words/ids.ts';
import type { StepCommit, StepOutcome, Trx } from '../../store/store.ts';

/** An event of a machine as data. */
export type MachineEvent = EventObject & Readonly<Record<string, unknown>>;

/** What somebody asks of an actor, here or from another node. */
export interface ActorCommand {
  /** The same id twice is the same command: it has its effect once. */
  readonly id: string;
  readonly verb: string;
  readonly data?: unknown;
  readonly correlation?: string | undefined;
  readonly traceparent?: string | undefined;
}

/** What reaches a durable actor; the last two only from the host's own timers and effects. */
export type Delivery =
  | ({ readonly from: 'command' } & ActorCommand)
  | {
      readonly from: 'timer';
      readonly id: string;
      readonly name: string;
      readonly dueAt: string;
      readonly traceparent?: string | undefined;
    }
  | {
      readonly from: 'effect';
      readonly id: string;
      readonly event: MachineEvent;
      readonly traceparent?: string | undefined;
    };

/** Told once it is committed; a refusal is an answer, not a failure. */
export type Answer =
  | {
      readonly ok: true;
      readonly revision: number;
      /** True when this command had its effect before. */
      readonly duplicate: boolean;
      readonly data: unknown;
    }
  | { readonly ok: false; readonly code: ErrorCode; readonly revision: number; readonly data: unknown };

/** What hands conclude from an action; the host adds what it knows. */
export type Verdict =
  | { readonly ok: true; readonly data?: unknown }
  | { readonly ok: false; readonly code: ErrorCode; readonly data?: unknown };

/** What a kind may keep beside its row, to be written in the step's own statement. */
export interface Written {
  readonly delivery: Delivery;
  /** Undefined for an actor that is new. */
  readonly before: AnyMachineSnapshot | undefined;
  readonly after: AnyMachineSnapshot;
  /** What `read` found beside the snapshot, when the actor was last read. */
  readonly beside: unknown;
}

/** One step as hands see it: all of it is described now and happens with the commit, or never. */
export interface Step {
  readonly address: Address;
  readonly delivery: Delivery;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** What `read` found beside the snapshot. */
  readonly beside: unknown;
  /** The machine consumes this next, within the same commit. */
  follow(event: MachineEvent): void;
  answer(verdict: Verdict): void;
  tell<T extends EventType>(type: T, data: EventData<T>): void;
  /** Something to do in the world after the commit, once for this id, by `effects[name]`. */
  effect(name: string, params: unknown): void;
}

/** Does one effect; the id makes a second time harmless. Answers with what the machine consumes then, if anything. */
export type Effect = (params: unknown, what: EffectCall) => Promise<MachineEvent | null>;

export interface EffectCall {
  readonly id: string;
  readonly address: Address;
  /** Aborted when the try has taken too long, or the node stops. */
  readonly signal: AbortSignal;
}

/** An actor as it was read: its machine's snapshot as plain data that nobody else holds, and what lies beside it. */
export interface ReadActor {
  readonly revision: number;
  readonly machineVersion: string;
  readonly snapshot: unknown;
  readonly beside: unknown;
}

export interface DurableKind {
  readonly kind: ActorKind;
  readonly machine: AnyStateMachine;
  readonly version: number;
  readonly edges: LifecycleEdges;
  readonly toInput: (address: Address) => unknown;
  /** Throws `argument_invalid` or `method_unknown`. */
  readonly toEvent: (command: ActorCommand, at: number) => MachineEvent;
  /** What each of the machine's actions means; an action that is not named here is refused loudly. */
  readonly actions: Readonly<Record<string, (params: never, step: Step) => void>>;
  readonly effects: Readonly<Record<string, Effect>>;
  /** What is told of a cause, where it carries what nobody else is to hear; replays must not need the rest. */
  readonly toCause?: (event: MachineEvent) => MachineEvent;
  /** What an edge's event carries beside the edge. */
  readonly toEdgeData?: (type: EventType, context: unknown) => object;
  /** Answers a command that had its effect before. */
  readonly toKnown?: (context: unknown) => unknown;
  /** Reads the actor and locks its row; default: the row alone. */
  readonly read?: (trx: Trx, id: string) => Promise<ReadActor | undefined>;
  /** Writes the step; default: the row alone. */
  readonly write?: (trx: Trx, commit: StepCommit, written: Written) => Promise<StepOutcome>;
  /** What of the persisted snapshot goes into the row, and back; default: all of it. */
  readonly toKept?: (snapshot: PersistedSnapshot) => PersistedSnapshot;
  readonly toWhole?: (kept: PersistedSnapshot, beside: unknown) => PersistedSnapshot;
  /** True where the machine forgot what `read` would bring: the copy in memory is not to be used any longer. */
  readonly isResting?: (snapshot: PersistedSnapshot) => boolean;
  /** Commands that may bring a new actor into being; others are refused with `code`. Default: all. */
  readonly opening?: { readonly verbs: readonly string[]; readonly code: ErrorCode };
  /** Makes an older version's snapshot one of this version, or throws. Without it they are refused. */
  readonly migrate?: (kept: PersistedSnapshot, from: number) => PersistedSnapshot;
}

/**
 * A machine's snapshot as plain data. XState's own form would exchange data that looks like an actor reference, and
 * data comes from outside.
 */
export interface PersistedSnapshot {
  readonly value: StateValue;
  readonly context: Readonly<Record<string, unknown>>;
}
