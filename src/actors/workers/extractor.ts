/**
 * The extractor worker: keeps a learner per namespace, feeds it episodes from the archive and writes the SOPs that changed.
 * All it holds in memory comes from the archive and is rebuilt from there after a restart, or when it is told to.
 */
import { DreyError, isAway, toPlainError } from '../../../machines/words/errors.ts';
import type { Episode } from '../../../machines/words/episodes.ts';
import { toDigest } from '../../../machines/words/ids.ts';
import type { LearnedSop } from '../../../machines/words/sops.ts';
import { createLearner } from '../../learning/learning.ts';
import type { Learner, LearnerSize } from '../../learning/learning.ts';
import type { Store } from '../../store/store.ts';
import { getEpisode, listNamespaces } from '../../store/store.ts';
import type { Clock, Log } from '../clock.ts';
import { toIso } from '../clock.ts';
import { readArchive } from './archive.ts';
import { compareSops } from './compare-sops.ts';
import type { SopComparison } from './compare-sops.ts';
import { createDueEpisodes, type DueEpisodes } from './due-episodes.ts';
import { noteFollowed } from './followed.ts';
import { type Foreseer, startForeseer } from './foreseer.ts';
import type { Touched } from './intake.ts';
import { type PatternFinder, startPatternFinder } from './pattern-finder.ts';
import { createLeftOut, type LeftOut, type LeftOutOptions } from './left-out.ts';
import { learnArchive, sumSizes, workOff } from './work-off.ts';
import { isOnlyLearned, readLearned, retireSops, saveSops } from './sop-writer.ts';

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
interface Shelf {
  readonly learner: Learner;
  /** What is stored of each SOP, as a digest. */
  readonly stored: Map<string, string>;
}

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
  /** Namespaces with something learned and not written. */
  readonly #unwritten = new Set<string>();
  /** The learner gives the same object for a procedure that did not change. */
  readonly #digests = new WeakMap<LearnedSop, string>();
  /** Namespaces whose archive is still to be read; undefined until they are known. */
  #unread: string[] | undefined;
  /** Episodes learned from while a namespace is learned anew: the new learner must hear of them as well. */
  readonly #missed = new Map<string, Set<string>>();
  readonly #foreseer: Foreseer;
  readonly #patterns: PatternFinder;
  readonly #leftOut: LeftOut;
  #stopped = false;
  #cancel = (): void => undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ExtractorOptions) {
    this.#options = options;
    this.#due = createDueEpisodes(options);
    this.#foreseer = startForeseer({ ...options, toLearn: () => this.waiting });
    this.#patterns = startPatternFinder(options);
    this.#leftOut = createLeftOut(options);
  }

  get waiting(): number {
    return this.#due.size + this.#unwritten.size + (this.#unread === undefined ? 1 : this.#unread.length);
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
        for (const sop of comparison.same) stored.set(sop.sopId, this.#digestOf(sop));
        this.#shelves.set(namespace, { learner, stored });
        this.#unwritten.add(namespace);
        await this.#writeAll();
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
      this.#unread ??= (await store.inSystem(listNamespaces)).map((row) => row.namespace);
      await this.#readArchive(this.#unread);
      await this.#learnDue();
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

  async #readArchive(unread: string[]): Promise<void> {
    for (let [namespace] = unread; namespace !== undefined; [namespace] = unread) {
      if (this.#stopped) return;
      await this.#rebuild(namespace);
      unread.shift();
    }
  }

  async #rebuild(namespace: string): Promise<void> {
    if (this.#shelves.has(namespace)) return;
    const { store } = this.#options;
    const learner = this.#createLearner(namespace);
    const rows = await store.inNamespace(namespace, readLearned);
    const stored = new Map(rows.filter(isOnlyLearned).map(({ sopId }) => [sopId, '']));
    // What is derived from a part of the archive would retire whatever the rest supports.
    await learnArchive(readArchive(store, namespace), learner, () => this.#stopped);
    if (this.#stopped) return;
    this.#shelves.set(namespace, { learner, stored });
    this.#unwritten.add(namespace);
  }

  async #learnDue(): Promise<void> {
    const { store } = this.#options;
    for (const one of this.#due.list(episodesPerStep)) {
      const shelf = this.#shelves.get(one.namespace);
      if (shelf === undefined) await this.#rebuild(one.namespace);
      else {
        const { namespace, episodeId } = one;
        const episode = await this.#learnOne(shelf.learner, namespace, episodeId);
        if (episode !== undefined) await store.inNamespace(namespace, (trx) => noteFollowed(trx, episode));
        this.#unwritten.add(one.namespace);
      }
      this.#missed.get(one.namespace)?.add(one.episodeId);
      if (this.#stopped) return;
      this.#due.done(one);
    }
  }

  async #writeAll(): Promise<void> {
    for (const namespace of this.#unwritten) {
      const shelf = this.#shelves.get(namespace);
      if (this.#stopped) return;
      if (shelf !== undefined) await this.#write(namespace, shelf);
      this.#unwritten.delete(namespace);
    }
  }

  async #write(namespace: string, { learner, stored }: Shelf): Promise<void> {
    const { clock, log, written } = this.#options;
    if (!(await workOff(learner, () => this.#stopped))) return;
    const { sops } = learner.derive();
    const changed = sops.filter((sop) => stored.get(sop.sopId) !== this.#digestOf(sop));
    const kept = new Set(sops.map((sop) => sop.sopId));
    const gone = [...stored.keys()].filter((sopId) => !kept.has(sopId));
    await saveSops(this.#options, namespace, changed, (some) => {
      for (const sop of some) stored.set(sop.sopId, this.#digestOf(sop));
    });
    await retireSops(this.#options, namespace, gone, (some) => {
      for (const sopId of some) stored.delete(sopId);
    });
    this.lastRunAt = toIso(clock.now());
    this.#foreseer.notice(namespace, learner.keeper);
    this.#patterns.notice(namespace, learner);
    if (changed.length + gone.length === 0) return;
    log.debug({ namespace, changed: changed.length, retired: gone.length }, 'procedures were written');
    written();
  }

  #digestOf(sop: LearnedSop): string {
    const digest = this.#digests.get(sop) ?? toDigest(JSON.stringify(sop));
    this.#digests.set(sop, digest);
    return digest;
  }
}
