/**
 * Learning anew as one piece of work: namespace after namespace, from the archive or from the stream. What the stream
 * has forgotten is taken from the archive, and what the archive lacks is put back into it first: otherwise the next
 * start, which reads the archive, would unlearn it again.
 */
import { DreyError } from '../../../machines/words/errors.ts';
import type { RelearnCounts, RelearnOrder, SopDifference } from '../../../machines/words/relearning.ts';
import type { Learner } from '../../learning/learning.ts';
import type { Store, ToldEpisode } from '../../store/store.ts';
import {
  holdLearning,
  isWhole,
  listNamespaces,
  mendEpisodes,
  readLearningRules,
  toArchived,
} from '../../store/store.ts';
import type { Wire } from '../../wire/wire.ts';
import type { Clock } from '../clock.ts';
import { readArchive } from './archive.ts';
import type { Extractor } from './extractor.ts';
import { createPace, type Pace } from './pace.ts';
import { surveyStream } from './stream-episodes.ts';
import type { StreamEpisodes } from './stream-episodes.ts';

export interface RelearnOptions {
  readonly wire: Pick<Wire, 'readEvents' | 'settledUpTo' | 'streamInfo'>;
  readonly store: Store;
  readonly extractor: Pick<Extractor, 'relearn' | 'goOn' | 'hold' | 'keepAll'>;
  readonly clock: Pick<Clock, 'monotonic' | 'schedule'>;
  /** Hears how far it is. */
  readonly told: (counts: RelearnCounts, differences: readonly SopDifference[]) => void;
}

type Counts = { -readonly [K in keyof RelearnCounts]: RelearnCounts[K] };

export const noCounts: RelearnCounts = {
  namespaces: 0,
  episodes: 0,
  calls: 0,
  mended: 0,
  same: 0,
  changed: 0,
  new: 0,
  gone: 0,
  kept: 0,
};

/** Episodes put back in one transaction. */
const mendedPerCommit = 50;
/** The database goes through a page at its own priority, whatever the learner's is. */
const episodesPerPage = 25;

/** Learns anew what was ordered and is this learner's; throws `namespace_unknown` where there is nothing of that name. */
export async function relearn(order: RelearnOrder, options: RelearnOptions): Promise<void> {
  // What is this learner's now must not go to one that has been asked already.
  const letGo = options.extractor.keepAll();
  try {
    await relearnOwn(order, options);
  } finally {
    letGo();
  }
}

async function relearnOwn(order: RelearnOrder, options: RelearnOptions): Promise<void> {
  const { extractor, store, told, wire } = options;
  const counts: Counts = { ...noCounts };
  const pace = createPace(options.clock);
  const survey =
    order.from === 'archive'
      ? undefined
      : await surveyStream({
          wire,
          namespace: order.namespace,
          rules: (name) => store.inNamespace(name, (trx) => readLearningRules(trx)),
          goOn: () => extractor.goOn(),
        });
  for (const namespace of await findNamespaces(order, store, survey)) {
    if (!(await extractor.hold(namespace))) continue;
    const { same, differences, kept } = await extractor.relearn({
      namespace,
      isTrial: order.isTrial,
      fill: async (learner) => {
        const filling = { ...options, namespace, learner, counts, pace, isTrial: order.isTrial };
        if (survey === undefined) await fillFromArchive(filling, () => true);
        else await fillFromStream(filling, survey);
        await settle(filling);
      },
    });
    counts.namespaces += 1;
    counts.same += same.length;
    counts.kept += kept;
    for (const { difference } of differences) counts[difference] += 1;
    told({ ...counts }, differences);
  }
}

async function findNamespaces(
  { namespace }: RelearnOrder,
  store: Store,
  survey: StreamEpisodes | undefined,
): Promise<readonly string[]> {
  const known = (await store.inSystem(listNamespaces)).map((row) => row.namespace);
  const all = [...new Set([...known, ...(survey?.namespaces ?? [])])].sort();
  if (namespace === null) return all;
  if (all.includes(namespace)) return [namespace];
  throw new DreyError(
    'namespace_unknown',
    `There is no namespace ${namespace}; nothing was ever learned in it.`,
  );
}

interface Filling extends RelearnOptions {
  readonly namespace: string;
  readonly learner: Learner;
  readonly counts: Counts;
  readonly pace: Pace;
  readonly isTrial: boolean;
}

/** Brings it up to date with what it was told: what is left to do while all other learning waits is little. */
async function settle({ extractor, learner, pace }: Filling): Promise<void> {
  while (learner.work()) {
    extractor.goOn();
    await pace();
  }
}

async function fillFromArchive(
  { store, extractor, namespace, learner, counts, pace, told }: Filling,
  isWanted: (episode: { episodeId: string; calls: number; endedAt: string }) => boolean,
): Promise<void> {
  for await (const episodes of readArchive(store, namespace, episodesPerPage)) {
    for (const episode of episodes) {
      extractor.goOn();
      await pace();
      if (!isWanted({ ...episode, calls: episode.calls.length })) continue;
      learner.learn(episode);
      counts.episodes += 1;
      counts.calls += episode.calls.length;
    }
    told({ ...counts }, []);
  }
}

async function fillFromStream(filling: Filling, survey: StreamEpisodes): Promise<void> {
  const { extractor, namespace, store, learner, counts, pace, isTrial, told } = filling;
  let lacking: ToldEpisode[] = [];
  const mend = async (): Promise<void> => {
    const some = lacking;
    lacking = [];
    counts.mended += await store.inNamespace(namespace, async (trx) => {
      // Somebody may have forgotten a session since the stream was read.
      await holdLearning(trx);
      const { exclusions } = await readLearningRules(
        trx,
        some.map(({ draft }) => draft.session),
      );
      const out = new Set(exclusions.map(({ id }) => id));
      return mendEpisodes(
        trx,
        some.filter(({ draft }) => !out.has(draft.session)),
      );
    });
  };
  await survey.read(namespace, async (episode) => {
    extractor.goOn();
    await pace();
    const { draft, calls } = episode;
    learner.learn(toArchived({ ...draft, calls }));
    counts.episodes += 1;
    counts.calls += calls.length;
    if (!isTrial && !survey.isMoving(namespace, draft.session)) lacking.push(episode);
    if (lacking.length < mendedPerCommit) return;
    await mend();
    told({ ...counts }, []);
  });
  if (lacking.length > 0) await mend();
  await fillFromArchive(filling, (archived) => {
    const inStream = survey.find(namespace, archived.episodeId);
    return inStream === undefined || !isWhole(inStream, archived);
  });
}
