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

/** Knows one backtest. */
export function createSmallInsight(): InsightNeed {
  return {
    startBacktest: ({ namespace }) =>
      Promise.resolve({ ...sampleBacktest, cards: [], namespace, state: 'waiting', ended_at: null }),
    readBacktest: ({ namespace, id }) =>
      Promise.resolve(
        id === sampleBacktest.backtest_id ? { ...sampleBacktest, cards: [], namespace } : undefined,
      ),
  };
}
