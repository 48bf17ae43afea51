/**
 * The shelf: a node's in-memory copy of each namespace's SOPs, ranked for a task without asking anybody. It is brought
 * up to date from the store after `sop.*` events and with age, one changed SOP after the other, and goes on answering
 * from what it has meanwhile and while the database is away. Of a namespace with more SOPs than it keeps it holds the
 * most certain ones, and looks the others up by the task's words. It derives nothing.
 */
import { limits } from '../../machines/words/limits.ts';
import { toPlainError } from '../../machines/words/errors.ts';
import { servingBar } from '../learning/learning.ts';
import type { Store, StoredSop } from '../store/store.ts';
import { getSops, searchSops } from '../store/store.ts';
import type { Clock, Log } from './clock.ts';
import type { Foresights } from './foresights.ts';
import { type JudgedSop, searchJudged } from './judged-sops.ts';
import { bringStrays, bringUpToDate, createCopy, readNews } from './shelf-copy.ts';
import type { Copy } from './shelf-copy.ts';
import { within } from './within.ts';

export interface ShelfOptions {
  readonly store: Pick<Store, 'inNamespace'>;
  readonly clock: Clock;
  readonly log: Log;
  /** What judges procedures for a task once enough tasks are known; without it each says of itself how sure it is. */
  readonly foresights?: Pick<Foresights, 'get'> | undefined;
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

/** Namespaces kept, and SOPs of all of them; the one that was asked longest ago goes. */
const namespacesMax = 200;
const sopsInAllMax = 20_000;
/** SOPs that a task's words are looked up for in a namespace that holds more than its copy: each costs a place in it. */
const soughtMax = 20;
const maxAgeMsDefault = 10_000;
/** A fresh copy is waited for this long; then what is there is served, and the fresh one comes for the next question. */
const freshMs = 250;
/** After a failure the store is left alone for this long while there is a copy to serve. */
const restMs = 1_000;

/** Opens an empty shelf. */
export function openShelf(options: ShelfOptions): Shelf {
  return new LiveShelf(options);
}

class LiveShelf implements Shelf {
  readonly #options: ShelfOptions;
  readonly #copies = new Map<string, Copy>();
  readonly #reading = new Map<string, Promise<Copy>>();
  /** First copies that are being filled: what is in them is whole, and more is to come. */
  readonly #begun = new Map<string, Copy>();
  /** Namespaces that changed while they were being read. */
  readonly #changed = new Set<string>();

  constructor(options: ShelfOptions) {
    this.#options = options;
  }

  async search(question: SopQuestion): Promise<readonly RankedShelvedSop[]> {
    const { namespace, task, minConfidence, limit } = question;
    const [copy, learned] = await Promise.all([
      this.#get(namespace),
      this.#options.foresights?.get(namespace),
    ]);
    const { index, sops } = copy;
    if (copy.isPartial) await this.#seek(namespace, copy, task);
    const { sopsAnsweredMax, taskTextMax } = limits;
    const judged = learned === undefined ? undefined : searchJudged(learned, sops.values(), question);
    if (judged !== undefined) return judged.map(toJudgedShelved);
    const ranked = index.rank({ task: task.slice(0, taskTextMax), minConfidence, limit: sopsAnsweredMax });
    const found: RankedShelvedSop[] = [];
    for (const { sop, relevance, matched } of ranked) {
      if (found.length >= limit) break;
      const stored = sops.get(sop.sopId);
      // Only who asks for what is below the bar gets what is not active yet.
      const isServed = stored?.status === 'active' || minConfidence < servingBar.confidence;
      if (stored !== undefined && isServed)
        found.push({ ...toShelved(stored), relevance, why: toWhy(matched) });
    }
    return found;
  }

  forget(namespace: string): void {
    const copy = this.#copies.get(namespace);
    if (copy !== undefined) copy.stale = true;
    if (this.#reading.has(namespace)) this.#changed.add(namespace);
  }

  async #get(namespace: string): Promise<Copy> {
    const { clock, log, maxAgeMs = maxAgeMsDefault } = this.#options;
    const now = clock.monotonic();
    const copy = this.#copies.get(namespace);
    if (copy === undefined) return this.#begin(namespace);
    this.#keep(namespace, copy);
    const isFresh = !copy.stale && now - copy.readAt < maxAgeMs;
    if (isFresh || now < copy.restsUntil) return copy;
    try {
      return await within(this.#read(namespace), freshMs, clock);
    } catch (error) {
      copy.restsUntil = clock.monotonic() + restMs;
      const err = toPlainError(error);
      log.warn({ namespace, err }, 'procedures are served from memory: the database is away or slow');
      return copy;
    }
  }

  /** Where the first copy takes long, what has come of it answers, with what the task's words find besides. */
  async #begin(namespace: string): Promise<Copy> {
    const reading = this.#read(namespace);
    try {
      return await within(reading, freshMs, this.#options.clock);
    } catch (error) {
      const begun = this.#begun.get(namespace);
      if (begun === undefined) return reading;
      reading.catch(() => undefined);
      const err = toPlainError(error);
      this.#options.log.debug(
        { namespace, err },
        'procedures are served while the first copy of them is made',
      );
      return begun;
    }
  }

  /** Brings in what the task's words find beyond the copy; without the store the copy alone answers. */
  async #seek(namespace: string, copy: Copy, task: string): Promise<void> {
    const { clock, log, store } = this.#options;
    if (clock.monotonic() < copy.restsUntil) return;
    const sought = store.inNamespace(namespace, async (trx) => {
      const found = await searchSops(trx, { text: task, limit: soughtMax });
      return getSops(
        trx,
        found.flatMap(({ sopId }) => (copy.sops.has(sopId) ? [] : [sopId])),
      );
    });
    try {
      bringStrays(copy, await within(sought, freshMs, clock));
    } catch (error) {
      copy.restsUntil = clock.monotonic() + restMs;
      const err = toPlainError(error);
      log.warn({ namespace, err }, 'procedures are looked for in memory alone: the database is away or slow');
    }
  }

  /** One read at a time for each namespace. */
  #read(namespace: string): Promise<Copy> {
    const pending =
      this.#reading.get(namespace) ??
      this.#readNow(namespace).finally(() => {
        this.#reading.delete(namespace);
        this.#begun.delete(namespace);
        this.#changed.delete(namespace);
      });
    this.#reading.set(namespace, pending);
    return pending;
  }

  async #readNow(namespace: string): Promise<Copy> {
    const { clock, store } = this.#options;
    const known = this.#copies.get(namespace);
    const copy = known ?? createCopy();
    const news = await store.inNamespace(namespace, (trx) => readNews(trx, copy.stamps));
    if (known === undefined) {
      copy.isPartial = true;
      this.#begun.set(namespace, copy);
    }
    await bringUpToDate(copy, news);
    copy.readAt = clock.monotonic();
    copy.stale = this.#changed.delete(namespace);
    copy.restsUntil = 0;
    copy.isPartial = news.isPartial;
    this.#keep(namespace, copy);
    return copy;
  }

  /** Puts a copy last, so that the first one is the one asked longest ago. */
  #keep(namespace: string, copy: Copy): void {
    this.#copies.delete(namespace);
    this.#copies.set(namespace, copy);
    let inAll = 0;
    for (const { sops } of this.#copies.values()) inAll += sops.size;
    for (const [oldest, { sops }] of this.#copies) {
      const isFull = this.#copies.size > namespacesMax || inAll > sopsInAllMax;
      if (!isFull || oldest === namespace) break;
      this.#copies.delete(oldest);
      inAll -= sops.size;
    }
  }
}

/** The procedure's own confidence stays to be seen beside the one for this task. */
function toJudgedShelved({ sop, leftOut, confidence, alike }: JudgedSop): RankedShelvedSop {
  const shelved = toShelved(sop);
  return {
    ...shelved,
    confidence,
    relevance: confidence,
    why: `${alike} runs of tasks like this say so, and it was right as often in backtests`,
    metadata: {
      ...shelved.metadata,
      ownConfidence: sop.confidence,
      ...(leftOut.length === 0 ? {} : { leftOut }),
    },
  };
}

function toWhy(matched: readonly string[]): string {
  if (matched.length === 0) return 'its tools fit the task';
  return `it shares ${matched.map((term) => `"${term}"`).join(', ')} with the task`;
}

/** A stored SOP with the facts that answers carry in `metadata`. */
export function toShelved(sop: StoredSop): ShelvedSop {
  return {
    ...sop,
    metadata: {
      ...sop.given,
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
