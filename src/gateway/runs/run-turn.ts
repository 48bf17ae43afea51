/** What one turn of a run needs to know: whether an answer is meant for it, and what is kept of a call. It tells nobody. */
import { DreyError } from '../../../machines/words/errors.ts';
import { runLimits } from '../../../machines/words/runs.ts';
import { toLearnedResult } from '../../access/access.ts';
import type { RunStanding } from '../runs-need.ts';
import type { RunGiven } from './run-offer.ts';

/** Who answers for one step never answers for another that the run has come to meanwhile. */
export function assertMeant({ context }: RunStanding, { step }: RunGiven): void {
  if (step === undefined || step === context.at) return;
  throw new DreyError(
    'revision_conflict',
    `the run is at step ${context.at} now, not at ${step}; look at it again`,
  );
}

const reasonCharsMax = 1_000;

/** Why a call failed, in a bounded sentence. */
export function toReason(text: string): string {
  return text.slice(0, reasonCharsMax).toWellFormed();
}

/** A result is kept where a later step takes something from it, and there is room. */
export function toKept({ plan, at, taken }: RunStanding['context'], result: string): unknown {
  const isWanted = plan?.procedure.some(({ args }) =>
    Object.values(args).some(({ from, step }) => from === 'result' && step === at),
  );
  const bytes = Buffer.byteLength(result);
  const kept = Buffer.byteLength(JSON.stringify(taken));
  if (isWanted !== true || bytes > runLimits.resultBytesMax || kept + bytes > runLimits.resultsBytesMax)
    return undefined;
  // Bindings name places in what learning saw.
  return toLearnedResult(JSON.parse(result));
}
