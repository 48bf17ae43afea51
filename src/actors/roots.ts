/**
 * The root actors of one process by address, live ones and the durable ones in memory: what the inspector and a comparison with a replay look at. It only
 * knows who lives; nothing is observed, copied or kept here until somebody asks.
 */
import type { AnyActor, StateValue } from 'xstate';
import { toLifecycle } from '../../machines/edges.ts';
import type { Address } from '../../machines/words/ids.ts';
import { toAddressText } from '../../machines/words/ids.ts';
import type { DurableView } from './durable/durable-view.ts';

/** One root actor in memory. */
export interface RootEntry {
  readonly address: Address;
  readonly actor: AnyActor | DurableView;
}

/** A live actor as others see it. */
export interface ActorView extends Address {
  /** The process it lives in. */
  readonly node?: string;
  /** The lifecycle state, one for each region. */
  readonly states: readonly string[];
}

export interface RootFigures {
  readonly live: number;
  readonly activations: number;
}

export interface Roots {
  /** Takes a root in; the function given back takes it out again. */
  add(address: Address, actor: AnyActor | DurableView): () => void;
  entries(): Iterable<RootEntry>;
  views(): ActorView[];
  /** By kind: how many live, and how many have come since the start. */
  figures(): ReadonlyMap<string, RootFigures>;
  /** Hears of every root that comes, before it starts, and of every one that goes. */
  onChange(
    heard: (change: { readonly type: 'added' | 'removed'; readonly entry: RootEntry }) => void,
  ): () => void;
}

/** Creates an empty register; `node` is the process's name in what it shows. */
export function createRoots(node?: string): Roots {
  const entries = new Map<string, RootEntry>();
  const activations = new Map<string, number>();
  const heard = new Set<Parameters<Roots['onChange']>[0]>();
  const tell: Parameters<Roots['onChange']>[0] = (change) => {
    for (const hear of heard) hear(change);
  };
  return {
    add(address, actor) {
      const key = toAddressText(address);
      const entry = { address, actor };
      entries.set(key, entry);
      activations.set(address.kind, (activations.get(address.kind) ?? 0) + 1);
      tell({ type: 'added', entry });
      return () => {
        // A later life of the same address may have taken the place.
        if (entries.get(key) === entry) entries.delete(key);
        tell({ type: 'removed', entry });
      };
    },
    entries: () => entries.values(),
    views: () =>
      [...entries.values()].map((entry) => ({ ...(node === undefined ? {} : { node }), ...toView(entry) })),
    figures() {
      const live = new Map<string, number>();
      for (const { address } of entries.values()) live.set(address.kind, (live.get(address.kind) ?? 0) + 1);
      return new Map(
        [...activations].map(([kind, many]) => [kind, { live: live.get(kind) ?? 0, activations: many }]),
      );
    },
    onChange(hear) {
      heard.add(hear);
      return () => heard.delete(hear);
    },
  };
}

function toView({ address, actor }: RootEntry): ActorView {
  // Every root here is a machine; other logic would have no value.
  const snapshot = actor.getSnapshot() as { readonly value?: StateValue } | undefined;
  return { ...address, states: snapshot?.value === undefined ? [] : toLifecycle(snapshot.value) };
}
