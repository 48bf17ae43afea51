/**
 * The learners of a worker's namespaces, and what of them is written: each is rebuilt from the archive, told what is due, and
 * written when it has caught up. It decides nothing about turns; whoever uses it does one thing at a time.
 */
import type { Episode } from '../../../machines/words/episodes.ts';
import { createLearner, type Learner, type LearnerSize } from '../../learning/learning.ts';
import type { StoredSop } from '../../store/store.ts';
import { getEpisode } from '../../store/store.ts';
import { toIso } from '../clock.ts';
import { readArchive } from './archive.ts';
import type { DueEpisode } from './due-episodes.ts';
import { noteFollowed } from './followed.ts';
import type { Foreseer } from './foreseer.ts';
import type { LeftOut } from './left-out.ts';
import type { PatternFinder } from './pattern-finder.ts';
import { compareSops, type SopComparison } from './compare-sops.ts';
import { createShelfWriter, type Shelf, type ShelfWriter } from './shelf-writer.ts';
import { isOnlyLearned, readLearned, type SopWriterOptions } from './sop-writer.ts';
import { learnArchive, sumSizes, workOff } from './work-off.ts';

export interface ShelvesOptions extends SopWriterOptions {
  /** True where the configuration says so; elsewhere it is shared once a second principal is seen. */
  readonly isShared: (namespace: string) => boolean;
  /** Hears that SOPs were committed. */
  readonly written: () => void;
  readonly foreseer: Pick<Foreseer, 'notice'>;
  readonly patterns: Pick<PatternFinder, 'accompany' | 'notice'>;
  readonly leftOut: Pick<LeftOut, 'goOnWithout' | 'retry'>;
  readonly isStopped: () => boolean;
}

/** A namespace with more to learn is written after this time: deriving costs the same for one as for many. */
const unwrittenMs = 3_000;

/** Has no learner yet. */
export class Shelves {
  lastRunAt: string | null = null;
  readonly #options: ShelvesOptions;
  readonly #shelves = new Map<string, Shelf>();
  readonly #writer: ShelfWriter;
  /** Namespaces with something learned and not written, and since when. */
  readonly #unwritten = new Map<string, number>();
  /** Namespaces whose learner is not done with what it was told: it is told no more until it is. */
  readonly #behind = new Set<string>();

  constructor(options: ShelvesOptions) {
    this.#options = options;
    this.#writer = createShelfWriter(options);
  }

  /** Namespaces with something learned and not written. */
  get unwritten(): number {
    return this.#unwritten.size;
  }

  get held(): LearnerSize {
    return sumSizes([...this.#shelves.values()].map(({ learner }) => learner.size));
  }

  isWritten(namespace: string): boolean {
    return !this.#unwritten.has(namespace);
  }

  /** Nothing of it is kept here any more. */
  letGo(namespace: string): void {
    this.#shelves.delete(namespace);
    this.#unwritten.delete(namespace);
    this.#behind.delete(namespace);
  }

  createLearner(namespace: string): Learner {
    const { isShared, leftOut, patterns } = this.#options;
    const shared = isShared(namespace);
    return leftOut.goOnWithout(namespace, (failed) => {
      const learner = createLearner({ namespace, sharedNamespace: shared || 'seen', failed });
      return patterns.accompany(namespace, learner);
    });
  }

  /** Reads the archive, an episode at a time. */
  async *rebuild(namespace: string): AsyncGenerator<undefined, void> {
    if (this.#shelves.has(namespace)) return;
    const { store, isStopped } = this.#options;
    const learner = this.createLearner(namespace);
    const rows = await store.inNamespace(namespace, readLearned);
    const stored = toStored(rows);
    // What is derived from a part of the archive would retire whatever the rest supports.
    yield* learnArchive(readArchive(store, namespace), learner);
    // Learning anew may have been quicker.
    if (isStopped() || this.#shelves.has(namespace)) return;
    this.#shelves.set(namespace, { learner, stored });
    this.#unwritten.set(namespace, this.#options.clock.monotonic());
  }

  /** The archive's word on an episode counts. */
  async tell(learner: Learner, namespace: string, episodeId: string): Promise<Episode | undefined> {
    const { store } = this.#options;
    const episode = await store.inNamespace(namespace, (trx) => getEpisode(trx, episodeId));
    if (episode === undefined) learner.forget(episodeId);
    else learner.learn(episode);
    return episode;
  }

  /** Whether its learner may be told something now. */
  isReady(namespace: string): boolean {
    return this.#shelves.has(namespace) && !this.#behind.has(namespace);
  }

  /** Tells its learner what is due. */
  async learn(one: DueEpisode): Promise<void> {
    const { store, clock, leftOut } = this.#options;
    const { namespace, episodeId, isRetried } = one;
    const shelf = this.#shelves.get(namespace);
    if (shelf === undefined) return;
    if (isRetried) leftOut.retry(one);
    const episode = await this.tell(shelf.learner, namespace, episodeId);
    this.#unwritten.set(namespace, this.#unwritten.get(namespace) ?? clock.monotonic());
    if (episode !== undefined) await store.inNamespace(namespace, (trx) => noteFollowed(trx, episode));
  }

  /** Writes what was learned; those with nothing more to learn first. */
  async writeAll(ready: ReadonlySet<string>, isOver: () => boolean): Promise<void> {
    const { clock, isStopped } = this.#options;
    const hasMore = (one: string): number => Number(ready.has(one));
    const late = clock.monotonic() - unwrittenMs;
    for (const [namespace, since] of [...this.#unwritten].sort((a, b) => hasMore(a[0]) - hasMore(b[0]))) {
      if (ready.has(namespace) && since > late) continue;
      const shelf = this.#shelves.get(namespace);
      if (isStopped()) return;
      if (shelf === undefined || (await this.#write(namespace, shelf, isOver)))
        this.#unwritten.delete(namespace);
    }
  }

  /** Compares what a new learner derives with what is stored; unless it is a trial, the new one is written and used from now on. */
  async replace(namespace: string, learner: Learner, isTrial: boolean): Promise<SopComparison> {
    const { store, isStopped } = this.#options;
    const rows = await store.inNamespace(namespace, readLearned);
    const comparison = compareSops(learner.derive().sops, rows);
    if (isTrial) return comparison;
    const stored = toStored(rows);
    for (const sop of comparison.same) stored.set(sop.sopId, this.#writer.digestOf(sop));
    this.#shelves.set(namespace, { learner, stored });
    // Whatever is not written now is written later.
    this.#unwritten.set(namespace, 0);
    await this.#write(namespace, { learner, stored }, isStopped);
    this.#unwritten.delete(namespace);
    return comparison;
  }

  /** False where the learner could not catch up. */
  async #write(namespace: string, shelf: Shelf, isOver: () => boolean): Promise<boolean> {
    const { clock, written, isStopped, foreseer, patterns } = this.#options;
    const { learner } = shelf;
    this.#behind.add(namespace);
    if (!(await workOff(learner, isOver)) || isStopped()) return false;
    this.#behind.delete(namespace);
    const count = await this.#writer.write(namespace, shelf);
    this.lastRunAt = toIso(clock.now());
    foreseer.notice(namespace, learner.keeper);
    patterns.notice(namespace, learner);
    if (count > 0) written();
    return true;
  }
}

/** What is stored and learning's alone; what it holds is not known before it is written. */
function toStored(rows: readonly StoredSop[]): Map<string, string> {
  return new Map(rows.filter(isOnlyLearned).map(({ sopId }) => [sopId, '']));
}
