/**
 * A learned procedure's life. Evidence alone lifts it only over the bar, a person may lift it without; whoever may do
 * so was checked before. Learning decides when (`sop-standing.ts`), this chart decides what can follow what. Its row is its
 * snapshot: state and status are one word, so it must never know anything that the row does not hold.
 */
import { assign, setup } from 'xstate';
import type { LifecycleEdges } from './edges.ts';
import type { ErrorCode } from './words/errors.ts';

export const sopMachineVersion = 3;

export interface SopInput {
  readonly sopId: string;
  /** Confidence from which evidence alone makes it active. */
  readonly activeFrom: number;
  /** The row's version as the life begins; 1 where it is new. */
  readonly version?: number;
}

export interface SopContext extends SopInput {
  readonly version: number;
  readonly confidence: number;
  readonly reason: string | null;
  /** Whose word it was last: `learning`, or a principal; '' while nobody's was told. */
  readonly who: string;
  /** Who approved which version, as long as that stands. */
  readonly approval: { readonly by: string; readonly version: number } | null;
  /** Reports heard in all, and those that said it helped; one that was changed is heard twice. */
  readonly reports: { readonly heard: number; readonly helpful: number };
}

interface At {
  readonly at: number;
  /** Events from before it was told have none. */
  readonly who?: string;
  /** The version that the row has with it; an approval's own `version` is the one that was approved. */
  readonly rowVersion?: number;
}

export type SopEvent =
  /** Served to nobody, and silently compared with what is done. */
  | ({ readonly type: 'shadow'; readonly confidence: number; readonly reason?: string } & At)
  | ({
      readonly type: 'activate';
      readonly by: 'evidence' | 'approval';
      readonly confidence: number;
      /** The version that was approved. */
      readonly version?: number;
      readonly reason?: string;
    } & At)
  /** Somebody stands for what is in use already. */
  | ({
      readonly type: 'approve';
      readonly who: string;
      readonly version: number;
      readonly confidence: number;
      readonly reason?: string;
    } & At)
  /** Somebody says whether it helped; `confidence` is what that made of it. */
  | ({
      readonly type: 'report';
      readonly who: string;
      readonly helpful: boolean;
      readonly confidence: number;
    } & At)
  /** What is known now no longer bears it out. */
  | ({ readonly type: 'withdraw'; readonly confidence: number; readonly reason?: string } & At)
  /** Another content: learning's, or that of whoever edits it. */
  | ({
      readonly type: 'revise';
      readonly version: number;
      readonly confidence: number;
      readonly reason?: string;
    } & At)
  | ({ readonly type: 'quarantine'; readonly reason?: string } & At)
  | ({ readonly type: 'deprecate'; readonly reason?: string } & At)
  | ({ readonly type: 'retire'; readonly reason?: string } & At);

/**
 * Which event tells of which edge. `sop.proposed` begins a life; `sop.revised`, `sop.approved` and `feedback.recorded` tell
 * of what leads nowhere else: an edit, an approval of what is in use, a report.
 */
export const sopEdges = {
  'candidate>shadow': 'sop.shadowed',
  'candidate>active': 'sop.activated',
  'candidate>quarantined': 'sop.quarantined',
  'candidate>retired': 'sop.retired',
  'shadow>candidate': 'sop.withdrawn',
  'shadow>active': 'sop.activated',
  'shadow>quarantined': 'sop.quarantined',
  'shadow>retired': 'sop.retired',
  'active>candidate': 'sop.withdrawn',
  'active>shadow': 'sop.shadowed',
  'active>quarantined': 'sop.quarantined',
  'active>deprecated': 'sop.deprecated',
  'active>retired': 'sop.retired',
  'quarantined>candidate': 'sop.withdrawn',
  'quarantined>shadow': 'sop.shadowed',
  'quarantined>active': 'sop.activated',
  'quarantined>retired': 'sop.retired',
  'deprecated>active': 'sop.activated',
  'deprecated>retired': 'sop.retired',
} as const satisfies LifecycleEdges;

/** Pure transitions make a context without input each time, so every field has a value here. */
const blank: SopContext = {
  sopId: '',
  activeFrom: 0.7,
  version: 1,
  confidence: 0,
  reason: null,
  who: '',
  approval: null,
  reports: { heard: 0, helpful: 0 },
};

/** Whose name stands for learning itself. */
export const learningName = 'learning';

function isLearning(who: string | undefined): boolean {
  return who === undefined || who === learningName;
}

/** Any other status takes an approval back. */
function toApproval(event: SopEvent): SopContext['approval'] {
  const isWord = event.type === 'approve' || (event.type === 'activate' && event.by === 'approval');
  if (!isWord || event.who === undefined || event.version === undefined) return null;
  return { by: event.who, version: event.version };
}

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
      version: event.rowVersion ?? context.version,
      confidence: 'confidence' in event ? event.confidence : context.confidence,
      reason: 'reason' in event ? (event.reason ?? null) : null,
      who: event.who ?? '',
      // What learning derives takes no word of a person's back.
      approval: isLearning(event.who) ? context.approval : toApproval(event),
    })),
    /** What was approved was another content. */
    revise: assign(({ context, event }) =>
      event.type === 'revise'
        ? {
            version: event.version,
            confidence: event.confidence,
            reason: event.reason ?? null,
            who: event.who ?? '',
            approval: isLearning(event.who) ? context.approval : null,
          }
        : {},
    ),
    report: assign(({ context: { reports }, event }) =>
      event.type === 'report'
        ? {
            confidence: event.confidence,
            who: event.who,
            reports: { heard: reports.heard + 1, helpful: reports.helpful + (event.helpful ? 1 : 0) },
          }
        : {},
    ),
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
const withdraw = { target: 'candidate', actions: 'note' } as const;
const quarantine = { target: 'quarantined', actions: 'note' } as const;
const retire = { target: 'retired', actions: 'note' } as const;
const revise = { actions: 'revise' } as const;
const report = { actions: 'report' } as const;
const approve = { actions: 'note' } as const;
const activate = [{ guard: 'isOverTheBar', target: 'active', actions: 'note' }, refused] as const;
/** What was taken out of service comes back by a person's word only. */
const reinstate = [{ guard: 'isApproved', target: 'active', actions: 'note' }, refused] as const;

/** A SOP's chart; its states are the words of `SopStatus`. */
export const sopMachine = chart.createMachine({
  id: 'sop',
  context: ({ input }) => ({ ...blank, ...input }),
  initial: 'candidate',
  on: { revise, report, approve: refused },
  states: {
    candidate: { on: { shadow, activate: [...activate], quarantine, retire, deprecate: refused } },
    shadow: { on: { activate: [...activate], withdraw, quarantine, retire, deprecate: refused } },
    active: {
      on: {
        shadow,
        withdraw,
        quarantine,
        deprecate: { target: 'deprecated', actions: 'note' },
        retire,
        approve,
      },
    },
    quarantined: {
      on: { shadow, activate: [...reinstate], withdraw, retire, deprecate: refused },
    },
    deprecated: {
      on: {
        activate: [...reinstate],
        retire,
        quarantine: refused,
        shadow: refused,
        withdraw: refused,
      },
    },
    retired: {
      tags: 'ended',
      on: {
        shadow: refused,
        activate: refused,
        withdraw: refused,
        quarantine: refused,
        deprecate: refused,
      },
    },
  },
});
