/**
 * Keeps a book of patterns for each namespace beside its learner, and writes what it bears out: not after every episode,
 * since that would be for nobody, but within the seconds in which people may expect it.
 */
import { toPlainError } from '../../../machines/words/errors.ts';
import { createPatternBook, type PatternBook } from '../../learning/learning.ts';
import type { Learner } from '../../learning/learning.ts';
import type { Clock, Log } from '../clock.ts';
import { type PatternWriterOptions, savePatterns } from './pattern-writer.ts';

export interface PatternFinderOptions extends PatternWriterOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly isShared: (namespace: string) => boolean;
  /** Hears that patterns were committed. */
  readonly written: () => void;
}

export interface PatternFinder {
  /** A learner that tells the book of its namespace whatever it hears itself; a new one begins a new book. */
  accompany(namespace: string, learner: Learner): Learner;
  /** Something was learned in this namespace, and written; the book of this learner counts from now on. */
  notice(namespace: string, learner: Learner): void;
  /** Whether something of this namespace is to be written, or is being written. */
  isBusy(namespace: string): boolean;
  /** Nothing is written of it any more: somebody else has it. */
  drop(namespace: string): void;
  /** Ends after the namespace that is being written. */
  stop(): Promise<void>;
}

/** The rest between two looks at one namespace. */
const restMs = 2_000;

/** Starts with empty books. */
export function startPatternFinder(options: PatternFinderOptions): PatternFinder {
  /** By the keeper, which a learner has for good, whoever stands in front of it. */
  const books = new WeakMap<Learner['keeper'], PatternBook>();
  const written = new WeakMap<PatternBook, number>();
  const wanted = new Map<string, PatternBook>();
  let stopped = false;
  let cancel = (): void => undefined;
  let waiting = false;
  let writing: string | undefined;
  let running: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    waiting = false;
    for (const [namespace, book] of wanted) {
      if (stopped) return;
      wanted.delete(namespace);
      writing = namespace;
      const { changes } = book;
      try {
        if ((await savePatterns(options, namespace, book.derive())) > 0) options.written();
        written.set(book, changes);
      } catch (error) {
        options.log.debug({ namespace, err: toPlainError(error) }, 'patterns wait for the database');
        if (writing === namespace) wanted.set(namespace, book);
        break;
      } finally {
        writing = undefined;
      }
    }
    if (wanted.size > 0) plan();
  }
  function plan(): void {
    if (waiting || stopped) return;
    waiting = true;
    cancel = options.clock.schedule(restMs, () => {
      running = running.then(write);
    });
  }
  return {
    accompany(namespace, learner) {
      const book = createPatternBook({ namespace, sharedNamespace: options.isShared(namespace) });
      books.set(learner.keeper, book);
      return toTold(learner, book);
    },
    notice(namespace, learner) {
      const book = books.get(learner.keeper);
      if (book === undefined || written.get(book) === book.changes) return;
      wanted.set(namespace, book);
      plan();
    },
    isBusy: (namespace) => wanted.has(namespace) || writing === namespace,
    drop(namespace) {
      wanted.delete(namespace);
      if (writing === namespace) writing = undefined;
    },
    async stop() {
      stopped = true;
      cancel();
      await running;
    },
  };
}

/** The same learner, whose book hears what it hears. */
function toTold(learner: Learner, book: PatternBook): Learner {
  return {
    learn(episode) {
      learner.learn(episode);
      book.learn(episode);
    },
    forget(episodeId) {
      learner.forget(episodeId);
      book.forget(episodeId);
    },
    work: () => learner.work(),
    derive: () => learner.derive(),
    get keeper() {
      return learner.keeper;
    },
    get size() {
      return learner.size;
    },
  };
}
