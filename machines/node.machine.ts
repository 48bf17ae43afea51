/**
 * One process of the house: booting, running, running with something missing, draining, stopped. What is missing comes
 * in as a whole each time, so that nothing has to be added up to know whether the node is degraded.
 */
import { assign, setup } from 'xstate';
import type { LifecycleEdges } from './edges.ts';

export const nodeMachineVersion = 1;

/** What a node can run without, worse. */
export const nodeParts = ['bus', 'store', 'learning'] as const;
export type NodePart = (typeof nodeParts)[number];

export interface NodeInput {
  readonly nodeId: string;
  /** How long draining may take. */
  readonly drainMs: number;
}

export interface NodeContext extends NodeInput {
  readonly missing: readonly NodePart[];
  readonly reason: string | null;
}

interface At {
  readonly at: number;
}

export type NodeEvent =
  | ({ readonly type: 'booted'; readonly missing: readonly NodePart[] } & At)
  | ({ readonly type: 'boot.failed'; readonly reason: string } & At)
  | ({ readonly type: 'parts.checked'; readonly missing: readonly NodePart[] } & At)
  | ({ readonly type: 'drain'; readonly reason?: string } & At)
  | ({ readonly type: 'drained' } & At);

/** Which event tells of which edge. */
export const nodeEdges = {
  'booting>running': 'node.started',
  'booting>draining': 'node.draining',
  'booting>stopped': 'node.stopped',
  'running>degraded': 'node.degraded',
  'degraded>running': 'node.recovered',
  'running>draining': 'node.draining',
  'degraded>draining': 'node.draining',
  'draining>stopped': 'node.stopped',
} as const satisfies LifecycleEdges;

/** Pure transitions make a context without input each time, so every field has a value here. */
const blank: NodeContext = { nodeId: '', drainMs: 10_000, missing: [], reason: null };

const chart = setup({
  types: { input: {} as NodeInput, context: {} as NodeContext, events: {} as NodeEvent },
  guards: {
    lacks: ({ context }) => context.missing.length > 0,
    isLacking: ({ event }) => 'missing' in event && event.missing.length > 0,
    isWhole: ({ event }) => 'missing' in event && event.missing.length === 0,
  },
  delays: {
    drainMs: ({ context }) => context.drainMs,
    /** At once, but as an event of its own: a node that boots without its bus has started, and then is degraded. */
    settleMs: 0,
  },
  actions: {
    /** For hands: stops taking calls and ends what runs, answers with `drained`. */
    drain: (_now, _why: { readonly reason: string | null }) => {},
    /** For hands: ends the process's actors now. */
    halt: (_now, _which: { readonly nodeId: string }) => {},
    noteMissing: assign({
      missing: ({ context, event }) => ('missing' in event ? event.missing : context.missing),
    }),
    noteReason: assign({ reason: ({ event }) => ('reason' in event ? (event.reason ?? null) : null) }),
  },
});

const drainAll = {
  type: 'drain',
  params: ({ context }: { readonly context: NodeContext }) => ({ reason: context.reason }),
} as const;
const halt = {
  type: 'halt',
  params: ({ context }: { readonly context: NodeContext }) => ({ nodeId: context.nodeId }),
} as const;
const drain = { target: 'draining', actions: 'noteReason' } as const;

/** A node's chart. */
export const nodeMachine = chart.createMachine({
  id: 'node',
  context: ({ input }) => ({ ...blank, ...input }),
  initial: 'booting',
  states: {
    booting: {
      on: {
        booted: { target: 'running', actions: 'noteMissing' },
        'boot.failed': { target: 'stopped', actions: 'noteReason' },
        drain,
      },
    },
    running: {
      on: {
        'parts.checked': { guard: 'isLacking', target: 'degraded', actions: 'noteMissing' },
        drain,
      },
      after: { settleMs: { guard: 'lacks', target: 'degraded' } },
    },
    degraded: {
      on: {
        'parts.checked': [
          { guard: 'isWhole', target: 'running', actions: 'noteMissing' },
          { actions: 'noteMissing' },
        ],
        drain,
      },
    },
    draining: {
      entry: drainAll,
      on: { drained: { target: 'stopped' } },
      after: { drainMs: { target: 'stopped' } },
    },
    stopped: { entry: halt, tags: 'ended' },
  },
});
