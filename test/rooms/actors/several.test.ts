// What several learners say is put together as if one had said it.
import { describe, expect, it } from 'vitest';
import type { RelearnReport } from '../../../machines/words/relearning.ts';
import { isComplete, joinRelearned, joinReports } from '../../../src/actors/actors.ts';
import type { EngineReport } from '../../../src/actors/actors.ts';
import { sampleRelearning } from '../../support/gateway-needs.ts';

const report = (changes: Partial<EngineReport> = {}): EngineReport => ({
  engineStatus: 'running',
  intake: 'flowing',
  lastRunAt: '2026-11-22T10:00:00.000Z',
  hasIntake: true,
  behind: 2,
  learners: 2,
  held: { episodes: 10, clusters: 3, share: 1 },
  workers: [{ name: 'extractor', state: 'up', attempts: 1, lastError: null }],
  actors: [{ namespace: '_system', kind: 'worker', id: 'w-extractor', states: ['up'] }],
  ...changes,
});
const order = (changes: Partial<RelearnReport> = {}): RelearnReport => ({
  ...sampleRelearning,
  learners: 2,
  ...changes,
});

describe('reports of several engines', () => {
  it('are complete when as many answered as share the work, by the word of whoever knows most', () => {
    expect(isComplete([])).toBe(false);
    expect(isComplete([report({ learners: 1 })])).toBe(true);
    expect(isComplete([report({ learners: 1 }), report({ learners: 3 })])).toBe(false);
    expect(isComplete([report(), report({ learners: 1 })])).toBe(true);
  });

  it('are one with sums, the latest run and the worst of what can be bad', () => {
    const other = report({
      engineStatus: 'stopped',
      intake: 'pressed',
      lastRunAt: null,
      behind: 5,
      held: { episodes: 1, clusters: 1, share: 0.5 },
      workers: [{ name: 'extractor', state: 'waiting', attempts: 4, lastError: 'away' }],
    });
    for (const reports of [
      [report(), other],
      [other, report()],
    ])
      expect(joinReports(reports)).toMatchObject({
        engineStatus: 'running',
        intake: 'pressed',
        lastRunAt: '2026-11-22T10:00:00.000Z',
        behind: 7,
        learners: 2,
        held: { episodes: 11, clusters: 4, share: 0.5 },
        workers: [{ name: 'extractor', attempts: 4, lastError: 'away' }],
        actors: [{}, {}],
      });
    expect(joinReports([])).toBeUndefined();
    expect(joinReports([report({ held: null }), report({ held: null })])?.held).toBeNull();
  });
});

describe('what is left to learn', () => {
  it('is not known while somebody did not answer, or nobody has the intake', () => {
    const alone = report({ learners: 1 });
    const standsBy = report({ hasIntake: false });
    expect(joinReports([alone])).toBe(alone);
    expect(joinReports([report()])?.behind).toBeNull();
    expect(joinReports([report({ learners: 1, hasIntake: false })])?.behind).toBeNull();
    expect(joinReports([standsBy, standsBy])?.behind).toBeNull();
    expect(joinReports([report(), standsBy])?.behind).toBe(4);
  });
});

describe('reports of one order', () => {
  const counts = { ...sampleRelearning.counts, namespaces: 2, same: 3 };
  const failure = { code: 'worker_failed', message: 'stopped' };

  it('run while one does, and fail where one did', () => {
    const running = order({ state: 'running', endedAt: null });
    const failed = order({ state: 'failed', error: failure });
    expect(joinRelearned([order(), running, failed])).toMatchObject({
      state: 'running',
      endedAt: null,
      error: null,
    });
    expect(joinRelearned([order(), failed])).toMatchObject({ state: 'failed', error: failure });
    expect(joinRelearned([])).toBeUndefined();
  });

  it('are summed, from the first beginning to the last end', () => {
    const late = { startedAt: '2026-01-02T00:00:00.000Z', endedAt: '2026-01-03T00:00:00.000Z' };
    const joined = joinRelearned([order({ counts, ...late }), order({ counts })]);
    expect(joined).toMatchObject({
      counts: { namespaces: 4, same: 6 },
      startedAt: sampleRelearning.startedAt,
      endedAt: late.endedAt,
    });
  });

  it('say so where nobody has the namespace they are about', () => {
    const none = order({ namespace: 'acme', counts: { ...counts, namespaces: 0 } });
    expect(() => joinRelearned([none, none])).toThrow(
      expect.objectContaining({ code: 'resource_unavailable' }),
    );
    expect(joinRelearned([none, order({ namespace: 'acme', counts })])?.counts.namespaces).toBe(2);
  });
});
