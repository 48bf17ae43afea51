import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Episode } from '../../../machines/words/episodes.ts';
import { Procedure } from '../../../machines/words/sops.ts';
import { createIndex, createLearner, rank } from '../../../src/learning/learning.ts';
import { episodeLists, oddEpisode } from './odd-episodes.ts';

/** Other work on the machine must not fail a property. */
vi.setConfig({ testTimeout: 30_000 });

function deriveAll(episodes: readonly Episode[], sharedNamespace = false) {
  const learner = createLearner({ namespace: 'acme', sharedNamespace });
  for (const episode of episodes) learner.learn(episode);
  return learner.derive().sops;
}

/** A log with a shuffled copy, and places at which to derive in between. */
const shuffled = episodeLists.chain((episodes) =>
  fc.tuple(
    fc.constant(episodes),
    fc.shuffledSubarray(episodes, { minLength: episodes.length, maxLength: episodes.length }),
    fc.array(fc.boolean(), { minLength: episodes.length, maxLength: episodes.length }),
  ),
);

describe('learner', () => {
  it('gives the same SOPs whatever the order of arrival and however often it derived in between', () => {
    fc.assert(
      fc.property(shuffled, ([episodes, arrived, derives]) => {
        const learner = createLearner({ namespace: 'acme' });
        arrived.forEach((episode, at) => {
          learner.learn(episode);
          if (derives[at] === true) learner.derive();
        });
        expect(learner.derive().sops).toEqual(deriveAll(episodes));
      }),
      { numRuns: 50 },
    );
  });

  it('is idempotent: late copies and replaced beginnings leave no trace, and forgetting undoes', () => {
    fc.assert(
      fc.property(shuffled, oddEpisode(99), ([episodes, again, derives], passing) => {
        const learner = createLearner({ namespace: 'acme' });
        episodes.forEach((episode, at) => {
          learner.learn({ ...episode, calls: episode.calls.slice(0, 1), end: 'open' });
          if (derives[at] === true) learner.derive();
        });
        learner.learn(passing);
        learner.derive();
        for (const episode of [...episodes, ...again]) learner.learn(episode);
        learner.derive();
        learner.forget(passing.episodeId);
        expect(learner.derive().sops).toEqual(deriveAll(episodes));
      }),
      { numRuns: 30 },
    );
  });

  it('keeps every figure within the evidence', () => {
    fc.assert(
      fc.property(episodeLists, fc.boolean(), (episodes, shared) => {
        const calls = new Set(episodes.flatMap((episode) => episode.calls.map((call) => call.callId)));
        for (const sop of deriveAll(episodes, shared)) {
          expect(Procedure.safeParse(sop.procedure).success).toBe(true);
          expect(sop.occurrences).toBeGreaterThanOrEqual(2);
          expect(sop.occurrences).toBeLessThanOrEqual(episodes.length);
          expect(sop.confidence).toBeGreaterThanOrEqual(0);
          expect(sop.confidence).toBeLessThan(1);
          expect(sop.status === 'active').toBe(sop.confidence >= 0.7);
          expect(sop.occurrences >= 3 || sop.confidence < 0.7).toBe(true);
          expect(sop.evidence.every((callId) => calls.has(callId))).toBe(true);
          expect(sop.evidence.length).toBeLessThanOrEqual(50);
          expect(sop.steps.length).toBe(sop.procedure.length);
          expect(sop.trigger.length).toBeLessThanOrEqual(2_000);
          sop.procedure.forEach((step, at) => {
            for (const { step: from = -1, support, against = 0, exceptions = [] } of Object.values(
              step.args,
            )) {
              expect(from).toBeLessThan(at);
              expect(support * sop.occurrences + against).toBeLessThanOrEqual(sop.occurrences + 1e-9);
              expect(exceptions).toHaveLength(Math.min(against, 3));
              expect(exceptions.every((callId) => calls.has(callId))).toBe(true);
            }
          });
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('rank', () => {
  it('answers any question with at most the limit, sure enough, each once, whatever the order of the SOPs', () => {
    fc.assert(
      fc.property(
        episodeLists,
        fc.string(),
        fc.nat(5),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (episodes, odd, limit, least) => {
          const sops = deriveAll(episodes);
          for (const task of [odd, ...episodes.map((episode) => episode.task)]) {
            const ranked = rank({ task, sops, limit, minConfidence: least });
            expect(ranked.length).toBeLessThanOrEqual(limit);
            expect(new Set(ranked.map(({ sop }) => sop.sopId)).size).toBe(ranked.length);
            expect(
              ranked.every(
                ({ sop, relevance }) => sop.confidence >= least && relevance >= 0 && relevance <= 1,
              ),
            ).toBe(true);
            const reversed = rank({ task, sops: sops.toReversed(), limit, minConfidence: least });
            expect(reversed.map(({ sop }) => sop.sopId)).toEqual(ranked.map(({ sop }) => sop.sopId));
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  it('answers from an index that changed as from one built anew', () => {
    fc.assert(
      fc.property(episodeLists, (episodes) => {
        const sops = deriveAll(episodes);
        const index = createIndex(sops);
        for (const sop of sops.slice(0, 2)) index.remove(sop.sopId);
        for (const sop of sops) index.put(sop);
        const fresh = createIndex(sops);
        expect(index.size).toBe(fresh.size);
        for (const { task } of episodes) {
          const query = { task, limit: 3, minConfidence: 0 };
          expect(index.rank(query).map(({ sop }) => sop.sopId)).toEqual(
            fresh.rank(query).map(({ sop }) => sop.sopId),
          );
        }
      }),
      { numRuns: 20 },
    );
  });
});
