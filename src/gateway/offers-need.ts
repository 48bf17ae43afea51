/**
 * What the gateway needs for everything that is no tool: what upstreams offer under the names that clients see, and the
 * way of a request to its upstream. Whoever mounts the gateway implements it.
 */
import type { CallOutcome, PassCommand } from '../../machines/words/calls.ts';
import type { Principal } from './needs.ts';

export type OfferKind = 'prompts' | 'resources' | 'templates';

/** One prompt, resource or template. */
export interface Offer {
  /** The name, URI or URI template that clients see. */
  readonly key: string;
  readonly definition: Readonly<Record<string, unknown>>;
}

/** An upstream, and what it calls the thing itself. */
export interface Owner {
  readonly server: string;
  readonly own: string;
}

export interface OffersNeed {
  /**
   * Resolves within a bounded time; `stale` are the upstreams whose part is what they offered last, `missing` those of which
   * nobody knows what they offer.
   */
  list(kind: OfferKind): Promise<{
    readonly items: readonly Offer[];
    readonly stale: readonly string[];
    readonly missing?: readonly string[];
  }>;
  prompt(name: string): Promise<Owner | undefined>;
  /** Owners of a URI or URI template, in the order in which to ask them; one where it is known. */
  resource(uri: string): Promise<readonly Owner[]>;
  /** Passes a request on to one upstream; never rejects. The namespace says whose turn it is where requests wait. */
  pass(server: string, command: PassCommand, namespace: string): Promise<CallOutcome>;
  /** What any upstream can, or may be able to: it is announced to clients. */
  abilities(): { readonly subscribe: boolean; readonly logging: boolean; readonly completions: boolean };
  /** Calls back when clients would see another list; returns what stops it. */
  onChanged(heard: (kind: OfferKind) => void): () => void;
}

/** One client's ear for what upstreams say without being asked. */
export interface Listener {
  /** Namespace and name of whoever listens. */
  readonly who: string;
  /** Who listens, where that is one. */
  readonly principal?: Principal;
  /** A watched resource changed; the URI is the one that was asked for. */
  updated(params: Readonly<Record<string, unknown>>): void;
  logged(params: Readonly<Record<string, unknown>>): void;
}

export interface HearingNeed {
  /** Never rejects. */
  watch(uri: string, listener: Listener): Promise<CallOutcome>;
  unwatch(uri: string, listener: Listener): Promise<CallOutcome>;
  /** Asks all upstreams for logs from this level on. */
  setLevel(level: unknown, listener: Listener): CallOutcome;
  /** Ends everything of one listener. */
  leave(listener: Listener): void;
}
