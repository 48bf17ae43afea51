/** Long work of a learner in slices, so that whoever shares its process gets a turn: the sign of life among them. */
import type { Episode } from '../../../machines/words/episodes.ts';
import type { Learner, LearnerSize } from '../../learning/learning.ts';

/** Lets everything that waits have its turn. */
const giveWay = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Brings a learner up to date, after which deriving costs nothing, unless it is stopped; true where it was not. A long archive takes minutes. */
export async function workOff(learner: Learner, isStopped: () => boolean): Promise<boolean> {
  while (!isStopped() && learner.work()) await giveWay();
  return !isStopped();
}

/** Tells a learner a namespace's archive, which may be stopped. */
export async function learnArchive(
  pages: AsyncIterable<readonly Episode[]>,
  learner: Learner,
  isStopped: () => boolean,
): Promise<void> {
  for await (const episodes of pages) {
    for (const episode of episodes) {
      if (isStopped()) return;
      learner.learn(episode);
      // A page can take seconds on a busy machine.
      await giveWay();
    }
  }
}

/** What several learners hold; the share is that of the fullest. */
export function sumSizes(sizes: readonly LearnerSize[]): LearnerSize {
  return {
    episodes: sizes.reduce((sum, { episodes }) => sum + episodes, 0),
    clusters: sizes.reduce((sum, { clusters }) => sum + clusters, 0),
    share: Math.min(1, ...sizes.map(({ share }) => share)),
  };
}
