/**
 * Procedures that go out and come in as documents. What comes in is a candidate of its own, or a new version of the
 * procedure that the caller named with the version it looked at: nothing is overwritten unseen.
 */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { SopStatus } from '../../../machines/words/sops.ts';
import { SopDocument, toDocumentContent } from '../sops/sop-document.ts';
import { exportSop, ExportFormat } from '../sops/sop-export.ts';
import { count } from '../tools/tool.ts';
import { sendValue } from './problem.ts';
import { parseJsonBody, parseQuery } from './resource.ts';
import type { Resource } from './resource.ts';

const bodyBytesMax = 1024 * 1024;

const exportQuery = z.object({
  format: z.enum(ExportFormat.options, { error: `must be one of ${ExportFormat.options.join(', ')}` }),
});

export const exportedSop: Resource = {
  method: 'GET',
  path: '/sops/:id/export',
  scope: 'sop:read',
  docs: {
    summary: 'Write a procedure as Agent Skill, MCP prompt, XState machine, Mermaid, or a document to import',
    query: exportQuery,
    answer: z.object({
      sop_id: z.string(),
      format: ExportFormat,
      content_type: z.string(),
      text: z.string().describe('The file as it is to be written; it stands alone.'),
      files: z
        .array(z.object({ path: z.string(), text: z.string() }))
        .optional()
        .describe('Of a skill: its whole folder, which has the same and more for programs.'),
    }),
  },
  answer: async ({ needs, res, url, namespace, id }) => {
    const { format } = parseQuery(exportQuery, url, ['format']);
    const sop = id.length <= 200 ? await needs.sops.get(namespace, id) : undefined;
    if (sop === undefined) throw new DreyError('sop_unknown', 'no SOP has this id in this namespace');
    const { contentType, ...exported } = exportSop(sop, format);
    sendValue(res, 200, { sop_id: sop.sopId, format, content_type: contentType, ...exported });
  },
};

const imported = z.object({
  document: SopDocument.describe('What an export in the format json holds.'),
  into: z
    .object({ sop_id: z.string().min(1).max(200), version: count(1, 2_147_483_646) })
    .optional()
    .describe('Makes it a new version of that procedure; the version is the one you looked at.'),
});

export const importSop: Resource = {
  method: 'POST',
  path: '/sops/import',
  scope: 'sop:write',
  docs: {
    summary: 'Take in a procedure that was exported',
    description:
      'Without `into` it is a new candidate, whoever brings it: it is not served as an active one before it is approved.',
    body: imported,
    status: 201,
    answer: z.object({ sop_id: z.string(), version: z.int(), status: SopStatus }),
    example: {
      document: {
        format: 'drey-sop',
        formatVersion: 2,
        source: { sop_id: 'p-01jx', version: 3, status: 'active' },
        trigger: 'deploy the billing service to staging',
        triggerFrom: 'task',
        wordings: ['bring billing to staging'],
        steps: ['files__write_file — path: from the task (path)'],
        procedure: [
          {
            tool: 'files__write_file',
            optional: false,
            repeated: false,
            alternatives: [],
            support: 1,
            args: { path: { from: 'task', selector: 'path', support: 1 } },
          },
        ],
        pitfalls: [
          { tool: 'files__write_file', failedTimes: 2, recoveredBy: 'files__create_directory', step: 0 },
        ],
        confidence: 0.9,
        occurrences: 4,
      },
    },
  },
  answer: async ({ req, res, needs, namespace, principal }) => {
    const { document, into } = await parseJsonBody(imported, req, bodyBytesMax);
    await needs.limits.take({ namespace, principal, operation: 'sop_write' });
    const { confidence, occurrences, source } = document;
    const content = toDocumentContent(document);
    const reason = `imported from ${source.sop_id}, version ${source.version}`;
    if (into === undefined) {
      const metadata = { imported_from: source };
      const sop = { ...content, confidence, occurrences, metadata, reason, isCandidate: true };
      const { id } = await needs.knowledge.writeSop({ namespace, principal, sop, key: undefined });
      return sendValue(res, 201, { sop_id: id, version: 1, status: 'candidate' });
    }
    const edited = await needs.knowledge.editSop({
      namespace,
      principal,
      sopId: into.sop_id,
      version: into.version,
      reason,
      change: content,
    });
    if (edited === undefined) throw new DreyError('sop_unknown', 'no SOP has this id in this namespace');
    sendValue(res, 201, { sop_id: edited.sopId, version: edited.version, status: edited.status });
  },
};
