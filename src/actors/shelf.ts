/**
 * The shelf: a node's in-memory copy of each namespace's SOPs, ranked for a task without asking anybody. It is filled
 * from the store, emptied by `sop.*` events and by age, and goes on answering from what it has while the database is
 * away. It derives nothing.
 */
import { limits } from '../../machines/words/limits.ts';
import { toPlainError } from '../../machines/words/errors.ts';
import { createIndex, servingBar } from '../learning/learning.ts';
import type { SopIndex } from '../learning/learning.ts';
import type { Store, StoredSop } from '../store/store.ts';
import { listSops } from '../store/store.ts';
import type { Clock, Log } from './clock.ts';

export interface ShelfOptions {
  readonly store: Pick<Store, 'inNamespace'>;
  readonly clock: Clock;
  readonly log: Log;
  /** A copy older than this is read anew when it is asked; events make that rare. */
  readonly maxAgeMs?: number;
}

export interface ShelvedSop extends StoredSop {
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface RankedShelvedSop extends ShelvedSop {
  readonly relevance: number;
  readonly why: string;
}

export interface SopQuestion {
  readonly namespace: string;
  readonly task: string;
  readonly minConfidence: number;
  readonly limit: number;
}

export interface Shelf {
  search(question: SopQuestion): Promise<readonly RankedShelvedSop[]>;
  /** Something changed in this namespace. */
  forget(namespace: string): void;
}

const pageMax = 200;
/** SOPs kept of one namespace, the most certain first. */
const sopsMax = 10_000;
/** Namespaces kept; the one that was asked longest ago goes. */
const namespacesMax = 200;
const maxAgeMsDefault = 10_000;

interface Copy {
  readonly index: SopIndex;
  readonly sops: ReadonlyMap<string, StoredSop>;
  readonly readAt: number;
  stale: boolean;
}

/** Opens an empty shelf. */
export function openShelf(options: ShelfOptions): Shelf {
  const { clock, log } = options;
  const copies = new Map<string, Copy>();
  const reading = new Map<string, Promise<Copy>>();
  const maxAgeMs = options.maxAgeMs ?? maxAgeMsDefault;

  const read = async (namespace: string): Promise<Copy> => {
    const sops = await options.store.inNamespace(namespace, async (trx) => {
      const all: StoredSop[] = [];
      for (let offset = 0; offset < sopsMax; offset += pageMax) {
        const page = await listSops(trx, {
          statuses: ['active', 'candidate', 'shadow'],
          limit: pageMax,
          offset,
        });
        all.push(...page);
        if (page.length < pageMax) break;
      }
      return all;
    });
    const copy = {
      index: createIndex(sops),
      sops: new Map(sops.map((sop) => [sop.sopId, sop])),
      readAt: clock.monotonic(),
      stale: false,
    };
    copies.delete(namespace);
    copies.set(namespace, copy);
    const [oldest] = copies.keys();
    if (copies.size > namespacesMax && oldest !== undefined) copies.delete(oldest);
    return copy;
  };

  const get = async (namespace: string): Promise<Copy> => {
    const copy = copies.get(namespace);
    if (copy !== undefined && !copy.stale && clock.monotonic() - copy.readAt < maxAgeMs) return copy;
    let pending = reading.get(namespace);
    if (pending === undefined) {
      pending = read(namespace).finally(() => reading.delete(namespace));
      reading.set(namespace, pending);
    }
    try {
      return await pending;
    } catch (error) {
      if (copy === undefined) throw error;
      log.warn(
        { namespace, err: toPlainError(error) },
        'procedures are served from memory: the database is away',
      );
      return copy;
    }
  };

  return {
    async search({ namespace, task, minConfidence, limit }) {
      const { index, sops } = await get(namespace);
      const ranked = index.rank({
        task: task.slice(0, limits.taskTextMax),
        minConfidence,
        limit: Math.min(limit, limits.sopsAnsweredMax),
      });
      return ranked.flatMap(({ sop, relevance, matched }) => {
        const stored = sops.get(sop.sopId);
        // Below the bar only who asks for it gets what is not active yet.
        if (stored === undefined || (stored.status !== 'active' && minConfidence >= servingBar.confidence))
          return [];
        const why =
          matched.length === 0
            ? 'its tools fit the task'
            : `it shares ${matched.map((term) => `"${term}"`).join(', ')} with the task`;
        return [{ ...toShelved(stored), relevance, why }];
      });
    },
    forget(namespace) {
      const copy = copies.get(namespace);
      if (copy !== undefined) copy.stale = true;
    },
  };
}

/** A stored SOP with the facts that answers carry in `metadata`. */
export function toShelved(sop: StoredSop): ShelvedSop {
  return {
    ...sop,
    metadata: {
      status: sop.status,
      version: sop.version,
      triggerFrom: sop.triggerFrom,
      wordings: sop.wordings,
      pitfalls: sop.pitfalls,
      firstSeenAt: sop.firstSeenAt,
      lastSeenAt: sop.lastSeenAt,
    },
  };
}
