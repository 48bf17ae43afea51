/**
 * Learning goes on without what it cannot take: an episode that makes it fail is left out, told to whoever keeps the dead
 * letters, and stays in the archive, so that the next start and whoever asks for it try again. It never loses one. A model
 * that cannot be made is told likewise, and the one before stays in use.
 */
import { toPlainError } from '../../../machines/words/errors.ts';
import type { DreyEvent } from '../../../machines/words/events.ts';
import { eventVersion } from '../../../machines/words/events.ts';
import { createId } from '../../../machines/words/ids.ts';
import type { Fault, Learner } from '../../learning/learning.ts';
import type { LeftUndone } from '../../wire/wire.ts';
import type { Clock, Log } from '../clock.ts';
import { toIso } from '../clock.ts';

export interface LeftOutOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Keeps it among the dead letters; throws while the bus is away, and is asked again then. */
  readonly park: (undone: LeftUndone) => Promise<void>;
}

/** The code of a letter, and who gave up. */
const kinds = {
  episode: { code: 'episode_unlearnable', by: 'extractor' },
  procedure: { code: 'procedure_underivable', by: 'extractor' },
  model: { code: 'model_untrainable', by: 'foreseer' },
} as const;
/** In whose name the letter of a model is kept: one a namespace. */
const modelId = 'next-steps';

/** What was left out: its id, and the episodes by which it is asked for again. */
interface Left {
  readonly what: keyof typeof kinds;
  readonly id: string;
  readonly episodes: readonly string[];
  readonly error: unknown;
}

export interface LeftOut {
  /** A learner that goes on without what fails in it. */
  goOnWithout(namespace: string, create: (failed: (fault: Fault) => void) => Learner): Learner;
  /** No model of next steps could be made of what is known: it is tried again once one of these episodes is learned again. */
  goOnWithoutModel(namespace: string, fault: Pick<Left, 'episodes' | 'error'>): void;
  /** It could be made after all: what comes of the next one is told again. */
  noteModel(namespace: string): void;
  /** What comes of this one from now on is told, whether it was told before or not. */
  retry(one: { readonly namespace: string; readonly episodeId: string }): void;
  /** Begins to tell what is not told yet; nothing waits for it. */
  tell(): void;
  /** Ends after the one that is being told. */
  stop(): Promise<void>;
}

/** Faults remembered, so that one that comes again and again is told once; the oldest is told again beyond that. */
const rememberedMax = 1_000;
/** Has left out nothing yet. */
export function createLeftOut({ clock, log, park }: LeftOutOptions): LeftOut {
  /** The reasons by namespace and id, and those among them that are not told yet. */
  const reasons = new Map<string, string>();
  const untold = new Map<string, LeftUndone>();
  let telling: Promise<void> | undefined;
  let stopped = false;

  function note(namespace: string, { what, id, episodes, error }: Left): void {
    const key = `${namespace}/${id}`;
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    if (reasons.get(key) === reason) return;
    const [oldest] = reasons.keys();
    if (reasons.size >= rememberedMax && oldest !== undefined) {
      reasons.delete(oldest);
      untold.delete(oldest);
    }
    reasons.set(key, reason);
    log.warn({ namespace, id, err: toPlainError(error) }, `learning goes on without this ${what}`);
    const event: DreyEvent<'episode.retried'> = {
      id: createId('event', clock),
      type: 'episode.retried',
      at: toIso(clock.now()),
      namespace,
      actor: { kind: 'learning', id },
      version: eventVersion,
      data: { episodes: [...episodes] },
    };
    untold.set(key, { event, reason, ...kinds[what] });
  }
  const noteFault = (namespace: string, { what, episodeId, error }: Fault): void =>
    note(namespace, { what, id: episodeId, episodes: [episodeId], error });
  async function tellAll(): Promise<void> {
    for (const [key, undone] of untold) {
      if (stopped) return;
      await park(undone);
      if (untold.get(key) === undone) untold.delete(key);
    }
  }
  return {
    goOnWithout(namespace, create) {
      /** Episodes to be forgotten as soon as nothing is being done with them. */
      const out = new Set<string>();
      const learner = create((fault) => {
        noteFault(namespace, fault);
        if (fault.what === 'episode') out.add(fault.episodeId);
      });
      return toGoingOn(learner, out, (fault) => noteFault(namespace, fault));
    },
    goOnWithoutModel: (namespace, fault) => note(namespace, { what: 'model', id: modelId, ...fault }),
    noteModel(namespace) {
      for (const kept of [reasons, untold]) kept.delete(`${namespace}/${modelId}`);
    },
    retry({ namespace, episodeId }) {
      for (const id of [episodeId, modelId]) reasons.delete(`${namespace}/${id}`);
    },
    tell() {
      if (untold.size === 0 || stopped) return;
      telling ??= tellAll()
        .catch((error: unknown) => log.debug({ err: toPlainError(error) }, 'dead letters wait for the bus'))
        .finally(() => (telling = undefined));
    },
    async stop() {
      stopped = true;
      await telling;
    },
  };
}

/** The same learner, which throws no longer while it learns and forgets those in `out` as soon as it may. */
function toGoingOn(learner: Learner, out: Set<string>, note: (fault: Fault) => void): Learner {
  const work = (): boolean => {
    const isLeft = learner.work();
    const isOut = out.size > 0;
    for (const episodeId of out) learner.forget(episodeId);
    out.clear();
    return isLeft || isOut;
  };
  return {
    learn(episode) {
      try {
        learner.learn(episode);
      } catch (error) {
        note({ what: 'episode', episodeId: episode.episodeId, error });
        learner.forget(episode.episodeId);
      }
    },
    forget: (episodeId) => learner.forget(episodeId),
    work,
    derive() {
      for (let isLeft = true; isLeft;) isLeft = work();
      return learner.derive();
    },
    keeper: learner.keeper,
    get size() {
      return learner.size;
    },
  };
}
