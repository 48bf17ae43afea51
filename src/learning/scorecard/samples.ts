/** Episodes as a scorecard takes them: each with the task it was made for, so that every task weighs 1 whatever its runs. */
import type { Episode, EpisodeCall } from '../../../machines/words/episodes.ts';

/** An episode, and what stands for its task. */
export interface Sample {
  readonly taskId: string;
  readonly episode: Episode;
}

/** A call as it is asked about. */
export type SampleCall = Pick<EpisodeCall, 'name' | 'tool' | 'args' | 'result' | 'error'>;

/** Whether something can be asked about it: it went well, as far as anybody said, and something was done. */
export function isAskable({ episode }: Sample, outcomesAreTold: boolean): boolean {
  if (episode.calls.length === 0) return false;
  return outcomesAreTold ? episode.outcome === 'success' : episode.outcome !== 'failure';
}
