/**
 * A shared context's hands: what its chart's actions mean for a durable actor. Storing is part of the step's own
 * commit, so the chart hears `commit.done` in the same breath and nobody is told anything before it is true.
 */
import type { StateValue } from 'xstate';
import { z } from 'zod';
import { contextEdges, contextMachine, contextMachineVersion } from '../../../machines/context.machine.ts';
import { contextPendingMax } from '../../../machines/context-events.ts';
import type { ContextContext, GrantTold, Refusal, ToStore } from '../../../machines/context-events.ts';
import { noAccess, resolveChange } from '../../../machines/context-state.ts';
import type { ContextState } from '../../../machines/context-state.ts';
import { toLifecycle } from '../../../machines/edges.ts';
import {
  ContextCaller,
  contextChangesBytesMax,
  ContextKeys,
  contextKeysMax,
  contextNameMax,
  ContextPermission,
  contextStateBytesMax,
  ContextValues,
} from '../../../machines/words/contexts.ts';
import type { AuditEntry } from '../../../machines/words/audit.ts';
import { DreyError } from '../../../machines/words/errors.ts';
import { appendAudit, commitContextStep, confirmStep, readContextActor } from '../../store/store.ts';
import type { StepCommit, StepOutcome, Trx } from '../../store/store.ts';
import type { ActorCommand, DurableKind, MachineEvent, Step, Written } from '../durable/durable-kind.ts';

/** The data of the command `commit`: several keys in one change. */
export const ContextCommit = z.object({
  changes: ContextValues.default({}),
  /** JSON merge patches of single keys. */
  patches: ContextValues.optional(),
  removed: ContextKeys.optional(),
  /** 0 means: only if there is none yet; null: whatever it is. */
  expectedVersion: z.number().int().nonnegative().nullable().default(null),
  expected: ContextValues.optional(),
  absent: ContextKeys.optional(),
  needs: ContextPermission.optional(),
  mayCreate: z.boolean().optional(),
  /** What people call it; counts when it is created. */
  name: z.string().max(contextNameMax).default(''),
  ...ContextCaller.shape,
});
export type ContextCommit = z.input<typeof ContextCommit>;

/** The data of the command `share`; no permissions take all of them away. */
export const ContextShare = z.object({
  with: z.string().min(1).max(300),
  permissions: z.array(ContextPermission).max(ContextPermission.options.length),
  ...ContextCaller.shape,
});
export type ContextShare = z.input<typeof ContextShare>;

const Reason = z.object({ reason: z.string().max(2_000).optional(), ...ContextCaller.shape });

/** What lies beside a context's snapshot: the truth about its state. */
export interface ContextBeside {
  readonly version: number;
  readonly content: ContextState;
}

/** Answers carry the version that stands. */
export interface ContextVersion {
  readonly version: number;
}

export interface ContextKindOptions {
  /** What of a change set may be published; default: all of it. */
  readonly redact?: (changes: ContextState) => unknown;
}

/** Makes the kind. */
export function createContextKind(options: ContextKindOptions = {}): DurableKind {
  return { ...kind, actions: toActions(options), write };
}

const kind: Omit<DurableKind, 'actions' | 'write'> = {
  kind: 'context',
  machine: contextMachine,
  version: contextMachineVersion,
  edges: contextEdges,
  toInput: ({ id }) => ({ contextId: id, settings: { pendingMax: contextPendingMax, retryMs: 10 } }),
  toEvent,
  opening: { verbs: ['commit'], code: 'context_unknown' },
  effects: {},
  toKnown: (context) => ({ version: toContext(context).version }),
  read: readContextActor,
  // The state lies in `contexts`, where lists and other programs find it; the row need not hold it as well.
  toKept: (snapshot) => ({ ...snapshot, context: { ...snapshot.context, state: {} } }),
  toWhole: (kept, beside) => {
    const isAwake = toLifecycle(kept.value)[0] === 'active';
    const state = isAwake ? toBeside(beside).content : {};
    return { ...kept, context: { ...kept.context, state } };
  },
  isResting: ({ value }) => toLifecycle(value)[0] === 'passive',
  // Of version 1 nobody but the house made any use.
  migrate: (kept) => ({ ...kept, context: { ...kept.context, access: { ...noAccess, version: 1 } } }),
};

function toActions({ redact }: ContextKindOptions): DurableKind['actions'] {
  return {
    load: (_: unknown, step: Step) => {
      const { version, content } = toBeside(step.beside);
      step.follow({ type: 'load.done', version, state: content, at: step.at });
    },
    store: ({ commit, version, state, resolved }: ToStore, step: Step) => {
      if (commit === null) return;
      assertRoom(state, resolved.changes);
      const { removed } = resolved;
      const principal = commit.by?.principal ?? '';
      // What was redacted is an object again.
      const changes = (redact?.(resolved.changes) ?? resolved.changes) as Record<string, unknown>;
      step.tell(version === 0 ? 'context.created' : 'context.updated', {
        version: version + 1,
        changes,
        ...(removed.length === 0 ? {} : { removed: [...removed] }),
        ...(principal === '' ? {} : { principal }),
      });
      step.follow({ type: 'commit.done', version: version + 1, state, at: step.at });
    },
    tellGrant: ({ permissions, ...grant }: GrantTold, step: Step) => {
      const type = permissions.length === 0 ? 'context.revoked' : 'context.shared';
      step.tell(type, { ...grant, permissions: [...permissions] });
    },
    accept: ({ version }: ContextVersion, step: Step) => {
      step.answer({ ok: true, data: { version } });
    },
    refuse: ({ requestIds, code, version }: Refusal, step: Step) => {
      // Without ids it answers the command itself.
      const isOurs = requestIds.length === 0 || requestIds.includes(step.delivery.id);
      // A stranger does not learn the version of what is not there for it.
      if (isOurs)
        step.answer({ ok: false, code, data: { version: code === 'context_unknown' ? 0 : version } });
    },
  };
}

function assertRoom(state: ContextState, changes: ContextState): void {
  const keys = Object.keys(state).length;
  if (keys > contextKeysMax)
    throw new DreyError(
      'limit_reached',
      `the context would have ${keys} keys; one may have ${contextKeysMax}`,
    );
  const bytes = Buffer.byteLength(JSON.stringify(changes));
  if (bytes > contextChangesBytesMax) {
    throw new DreyError(
      'body_too_large',
      `the changes have ${bytes} bytes; one commit may have ${contextChangesBytesMax}`,
    );
  }
}

/** Version, state, permissions and status go into their own tables within the step's statement. */
async function write(
  trx: Trx,
  commit: StepCommit,
  { delivery, before, after, beside }: Written,
): Promise<StepOutcome> {
  const { version, state, access } = toContext(after.context);
  const known = before === undefined ? undefined : toContext(before.context);
  const status = toStatus(after.value);
  if (delivery.from !== 'command') return commitContextStep(trx, commit, { status });
  if (version === (known?.version ?? 0)) {
    const entry = toAuditEntry(delivery, commit.id);
    if (entry === undefined) return commitContextStep(trx, commit, { status });
    // What is written down must not be written for a step that then does not happen.
    const standing = await confirmStep(trx, commit);
    if (standing !== 'confirmed') return standing;
    await appendAudit(trx, entry);
    return commitContextStep(trx, commit, { status, access });
  }
  const content = JSON.stringify(state);
  const bytes = Buffer.byteLength(content);
  if (bytes > contextStateBytesMax) {
    throw new DreyError(
      'body_too_large',
      `the context would have ${bytes} bytes; one may have ${contextStateBytesMax}`,
    );
  }
  const { principal, name, ...change } = ContextCommit.parse(delivery.data);
  const isAwake = before !== undefined && toStatus(before.value) === 'active';
  const old = isAwake ? toContext(before.context).state : toBeside(beside).content;
  const resolved = resolveChange(old, state, change);
  return commitContextStep(trx, commit, { status, version, access, content, resolved, principal, name });
}

/** Who may do what, and the end, are written down; that the state changed is in its versions. */
function toAuditEntry({ verb, data }: ActorCommand, id: string): AuditEntry | undefined {
  const deed = { severity: 'MEDIUM', object: `context/${id}`, outcome: 'done' } as const;
  if (verb === 'share') {
    const { with: whom, permissions, principal } = ContextShare.parse(data);
    const action = permissions.length === 0 ? 'context_revoked' : 'context_shared';
    return { ...deed, action, principal: principal || house, details: { with: whom, permissions } };
  }
  if (verb !== 'archive') return undefined;
  const { principal } = Reason.parse(data ?? {});
  return { ...deed, action: 'context_archived', principal: principal || house };
}

/** Under which name the house's own deeds are written down. */
const house = 'house';

function toStatus(value: StateValue): 'active' | 'passive' | 'archived' {
  const lifecycle = toLifecycle(value)[0];
  return lifecycle === 'archived' || lifecycle === 'passive' ? lifecycle : 'active';
}

function toEvent({ id, verb, data }: ActorCommand, at: number): MachineEvent {
  if (verb === 'commit') {
    const { name: _name, principal, isAdmin, ...commit } = parse(ContextCommit, data, verb);
    assertRoom({}, { ...commit.changes, ...commit.patches });
    return { type: 'commit', requestId: id, ...commit, by: { principal, isAdmin }, at };
  }
  if (verb === 'share') {
    const { with: principal, permissions, ...by } = parse(ContextShare, data, verb);
    const caller = { principal: by.principal, isAdmin: by.isAdmin };
    return { type: 'share', requestId: id, principal, permissions, by: caller, at };
  }
  if (verb === 'archive') {
    const { principal, isAdmin, ...reason } = parse(Reason, data ?? {}, verb);
    return { type: 'archive', ...reason, by: { principal, isAdmin }, at };
  }
  if (verb === 'passivate') return { type: 'passivate', at };
  throw new DreyError(
    'method_unknown',
    `a context does not know "${verb}"; it knows commit, share, archive and passivate`,
  );
}

function parse<T>(schema: z.ZodType<T>, data: unknown, verb: string): T {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new DreyError('argument_invalid', `"${verb}" of a context: ${z.prettifyError(parsed.error)}`);
}

/** `readContextActor` answers in this form; nothing beside the snapshot means a context that is new. */
function toBeside(beside: unknown): ContextBeside {
  return (beside as ContextBeside | null | undefined) ?? { version: 0, content: {} };
}

/** The machine of this kind has no other context. */
export function toContext(context: unknown): ContextContext {
  return context as ContextContext;
}
