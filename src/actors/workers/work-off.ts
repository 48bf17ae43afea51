/** Long work of a learner in slices, so that whoever shares its process gets a turn: the sign of life among them. */
import type { Episode } from '../../../machines/words/episodes.ts';
import type { Learner, LearnerSize } from '../../learning/learning.ts';
import type { Clock } from '../clock.ts';

/** Reading, learning and writing each end after this time: who has little to learn waits no longer for those with much. */
const sliceMs = 1_000;

/** Whether a slice that begins now is over, or all of it is stopped. */
export function startSlice(clock: Clock, isStopped: () => boolean): () => boolean {
  const until = clock.monotonic() + sliceMs;
  return () => isStopped() || clock.monotonic() >= until;
}

/** Lets everything that waits have its turn. */
const giveWay = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Brings a learner up to date, after which deriving costs nothing, or a slice nearer to it; true where it is. A long archive takes minutes. */
export async function workOff(learner: Learner, isOver: () => boolean): Promise<boolean> {
  do {
    if (!learner.work()) return true;
    await giveWay();
  } while (!isOver());
  return false;
}

/** Tells a learner a namespace's archive, an episode at a time; whoever asks for the next one may stop, or turn to something else. */
export async function* learnArchive(
  pages: AsyncIterable<readonly Episode[]>,
  learner: Learner,
): AsyncGenerator<undefined, void> {
  for await (const episodes of pages) {
    for (const episode of episodes) {
      learner.learn(episode);
      // A page can take seconds on a busy machine.
      await giveWay();
      yield;
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
