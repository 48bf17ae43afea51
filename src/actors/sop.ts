/**
 * A learned procedure's hands. Its row is its snapshot: whoever changes the status does so in the transaction that holds the
 * row, asks here what the chart says to it, and commits what is told with it. Nothing is kept here, so state and status
 * cannot differ; a step that the chart refuses takes the transaction back.
 */
import { initialTransition, transition } from 'xstate';
import type { SnapshotFrom } from 'xstate';
import { toEdges } from '../../machines/edges.ts';
import { learningName, sopEdges, sopMachine } from '../../machines/sop.machine.ts';
import type { SopEvent, SopInput } from '../../machines/sop.machine.ts';
import { DreyError } from '../../machines/words/errors.ts';
import { eventVersion } from '../../machines/words/events.ts';
import type { DreyEvent, EventType } from '../../machines/words/events.ts';
import { toStableId } from '../../machines/words/ids.ts';
import type { LearnedSop, SopStatus } from '../../machines/words/sops.ts';

/** A change of a procedure, as the store made it. */
export interface SopMove {
  /** As it stands now. */
  readonly sop: LearnedSop;
  /** The status before; undefined for one that is new. */
  readonly was: SopStatus | undefined;
  readonly version: number;
  /** Whether evidence moved it, or somebody's word. */
  readonly by: 'evidence' | 'approval';
  /** Whose word it is; learning's where nobody's. */
  readonly who?: string;
  /** Whether it has another content; where that is not said, it has if its status stayed. */
  readonly isRewritten?: boolean;
  /** The version that somebody approved with it. */
  readonly approved?: number | undefined;
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Confidence from which evidence alone makes a procedure active. */
const activeFrom = 0.7;

/** What a change is in the chart's words, step by step; throws `transition_refused` where the chart has no way. */
export function toSopEvents(move: SopMove): DreyEvent[] {
  const { sop, was } = move;
  const isNew = was === undefined || (was === 'retired' && sop.status !== 'retired');
  const told = isNew ? [toEvent(move, 'sop.proposed', 'candidate')] : [];
  let state = toState(move, isNew ? 'candidate' : was);
  for (const event of toSteps(move, isNew ? undefined : was)) {
    const [next, actions] = transition(sopMachine, state, event);
    if (actions.some(({ type }) => type === 'refuse')) throw refuse(move);
    const cause = { ...event };
    const edges = toEdges(sopEdges, state.value, next.value);
    for (const { from, to, type } of edges)
      if (type !== null) told.push(toEvent(move, type, to as SopStatus, { from, to, cause }));
    const still = stills[event.type];
    if (edges.length === 0 && still !== undefined)
      told.push(toEvent(move, still, next.value, { from: next.value, to: next.value, cause }));
    state = next;
  }
  if (state.value === sop.status) return told;
  throw refuse(move);
}

/** What a report is in the chart's words; it leads nowhere else. */
export function toReportFacts(
  sop: LearnedSop,
  report: Omit<Extract<SopEvent, { type: 'report' }>, 'type' | 'confidence'>,
): Pick<DreyEvent<'feedback.recorded'>['data'], 'status' | 'confidence' | 'who' | 'from' | 'to' | 'cause'> {
  const { status, confidence } = sop;
  const cause: SopEvent = { type: 'report', ...report, confidence };
  const [next] = transition(sopMachine, toState({ sop }, status), cause);
  return {
    status: next.value,
    confidence,
    who: report.who,
    from: status,
    to: next.value,
    cause: { ...cause },
  };
}

/** Which events tell of what leads nowhere else. */
const stills: Readonly<Partial<Record<SopEvent['type'], EventType>>> = {
  revise: 'sop.revised',
  approve: 'sop.approved',
};

function refuse({ sop, was }: SopMove): DreyError {
  return new DreyError(
    'transition_refused',
    `A procedure that is ${was ?? 'new'} cannot become ${sop.status}; ${hints[sop.status]}.`,
  );
}

const hints: Readonly<Record<SopStatus, string>> = {
  candidate: 'make it active or retire it',
  shadow: 'make it active or retire it',
  active: 'it has to reach the bar, or somebody has to approve it',
  quarantined: 'make it active or retire it',
  deprecated: 'only an active one can be deprecated; retire it instead',
  retired: 'nothing leads there',
};

function toState({ sop }: Pick<SopMove, 'sop'>, value: SopStatus): SnapshotFrom<typeof sopMachine> {
  const input: SopInput = { sopId: sop.sopId, activeFrom };
  const [{ context }] = initialTransition(sopMachine, input);
  return sopMachine.resolveState({ value, context });
}

/** The chart's events: another content, then the way to the status, then a word for what is in use already. */
function toSteps(move: SopMove, was: SopStatus | undefined): readonly SopEvent[] {
  const { sop, version, reason, at, who = learningName } = move;
  const { isRewritten = was === sop.status, approved } = move;
  const { confidence } = sop;
  const from = was ?? 'candidate';
  const steps: readonly SopEvent[] = [
    ...(was !== undefined && isRewritten
      ? [{ type: 'revise', version, confidence, reason, who, at } as const]
      : []),
    ...(from === sop.status ? [] : toWay(move, from)),
    ...(from === 'active' && sop.status === 'active' && approved !== undefined
      ? [{ type: 'approve', who, version: approved, confidence, reason, at } as const]
      : []),
  ];
  // Every status writes a version, so that each step says which one the row has now.
  return steps.map((step) => ({ ...step, rowVersion: version }));
}

/** What was quarantined comes back through the shadow, or by a person's word. */
function toWay(
  { sop, approved, by, reason, at, who = learningName }: SopMove,
  from: SopStatus,
): readonly SopEvent[] {
  const { confidence } = sop;
  const shadow: SopEvent = { type: 'shadow', confidence, reason, who, at };
  const version = approved === undefined ? {} : { version: approved };
  const activate: SopEvent = { type: 'activate', by, confidence, ...version, reason, who, at };
  switch (sop.status) {
    case 'candidate':
      return [{ type: 'withdraw', confidence, reason, who, at }];
    case 'shadow':
      return [shadow];
    case 'active':
      return from === 'quarantined' && by === 'evidence' ? [shadow, activate] : [activate];
    case 'quarantined':
      return [{ type: 'quarantine', reason, who, at }];
    case 'deprecated':
      return [{ type: 'deprecate', reason, who, at }];
    default:
      return [{ type: 'retire', reason, who, at }];
  }
}

type Edge = { readonly from: string; readonly to: string; readonly cause: SopEvent };

function toEvent(
  { sop, version, reason, at, who = learningName }: SopMove,
  type: EventType,
  status: SopStatus,
  edge?: Edge,
): DreyEvent {
  const { namespace, sopId, trigger, confidence, occurrences } = sop;
  // The same version may be approved more than once.
  const once = type === 'sop.approved' ? [who, String(at)] : [];
  return {
    id: toStableId('event', namespace, sopId, type, String(version), ...once),
    type,
    at: new Date(at).toISOString(),
    namespace,
    actor: { kind: 'sop', id: sopId },
    version: eventVersion,
    data: { trigger, confidence, occurrences, version, status, reason, who, ...edge },
  };
}
