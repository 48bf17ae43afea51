/**
 * What the gateway needs for those who look at the house: events as they come and as they are stored, live actors, dead
 * letters. Whoever mounts the gateway implements it.
 */
import type { AnyEvent, EventType, Topic } from '../../machines/words/events.ts';
import type { ActorKind, Address } from '../../machines/words/ids.ts';
import type { Principal } from './needs.ts';

export interface FollowEvents {
  readonly namespace: string;
  readonly topic?: Topic;
  readonly kind?: ActorKind;
  readonly id?: string;
  readonly types?: readonly EventType[];
  /** The node's own events, too, which tell of every namespace: for those who may name them all. */
  readonly withSystem?: boolean;
  readonly from: 'new' | 'all' | { readonly at: string };
}

/** A live actor and its lifecycle state, one for each region. */
export interface ActorView extends Address {
  /** The process it lives in. */
  readonly node?: string;
  readonly states: readonly string[];
  /** What people call it, where it has such a name: a procedure's trigger. */
  readonly name?: string;
}

/** An actor as its stored events tell of it up to one of them. */
export interface ActorThen {
  readonly states: readonly string[];
  /** What its machine held, redacted. */
  readonly context: unknown;
  /** The edge that led there; null before the first one. */
  readonly since: { readonly sequence: number; readonly at: string; readonly event: string } | null;
  /** Events that were folded. */
  readonly folded: number;
  /** Places where the machine did not lead to what was recorded: older events are gone, or the machine was another. */
  readonly differences: number;
}

/** A message nobody could handle. */
export interface DeadLetterView {
  readonly id: number;
  readonly actor: Address;
  readonly reason: string;
  readonly code: string;
  readonly stream: string;
  readonly sequence: number;
  readonly subject: string;
  readonly by: string;
  readonly attempts: number;
  readonly at: string;
  readonly body: string;
}

export interface DeadLettersNeed {
  list(o: {
    readonly namespaces: readonly string[];
    readonly limit: number;
  }): Promise<{ readonly letters: readonly DeadLetterView[]; readonly total: number }>;
  get(id: number): Promise<DeadLetterView | undefined>;
  /** Sends its message again; `sequence` is its new place. */
  retry(
    letter: DeadLetterView,
    by: Principal,
  ): Promise<{ readonly stream: string; readonly sequence: number }>;
  drop(letter: DeadLetterView, by: Principal): Promise<boolean>;
}

/** How the bus stands: whole streams and the consumers that this house keeps, of no namespace in particular. */
export interface BusView {
  readonly server: string | null;
  readonly streams: readonly {
    readonly stream: string;
    readonly messages: number;
    readonly bytes: number;
    readonly bytesMax: number | null;
    readonly keptMs: number | null;
    readonly firstSequence: number;
    readonly lastSequence: number;
    readonly consumers: number;
  }[];
  readonly consumers: readonly {
    readonly stream: string;
    readonly consumer: string;
    readonly pending: number;
    readonly unsettled: number;
    readonly unsettledMax: number | null;
    readonly redelivered: number;
    readonly delivered: number;
    readonly settled: number;
  }[];
}

/** Everything there is to look at. */
export interface WatchingNeeds {
  followEvents(
    o: FollowEvents,
    onEvent: (event: AnyEvent, sequence?: number) => void,
  ): Promise<{ stop(): void }>;
  /** Reads what is stored now, in order; the next event comes when the reader resolves, and false ends it. */
  readEvents(
    o: FollowEvents,
    onEvent: (event: AnyEvent, sequence: number) => Promise<boolean>,
  ): Promise<void>;
  /** Publishes stored events of these namespaces once more on another subject; gives back how many. */
  republishEvents(o: {
    readonly namespaces: readonly string[];
    readonly subject: string;
    readonly sequences: readonly number[];
  }): Promise<number>;
  /** How the node and what it stands on are: now, and at each change. Gives back what ends it. */
  followHealth(heard: (health: Readonly<Record<string, unknown>>) => void): () => void;
  /** Live actors of a namespace and of the node, and procedures at rest; `which` says what is looked for. */
  actors(
    namespace: string,
    which?: { readonly kind?: string | undefined; readonly id?: string | undefined },
  ): Promise<readonly ActorView[]>;
  /**
   * Folds an actor's stored events up to a place; undefined where there is none. Throws `argument_invalid` for a kind
   * without a machine, and `limit_reached` for a life that is too long.
   */
  actorThen(o: {
    readonly address: Address;
    readonly sequence: number;
    /** False ends the reading: nobody waits any more. */
    readonly isAwaited: () => boolean;
  }): Promise<ActorThen | undefined>;
  readonly dead: DeadLettersNeed;
  /** Throws `bus_unavailable` while it is away. */
  bus(): Promise<BusView>;
  /** Throws `database_unavailable` while it is away. */
  database(): Promise<{ readonly version: string }>;
}
