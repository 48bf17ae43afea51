// The list of procedures is brought up to date by what changed, and is what sorting all of them would give.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLearner } from '../../../src/learning/learning.ts';
import { createSopOrder } from '../../../src/learning/sop-order.ts';
import { toEpisode } from './episodes.ts';

const [any] = (() => {
  const learner = createLearner({ namespace: 'acme' });
  for (const n of [1, 2, 3]) learner.learn(toEpisode(n, 'Deploy the build', [{ tool: 'deploy' }]));
  return learner.derive().sops;
})();

const changes = fc.array(
  fc.record({
    at: fc.oneof(fc.nat(6), fc.constantFrom('a part', 'another')),
    confidence: fc.option(fc.constantFrom(0.2, 0.7, 0.9)),
    isAsked: fc.boolean(),
  }),
);

it('gives what sorting all would give, however often it is asked in between', () => {
  if (any === undefined) throw new TypeError('three successes make a procedure');
  fc.assert(
    fc.property(changes, (given) => {
      const order = createSopOrder();
      const known = new Map<number | string, typeof any>();
      for (const { at, confidence, isAsked } of given) {
        const sop = confidence === null ? undefined : { ...any, sopId: `sop-${at}`, confidence };
        order.put(at, sop);
        if (sop === undefined) known.delete(at);
        else known.set(at, sop);
        if (!isAsked) continue;
        const sorted = [...known.values()].sort(
          (a, b) => b.confidence - a.confidence || (a.sopId < b.sopId ? -1 : 1),
        );
        expect(order.toList()).toEqual(sorted);
      }
    }),
  );
});

it('puts back what was there before', () => {
  if (any === undefined) throw new TypeError('three successes make a procedure');
  const order = createSopOrder();
  order.put(1, any);
  expect(order.toList()).toEqual([any]);
  order.put(1, { ...any, confidence: 0.1 });
  order.put(1, any);
  expect(order.toList()).toEqual([any]);
});
