// What a step requires: more than that something came before it, and never more than the evidence says.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Episode } from '../../../machines/words/episodes.ts';
import type { ProcedureStep } from '../../../machines/words/sops.ts';
import { createLearner } from '../../../src/learning/learning.ts';
import { toEpisode } from './episodes.ts';
import { episodeLists } from './odd-episodes.ts';

/** The same kind of work, each in its own words. */
const work = (n: number, tools: string, more: Partial<Episode> = {}) =>
  toEpisode(
    n,
    `Pay the invoice number ${n} of the ${'red blue green grey black white'.split(' ')[n % 6] ?? ''} shop`,
    tools.split(' ').map((tool) => ({ tool: `shop__${tool}` })),
    more,
  );

function learn(episodes: readonly Episode[]): readonly ProcedureStep[] {
  const learner = createLearner({ namespace: 'acme' });
  for (const episode of episodes) learner.learn(episode);
  return learner.derive().sops[0]?.procedure ?? [];
}

const toNeeds = (procedure: readonly ProcedureStep[]): Record<string, string[]> =>
  Object.fromEntries(
    procedure.map(({ tool, requires = [] }) => [
      tool.replace('shop__', ''),
      requires.map(({ step }) => procedure[step]?.tool.replace('shop__', '') ?? '?'),
    ]),
  );

const six = Array.from({ length: 6 }, (_, n) => n);

describe('a step requires', () => {
  it('what it went wrong without, with what speaks for and against it', () => {
    const procedure = learn([
      ...six.map((n) => work(n, 'find_invoice get_balance login pay_invoice')),
      ...six.map((n) => work(10 + n, 'find_invoice get_balance pay_invoice', { outcome: 'failure' })),
    ]);
    expect(toNeeds(procedure)['pay_invoice']).toContain('login');
    const login = procedure.findIndex(({ tool }) => tool === 'shop__login');
    const required = procedure.at(-1)?.requires?.find(({ step }) => step === login);
    expect(required).toMatchObject({ support: 1, against: 0 });
    expect(required?.lift).toBeGreaterThan(2);
  });

  it('nothing that it merely came after: reading is required by nothing that reads', () => {
    const needs = toNeeds(learn(six.map((n) => work(n, 'find_invoice get_rates get_balance pay_invoice'))));
    expect(needs).toMatchObject({ find_invoice: [], get_rates: [], get_balance: [] });
    expect(needs['pay_invoice']).toEqual(['find_invoice', 'get_rates', 'get_balance']);
  });

  it('nothing that is there as often without it', () => {
    const procedure = learn([
      ...six.map((n) => work(n, 'login find_invoice get_rates pay_invoice')),
      ...six.map((n) => work(10 + n, 'login find_invoice pay_invoice')),
      ...six.map((n) => work(20 + n, 'login get_rates find_invoice pay_invoice')),
    ]);
    expect(toNeeds(procedure)['get_rates'] ?? []).not.toContain('login');
    expect(toNeeds(procedure)['pay_invoice']).not.toContain('get_rates');
  });

  it('nothing yet where two episodes are all there is', () => {
    const procedure = learn(six.slice(0, 2).map((n) => work(n, 'login pay_invoice')));
    expect(procedure.length).toBe(2);
    expect(procedure.some(({ requires }) => requires !== undefined)).toBe(false);
  });

  it('not what a requirement of it requires already', () => {
    const procedure = learn(six.map((n) => work(n, 'open_order approve_order pay_order')));
    expect(toNeeds(procedure)).toEqual({
      open_order: [],
      approve_order: ['open_order'],
      pay_order: ['approve_order'],
    });
  });
});

it('requirements name earlier steps only, never say more than the evidence, and leave out what follows', () => {
  fc.assert(
    fc.property(episodeLists, (odd) => {
      // Odd work, and some of it recurring.
      const episodes = [...odd, ...odd.map((one, at) => ({ ...one, episodeId: `again-${at}` }))];
      const learner = createLearner({ namespace: 'acme' });
      for (const episode of episodes) learner.learn(episode);
      for (const { procedure, occurrences } of learner.derive().sops) {
        const reached: Set<number>[] = [];
        procedure.forEach(({ tool, requires = [] }, at) => {
          for (const { step, support, lift, against } of requires) {
            expect(step).toBeLessThan(at);
            expect(procedure[step]?.tool === tool && procedure.length === 1).toBe(false);
            expect(support).toBeGreaterThanOrEqual(0.6);
            expect(support).toBeLessThanOrEqual(1);
            expect(lift).toBeGreaterThanOrEqual(1);
            expect(against).toBeLessThanOrEqual(occurrences - 3);
          }
          for (const { step } of requires)
            expect(requires.some((other) => reached[other.step]?.has(step) === true)).toBe(false);
          reached.push(new Set(requires.flatMap(({ step }) => [step, ...(reached[step] ?? [])])));
        });
      }
    }),
    { numRuns: 40 },
  );
});
