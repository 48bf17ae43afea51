/** The shared models as pure functions: what is a change and what is none, event by event. */
import { createStore } from '@xstate/store';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalogueStore } from '../../machines/catalogue.store.ts';
import type { Catalogue, ListedTool } from '../../machines/catalogue.store.ts';
import { healthStore, silentLearner } from '../../machines/health.store.ts';
import type { Health, LagView, LearnerView, BreakerView, ResourceView } from '../../machines/health.store.ts';

const tool = (name: string, more: Partial<ListedTool> = {}): ListedTool => ({
  name,
  server: 'fs',
  tool: name,
  definition: { name },
  stale: false,
  ...more,
});

describe('the catalogue', () => {
  const { context } = catalogueStore;
  const store = createStore(catalogueStore);
  const list = (now: Catalogue, tools: readonly ListedTool[], at = 5): Catalogue =>
    store.transition({ ...store.getInitialSnapshot(), context: now }, { type: 'listed', tools, at })[0]
      .context;
  const one = list(context, [tool('a'), tool('b')]);

  it('begins empty, and an empty list is no news', () => {
    const face = { version: 0, text: '[]' };
    expect(context).toEqual({ version: 0, changedAt: null, tools: [], held: [], face });
    expect(list(context, [])).toBe(context);
  });

  it.each<[string, readonly ListedTool[], number, number]>([
    ['the same again', [tool('a'), tool('b')], 1, 1],
    ['another order', [tool('b'), tool('a')], 2, 2],
    ['one more', [tool('a'), tool('b'), tool('c')], 2, 2],
    ['one less', [tool('a')], 2, 2],
    ['another definition', [tool('a'), tool('b', { definition: { name: 'b', title: 'B' } })], 2, 2],
    ['an upstream that went away', [tool('a', { stale: true }), tool('b')], 2, 1],
    ['the same face from elsewhere', [tool('a', { server: 'gs' }), tool('b')], 2, 1],
    ['the same face of another tool', [tool('a', { tool: 'x' }), tool('b')], 2, 1],
  ])('makes of %s the version and face that are due', (_title, tools, version, face) => {
    const next = list(one, tools, 9);
    expect([next.version, next.face.version]).toEqual([version, face]);
    expect(next.changedAt).toBe(version === 1 ? 5 : 9);
    if (version === 1) expect(next).toBe(one);
    else expect(next.tools).toBe(tools);
    if (face === 1) expect(next.face).toBe(one.face);
  });
});

describe('what is held back', () => {
  const store = createStore(catalogueStore);
  const held = [{ name: 'a', server: 'fs', tool: 'a', why: 'changed' as const, sentence: 'it changed' }];

  it('makes a version, and no news for clients', () => {
    const now = store.getInitialSnapshot();
    const [next] = store.transition(now, { type: 'listed', tools: [], held, at: 5 });
    expect(next.context).toMatchObject({ version: 1, face: { version: 0 }, held });
    const again = { type: 'listed' as const, tools: [], held: [...held], at: 9 };
    expect(store.transition(next, again)[0].context).toBe(next.context);
  });
});

describe('the health of a node', () => {
  const { context } = healthStore;
  const store = createStore(healthStore);
  const consume = (now: Health, event: Parameters<typeof store.send>[0]): Health =>
    store.transition({ ...store.getInitialSnapshot(), context: now }, event)[0].context;
  const resource = (now: Health, view: ResourceView, at: number): Health =>
    consume(now, { type: 'resource.told', view, at });
  const breaker = (now: Health, view: BreakerView, at: number): Health =>
    consume(now, { type: 'breaker.told', view, at });
  const learner = (now: Health, view: LearnerView, at: number): Health =>
    consume(now, { type: 'learner.told', view, at });
  const lag = (now: Health, view: LagView, at: number): Health =>
    consume(now, { type: 'lag.told', view, at });
  const nats = { id: 'r-nats', what: 'nats', state: 'healthy', lastError: null, code: null };
  const open = { id: 'b-fs', state: 'open', retryAt: 70 };
  const busy = { ...silentLearner, engineStatus: 'running', behind: 3 } as const;

  const late = { lagging: true, waiting: 1_001 };

  it('begins with nothing known', () => {
    expect(context).toEqual({
      version: 0,
      changedAt: null,
      resources: {},
      breakers: {},
      learner: silentLearner,
      lag: { lagging: false, waiting: 0 },
      missing: [],
    });
  });

  it.each<[string, (now: Health, at: number) => Health, Partial<Health>]>([
    ['a resource', (now, at) => resource(now, nats, at), { resources: { 'r-nats': nats } }],
    ['a breaker', (now, at) => breaker(now, open, at), { breakers: { 'b-fs': open } }],
    ['the learner', (now, at) => learner(now, busy, at), { learner: busy }],
    ['the lag', (now, at) => lag(now, late, at), { lag: late }],
    [
      'what is missing',
      (now, at) => consume(now, { type: 'parts.told', view: ['bus'], at }),
      { missing: ['bus'] },
    ],
  ])('changes with %s, once', (_title, tell, expected) => {
    const next = tell(context, 5);
    expect(next).toEqual({ ...context, ...expected, version: 1, changedAt: 5 });
    expect(tell(next, 9)).toBe(next);
  });

  it('keeps what it knew of the others, in the order in which they came', () => {
    const postgres = { ...nats, id: 'r-postgres', what: 'postgres' };
    const both = [nats, postgres, { ...nats, state: 'degraded', lastError: 'slow' }].reduce<Health>(
      resource,
      context,
    );
    expect(Object.values(both.resources).map(({ id, state }) => [id, state])).toEqual([
      ['r-nats', 'degraded'],
      ['r-postgres', 'healthy'],
    ]);
    expect([both.version, both.changedAt]).toEqual([3, 2]);
  });

  it('grows by one exactly when it says something else, whatever is told', () => {
    const view = fc.record({
      id: fc.constantFrom('r-a', 'r-b'),
      what: fc.constant('x'),
      state: fc.constantFrom('healthy', 'unhealthy'),
      lastError: fc.constantFrom(null, 'e'),
      code: fc.constant(null),
    });
    const said = ({ version: _version, changedAt: _changedAt, ...rest }: Health): string =>
      JSON.stringify(rest);
    fc.assert(
      fc.property(fc.array(view), (views) => {
        views.reduce<Health>((now, one, at) => {
          const next = resource(now, one, at);
          expect(next.version - now.version).toBe(said(next) === said(now) ? 0 : 1);
          return next;
        }, context);
      }),
    );
  });
});
