/**
 * `/audit`: who did what in a namespace, the newest first; whether the log is what was once written; and all of it as
 * lines of JSON, the same bytes each time.
 */
import { z } from 'zod';
import { AuditOutcome, AuditReport, AuditSeverity } from '../../../machines/words/audit.ts';
import type { AuditRowView } from '../audit-need.ts';
import { count, text } from '../tools/tool.ts';
import { whenWritable } from './events.ts';
import { sendValue } from './problem.ts';
import { parseQuery } from './resource.ts';
import type { Resource } from './resource.ts';

/** Rows in one answer of the list. */
export const auditListedMax = 500;
const exportPage = 1_000;

const query = z.object({
  limit: count(1, auditListedMax).default(50),
  before: count(1, Number.MAX_SAFE_INTEGER).optional().describe('Only rows before this position.'),
  action: text('an action', 100).optional(),
  severity: z.enum(AuditSeverity.options).optional(),
  principal: z.coerce.string().pipe(text('a principal', 300)).optional(),
});

const row = z.object({
  position: z.int(),
  at: z.string(),
  principal: z.string(),
  action: z.string(),
  object: z.string(),
  outcome: AuditOutcome,
  severity: AuditSeverity,
  details: z.record(z.string(), z.unknown()),
  request_id: z.string(),
  args_hash: z.string(),
  previous_hash: z.string(),
  hash: z.string(),
});

export const audit: Resource = {
  method: 'GET',
  path: '/audit',
  scope: 'audit:read',
  docs: {
    summary: 'List who did what, the newest first',
    description: 'Arguments are not in it, only hashes and counts.',
    query,
    answer: z.object({ entries: z.array(row), next: z.int().nullable().describe('The next `before`.') }),
  },
  answer: async ({ needs, res, url, namespace }) => {
    const asked = parseQuery(query, url, ['limit', 'before', 'action', 'severity', 'principal']);
    const { before: from, ...rest } = asked;
    const rows = await needs.audit.list(namespace, { ...rest, from, order: 'newest' });
    const next = rows.length < asked.limit ? null : (rows.at(-1)?.position ?? null);
    sendValue(res, 200, { entries: rows.map(toRow), next });
  },
};

export const verifyAudit: Resource = {
  method: 'GET',
  path: '/audit/verify',
  scope: 'audit:read',
  docs: {
    summary: 'Verify the audit log row by row and against its anchors',
    answer: z.object({
      namespace: z.string(),
      is_whole: z.boolean(),
      rows: z.int(),
      head: z.object({ position: z.int(), hash: z.string() }),
      anchors: z.int(),
      anchored_to: z.int(),
      faults: AuditReport.shape.faults,
    }),
  },
  answer: async ({ needs, res, url, namespace }) => {
    parseQuery(z.object({}), url, []);
    const { isWhole, anchoredTo, ...report } = await needs.audit.verify(namespace);
    sendValue(res, 200, { ...report, is_whole: isWhole, anchored_to: anchoredTo });
  },
};

export const exportAudit: Resource = {
  method: 'GET',
  path: '/audit/export',
  scope: 'audit:read',
  docs: {
    summary: 'Export the audit log, the oldest first',
    description: 'One row a line as JSON; with `hash` and `previous_hash` others can verify it.',
    answerType: 'application/x-ndjson',
  },
  answer: async ({ needs, res, url, namespace }) => {
    parseQuery(z.object({}), url, []);
    for (let from = 0; ;) {
      const rows = await needs.audit.list(namespace, { order: 'oldest', from, limit: exportPage });
      // Whoever may not read any more was cut off meanwhile, or is gone.
      if (res.destroyed || res.writableEnded) return;
      if (!res.headersSent) res.writeHead(200, { 'content-type': 'application/x-ndjson' });
      const lines = rows.map((one) => `${JSON.stringify(toRow(one))}\n`).join('');
      if (lines !== '' && !res.write(lines)) await whenWritable(res);
      const last = rows.at(-1);
      if (last === undefined || rows.length < exportPage) break;
      from = last.position;
    }
    if (!res.writableEnded) res.end();
  },
};

function toRow({ requestId, argsHash, previousHash, hash, ...rest }: AuditRowView): object {
  return { ...rest, request_id: requestId, args_hash: argsHash, previous_hash: previousHash, hash };
}
