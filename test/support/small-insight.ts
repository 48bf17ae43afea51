/** A backtest that is done at once, as the front door sees it. */
import type { InsightNeed } from '../../src/gateway/gateway.ts';

export const sampleBacktest = {
  backtest_id: 'l-1',
  namespace: 'default',
  state: 'done',
  started_at: '2026-11-21T10:00:00.000Z',
  ended_at: '2026-11-21T10:00:01.000Z',
  episodes: 0,
  cards: [],
  error: null,
} as const;

const noTasks = { tasks: 0, told: 0, success: null, calls: null, seconds: null };
const sampleReport = {
  namespace: 'default',
  since: '2026-11-01T00:00:00.000Z',
  until: '2026-11-21T00:00:00.000Z',
  sops: { discovered: 0, applied: 0 },
  patterns: { discovered: 0, applied: 0 },
  injections: { served: 0, followed: 0, told: 0, succeeded: 0, positive: null },
  feedback: { reports: 0, helpful: 0, share: null },
  availability: { asked: 0, answered: 0, share: null },
  hold_out: { share: 0, served: noTasks, held_out: noTasks },
  aims: [],
};

/** Knows one backtest. */
export function createSmallInsight(): InsightNeed {
  return {
    startBacktest: ({ namespace }) =>
      Promise.resolve({ ...sampleBacktest, cards: [], namespace, state: 'waiting', ended_at: null }),
    report: ({ namespace, since }) => Promise.resolve({ ...sampleReport, namespace, since }),
    listBacktests: ({ namespace }) => Promise.resolve([{ ...sampleBacktest, cards: [], namespace }]),
    readBacktest: ({ namespace, id }) =>
      Promise.resolve(
        id === sampleBacktest.backtest_id ? { ...sampleBacktest, cards: [], namespace } : undefined,
      ),
  };
}
