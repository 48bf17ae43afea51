/**
 * Guided runs: a procedure followed step by step, each call through a session like any other. What is decided is told to
 * the run's actor and committed before anything is called, so that no step is made twice, whoever dies when.
 */
import type { Asker } from '../../../machines/words/calls.ts';
import { DreyError } from '../../../machines/words/errors.ts';
import { createId } from '../../../machines/words/ids.ts';
import { limits } from '../../../machines/words/limits.ts';
import { runLimits } from '../../../machines/words/runs.ts';
import type { RunCall, RunTaken } from '../../../machines/words/runs.ts';
import type { StopSignal } from '../../../machines/words/stop.ts';
import type { GatewayNeeds, Principal, Session } from '../needs.ts';
import type { RunCommand, RunDecision, RunsNeed, RunStanding } from '../runs-need.ts';
import { isRepeatable, toInputs, toOffer } from './run-offer.ts';
import type { Offered, RunGiven } from './run-offer.ts';
import { assertMeant, assertNamed, decisions, toDecision, toDryRun, toKept, toReason } from './run-turn.ts';
import { isEnd, isFollowed, toStopped } from './run-turn.ts';
import { beginTask, toOwnTask } from './run-session.ts';

/** Who moves a run on, and how its calls go out. */
export interface RunMover {
  readonly needs: GatewayNeeds;
  readonly namespace: string;
  readonly principal: Principal;
  /** The session of the run's owner for its calls; opened where it has none. */
  readonly session: (sessionId: string, owner: string) => Session;
  /** How a decision comes in. */
  readonly via: RunDecision['via'];
  readonly signal: StopSignal;
  readonly asker?: Asker | undefined;
  readonly traceparent?: string | undefined;
}

export interface RunToStart {
  readonly sopId: string;
  readonly task: string | undefined;
  readonly sessionId: string;
  readonly dryRun: boolean;
}

/** The face; throws on a node that has none. */
export function needRuns({ runs }: Pick<GatewayNeeds, 'runs'>): RunsNeed {
  if (runs !== undefined) return runs;
  throw new DreyError('resource_unavailable', 'this node makes no guided runs; ask one that serves clients');
}

/** Begins a run; nothing is called yet. */
export async function startRun(mover: RunMover, asked: RunToStart): Promise<RunStanding> {
  const { needs, namespace, principal } = mover;
  const sop = asked.sopId.length <= 200 ? await needs.sops.get(namespace, asked.sopId) : undefined;
  if (sop === undefined) throw new DreyError('sop_unknown', 'no SOP has this id in this namespace');
  if (!isFollowed(sop))
    throw new DreyError(
      'argument_invalid',
      `this SOP is ${sop.status}, and only active ones and candidates are followed: approve it first`,
    );
  if (sop.procedure.length === 0)
    throw new DreyError(
      'argument_invalid',
      'this SOP has lines for people only; no tool can be called by it',
    );
  const runs = needRuns(needs);
  const plan = {
    version: sop.version,
    task: (asked.task ?? sop.trigger).slice(0, limits.taskTextMax),
    principal: principal.id,
    session: asked.sessionId,
    procedure: sop.procedure,
  };
  if (asked.dryRun) return toDryRun({ type: 'start', sopId: sop.sopId, plan });
  if ((await runs.countOpen(namespace)) >= runLimits.openMax)
    throw new DreyError('limit_reached', `a namespace has ${runLimits.openMax} open runs at most; end one`);
  const runId = createId('run', needs.ids);
  const session = mover.session(asked.sessionId, principal.id);
  await runs.writeDown(toDecision(mover, { runId, sopId: sop.sopId }, 'run_started'));
  const within = toOwnTask(session);
  if (within === undefined && session.task?.task !== plan.task)
    beginTask(session, plan.task, mover.traceparent);
  const command = { type: 'start', sopId: sop.sopId, plan: { ...plan, ...within } } as const;
  const standing = await runs.tell({ namespace, runId, traceparent: mover.traceparent }, command);
  needs.sops.recordInjection({
    session,
    namespace,
    principal: principal.id,
    task: plan.task,
    sops: [{ sopId: sop.sopId, relevance: 1 }],
    traceparent: mover.traceparent,
  });
  return standing;
}

/** The run, for whoever may see it: it belongs to who began it. */
export async function readRun(
  { needs, namespace, principal }: Pick<RunMover, 'needs' | 'namespace' | 'principal'>,
  runId: string,
): Promise<RunStanding> {
  const isId = /^u-[a-z0-9-]{1,100}$/.test(runId);
  const found = isId ? await needRuns(needs).read(namespace, runId) : undefined;
  const isOwn = found?.context.plan?.principal === principal.id || principal.local;
  if (found === undefined || !isOwn)
    throw new DreyError('run_unknown', 'no run of yours has this id in this namespace');
  return found;
}

/** Whether somebody has to say something before it can go on. */
export function isWaiting({ state }: RunStanding): boolean {
  return state === 'awaitingInput' || state === 'awaitingApproval';
}

export function isEnded({ state }: RunStanding): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

/** Moves a run on until its next call has been made, or a person is needed, or it has ended. */
export async function moveRun(mover: RunMover, runId: string, given: RunGiven): Promise<RunStanding> {
  assertNamed(given);
  const { moving } = needRuns(mover.needs);
  const key = `${mover.namespace}/${runId}`;
  if (moving.has(key))
    throw new DreyError('limit_reached', 'this run is being moved on already; look at it again');
  if (moving.size >= runLimits.movingMax)
    throw new DreyError('limit_reached', `this node moves ${runLimits.movingMax} runs at a time; try again`);
  moving.add(key);
  try {
    return await new Move(mover, runId).make(given);
  } finally {
    moving.delete(key);
  }
}

/** Ends a run before its end; one that has ended stays as it is, and nobody decided anything. */
export async function cancelRun(mover: RunMover, runId: string, reason: string): Promise<RunStanding> {
  const standing = await readRun(mover, runId);
  if (isEnded(standing)) return standing;
  const { context } = standing;
  const { needs, namespace, traceparent } = mover;
  await needRuns(needs).writeDown(toDecision(mover, context, 'run_cancelled'));
  return needRuns(needs).tell({ namespace, runId, traceparent }, { type: 'cancel', reason });
}

type Answer = Extract<RunCommand, { readonly type: 'call.done' | 'call.failed' }>;

/** One move of one run. */
class Move {
  readonly #mover: RunMover;
  readonly #runId: string;
  readonly #runs: RunsNeed;
  readonly #call: RunCall;
  /** One move is one row, however many turns it takes. */
  #isWritten = false;

  constructor(mover: RunMover, runId: string) {
    this.#mover = mover;
    this.#runId = runId;
    this.#runs = needRuns(mover.needs);
    const { node, life } = this.#runs;
    this.#call = { callId: createId('call', mover.needs.ids), node, life };
  }

  async make(given: RunGiven): Promise<RunStanding> {
    let standing = await readRun(this.#mover, this.#runId);
    assertMeant(standing, given);
    // A yes is said of a call that was shown: nobody agrees beforehand.
    let said: RunGiven = standing.state === 'awaitingApproval' ? given : { ...given, approve: undefined };
    // Optional steps that cannot be made are left out; one call ends the move.
    for (let turn = 0; turn <= runLimits.stepsMax * 3; turn += 1) {
      if (isEnded(standing)) break;
      const next = await this.#next(standing, said);
      if (next === undefined) break;
      // What was said is said of one step.
      if (standing.state !== 'checking' || next.type === 'step.skipped') said = {};
      standing = await this.#tell(next, standing.context);
      const isOurs = standing.state === 'calling' && standing.context.call?.callId === this.#call.callId;
      if (!isOurs) continue;
      standing = await this.#tell({ ...(await this.#callTool(standing)), callId: this.#call.callId });
      if (standing.state !== 'checking') break;
      // The end is told at once: nobody should have to ask for it.
      if (standing.context.plan?.procedure[standing.context.at] === undefined)
        standing = await this.#tell({ type: 'next', needs: 'nothing' });
      break;
    }
    if (isEnded(standing)) this.#finishTask(standing);
    return standing;
  }

  /** What the run is told next; undefined where it waits for somebody. What may not be begun any more is not gone on with. */
  async #next(standing: RunStanding, given: RunGiven): Promise<RunCommand | undefined> {
    const { state, context } = standing;
    const next = state === 'calling' ? await this.#decideLost(context) : this.#decide(standing, given);
    if (next === undefined || isEnd(next)) return next;
    const { namespace, needs } = this.#mover;
    const stopped = toStopped(await needs.sops.get(namespace, context.sopId));
    return stopped === undefined ? next : { type: 'cancel', reason: stopped };
  }

  #decide({ state, context }: RunStanding, given: RunGiven): RunCommand | undefined {
    const known = state === 'awaitingInput' ? toInputs(context) : {};
    const offered = toOffer(context, this.#tools, { ...known, ...given.inputs });
    if (offered === undefined) return { type: 'next', needs: 'nothing' };
    if (given.skip === true) return this.#skip(context);
    if ('tooLarge' in offered)
      return { type: state === 'checking' ? 'check.failed' : 'cancel', reason: offered.tooLarge };
    const { offer, deviates } = offered;
    if (state === 'checking') {
      const isOptional = context.plan?.procedure[context.at]?.optional === true;
      if (offer.missing.length > 0)
        return isOptional ? this.#skip(context) : { type: 'next', needs: 'input', offer };
      if (offer.approval !== null) return { type: 'next', needs: 'approval', offer, deviates };
      return { type: 'next', needs: 'call', offer, deviates, call: this.#call };
    }
    if (state === 'awaitingInput') {
      if (offer.missing.length > 0) return undefined;
      return offer.approval === null
        ? { type: 'input.given', needs: 'call', offer, deviates, call: this.#call }
        : { type: 'input.given', needs: 'approval', offer, deviates };
    }
    return this.#decideApproval(context, given, offered);
  }

  #decideApproval({ offer }: RunStanding['context'], given: RunGiven, anew: Offered): RunCommand | undefined {
    if (given.approve === false) return { type: 'approval.denied', reason: 'a person said no' };
    if (given.approve !== true) return undefined;
    // What was looked at is what is approved, unless other values came with the approval.
    const isChanged = given.inputs !== undefined && Object.keys(given.inputs).length > 0;
    const approved = isChanged || offer === null ? anew : { offer, deviates: null };
    return { type: 'approval.given', ...approved, call: this.#call };
  }

  /** The call of a process that is gone will never be answered; all others have until the time is over. */
  async #decideLost({ call, offer }: RunStanding['context']): Promise<RunCommand | undefined> {
    if (offer === null || (call !== null && !(await this.#runs.isGone(call)))) return undefined;
    const lost = { type: 'call.lost', ...(call === null ? {} : { callId: call.callId }) } as const;
    if (isRepeatable(this.#tools, offer.tool)) return { ...lost, needs: 'call', offer, call: this.#call };
    // The call's id makes it another approval each time: a yes to one lost call is none to the next.
    const which = call === null ? '' : ` (${call.callId})`;
    const approval = `${offer.tool} was being called${which} when the node ended: it may have been done already`;
    return { ...lost, needs: 'approval', offer: { ...offer, approval } };
  }

  #skip({ plan, at }: RunStanding['context']): RunCommand {
    const step = plan?.procedure[at];
    const taken: RunTaken = { step: at, tool: step?.tool ?? '', args: {}, was: 'skipped' };
    return { type: 'step.skipped', taken, deviates: step?.optional === true ? null : 'skipped' };
  }

  async #callTool({ context }: RunStanding): Promise<Answer> {
    const { offer, plan } = context;
    if (offer === null || plan === null) return { type: 'call.failed', reason: 'there is nothing to call' };
    let session: Session;
    try {
      session = this.#mover.session(plan.session, plan.principal);
    } catch (error) {
      // The run waits for this call already.
      if (error instanceof DreyError) return { type: 'call.failed', reason: toReason(error.message) };
      throw error;
    }
    if (session.task === null) beginTask(session, plan.task, this.#mover.traceparent);
    const outcome = await session.call({
      callId: this.#call.callId,
      name: offer.tool,
      args: JSON.stringify(offer.args),
      meta: undefined,
      traceparent: this.#mover.traceparent,
      signal: this.#mover.signal,
      notify: undefined,
      asker: this.#mover.asker,
    });
    if (outcome.outcome !== 'finished') return { type: 'call.failed', reason: toReason(outcome.message) };
    if (outcome.isError) return { type: 'call.failed', reason: toReason(`the tool says: ${outcome.result}`) };
    const taken = { step: offer.step, tool: offer.tool, args: offer.args, was: 'done' } as const;
    const result = toKept(context, outcome.result);
    return { type: 'call.done', taken: result === undefined ? taken : { ...taken, result } };
  }

  /** The task ends with its run, so that what was done is learned from. */
  #finishTask({ state, context }: RunStanding): void {
    if (context.plan === null || state === 'cancelled') return;
    const session = this.#mover.session(context.plan.session, context.plan.principal);
    if (session.task?.task !== context.plan.task || session.task.taskId === context.plan.within) return;
    session.finishTask(state === 'done' ? 'success' : 'failure', undefined, this.#mover.traceparent);
  }

  get #tools() {
    return this.#mover.needs.catalogue().tools;
  }

  /** What somebody decided is written down first, and so is each move that came by REST; an agent's own are told by its calls. */
  async #tell(command: RunCommand, before?: RunStanding['context']): Promise<RunStanding> {
    const { namespace, traceparent, via } = this.#mover;
    const action = decisions[command.type] ?? (via === 'rest' && !this.#isWritten ? 'run_moved' : undefined);
    if (action !== undefined && before !== undefined) {
      const { offer = before.offer } = command as { offer?: RunStanding['context']['offer'] };
      await this.#runs.writeDown(toDecision(this.#mover, { ...before, offer }, action));
      this.#isWritten = true;
    }
    return this.#runs.tell({ namespace, runId: this.#runId, traceparent }, command);
  }
}
