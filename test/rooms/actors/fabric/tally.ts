/**
 * A durable actor for tests, in the place of a run: it adds numbers, tells a shared context of each sum as an effect,
 * hears when that is done, and closes by itself some time after its last change.
 */
import { assign, setup } from 'xstate';

import { DreyError } from '../../../../machines/words/errors.ts';
import type { Address } from '../../../../machines/words/ids.ts';
import type { DurableKind, Effect, MachineEvent, Step } from '../../../../src/actors/durable/durable-kind.ts';

interface TallyContext {
  readonly total: number;
  readonly adds: number;
  readonly shared: readonly string[];
  readonly closings: number;
}

type TallyEvent =
  | { readonly type: 'add'; readonly amount: number }
  | { readonly type: 'shared'; readonly key: string }
  | { readonly type: 'explode' };

export const closeMs = 300;

const chart = setup({
  types: { context: {} as TallyContext, events: {} as TallyEvent },
  actions: {
    add: assign(({ context, event }) =>
      event.type === 'add' ? { total: context.total + event.amount, adds: context.adds + 1 } : {},
    ),
    note: assign(({ context, event }) =>
      event.type === 'shared' ? { shared: [...context.shared, event.key].sort() } : {},
    ),
    close: assign({ closings: ({ context }) => context.closings + 1 }),
    share: (_now, _what: { readonly key: string; readonly amount: number }) => {},
    explode: assign(() => {
      throw new Error('boom');
    }),
  },
});

const share = {
  type: 'share',
  params: ({ event }: { readonly event: TallyEvent }) => {
    const amount = event.type === 'add' ? event.amount : 0;
    return { key: `k${amount}`, amount };
  },
} as const;

export const tallyMachine = chart.createMachine({
  id: 'tally',
  context: { total: 0, adds: 0, shared: [], closings: 0 },
  initial: 'open',
  on: { shared: { actions: 'note' }, explode: { actions: 'explode' } },
  states: {
    open: {
      on: {
        add: { target: 'open', reenter: true, actions: ['add', share] },
      },
      after: { [closeMs]: { target: 'closed', actions: 'close' } },
    },
    closed: { on: { add: { actions: ['add', share] } } },
  },
});

/** The kind; `share` is what the effect does in the world. */
export function tallyKind(toShare: Effect, over: Partial<DurableKind> = {}): DurableKind {
  return {
    kind: 'run',
    machine: tallyMachine,
    version: 1,
    edges: { 'open>closed': 'run.finished' },
    toInput: () => undefined,
    toEvent: ({ verb, data }): MachineEvent => {
      if (verb === 'add') return { type: 'add', amount: (data as { amount: number }).amount };
      if (verb === 'explode') return { type: 'explode' };
      throw new DreyError('method_unknown', `a tally does not know "${verb}"`);
    },
    toEdgeData: () => ({ outcome: 'success' }),
    toKnown: (context) => ({ total: (context as TallyContext).total }),
    actions: {
      share: (what: unknown, step: Step) => step.effect('share', what),
    },
    effects: { share: toShare },
    ...over,
  };
}

export const tally = (id: string, namespace = 'acme'): Address => ({ namespace, kind: 'run', id });
