/**
 * The episodes that the event stream tells, from its first event to the last one there is now. The stream is read
 * twice: once to learn which calls an episode has in the end, once to hand it out with them, so that the values of a
 * long log are never in memory at once. It writes nothing and leaves the learner's own place alone.
 */
import type { AnyEvent } from '../../../machines/words/events.ts';
import type { ArchivedCall, EpisodeDraft, LearningRules, ToldEpisode } from '../../store/store.ts';
import type { Wire } from '../../wire/wire.ts';
import { createAssembly } from './assemble.ts';
import type { Assembly } from './assemble.ts';
import { episodeTypes, intakeDurable } from './intake.ts';
import { createSieve } from './learnable.ts';
import type { Sieve } from './learnable.ts';

export interface StreamOptions {
  readonly wire: Pick<Wire, 'readEvents' | 'settledUpTo' | 'streamInfo'>;
  /** Null is every namespace. */
  readonly namespace: string | null;
  /** What of a namespace is not to be learned. */
  readonly rules: (namespace: string) => Promise<LearningRules>;
  /** Throws when the reading should end. */
  readonly goOn: () => void;
}

export interface StreamEpisodes {
  readonly namespaces: readonly string[];
  /** An episode's own facts; undefined where the stream knows nothing of it. */
  find(namespace: string, episodeId: string): EpisodeDraft | undefined;
  /** True for a session whose events the intake has not all taken: its episodes are still the intake's. */
  isMoving(namespace: string, session: string): boolean;
  /** Hands out a namespace's episodes, each once; the next one when it resolves. */
  read(namespace: string, onEpisode: (told: ToldEpisode) => Promise<void>): Promise<void>;
}

interface Known {
  readonly episodes: Map<string, EpisodeDraft>;
  readonly moving: Set<string>;
}

/** Reads the stream for the first time. */
export async function surveyStream(options: StreamOptions): Promise<StreamEpisodes> {
  const { wire, namespace } = options;
  const upTo = (await wire.streamInfo('events')).lastSequence;
  const settledUpTo = await wire.settledUpTo(intakeDurable);
  const known = new Map<string, Known>();
  const assemblies = new Map<string, Assembly>();
  await readOnce(options, namespace, upTo, async (event, sequence) => {
    const assembly = assemblies.get(event.namespace) ?? createAssembly([]);
    assemblies.set(event.namespace, assembly);
    const place = known.get(event.namespace) ?? { episodes: new Map(), moving: new Set() };
    known.set(event.namespace, place);
    if (sequence > settledUpTo) place.moving.add(event.actor.id);
    assembly.apply(event);
    assembly.takeCalls();
  });
  for (const [name, assembly] of assemblies) {
    for (const draft of assembly.episodes) known.get(name)?.episodes.set(draft.episodeId, draft);
  }
  return {
    namespaces: [...known.keys()],
    find: (name, episodeId) => known.get(name)?.episodes.get(episodeId),
    isMoving: (name, session) => known.get(name)?.moving.has(session) ?? false,
    async read(name, onEpisode) {
      const { episodes } = known.get(name) ?? { episodes: new Map<string, EpisodeDraft>() };
      const gathered = new Map<string, ArchivedCall[]>();
      const assembly = createAssembly([]);
      await readOnce(options, name, upTo, async (event) => {
        assembly.apply(event);
        for (const call of assembly.takeCalls()) {
          const calls = gathered.get(call.episodeId) ?? [];
          gathered.set(call.episodeId, calls);
          calls.push(call);
          const draft = episodes.get(call.episodeId);
          if (draft === undefined || calls.length < draft.calls) continue;
          gathered.delete(call.episodeId);
          await onEpisode({ draft, calls });
        }
      });
      for (const [episodeId, draft] of episodes) {
        const calls = gathered.get(episodeId);
        if (draft.calls > 0 && calls === undefined) continue;
        // The stream may have forgotten some of them since it was read the first time.
        const now = { ...draft, calls: calls?.length ?? 0 };
        episodes.set(episodeId, now);
        await onEpisode({ draft: now, calls: calls ?? [] });
      }
    },
  };
}

/** Every event that episodes are made of, each id once: what the inbox does for the intake. */
async function readOnce(
  { wire, goOn, rules }: StreamOptions,
  namespace: string | null,
  upTo: number,
  onEvent: (event: AnyEvent, sequence: number) => Promise<void>,
): Promise<void> {
  if (upTo === 0) return;
  const seen = new Set<string>();
  const sieves = new Map<string, Sieve>();
  await wire.readEvents({
    filters: { types: episodeTypes, ...(namespace === null ? {} : { namespace }) },
    from: { sequence: 1 },
    onEvent: async (event, sequence) => {
      goOn();
      if (sequence > upTo) return false;
      const id = `${event.namespace}/${event.id}`;
      if (!seen.has(id)) {
        seen.add(id);
        const sieve = sieves.get(event.namespace) ?? createSieve(await rules(event.namespace));
        sieves.set(event.namespace, sieve);
        if (sieve.isLearnable(event)) await onEvent(event, sequence);
      }
      return true;
    },
  });
}
