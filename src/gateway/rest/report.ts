/** `GET /report`: what was learned, served and followed in a namespace since a moment, beside the design's aims. */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { limits } from '../../../machines/words/limits.ts';
import { InsightReport } from '../../../machines/words/reports.ts';
import { sendValue } from './problem.ts';
import { parseQuery } from './resource.ts';
import type { Resource } from './resource.ts';

const daysDefault = 30;
const [dayMs, minuteMs] = [24 * 3_600_000, 60_000];
const query = z.object({
  since: z.iso
    .datetime({ offset: true, error: 'must be a moment such as 2026-11-01T00:00:00Z' })
    .optional()
    .describe(
      `The beginning of the period; ${daysDefault} days ago unless stated, ${limits.reportDaysMax} at most; taken by the minute.`,
    ),
});

export const report: Resource = {
  method: 'GET',
  path: '/report',
  scope: 'sop:read',
  docs: {
    summary: 'Report what was learned, served and followed, and what came of it',
    description:
      'Counts of this namespace; availability is that of the whole learning layer. `hold_out` compares tasks for which ' +
      'something was served with those for which it was held out.',
    query,
    answer: InsightReport,
  },
  answer: async ({ needs, res, url, namespace }) => {
    const { since } = parseQuery(query, url, ['since']);
    const now = needs.now();
    const asked = since === undefined ? now - daysDefault * dayMs : Date.parse(since);
    // By the minute, so that those who ask at once are given one report.
    const from = Math.floor(asked / minuteMs) * minuteMs;
    if (asked < now - limits.reportDaysMax * dayMs)
      throw new DreyError(
        'argument_invalid',
        `since is more than ${limits.reportDaysMax} days ago, and a report looks no further back; name a later moment`,
        { details: { field: 'since' } },
      );
    sendValue(res, 200, await needs.insight.report({ namespace, since: new Date(from).toISOString() }));
  },
};
