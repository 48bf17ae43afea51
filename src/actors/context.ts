/**
 * A shared context's hands: what its chart's actions mean for a durable actor. Storing is part of the step's own
 * commit, so the chart hears `commit.done` in the same breath and nobody is told anything before it is true.
 */
import { z } from 'zod';
import {
  contextEdges,
  contextMachine,
  contextMachineVersion,
  contextPendingMax,
} from '../../machines/context.machine.ts';
import type { Commit, ContextContext, ContextState, Refusal } from '../../machines/context.machine.ts';
import { toLifecycle } from '../../machines/edges.ts';
import { DreyError } from '../../machines/words/errors.ts';
import { commitContextStep, readContextActor } from '../store/store.ts';
import type { StepCommit, StepOutcome, Trx } from '../store/store.ts';
import type { ActorCommand, DurableKind, MachineEvent, Step, Written } from './durable-kind.ts';

/** One commit's changes as JSON; they also travel in the event. */
export const contextChangesBytesMax = 128 * 1024;
/** A context's whole state as JSON. */
export const contextStateBytesMax = 1024 * 1024;

/** The data of the command `commit`. `expectedVersion` 0 means: only if there is none yet. */
export const ContextCommit = z.object({
  changes: z.record(z.string().min(1).max(300), z.unknown()),
  expectedVersion: z.number().int().nonnegative().nullable().default(null),
  principal: z.string().max(300).default(''),
});
export type ContextCommit = z.input<typeof ContextCommit>;

const Reason = z.object({ reason: z.string().max(2_000).optional() }).default({});

/** What lies beside a context's snapshot: the truth about its state. */
export interface ContextBeside {
  readonly version: number;
  readonly content: ContextState;
}

/** Answers carry the version that stands. */
export interface ContextVersion {
  readonly version: number;
}

export const contextKind: DurableKind = {
  kind: 'context',
  machine: contextMachine,
  version: contextMachineVersion,
  edges: contextEdges,
  toInput: ({ id }) => ({ contextId: id, settings: { pendingMax: contextPendingMax, retryMs: 10 } }),
  toEvent,
  opening: { verbs: ['commit'], code: 'context_unknown' },
  actions: {
    load: (_: unknown, step: Step) => {
      const { version, content } = toBeside(step.beside);
      step.follow({ type: 'load.done', version, state: content, at: step.at });
    },
    store: (
      { commit, version }: { readonly commit: Commit | null; readonly version: number },
      step: Step,
    ) => {
      if (commit === null) return;
      const type = version === 0 ? 'context.created' : 'context.updated';
      step.tell(type, { version: version + 1, changes: commit.changes });
      step.follow({ type: 'commit.done', version: version + 1, at: step.at });
    },
    accept: ({ version }: ContextVersion, step: Step) => {
      step.answer({ ok: true, data: { version } });
    },
    refuse: ({ requestIds, code, version }: Refusal, step: Step) => {
      // Without ids it answers the command itself.
      const isOurs = requestIds.length === 0 || requestIds.includes(step.delivery.id);
      if (isOurs) step.answer({ ok: false, code, data: { version } });
    },
  },
  effects: {},
  toKnown: (context) => ({ version: toContext(context).version }),
  read: readContextActor,
  write,
  // The state lies in `contexts`, where lists and other programs find it; the row need not hold it as well.
  toKept: (snapshot) => ({ ...snapshot, context: { ...snapshot.context, state: {} } }),
  toWhole: (kept, beside) => {
    const isAwake = toLifecycle(kept.value)[0] === 'active';
    const state = isAwake ? toBeside(beside).content : {};
    return { ...kept, context: { ...kept.context, state } };
  },
  isResting: ({ value }) => toLifecycle(value)[0] === 'passive',
};

/** Version, state and status go into their own tables within the step's statement. */
async function write(
  trx: Trx,
  commit: StepCommit,
  { delivery, before, after }: Written,
): Promise<StepOutcome> {
  const { version, state } = toContext(after.context);
  const known = before === undefined ? 0 : toContext(before.context).version;
  const lifecycle = toLifecycle(after.value)[0];
  const status = lifecycle === 'archived' || lifecycle === 'passive' ? lifecycle : 'active';
  if (version === known || delivery.from !== 'command') return commitContextStep(trx, commit, { status });
  const content = JSON.stringify(state);
  const bytes = Buffer.byteLength(content);
  if (bytes > contextStateBytesMax) {
    throw new DreyError(
      'body_too_large',
      `the context would have ${bytes} bytes; one may have ${contextStateBytesMax}`,
    );
  }
  const { changes, principal } = ContextCommit.parse(delivery.data);
  return commitContextStep(trx, commit, { status, version, content, changes, principal });
}

function toEvent({ id, verb, data }: ActorCommand, at: number): MachineEvent {
  if (verb === 'commit') {
    const { changes, expectedVersion } = parse(ContextCommit, data, verb);
    const bytes = Buffer.byteLength(JSON.stringify(changes));
    if (bytes > contextChangesBytesMax) {
      throw new DreyError(
        'body_too_large',
        `the changes have ${bytes} bytes; one commit may have ${contextChangesBytesMax}`,
      );
    }
    return { type: 'commit', requestId: id, changes, expectedVersion, at };
  }
  if (verb === 'archive') return { type: 'archive', ...parse(Reason, data, verb), at };
  if (verb === 'passivate') return { type: 'passivate', at };
  throw new DreyError(
    'method_unknown',
    `a context does not know "${verb}"; it knows commit, archive and passivate`,
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
