/** What one turn of a run needs to know: whether an answer is meant for it, who decided, and what is kept of a call. It tells nobody. */
import { DreyError } from '../../../machines/words/errors.ts';
import { runLimits } from '../../../machines/words/runs.ts';
import { toLearnedResult } from '../../access/access.ts';
import type { RunOffer } from '../../../machines/words/runs.ts';
import type { Principal, SopView } from '../needs.ts';
import type { RunCommand, RunDecision, RunStanding } from '../runs-need.ts';
import { toFingerprint } from './run-offer.ts';
import type { RunGiven } from './run-offer.ts';

type Start = Extract<RunCommand, { readonly type: 'start' }>;

/** What a run would begin with; nobody keeps it. */
export function toDryRun({ sopId = '', plan }: Start): RunStanding {
  const nothing = {
    steps: 0,
    reason: null,
    at: 0,
    offer: null,
    call: null,
    taken: [],
    deviations: 0,
  } as const;
  const { waitMs, callMs } = runLimits;
  return { state: 'planned', context: { runId: '', sopId, waitMs, callMs, plan: plan ?? null, ...nothing } };
}

/** Only what is in use, or about to be, is followed. */
export function isFollowed({ status }: Pick<SopView, 'status'>): boolean {
  return status === 'active' || status === 'candidate';
}

/** Why nothing further is called by a procedure; undefined while it is followed. */
export function toStopped(sop: Pick<SopView, 'status'> | undefined): string | undefined {
  if (sop !== undefined && isFollowed(sop)) return undefined;
  return `the procedure is ${sop?.status ?? 'gone'} now: nothing further is called by it`;
}

/** True for what ends a run by itself: it calls nothing. */
export function isEnd(command: RunCommand): boolean {
  if (command.type === 'next') return command.needs === 'nothing';
  return command.type === 'approval.denied' || command.type === 'check.failed' || command.type === 'cancel';
}

/** A decision names what it is about, and a yes the very call: what was not seen cannot be agreed to. */
export function assertNamed({ approve, skip, step, fingerprint }: RunGiven): void {
  if ((approve !== undefined || skip === true) && step === undefined)
    throw new DreyError(
      'argument_invalid',
      'name the "step" that this is said of: it is `next.step` of the run',
    );
  if (approve === true && fingerprint === undefined)
    throw new DreyError(
      'argument_invalid',
      'name the call that is agreed to by its "fingerprint": it is `next.fingerprint` of the run',
    );
}

/** Who answers for one step, or one call, never answers for another that the run has come to meanwhile. */
export function assertMeant({ context: { at, offer } }: RunStanding, { step, fingerprint }: RunGiven): void {
  if (step !== undefined && step !== at)
    throw new DreyError(
      'revision_conflict',
      `the run is at step ${at} now, not at ${step}; look at it again`,
    );
  if (fingerprint === undefined || (offer !== null && toFingerprint(offer) === fingerprint)) return;
  throw new DreyError(
    'revision_conflict',
    'the run offers another call than the one shown; look at it again',
  );
}

/** Commands by which a person decides. */
export const decisions: Readonly<Record<string, RunDecision['action']>> = {
  'approval.given': 'run_approved',
  'approval.denied': 'run_denied',
};

interface Decider extends Pick<RunDecision, 'namespace' | 'via'> {
  readonly principal: Principal;
}

/** Who did what with which run, and about which call, as it is written down. */
export function toDecision(
  { namespace, principal, via }: Decider,
  {
    runId,
    sopId,
    offer,
  }: Pick<RunStanding['context'], 'runId' | 'sopId'> & {
    readonly offer?: Pick<RunOffer, 'step' | 'tool'> | null;
  },
  action: RunDecision['action'],
): RunDecision {
  const [step, tool] = [offer?.step, offer?.tool];
  return { namespace, runId, sopId, principal: principal.id, action, via, step, tool };
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
