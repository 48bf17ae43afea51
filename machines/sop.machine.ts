/**
 * A learned procedure's life. Evidence alone lifts it only over the bar, a person may lift it without; whoever may do
 * so was checked before. Learning decides when, this chart decides what can follow what.
 */
import { assign, setup } from 'xstate';
import type { LifecycleEdges } from './edges.ts';
import type { ErrorCode } from './words/errors.ts';

export const sopMachineVersion = 1;

export interface SopInput {
  readonly sopId: string;
  /** Confidence from which evidence alone makes it active. */
  readonly activeFrom: number;
}

export interface SopContext extends SopInput {
  readonly version: number;
  readonly confidence: number;
  readonly reason: string | null;
}

interface At {
  readonly at: number;
}

export type SopEvent =
  /** Served to nobody yet, compared with what is done. */
  | ({ readonly type: 'shadow'; readonly confidence: number } & At)
  | ({ readonly type: 'activate'; readonly by: 'evidence' | 'approval'; readonly confidence: number } & At)
  | ({ readonly type: 'revise'; readonly version: number; readonly confidence: number } & At)
  | ({ readonly type: 'quarantine'; readonly reason?: string } & At)
  | ({ readonly type: 'deprecate'; readonly reason?: string } & At)
  | ({ readonly type: 'retire'; readonly reason?: string } & At);

/** Which event tells of which edge; `sop.proposed` is told when it is made, `sop.revised` with each version. */
export const sopEdges = {
  'candidate>shadow': 'sop.shadowed',
  'candidate>active': 'sop.activated',
  'candidate>quarantined': 'sop.quarantined',
  'candidate>retired': 'sop.retired',
  'shadow>active': 'sop.activated',
  'shadow>quarantined': 'sop.quarantined',
  'shadow>retired': 'sop.retired',
  'active>quarantined': 'sop.quarantined',
  'active>deprecated': 'sop.deprecated',
  'active>retired': 'sop.retired',
  'quarantined>shadow': 'sop.shadowed',
  'quarantined>active': 'sop.activated',
  'quarantined>retired': 'sop.retired',
  'deprecated>active': 'sop.activated',
  'deprecated>retired': 'sop.retired',
} as const satisfies LifecycleEdges;

/** Pure transitions make a context without input each time, so every field has a value here. */
const blank: SopContext = { sopId: '', activeFrom: 0.7, version: 1, confidence: 0, reason: null };

const chart = setup({
  types: { input: {} as SopInput, context: {} as SopContext, events: {} as SopEvent },
  guards: {
    isOverTheBar: ({ context, event }) =>
      event.type === 'activate' && (event.by === 'approval' || event.confidence >= context.activeFrom),
    isApproved: ({ event }) => event.type === 'activate' && event.by === 'approval',
  },
  actions: {
    /** For hands: answers whoever asked for it. */
    refuse: (_now, _why: { readonly sopId: string; readonly code: ErrorCode }) => {},
    note: assign(({ context, event }) => ({
      confidence: 'confidence' in event ? event.confidence : context.confidence,
      reason: 'reason' in event ? (event.reason ?? null) : null,
    })),
    revise: assign(({ context, event }) => ({
      version: event.type === 'revise' ? event.version : context.version,
      confidence: event.type === 'revise' ? event.confidence : context.confidence,
    })),
  },
});

const refused = {
  actions: {
    type: 'refuse',
    params: ({ context }: { readonly context: SopContext }) => ({
      sopId: context.sopId,
      code: 'transition_refused' as const,
    }),
  },
} as const;
const shadow = { target: 'shadow', actions: 'note' } as const;
const quarantine = { target: 'quarantined', actions: 'note' } as const;
const retire = { target: 'retired', actions: 'note' } as const;
const revise = { actions: 'revise' } as const;
const activate = [{ guard: 'isOverTheBar', target: 'active', actions: 'note' }, refused] as const;
/** What was taken out of service comes back by a person's word only. */
const reinstate = [{ guard: 'isApproved', target: 'active', actions: 'note' }, refused] as const;

/** A SOP's chart; its states are the words of `SopStatus`. */
export const sopMachine = chart.createMachine({
  id: 'sop',
  context: ({ input }) => ({ ...blank, ...input }),
  initial: 'candidate',
  states: {
    candidate: { on: { shadow, activate: [...activate], quarantine, retire, revise, deprecate: refused } },
    shadow: { on: { activate: [...activate], quarantine, retire, revise, deprecate: refused } },
    active: { on: { quarantine, deprecate: { target: 'deprecated', actions: 'note' }, retire, revise } },
    quarantined: { on: { shadow, activate: [...reinstate], retire, revise, deprecate: refused } },
    deprecated: { on: { activate: [...reinstate], retire, quarantine: refused, shadow: refused } },
    retired: {
      tags: 'ended',
      on: { shadow: refused, activate: refused, quarantine: refused, deprecate: refused, revise: refused },
    },
  },
});
