/** `GET /sops` and `GET /sops/:id`: learned procedures with their evidence. */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { SopStatus } from '../../../machines/words/sops.ts';
import { SopAnswer, toSopAnswer } from '../tools/sop-answer.ts';
import { count, fraction } from '../tools/tool.ts';
import { cursorField, nextField, readCursor, toNext } from './cursor.ts';
import { sendValue } from './problem.ts';
import { parseQuery } from './resource.ts';
import type { Resource } from './resource.ts';

/** SOPs in one answer of the list. */
export const sopsListedMax = 200;

const query = z.object({
  status: z.enum(SopStatus.options, { error: `must be one of ${SopStatus.options.join(', ')}` }).optional(),
  min_confidence: fraction().default(0),
  limit: count(1, sopsListedMax).default(50),
  offset: count(0, 1_000_000).default(0).describe('Rows to leave out; a cursor is cheaper.'),
  cursor: cursorField,
});

const place = z
  .tuple([z.number().min(0).max(1), count(1, 2_147_483_647), z.string().max(100)])
  .transform(([confidence, occurrences, sopId]) => ({ confidence, occurrences, sopId }));

export const sops: Resource = {
  method: 'GET',
  path: '/sops',
  scope: 'sop:read',
  docs: {
    summary: 'List procedures, the most certain first',
    query,
    answer: z.object({ sops: z.array(SopAnswer), limit: z.int(), offset: z.int(), next: nextField }),
  },
  answer: async ({ needs, res, url, namespace }) => {
    const asked = parseQuery(query, url, ['status', 'min_confidence', 'limit', 'offset', 'cursor']);
    const after = readCursor(place, asked.cursor);
    const found = await needs.sops.list({
      namespace,
      minConfidence: asked.min_confidence,
      limit: asked.limit,
      offset: asked.offset,
      ...(asked.status === undefined ? {} : { status: asked.status }),
      ...(after === undefined ? {} : { after }),
    });
    const { limit, offset } = asked;
    const next = toNext(found, limit, (one) => [one.confidence, one.occurrences, one.sopId]);
    sendValue(res, 200, { sops: found.map(toSopAnswer), limit, offset, next });
  },
};

export const sop: Resource = {
  method: 'GET',
  path: '/sops/:id',
  scope: 'sop:read',
  docs: { summary: 'Show a procedure with its evidence', answer: SopAnswer },
  answer: async ({ needs, res, namespace, id }) => {
    const found = id.length <= 200 ? await needs.sops.get(namespace, id) : undefined;
    if (found === undefined) throw new DreyError('sop_unknown', 'no SOP has this id in this namespace');
    sendValue(res, 200, toSopAnswer(found));
  },
};
