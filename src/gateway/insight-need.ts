/** What the front door needs so that people can see how good what is learned is. It changes nothing. */
import type { BacktestReport } from '../../machines/words/backtests.ts';
import type { InsightReport } from '../../machines/words/reports.ts';

export interface InsightNeed {
  /** Orders a backtest of a namespace's history; while one of it waits or runs, that one is given. Throws `limit_reached`. */
  startBacktest(o: { readonly namespace: string }): Promise<BacktestReport>;
  /** How far it is; undefined where this node knows of none in this namespace. */
  readBacktest(o: { readonly namespace: string; readonly id: string }): Promise<BacktestReport | undefined>;
  /** Those that this node knows of in a namespace, the newest first. */
  listBacktests(o: { readonly namespace: string }): Promise<readonly BacktestReport[]>;
  /** What was learned, served and followed since a moment. */
  report(o: { readonly namespace: string; readonly since: string }): Promise<InsightReport>;
}
