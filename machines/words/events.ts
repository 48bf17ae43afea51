/**
 * Every event there is: the one list from which subjects, row types, topics and charts take their words. An event is
 * a fact in the past tense and is never changed. A new event is one line in `eventData`.
 */
import { z } from 'zod';
import { ContextChangeSet, ContextGrantSet } from './contexts.ts';
import { agentEventData } from './agents.ts';
import { Outcome } from './episodes.ts';
import { ActorKind, Namespace, Token } from './ids.ts';
import { Recorded } from './record.ts';
import { RunDeviated } from './runs.ts';
import { servedEventData } from './served.ts';

const text = z.string().max(4_000);
const reason = z.object({ reason: text.optional() });
/** Causes one event carries beside its own. */
export const untoldMax = 20;
const cause = z.object({ type: z.string() }).loose();

/** A lifecycle edge: what the machine consumed and where it went; enough to replay it. */
const edge = z.object({
  from: z.string(),
  to: z.string(),
  /** The machine event that caused the edge, with everything it carried. */
  cause,
  /** Causes since the edge before, of edges that have no event of their own. */
  untold: z.array(cause).max(untoldMax).optional(),
  /** What the actor was made with; on the first edge of each life. */
  input: z.record(z.string(), z.unknown()).optional(),
  reason: text.optional(),
});

/** The same for events that are also told where there is no machine (imports, another node's summary). */
const step = edge.partial();

/** Facts shared by the three endings of a call. */
const call = z.object({
  callId: Token,
  principal: z.string().max(300),
  taskId: Token.nullable(),
  /** The upstream's alias. */
  server: z.string().max(100),
  /** The upstream's own tool name. */
  tool: z.string().max(300),
  /** The name the client used. */
  name: z.string().max(300),
  args: Recorded,
  startedAt: z.iso.datetime(),
  durationMs: z.number().nonnegative(),
  imported: z.boolean().default(false),
});

const session = z.object({
  principal: z.string().max(300),
  transport: z.enum(['http', 'stdio', 'import', 'hook']),
  /** The protocol revision spoken; '' where there is none. */
  revision: z.string().max(40),
  client: z.string().max(300),
  ...step.shape,
});

const sop = z.object({
  trigger: z.string().max(2_000),
  confidence: z.number().min(0).max(1),
  occurrences: z.number().int().nonnegative(),
  version: z.number().int().positive(),
  status: z.string().max(40),
  /** Whose word it was: `learning`, or a principal. */
  who: z.string().max(300).optional(),
  ...step.shape,
});

/** The data of each event, by type. */
export const eventData = {
  'session.opened': session,
  'session.resumed': session,
  'session.drained': step,
  'session.closed': step,
  'session.expired': step,

  'task.started': z.object({
    taskId: Token,
    task: z.string().max(2_000),
    principal: z.string().max(300),
    source: z.enum(['task', 'current_task', 'trigger_pattern', 'hook', 'import']),
  }),
  'task.finished': z.object({
    taskId: Token,
    outcome: Outcome,
    notes: z.string().max(2_000).optional(),
    calls: z.number().int().nonnegative().optional(),
  }),

  'call.finished': call.extend({ result: Recorded, isError: z.boolean() }),
  'call.failed': call.extend({ code: z.string(), message: text }),
  'call.refused': call.extend({
    code: z.string(),
    message: text,
    retryAfterMs: z.number().nonnegative().optional(),
  }),

  'context.created': ContextChangeSet,
  'context.updated': ContextChangeSet,
  'context.shared': ContextGrantSet,
  'context.revoked': ContextGrantSet,
  'context.archived': step,

  'breaker.opened': edge.extend({
    openUntil: z.iso.datetime().nullable(),
    failureRate: z.number().optional(),
  }),
  'breaker.probing': edge,
  'breaker.closed': edge,
  'breaker.isolated': edge,
  'breaker.released': edge,
  'breaker.disabled': edge,
  'breaker.observing': edge,
  /** One that was not closed when its process ended, or another node's, goes on here. */
  'breaker.resumed': z.object({ state: z.string(), context: z.record(z.string(), z.unknown()) }),

  'resource.registered': z.object({ what: z.string().max(300) }),
  'resource.healthy': edge,
  'resource.degraded': edge,
  'resource.unhealthy': edge,
  'resource.restarted': edge,
  'resource.disposed': edge,
  'resource.failed': edge,

  'tool.pinned': z.object({ server: z.string(), tool: z.string(), hash: z.string() }),
  'tool.changed': z.object({ server: z.string(), tool: z.string(), hash: z.string(), was: z.string() }),
  'tool.approved': z.object({ server: z.string(), tool: z.string(), hash: z.string(), by: z.string() }),

  'memory.stored': z.object({ version: z.number().int() }),
  'memory.updated': z.object({ version: z.number().int() }),
  'memory.linked': z.object({ to: Token, relation: z.string().max(100) }),
  'memory.forgotten': reason,
  /** Memories that were given to somebody at work; `place` is the task, or the session where no task was stated. */
  'memory.recalled': z.object({
    memories: z.array(Token).max(50),
    sops: z.array(z.string().max(128)).max(50),
    place: Token,
    principal: z.string().max(300),
  }),

  'episode.opened': z.object({ episodeId: Token, taskId: Token.nullable(), session: Token }),
  'episode.closed': z.object({
    episodeId: Token,
    outcome: Outcome,
    end: z.string().max(40),
    calls: z.number().int().nonnegative(),
  }),

  /** Taken out of the archive because somebody did not want it learned. */
  'episode.forgotten': z.object({ episodes: z.array(Token).max(500), principal: z.string().max(300) }),
  /** Learning left it out, and is to try again: what the dead letter of such an episode holds. */
  'episode.retried': z.object({ episodes: z.array(Token).max(500) }),

  'sop.proposed': sop,
  'sop.shadowed': sop,
  'sop.activated': sop,
  'sop.revised': sop,
  /** Somebody stands for what is in use already. */
  'sop.approved': sop,
  'sop.withdrawn': sop,
  'sop.quarantined': sop.extend({ reason: text.optional() }),
  'sop.deprecated': sop.extend({ reason: text.optional() }),
  'sop.retired': sop.extend({ reason: text.optional() }),

  'pattern.discovered': z.object({ patternType: z.string().max(50), confidence: z.number().min(0).max(1) }),
  'pattern.retired': reason,

  ...servedEventData,
  /** A report on a procedure is an event of its life; one on a pattern has neither status nor cause. */
  'feedback.recorded': servedEventData['feedback.recorded'].extend({
    status: z.string().max(40).optional(),
    confidence: z.number().min(0).max(1).optional(),
    who: z.string().max(300).optional(),
    ...step.shape,
  }),
  ...agentEventData,
  /** Where a namespace's audit log ended at that moment. */
  'audit.anchored': z.object({ position: z.int().nonnegative(), hash: z.string().max(64) }),
  /** An attempt that was refused; also told while the log itself cannot be written. */
  'audit.refused': z.object({
    action: z.string().max(100),
    severity: z.string().max(20),
    principal: z.string().max(300),
    object: z.string().max(300),
    details: z.record(z.string(), z.unknown()),
  }),

  'user.acted': z.object({
    action: z.string().max(100),
    on: z.string().max(300),
    principal: z.string().max(300),
  }),
  'error.raised': z.object({ code: z.string(), message: text, retry: z.enum(['now', 'later', 'never']) }),

  'run.started': step.extend({ sopId: z.string(), taskId: Token.nullable() }),
  'run.stepped': edge,
  'run.paused': edge,
  'run.deviated': RunDeviated,
  'run.finished': step.extend({ outcome: Outcome }),
  'run.failed': step.extend({ reason: text }),
  'run.cancelled': step,

  'worker.started': step.extend({ attempt: z.number().int().nonnegative() }),
  'worker.failed': step.extend({ reason: text, attempt: z.number().int().nonnegative() }),
  'worker.restarted': step.extend({ attempt: z.number().int().positive() }),
  'worker.gave_up': step.extend({ reason: text, attempt: z.number().int().nonnegative() }),
  'worker.stopped': step,

  'learning.started': step,
  'learning.draining': step,
  'learning.stopped': step,
  'learning.failed': step,
  'learning.paused': step,
  'learning.resumed': step,
  'learning.pressed': step,

  'node.started': step.extend({ version: z.string(), pid: z.number().int() }),
  'node.degraded': edge,
  'node.recovered': edge,
  'node.draining': step,
  'node.stopped': step,
} as const satisfies Record<string, z.ZodType>;

export type EventType = keyof typeof eventData;
export type EventData<T extends EventType> = z.infer<(typeof eventData)[T]>;

export const eventTypes = Object.keys(eventData) as EventType[];

export function isEventType(type: string): type is EventType {
  return Object.hasOwn(eventData, type);
}

/** The version of the envelope and of every event's data; an unknown one is parked, never dropped. */
export const eventVersion = 1;

/** What every event carries, whatever its type. */
export const EventFrame = z.object({
  /** Deterministic where the fact has a natural identity; also the message id on the bus. */
  id: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[\x21-\x7e]+$/, 'printable ASCII without spaces'),
  type: z.string().refine(isEventType, { message: 'unknown event type' }),
  at: z.iso.datetime(),
  namespace: Namespace,
  /** Whose fact it is: the subject's `<kind>.<id>`. */
  actor: z.object({ kind: ActorKind, id: Token }),
  /** The id of the event or command that caused this one. */
  causation: z.string().max(200).optional(),
  /** The session, task or request all of these belong to. */
  correlation: z.string().max(200).optional(),
  /** W3C trace context. */
  traceparent: z.string().max(100).optional(),
  /** In `_system`: the process it happened in, since actors of several nodes have one address there. */
  node: Token.optional(),
  version: z.literal(eventVersion),
});

/** One fact of one actor: the envelope on the bus and the row in the outbox. */
export interface DreyEvent<T extends EventType = EventType> {
  readonly id: string;
  readonly type: T;
  readonly at: string;
  readonly namespace: string;
  readonly actor: { readonly kind: z.infer<typeof ActorKind>; readonly id: string };
  readonly causation?: string;
  readonly correlation?: string;
  readonly traceparent?: string;
  readonly node?: string;
  readonly version: typeof eventVersion;
  readonly data: EventData<T>;
}

/** An event of one of several types, told apart by `type`. */
export type AnyEvent = { [T in EventType]: DreyEvent<T> }[EventType];

/** What people follow: each topic stands for a set of event types. */
export const topics = {
  context: ['context.created', 'context.updated', 'context.shared', 'context.revoked', 'context.archived'],
  tool: ['call.finished', 'call.failed', 'call.refused', 'tool.pinned', 'tool.changed', 'tool.approved'],
  user: ['task.started', 'task.finished', 'user.acted', 'feedback.recorded'],
  error: [
    'error.raised',
    'call.failed',
    'worker.failed',
    'worker.gave_up',
    'resource.failed',
    'audit.refused',
  ],
  state: eventTypes.filter((type) => /^(session|breaker|node|worker|learning|run|sop|episode)\./.test(type)),
  resource: eventTypes.filter((type) => type.startsWith('resource.')),
} as const satisfies Record<string, readonly EventType[]>;

export type Topic = keyof typeof topics;
