/**
 * The extractor worker: keeps a learner per namespace, feeds it episodes from the archive and writes the SOPs that changed.
 * All it holds in memory comes from the archive and is rebuilt from there after a restart, or when it is told to.
 */
import { DreyError, isAway, toPlainError } from '../../../machines/words/errors.ts';
import type { Episode } from '../../../machines/words/episodes.ts';
import { createLearner } from '../../learning/learning.ts';
import type { Learner, LearnerSize } from '../../learning/learning.ts';
import type { Store } from '../../store/store.ts';
import { getEpisode, listNamespaces } from '../../store/store.ts';
import type { Clock, Log } from '../clock.ts';
import { toIso } from '../clock.ts';
import { readArchive } from './archive.ts';
import { type ArchiveTurns, createArchiveTurns } from './archive-turns.ts';
import { compareSops } from './compare-sops.ts';
import type { SopComparison } from './compare-sops.ts';
import { createDueEpisodes, type DueEpisodes } from './due-episodes.ts';
import { noteFollowed } from './followed.ts';
import { type Foreseer, startForeseer } from './foreseer.ts';
import type { Touched } from './intake.ts';
import { type PatternFinder, startPatternFinder } from './pattern-finder.ts';
import { createLeftOut, type LeftOut, type LeftOutOptions } from './left-out.ts';
import { learnArchive, startSlice, sumSizes, workOff } from './work-off.ts';
import { createShelfWriter, type Shelf, type ShelfWriter } from './shelf-writer.ts';
import { isOnlyLearned, readLearned } from './sop-writer.ts';

export interface ExtractorOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Quiet time after which an open episode is learned from. */
  readonly quietMs: number;
  /** True where the configuration says so; elsewhere it is shared once a second principal is seen. */
  readonly isShared: (namespace: string) => boolean;
  /** Keeps an episode that learning cannot take, with the reason. */
  readonly park: LeftOutOptions['park'];
  /** Hears that SOPs were committed. */
  readonly written: () => void;
  /** The worker cannot go on; whoever supervises it decides. A database that is away is waited for instead. */
  readonly broke: (error: unknown) => void;
}

export interface Extractor {
  /** Episodes that changed; learned from when they are ended or quiet. */
  notice(touched: readonly Touched[]): void;
  /** Episodes waiting to be learned from. */
  readonly waiting: number;
  /** Namespaces whose model of next steps is not up to date: until it is, less is served than is known. */
  readonly untrained: number;
  readonly lastRunAt: string | null;
  /** What all learners hold together; the share is that of the fullest. */
  readonly held: LearnerSize;
  /** Learns a namespace anew beside what is in use, compares, and then puts the new in place of the old. */
  relearn(anew: Anew): Promise<SopComparison>;
  /** Throws `worker_failed` once it is stopped: then nothing should be begun on its behalf. */
  goOn(): void;
  stop(): Promise<void>;
}

/** How a namespace is learned anew. */
export interface Anew {
  readonly namespace: string;
  /** It is only compared: nothing is written. */
  readonly isTrial: boolean;
  /** Gives the episodes to a learner that knows nothing. */
  readonly fill: (learner: Learner) => Promise<void>;
}

const tickMs = 100;
/** Pause while the database is away. */
const awayMs = 1_000;
const episodesPerStep = 200;
/** A namespace with more to learn is written after this time: deriving costs the same for one as for many. */
const unwrittenMs = 3_000;
/** Rebuilds every namespace from the archive, then goes on from what the intake notices. */
export function startExtractor(options: ExtractorOptions): Extractor {
  const extractor = new LiveExtractor(options);
  extractor.turn();
  return extractor;
}

class LiveExtractor implements Extractor {
  lastRunAt: string | null = null;
  readonly #options: ExtractorOptions;
  readonly #shelves = new Map<string, Shelf>();
  readonly #due: DueEpisodes;
  /** Namespaces with something learned and not written, and since when. */
  readonly #unwritten = new Map<string, number>();
  readonly #writer: ShelfWriter;
  /** Namespaces whose learner is not done with what it was told: it is told no more until it is. */
  readonly #behind = new Set<string>();
  /** Namespaces whose archive is still to be read; undefined until they are known. */
  #unread: ArchiveTurns | undefined;
  /** Episodes learned from while a namespace is learned anew: the new learner must hear of them as well. */
  readonly #missed = new Map<string, Set<string>>();
  readonly #foreseer: Foreseer;
  readonly #patterns: PatternFinder;
  readonly #leftOut: LeftOut;
  #stopped = false;
  readonly #slice = () => startSlice(this.#options.clock, () => this.#stopped);
  #cancel = (): void => undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ExtractorOptions) {
    this.#options = options;
    this.#writer = createShelfWriter(options);
    this.#due = createDueEpisodes(options);
    this.#foreseer = startForeseer({ ...options, toLearn: () => this.waiting });
    this.#patterns = startPatternFinder(options);
    this.#leftOut = createLeftOut(options);
  }

  get waiting(): number {
    return this.#due.size + this.#unwritten.size + (this.#unread?.size ?? 1);
  }

  get untrained(): number {
    return this.#foreseer.waiting;
  }

  get held(): LearnerSize {
    return sumSizes([...this.#shelves.values()].map(({ learner }) => learner.size));
  }

  notice(touched: readonly Touched[]): void {
    for (const one of touched) {
      if (one.isRetried === true) this.#leftOut.retry(one);
      this.#due.add(one);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#foreseer.stop();
    await this.#patterns.stop();
    await this.#running;
    await this.#leftOut.stop();
  }

  turn(): void {
    this.#running = this.#running.then(() => this.#step());
  }

  async relearn({ namespace, isTrial, fill }: Anew): Promise<SopComparison> {
    const missed = new Set<string>();
    this.#missed.set(namespace, missed);
    try {
      const learner = this.#createLearner(namespace);
      await fill(learner);
      return await this.#betweenTurns(async () => {
        this.goOn();
        for (const episodeId of missed) await this.#learnOne(learner, namespace, episodeId);
        const rows = await this.#options.store.inNamespace(namespace, readLearned);
        await workOff(learner, () => this.#stopped);
        this.goOn();
        const derived = learner.derive().sops;
        const comparison = compareSops(derived, rows);
        if (isTrial) return comparison;
        const stored = new Map(rows.filter(isOnlyLearned).map(({ sopId }) => [sopId, '']));
        for (const sop of comparison.same) stored.set(sop.sopId, this.#writer.digestOf(sop));
        this.#shelves.set(namespace, { learner, stored });
        // Whatever is not written now is written later.
        this.#unwritten.set(namespace, 0);
        await this.#write(namespace, { learner, stored }, () => this.#stopped);
        this.#unwritten.delete(namespace);
        return comparison;
      });
    } finally {
      this.#missed.delete(namespace);
    }
  }

  goOn(): void {
    if (this.#stopped) throw new DreyError('worker_failed', 'the learner was stopped in the middle');
  }

  /** Nothing else learns or writes meanwhile. */
  async #betweenTurns<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#running.then(work);
    this.#running = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  #createLearner(namespace: string): Learner {
    const shared = this.#options.isShared(namespace);
    return this.#leftOut.goOnWithout(namespace, (failed) => {
      const learner = createLearner({ namespace, sharedNamespace: shared || 'seen', failed });
      return this.#patterns.accompany(namespace, learner);
    });
  }

  /** The archive's word on an episode counts. */
  async #learnOne(learner: Learner, namespace: string, episodeId: string): Promise<Episode | undefined> {
    const { store } = this.#options;
    const episode = await store.inNamespace(namespace, (trx) => getEpisode(trx, episodeId));
    if (episode === undefined) learner.forget(episodeId);
    else learner.learn(episode);
    return episode;
  }

  async #step(): Promise<void> {
    const { store, clock, log, broke } = this.#options;
    let pauseMs = tickMs;
    try {
      this.#unread ??= createArchiveTurns(
        (await store.inSystem(listNamespaces)).map((row) => row.namespace),
        (namespace) => this.#rebuild(namespace),
      );
      await this.#unread.read(this.#slice());
      if (this.#stopped) return;
      await this.#learnDue(this.#unread);
      await this.#writeAll();
      this.#leftOut.tell();
    } catch (error) {
      if (this.#stopped) return;
      if (!isAway(error)) return broke(error);
      pauseMs = awayMs;
      log.debug({ err: toPlainError(error) }, 'learning waits for the database');
    }
    if (!this.#stopped) this.#cancel = clock.schedule(pauseMs, () => this.turn());
  }

  async *#rebuild(namespace: string): AsyncGenerator<undefined, void> {
    if (this.#shelves.has(namespace)) return;
    const { store } = this.#options;
    const learner = this.#createLearner(namespace);
    const rows = await store.inNamespace(namespace, readLearned);
    const stored = new Map(rows.filter(isOnlyLearned).map(({ sopId }) => [sopId, '']));
    // What is derived from a part of the archive would retire whatever the rest supports.
    yield* learnArchive(readArchive(store, namespace), learner);
    // Learning anew may have been quicker.
    if (this.#stopped || this.#shelves.has(namespace)) return;
    this.#shelves.set(namespace, { learner, stored });
    this.#unwritten.set(namespace, this.#options.clock.monotonic());
  }

  /** By rounds, of which the first is always finished: so everybody gets a turn. */
  async #learnDue(unread: ArchiveTurns): Promise<void> {
    const isOver = this.#slice();
    for (const round of this.#due.takeRounds(episodesPerStep)) {
      for (const one of round) {
        if (!(await this.#learnFrom(one, unread))) continue;
        if (this.#stopped) return;
        this.#due.done(one);
      }
      if (isOver()) return;
    }
  }

  /** False for what has to wait: until the archive of its namespace is read, or its learner has caught up. */
  async #learnFrom(one: Touched, unread: ArchiveTurns): Promise<boolean> {
    const { store, clock } = this.#options;
    const { namespace, episodeId } = one;
    const shelf = this.#shelves.get(namespace);
    if (this.#behind.has(namespace)) return false;
    this.#missed.get(namespace)?.add(episodeId);
    if (shelf === undefined) {
      unread.want(namespace);
      return false;
    }
    const episode = await this.#learnOne(shelf.learner, namespace, episodeId);
    if (episode !== undefined) await store.inNamespace(namespace, (trx) => noteFollowed(trx, episode));
    this.#unwritten.set(namespace, this.#unwritten.get(namespace) ?? clock.monotonic());
    return true;
  }

  /** Those with nothing more to learn first. */
  async #writeAll(): Promise<void> {
    const isOver = this.#slice();
    const ready = this.#due.findReady();
    const hasMore = (one: string): number => Number(ready.has(one));
    const late = this.#options.clock.monotonic() - unwrittenMs;
    for (const [namespace, since] of [...this.#unwritten].sort((a, b) => hasMore(a[0]) - hasMore(b[0]))) {
      if (ready.has(namespace) && since > late) continue;
      const shelf = this.#shelves.get(namespace);
      if (this.#stopped) return;
      if (shelf === undefined || (await this.#write(namespace, shelf, isOver)))
        this.#unwritten.delete(namespace);
    }
  }

  /** False where the learner could not catch up. */
  async #write(namespace: string, shelf: Shelf, isOver: () => boolean): Promise<boolean> {
    const { clock, written } = this.#options;
    const { learner } = shelf;
    this.#behind.add(namespace);
    if (!(await workOff(learner, isOver)) || this.#stopped) return false;
    this.#behind.delete(namespace);
    const count = await this.#writer.write(namespace, shelf);
    this.lastRunAt = toIso(clock.now());
    this.#foreseer.notice(namespace, learner.keeper);
    this.#patterns.notice(namespace, learner);
    if (count > 0) written();
    return true;
  }
}
