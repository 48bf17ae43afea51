/**
 * The extractor worker: keeps a learner for each namespace that is its own, feeds it episodes from the archive and writes the
 * SOPs that changed. All it holds in memory comes from the archive and is rebuilt from there after a restart, when a namespace
 * comes to it, or when it is told to. It never touches a namespace that another learner has.
 */
import { DreyError, isAway, toPlainError } from '../../../machines/words/errors.ts';
import type { Learner, LearnerSize } from '../../learning/learning.ts';
import type { Store } from '../../store/store.ts';
import type { Clock, Log } from '../clock.ts';
import { type ArchiveTurns, createArchiveTurns } from './archive-turns.ts';
import type { SopComparison } from './compare-sops.ts';
import { createDueEpisodes, type DueEpisode, type DueEpisodes } from './due-episodes.ts';
import { type Foreseer, startForeseer } from './foreseer.ts';
import { createHoldings, type Holdings } from './holdings.ts';
import { createLeftOut, type LeftOut, type LeftOutOptions } from './left-out.ts';
import { type PatternFinder, startPatternFinder } from './pattern-finder.ts';
import { Shelves } from './shelves.ts';
import type { TurnSource } from './turn-source.ts';
import { startSlice, workOff } from './work-off.ts';

export interface ExtractorOptions {
  readonly store: Store;
  /** Where the turns come from by which namespaces are this learner's. */
  readonly source: Pick<TurnSource, 'turns'>;
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
  /** Episodes of this namespace changed; learned from when they are ended or quiet, by whoever has the namespace. */
  nudge(namespace: string): void;
  /** Episodes waiting to be learned from. */
  readonly waiting: number;
  /** Namespaces whose archive is not read or whose procedures are not written. */
  readonly unfinished: number;
  /** Learners that share the work. */
  readonly learners: number;
  /** Namespaces whose model of next steps is not up to date: until it is, less is served than is known. */
  readonly untrained: number;
  readonly lastRunAt: string | null;
  /** What all learners hold together; the share is that of the fullest. */
  readonly held: LearnerSize;
  /** Makes it this learner's where nobody else has it; false where somebody does. */
  hold(namespace: string): Promise<boolean>;
  /** Keeps what it has until it is told to let go again. */
  keepAll(): () => void;
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

/** Rebuilds each namespace that comes to it from the archive, then goes on from what is due. */
export function startExtractor(options: ExtractorOptions): Extractor {
  const extractor = new LiveExtractor(options);
  extractor.turn();
  return extractor;
}

class LiveExtractor implements Extractor {
  readonly #options: ExtractorOptions;
  readonly #holdings: Holdings;
  /** Namespaces whose archive is still to be read. */
  readonly #unread: ArchiveTurns = createArchiveTurns((namespace) => this.#shelves.rebuild(namespace));
  readonly #due: DueEpisodes;
  readonly #shelves: Shelves;
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
    this.#holdings = createHoldings({
      ...options,
      isIdle: (namespace) => this.#isIdle(namespace),
      came: (namespace) => this.#unread.want(namespace),
      went: (namespace) => this.#letGo(namespace),
    });
    this.#due = createDueEpisodes(options);
    const leftOut = createLeftOut(options);
    const foreseer = startForeseer({ ...options, leftOut, toLearn: () => this.waiting });
    const patterns = startPatternFinder(options);
    this.#shelves = new Shelves({
      ...options,
      foreseer,
      patterns,
      leftOut,
      isStopped: () => this.#stopped,
    });
    this.#foreseer = foreseer;
    this.#patterns = patterns;
    this.#leftOut = leftOut;
  }

  get lastRunAt(): string | null {
    return this.#shelves.lastRunAt;
  }

  get waiting(): number {
    return this.#due.size + this.unfinished;
  }

  get unfinished(): number {
    return this.#shelves.unwritten + this.#unread.size + this.#holdings.unseen;
  }

  get untrained(): number {
    return this.#foreseer.waiting;
  }

  get learners(): number {
    return this.#holdings.learners;
  }

  get held(): LearnerSize {
    return this.#shelves.held;
  }

  nudge(namespace: string): void {
    if (this.#holdings.hear(namespace)) this.#due.nudge(namespace);
  }

  async hold(namespace: string): Promise<boolean> {
    return this.#betweenTurns(async () => {
      this.goOn();
      return this.#holdings.hold(namespace);
    });
  }

  keepAll(): () => void {
    return this.#holdings.keepAll();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#foreseer.stop();
    await this.#patterns.stop();
    await this.#running;
    await this.#leftOut.stop();
    await this.#holdings.stop();
  }

  turn(): void {
    this.#running = this.#running.then(() => this.#step());
  }

  async relearn({ namespace, isTrial, fill }: Anew): Promise<SopComparison> {
    const missed = new Set<string>();
    this.#missed.set(namespace, missed);
    try {
      const learner = this.#shelves.createLearner(namespace);
      await fill(learner);
      return await this.#betweenTurns(async () => {
        this.goOn();
        // It may also have been away and come back: then others learned what this learner never hears of.
        const isHeld = this.#holdings.has(namespace) && this.#missed.get(namespace) === missed;
        if (!isHeld) throw new DreyError('worker_failed', notHeld(namespace));
        for (const episodeId of missed) await this.#shelves.tell(learner, namespace, episodeId);
        await workOff(learner, () => this.#stopped);
        this.goOn();
        return this.#shelves.replace(namespace, learner, isTrial);
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

  async #step(): Promise<void> {
    const { clock, log, broke } = this.#options;
    let pauseMs = tickMs;
    try {
      for (const namespace of await this.#holdings.look()) this.#due.nudge(namespace);
      await this.#due.fetch((namespace) => this.#holdings.has(namespace));
      await this.#unread.read(this.#slice());
      if (this.#stopped) return;
      await this.#learnDue();
      await this.#shelves.writeAll(this.#due.findReady(), this.#slice());
      this.#leftOut.tell();
    } catch (error) {
      if (this.#stopped) return;
      if (!isAway(error)) return broke(error);
      pauseMs = awayMs;
      log.debug({ err: toPlainError(error) }, 'learning waits for the database');
    }
    if (!this.#stopped) this.#cancel = clock.schedule(pauseMs, () => this.turn());
  }

  /** By rounds, of which the first is always finished: so everybody gets a turn. */
  async #learnDue(): Promise<void> {
    const isOver = this.#slice();
    const learned: DueEpisode[] = [];
    for (const round of this.#due.takeRounds(episodesPerStep)) {
      for (const one of round) {
        if (await this.#learnFrom(one)) learned.push(one);
        if (this.#stopped) return;
      }
      if (isOver()) break;
    }
    await this.#due.done(learned);
  }

  /** False for what has to wait: until the archive of its namespace is read, or its learner has caught up. */
  async #learnFrom(one: DueEpisode): Promise<boolean> {
    if (!this.#shelves.isReady(one.namespace)) return false;
    this.#missed.get(one.namespace)?.add(one.episodeId);
    await this.#shelves.learn(one);
    return true;
  }

  /** Nothing is done or waits to be done for it. */
  #isIdle(namespace: string): boolean {
    const isAtWork = this.#foreseer.isBusy(namespace) || this.#patterns.isBusy(namespace);
    // What is not quiet yet may as well become so at the next learner, or a namespace with much to do would never go.
    const isWaiting = this.#due.findReady().has(namespace) || !this.#shelves.isWritten(namespace);
    return !isAtWork && !isWaiting && !this.#unread.isBegun(namespace);
  }

  #letGo(namespace: string): void {
    this.#shelves.letGo(namespace);
    this.#unread.drop(namespace);
    this.#due.drop(namespace);
    this.#missed.delete(namespace);
    this.#foreseer.drop(namespace);
    this.#patterns.drop(namespace);
  }
}

const notHeld = (namespace: string): string =>
  `another learner may have ${namespace} by now; give the order again`;
