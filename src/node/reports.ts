/**
 * Reports, one at a time for each namespace: whoever asks for the same is given the same for a moment, others wait in a
 * short row. So nobody can have the database count for good, whatever periods are asked for.
 */
import { DreyError } from '../../machines/words/errors.ts';
import type { InsightReport } from '../../machines/words/reports.ts';
import type { Clock } from '../actors/actors.ts';
import type { InsightNeed } from '../gateway/gateway.ts';

/** How long an answer is given again. */
export const reportKeptMs = 2_000;
/** Periods of one namespace that wait, the one at work included; and answers that are kept in all. */
export const reportsWaitingMax = 4;
export const reportsKeptMax = 256;

type Report = InsightNeed['report'];

interface Kept {
  readonly answer: Promise<InsightReport>;
  /** Undefined while it is being put together. */
  doneAt: number | undefined;
}

/** The same report, asked of the database as rarely as that. */
export function createReports(read: Report, clock: Pick<Clock, 'monotonic'>): Report {
  const kept = new Map<string, Kept>();
  const rows = new Map<string, { last: Promise<unknown>; waiting: number }>();

  const line = (asked: Parameters<Report>[0]): Promise<InsightReport> => {
    const row = rows.get(asked.namespace) ?? { last: Promise.resolve(), waiting: 0 };
    if (row.waiting >= reportsWaitingMax)
      throw new DreyError(
        'limit_reached',
        `${reportsWaitingMax} reports of this namespace are under way; ask again when they are done`,
        { details: { retryAfterMs: reportKeptMs } },
      );
    row.waiting += 1;
    rows.set(asked.namespace, row);
    const answer = row.last.then(() => read(asked));
    row.last = answer.then(ended, ended);
    return answer;

    function ended(): void {
      row.waiting -= 1;
      if (row.waiting === 0) rows.delete(asked.namespace);
    }
  };

  const forget = (): void => {
    const now = clock.monotonic();
    for (const [key, { doneAt }] of kept)
      if (doneAt !== undefined && (now - doneAt >= reportKeptMs || kept.size > reportsKeptMax))
        kept.delete(key);
  };

  return async (asked) => {
    forget();
    const key = JSON.stringify([asked.namespace, asked.since]);
    const known = kept.get(key);
    if (known !== undefined) return known.answer;
    const made: Kept = { answer: line(asked), doneAt: undefined };
    kept.set(key, made);
    try {
      const report = await made.answer;
      made.doneAt = clock.monotonic();
      return report;
    } catch (error) {
      kept.delete(key);
      throw error;
    }
  };
}
