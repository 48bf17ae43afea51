/**
 * The shelf: a node's in-memory copy of each namespace's SOPs, ranked for a task without asking anybody. It is brought
 * up to date from the store after `sop.*` events and with age, one changed SOP after the other, and goes on answering
 * from what it has meanwhile and while the database is away. It derives nothing.
 */
import { limits } from '../../machines/words/limits.ts';
import { toPlainError } from '../../machines/words/errors.ts';
import type { SopStatus } from '../../machines/words/sops.ts';
import { createIndex, servingBar } from '../learning/learning.ts';
import type { SopIndex } from '../learning/learning.ts';
import type { SopStamp, Store, StoredSop, Trx } from '../store/store.ts';
import { getSops, listSopStamps } from '../store/store.ts';
import type { Clock, Log } from './clock.ts';
import type { Foresights } from './foresights.ts';
import { type JudgedSop, searchJudged } from './judged-sops.ts';
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

const pageMax = 200;
/** SOPs kept of one namespace, the most certain first. */
const sopsMax = 10_000;
/** Namespaces kept; the one that was asked longest ago goes. */
const namespacesMax = 200;
const maxAgeMsDefault = 10_000;
/** A fresh copy is waited for this long; then what is there is served, and the fresh one comes for the next question. */
const freshMs = 250;
/** SOPs that go into an index before calls get their turn: one of them takes up to a millisecond. */
const putsPerTurn = 8;
/** After a failure the store is left alone for this long while there is a copy to serve. */
const restMs = 1_000;

interface Copy {
  readonly index: SopIndex;
  readonly sops: Map<string, StoredSop>;
  /** What each row was when it was read. */
  readonly stamps: Map<string, string>;
  /** On the monotonic clock. */
  readAt: number;
  stale: boolean;
  /** The store failed: not asked again before then. */
  restsUntil: number;
}

/** Opens an empty shelf. */
export function openShelf(options: ShelfOptions): Shelf {
  return new LiveShelf(options);
}

class LiveShelf implements Shelf {
  readonly #options: ShelfOptions;
  readonly #copies = new Map<string, Copy>();
  readonly #reading = new Map<string, Promise<Copy>>();
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
    const { sopsAnsweredMax, taskTextMax } = limits;
    const judged = learned === undefined ? undefined : searchJudged(learned, sops.values(), question);
    if (judged !== undefined) return judged.map(toJudgedShelved);
    const ranked = index.rank({ task: task.slice(0, taskTextMax), minConfidence, limit: sopsAnsweredMax });
    const found = ranked.flatMap(({ sop, relevance, matched }) => {
      const stored = sops.get(sop.sopId);
      // Only who asks for what is below the bar gets what is not active yet.
      const isServed = stored?.status === 'active' || minConfidence < servingBar.confidence;
      return stored === undefined || !isServed
        ? []
        : [{ ...toShelved(stored), relevance, why: toWhy(matched) }];
    });
    return found.slice(0, Math.max(0, limit));
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
    if (copy === undefined) return this.#read(namespace);
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

  /** One read at a time for each namespace. */
  #read(namespace: string): Promise<Copy> {
    const pending =
      this.#reading.get(namespace) ??
      this.#readNow(namespace).finally(() => {
        this.#reading.delete(namespace);
        this.#changed.delete(namespace);
      });
    this.#reading.set(namespace, pending);
    return pending;
  }

  async #readNow(namespace: string): Promise<Copy> {
    const { clock, store } = this.#options;
    const copy = this.#copies.get(namespace) ?? createCopy();
    await bringUpToDate(copy, await store.inNamespace(namespace, (trx) => readNews(trx, copy.stamps)));
    copy.readAt = clock.monotonic();
    copy.stale = this.#changed.delete(namespace);
    copy.restsUntil = 0;
    this.#keep(namespace, copy);
    return copy;
  }

  /** Puts a copy last, so that the first one is the one asked longest ago. */
  #keep(namespace: string, copy: Copy): void {
    this.#copies.delete(namespace);
    this.#copies.set(namespace, copy);
    const [oldest] = this.#copies.keys();
    if (this.#copies.size > namespacesMax && oldest !== undefined) this.#copies.delete(oldest);
  }
}

/** What a namespace holds, and those of it that are not as they were known. */
interface News {
  readonly stamps: readonly SopStamp[];
  readonly changed: readonly StoredSop[];
}

/** What may be served; the rest is as good as gone. */
const servable = ['active', 'candidate', 'shadow'] as const satisfies readonly SopStatus[];

async function readNews(trx: Trx, known: ReadonlyMap<string, string>): Promise<News> {
  const stamps = await listSopStamps(trx, { statuses: servable, limit: sopsMax });
  const ids = stamps.filter(({ sopId, stamp }) => known.get(sopId) !== stamp).map(({ sopId }) => sopId);
  const changed: StoredSop[] = [];
  for (let from = 0; from < ids.length; from += pageMax)
    changed.push(...(await getSops(trx, ids.slice(from, from + pageMax))));
  // Between the two questions one may have been retired; its event is on the way.
  return { stamps, changed: changed.filter(({ status }) => servable.some((one) => one === status)) };
}

function createCopy(): Copy {
  return {
    index: createIndex([]),
    sops: new Map(),
    stamps: new Map(),
    readAt: 0,
    stale: false,
    restsUntil: 0,
  };
}

/** Whoever asks in between gets some SOPs as they were and some as they are: each of them is whole. */
async function bringUpToDate({ index, sops, stamps }: Copy, news: News): Promise<void> {
  const now = new Map(news.stamps.map(({ sopId, stamp }) => [sopId, stamp]));
  let changes = 0;
  const breathe = async (): Promise<void> => {
    changes += 1;
    if (changes % putsPerTurn === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  for (const sopId of [...sops.keys()].filter((known) => !now.has(known))) {
    index.remove(sopId);
    sops.delete(sopId);
    stamps.delete(sopId);
    await breathe();
  }
  for (const sop of news.changed) {
    const before = sops.get(sop.sopId);
    sops.set(sop.sopId, sop);
    stamps.set(sop.sopId, now.get(sop.sopId) ?? '');
    if (before !== undefined && isRankedAlike(before, sop)) continue;
    index.put(sop);
    await breathe();
  }
}

/** What ranking looks at moves with the time of the last change; figures that do not are served all the same. */
function isRankedAlike(before: StoredSop, now: StoredSop): boolean {
  return (
    before.updatedAt === now.updatedAt &&
    before.version === now.version &&
    before.confidence === now.confidence &&
    before.occurrences === now.occurrences
  );
}

/** The procedure's own confidence stays to be seen beside the one for this task. */
function toJudgedShelved({ sop, confidence, alike }: JudgedSop): RankedShelvedSop {
  const shelved = toShelved(sop);
  return {
    ...shelved,
    confidence,
    relevance: confidence,
    why: `${alike} runs of tasks like this say so, and it was right as often in backtests`,
    metadata: { ...shelved.metadata, ownConfidence: sop.confidence },
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
