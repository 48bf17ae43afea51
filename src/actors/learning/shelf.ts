/**
 * The shelf: a node's in-memory copy of each namespace's SOPs, ranked for a task without asking anybody. It is brought
 * up to date from the store after `sop.*` events and with age, one changed SOP after the other, and goes on answering
 * from what it has meanwhile and while the database is away. Of a namespace with more SOPs than it keeps it holds the
 * most certain ones and ranks a catalogue of all of them; until that is whole the database finds the others by the task's
 * words. It derives nothing.
 */
import { toPlainError } from '../../../machines/words/errors.ts';
import { withoutParts } from '../../../machines/words/parts.ts';
import type { Learned } from '../../learning/learning.ts';
import { ranking } from '../../learning/learning.ts';
import type { Store, StoredSop } from '../../store/store.ts';
import { getSops, searchSops } from '../../store/store.ts';
import type { Clock, Log } from '../clock.ts';
import { type Catalogue, Catalogues, keepRead } from './catalogues.ts';
import type { Foresights } from './foresights.ts';
import { arrangeFound, type JudgedSop, mayServe, searchJudged, toUnjudged } from './judged-sops.ts';
import { bringStrays, bringUpToDate, createCopy, isMissing, readMissing, readNews } from './shelf-copy.ts';
import type { Copy } from './shelf-copy.ts';
import { type RankedShelvedSop, toArranged, toJudgedShelved, toRanked, toRankQuery } from './shelved.ts';
import { within } from '../within.ts';

export interface ShelfOptions {
  readonly store: Pick<Store, 'inNamespace'>;
  readonly clock: Clock;
  readonly log: Log;
  /** What judges procedures for a task once enough tasks are known; without it each says of itself how sure it is. */
  readonly foresights?: Pick<Foresights, 'get'> | undefined;
  /** A copy older than this is read anew when it is asked; events make that rare. */
  readonly maxAgeMs?: number;
  /** What catalogues of big namespaces may take in all. */
  readonly catalogueBytesMax?: number;
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
  readonly #catalogues: Catalogues;

  constructor(options: ShelfOptions) {
    this.#options = options;
    this.#catalogues = new Catalogues(options, options.catalogueBytesMax);
  }

  async search(question: SopQuestion): Promise<readonly RankedShelvedSop[]> {
    const { namespace } = question;
    const [copy, learned] = await Promise.all([
      this.#get(namespace),
      this.#options.foresights?.get(namespace),
    ]);
    const found = await this.#find(question, copy, learned);
    return found.map((sop) => withoutParts(sop, copy.retiredParts));
  }

  async #find(
    question: SopQuestion,
    copy: Copy,
    learned: Learned | undefined,
  ): Promise<readonly RankedShelvedSop[]> {
    const { namespace, task, minConfidence, limit } = question;
    const catalogue = copy.isPartial ? this.#catalogues.get(namespace) : undefined;
    if (catalogue !== undefined) return this.#searchAll(question, { copy, catalogue, learned });
    const { index, sops } = copy;
    if (copy.isPartial) await this.#seek(namespace, copy, task);
    const judged = learned === undefined ? undefined : searchJudged(learned, sops.values(), question);
    const mayRank = toUnjudged(learned, judged, question);
    if (mayRank === undefined) return (judged ?? []).map(toJudgedShelved);
    const rank = (nearBest: number): RankedShelvedSop[] =>
      index.rank(toRankQuery(task, minConfidence, nearBest)).flatMap((ranked) => {
        const stored = sops.get(ranked.sop.sopId);
        const isServed = stored !== undefined && mayServe(stored, minConfidence) && mayRank(stored);
        return isServed ? [toRanked(stored, ranked, task)] : [];
      });
    const found = rank(ranking.nearBest);
    // What is found less clearly has a place beside what is clear, and none by itself.
    if (learned === undefined || judged !== undefined || found.length === 0)
      return found.slice(0, Math.max(0, limit));
    return arrangeFound(learned, task, { found, more: rank(ranking.arranged) })
      .slice(0, Math.max(0, limit))
      .map(({ sop, leftOut }) => toArranged(sop, leftOut));
  }

  /** Ranks all there is, and reads what comes first of it; what was read and the copy are enough while the store is away. */
  async #searchAll(
    question: SopQuestion,
    { copy, catalogue, learned }: { copy: Copy; catalogue: Catalogue; learned: Learned | undefined },
  ): Promise<readonly RankedShelvedSop[]> {
    const { namespace, task, minConfidence, limit } = question;
    const read = (ranked: readonly { readonly sop: { readonly sopId: string } }[]) =>
      this.#readFound(
        namespace,
        { copy, catalogue },
        ranked.map(({ sop }) => sop.sopId),
      );
    let judged: readonly JudgedSop[] | undefined;
    if (learned !== undefined) {
      const near = await read(catalogue.index.rank({ ...toRankQuery(task, 0), limit: soughtMax }));
      judged = searchJudged(learned, new Map([...copy.sops, ...near]).values(), question);
    }
    const mayRank = toUnjudged(learned, judged, question);
    if (mayRank === undefined) return (judged ?? []).map(toJudgedShelved);
    const all = catalogue.index.rank(toRankQuery(task, minConfidence));
    const found: RankedShelvedSop[] = [];
    for (let at = 0; at < all.length && found.length < limit; at += limit) {
      const page = all.slice(at, at + limit);
      const stored = await read(page);
      for (const ranked of page) {
        const sop = stored.get(ranked.sop.sopId);
        const isServed = sop !== undefined && sop.confidence >= minConfidence && mayServe(sop, minConfidence);
        if (isServed && mayRank(sop) && found.length < limit) found.push(toRanked(sop, ranked, task));
      }
    }
    return found;
  }

  /** Those of these ids that are there; what is gone from the store goes from the catalogue. */
  async #readFound(
    namespace: string,
    { copy, catalogue }: { readonly copy: Copy; readonly catalogue: Catalogue },
    sopIds: readonly string[],
  ): Promise<ReadonlyMap<string, StoredSop>> {
    const found = new Map<string, StoredSop>();
    for (const sopId of sopIds) {
      const known = copy.sops.get(sopId) ?? catalogue.kept.get(sopId);
      if (known !== undefined) found.set(sopId, known);
    }
    const missing = sopIds.filter((sopId) => !found.has(sopId));
    const { clock, store } = this.#options;
    if (missing.length === 0 || clock.monotonic() < copy.restsUntil) return found;
    try {
      const read = store.inNamespace(namespace, (trx) => getSops(trx, missing));
      for (const sop of await within(read, freshMs, clock)) {
        found.set(sop.sopId, sop);
        keepRead(catalogue, sop);
      }
      for (const sopId of missing) if (!found.has(sopId)) catalogue.index.remove(sopId);
    } catch (error) {
      this.#restFromSeeking(namespace, copy, error);
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
    const { clock, store } = this.#options;
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
      this.#restFromSeeking(namespace, copy, error);
    }
  }

  #restFromSeeking(namespace: string, copy: Copy, error: unknown): void {
    const { clock, log } = this.#options;
    copy.restsUntil = clock.monotonic() + restMs;
    const err = toPlainError(error);
    log.warn({ namespace, err }, 'procedures are looked for in memory alone: the database is away or slow');
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
    for (const sought = new Set<string>(); isMissing(news, copy.stamps, sought);) {
      const changed = await store.inNamespace(namespace, (trx) =>
        readMissing(trx, news, copy.stamps, sought),
      );
      await bringUpToDate(copy, { ...news, changed });
    }
    if (news.isPartial) await this.#catalogues.bringUpToDate(namespace);
    else this.#catalogues.drop(namespace);
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
      this.#catalogues.drop(oldest);
      inAll -= sops.size;
    }
  }
}
