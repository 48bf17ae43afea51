/**
 * What people do not want learned: pausing a namespace, and taking a session or a principal out of what was learned.
 * Calls go on in every case. What was taken out is told to the learner, which derives anew what it had part in.
 */
import type { DreyEvent } from '../../../machines/words/events.ts';
import { eventVersion } from '../../../machines/words/events.ts';
import { DreyError } from '../../../machines/words/errors.ts';
import { Token, toStableId } from '../../../machines/words/ids.ts';
import type { Store } from '../../store/store.ts';
import {
  addToOutbox,
  appendAudit,
  ensureNamespace,
  excludeFromLearning,
  forgetLearned,
  pauseLearning,
  readPause,
  resumeLearning,
  stopLearning,
} from '../../store/store.ts';
import type { Clock } from '../clock.ts';
import { toIso } from '../clock.ts';
import { learningAddress } from './learning.ts';

export interface LearningControlsOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Hears that events were committed. */
  readonly committed: () => void;
}

/** Who asks, and for which namespace. */
interface Asker {
  readonly namespace: string;
  readonly principal: { readonly id: string };
}

export interface PauseState {
  readonly paused: boolean;
  readonly since: string | null;
  readonly by: string | null;
}

export interface ForgottenCounts {
  readonly episodes: number;
  readonly calls: number;
  readonly memories: number;
}

/** Episodes named in one event. */
const episodesPerEvent = 500;

/** The controls over what is learned, as the front door needs them. */
export class LearningControls {
  readonly #options: LearningControlsOptions;

  constructor(options: LearningControlsOptions) {
    this.#options = options;
  }

  async readPause({ namespace }: Pick<Asker, 'namespace'>): Promise<PauseState> {
    const pause = await this.#options.store.inNamespace(namespace, readPause);
    return { paused: pause !== undefined, since: pause?.beganAt ?? null, by: pause?.principal ?? null };
  }

  /** From now on nothing is learned; a restart changes nothing about that. */
  async pause(asker: Asker): Promise<PauseState> {
    const at = toIso(this.#options.clock.now());
    await this.#decide(asker, 'learning_paused', (trx) =>
      pauseLearning(trx, { principal: asker.principal.id, at }),
    );
    return this.readPause(asker);
  }

  /** Learning goes on with what happens from now on; what happened meanwhile is never learned. */
  async resume(asker: Asker): Promise<PauseState> {
    const at = toIso(this.#options.clock.now());
    await this.#decide(asker, 'learning_resumed', (trx) => resumeLearning(trx, { at }));
    return this.readPause(asker);
  }

  /** Takes it out of the archive, and keeps it out: a session for ever, a principal in what it did so far. */
  async forget(
    o: Asker & { readonly kind: 'session' | 'principal'; readonly id: string },
  ): Promise<ForgottenCounts> {
    const { store, clock, committed } = this.#options;
    const { namespace, principal, kind, id } = o;
    if (kind === 'session' && !Token.safeParse(id).success)
      throw new DreyError(
        'argument_invalid',
        'session must be a session id: 1 to 128 characters of a-z, 0-9, _ and -',
      );
    const at = toIso(clock.now());
    const counts = await store.inNamespace(namespace, async (trx) => {
      await ensureNamespace(trx);
      await stopLearning(trx);
      await excludeFromLearning(trx, [{ kind, id, until: kind === 'session' ? null : at }]);
      const { episodeIds, ...rest } = await forgetLearned(trx, { kind, id });
      await addToOutbox(trx, toEvents(o, episodeIds, at));
      const done = { episodes: episodeIds.length, ...rest };
      await appendAudit(trx, {
        action: `${kind}_forgotten`,
        severity: 'HIGH',
        principal: principal.id,
        object: `${kind}/${id}`.slice(0, 300),
        outcome: 'done',
        details: done,
      });
      return done;
    });
    committed();
    return counts;
  }

  async #decide(
    { namespace, principal }: Asker,
    action: string,
    work: (trx: Parameters<Parameters<Store['inNamespace']>[1]>[0]) => Promise<boolean>,
  ): Promise<void> {
    await this.#options.store.inNamespace(namespace, async (trx) => {
      await ensureNamespace(trx);
      if (!(await work(trx))) return;
      const entry = {
        action,
        severity: 'MEDIUM',
        principal: principal.id,
        object: namespace,
        outcome: 'done',
      } as const;
      await appendAudit(trx, entry);
    });
  }
}

function toEvents(
  { namespace, principal, kind, id }: Asker & { readonly kind: 'session' | 'principal'; readonly id: string },
  episodeIds: readonly string[],
  at: string,
): readonly DreyEvent[] {
  const events: DreyEvent<'episode.forgotten'>[] = [];
  const actor = kind === 'session' ? { kind, id } : { kind: learningAddress.kind, id: learningAddress.id };
  for (let from = 0; from < episodeIds.length; from += episodesPerEvent) {
    const episodes = episodeIds.slice(from, from + episodesPerEvent);
    events.push({
      id: toStableId('event', namespace, kind, id, at, String(from)),
      type: 'episode.forgotten',
      at,
      namespace,
      actor,
      version: eventVersion,
      data: { episodes, principal: principal.id },
    });
  }
  return events;
}
