/**
 * `POST /relearn` and `GET /relearn/:id`: learns procedures anew from the archive or the stream, and tells how far that
 * is. Without a namespace in the query it is all of them, for those who may name them.
 */
import { z } from 'zod';
import {
  RelearnCounts,
  RelearnReport,
  RelearnSource,
  SopDifference,
} from '../../../machines/words/relearning.ts';
import { sendValue } from './problem.ts';
import { parseJsonBody } from './resource.ts';
import type { Resource, RestRequest } from './resource.ts';

const body = z.object({
  from: z
    .enum(RelearnSource.options, { error: `must be one of ${RelearnSource.options.join(', ')}` })
    .default('archive'),
  dry_run: z.boolean().default(false),
});

const told = z.object({
  relearn_id: z.string(),
  namespace: z.string().nullable().describe('Null is every namespace.'),
  from: RelearnSource,
  learners: RelearnReport.shape.learners.describe('Learners that share the work.'),
  state: z.enum(['running', 'done', 'failed']),
  error: RelearnReport.shape.error,
  dry_run: z.boolean(),
  started_at: z.string(),
  ended_at: z.string().nullable(),
  differs: z.boolean(),
  counts: RelearnCounts,
  differences: z.array(SopDifference.omit({ sopId: true }).extend({ sop_id: z.string() })),
});

export const relearn: Resource = {
  method: 'POST',
  path: '/relearn',
  scope: 'node:control',
  docs: { summary: 'Learn procedures anew', body, answer: told, status: 202, example: { dry_run: true } },
  answer: async (request) => {
    const { needs, principal, req, res, url } = request;
    const { from, dry_run: isTrial } = await parseJsonBody(body, req);
    const isAll = !url.searchParams.has('namespace') && principal.mayNameNamespaces;
    const namespace = isAll ? null : request.namespace;
    sendValue(res, 202, toAnswer(await needs.relearning.start({ namespace, from, isTrial, by: principal })));
  },
};

export const relearned: Resource = {
  method: 'GET',
  path: '/relearn/:id',
  scope: 'node:control',
  docs: { summary: 'Tell how far learning anew is', answer: told },
  answer: async (request) => {
    const { needs, id } = request;
    const report = await needs.relearning.read(id);
    // An order about another namespace is as unknown as one that was never given.
    const shown = maySee(request, report) ? report : await needs.relearning.read(noOrder);
    sendValue(request.res, 200, toAnswer(shown));
  },
};

/** An order that nobody has given. */
const noOrder = 'l-none';

function maySee({ principal, namespace }: RestRequest, report: RelearnReport): boolean {
  return principal.mayNameNamespaces || report.namespace === namespace;
}

function toAnswer(report: RelearnReport): object {
  const { relearnId, isTrial, startedAt, endedAt, differences, counts, ...rest } = report;
  return {
    relearn_id: relearnId,
    ...rest,
    dry_run: isTrial,
    started_at: startedAt,
    ended_at: endedAt,
    differs: counts.changed + counts.new + counts.gone > 0,
    counts,
    differences: differences.map(({ sopId, ...difference }) => ({ sop_id: sopId, ...difference })),
  };
}
