/** `GET /patterns` and `GET /patterns/:id`: what was found to help when, and how often it did; and letting one through. */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { PatternContent, toSentence } from '../../../machines/words/patterns.ts';
import { toWholeWord } from '../../learning/learning.ts';
import type { PatternView } from '../knowledge-needs.ts';
import type { GatewayNeeds } from '../needs.ts';
import { count, text } from '../tools/tool.ts';
import { cursorField, nextField, readCursor, toNext } from './cursor.ts';
import { sendValue } from './problem.ts';
import { parseJsonBody, parseQuery } from './resource.ts';
import type { Resource } from './resource.ts';

/** Patterns in one answer. */
export const patternsListedMax = 200;
/** Procedures whose wordings are looked through for the words that stems stand for. */
const wordedSopsMax = 200;

const query = z.object({
  type: text('a pattern type', 50).optional(),
  active: z.enum(['true', 'any'], { error: 'must be "true" or "any"' }).default('true'),
  limit: count(1, patternsListedMax).default(50),
  cursor: cursorField,
});

const json = z.unknown();
const answer = z.object({
  pattern_id: z.string(),
  pattern_type: z.string(),
  sentence: z
    .string()
    .nullable()
    .describe('What it says, in whole words; null where it has not one of the forms that are matched.'),
  condition: json,
  action: json,
  confidence: z.number().min(0).max(1),
  applied_count: z.int(),
  success_count: z.int(),
  effectiveness: z
    .number()
    .min(0)
    .max(1)
    .describe('Successes divided by applications; 0 when never applied.'),
  active: z.boolean(),
  candidate: z.boolean().describe('Shown, and offered to nobody until it is approved.'),
  created_at: z.string(),
  updated_at: z.string(),
  last_applied_at: z.string().nullable(),
  metadata: z.record(z.string(), z.unknown()),
});

const place = z
  .tuple([z.number().min(0).max(1), z.number().min(0).max(1), z.string().max(100)])
  .transform(([effectiveness, confidence, patternId]) => ({ effectiveness, confidence, patternId }));

export const patterns: Resource = {
  method: 'GET',
  path: '/patterns',
  scope: 'sop:read',
  docs: {
    summary: 'List patterns, the most effective first',
    query,
    answer: z.object({ patterns: z.array(answer), next: nextField }),
  },
  answer: async ({ needs, res, url, namespace }) => {
    const { type, active, limit, cursor } = parseQuery(query, url, ['type', 'active', 'limit', 'cursor']);
    const found = await needs.knowledge.patterns({
      namespace,
      limit,
      patternType: type,
      activeOnly: active === 'true',
      after: readCursor(place, cursor),
    });
    const next = toNext(found, limit, (one) => [one.effectiveness, one.confidence, one.patternId]);
    sendValue(res, 200, { patterns: await toAnswers(needs, namespace, found), next });
  },
};

export const onePattern: Resource = {
  method: 'GET',
  path: '/patterns/:id',
  scope: 'sop:read',
  docs: { summary: 'Show a pattern', answer },
  answer: async ({ needs, res, namespace, id }) => {
    const found = await needs.knowledge.pattern(namespace, id.slice(0, 200));
    if (found === undefined) throw unknown();
    sendValue(res, 200, (await toAnswers(needs, namespace, [found]))[0]);
  },
};

export const approvedPattern: Resource = {
  method: 'POST',
  path: '/patterns/:id/approve',
  scope: 'sop:activate',
  docs: {
    summary: 'Let a pattern through that somebody wrote back',
    description: 'It is offered from now on; one that is offered already stays as it is.',
    body: z.object({}),
    answer,
    example: {},
  },
  answer: async ({ needs, req, res, namespace, principal, id }) => {
    await parseJsonBody(z.object({}), req);
    const found = await needs.knowledge.approvePattern({
      namespace,
      principal,
      patternId: id.slice(0, 200),
    });
    if (found === undefined) throw unknown();
    sendValue(res, 200, (await toAnswers(needs, namespace, [found]))[0]);
  },
};

function unknown(): DreyError {
  return new DreyError('sop_unknown', 'no pattern has this id in this namespace');
}

async function toAnswers(
  { sops }: Pick<GatewayNeeds, 'sops'>,
  namespace: string,
  found: readonly PatternView[],
): Promise<z.output<typeof answer>[]> {
  const isWorded = found.some(({ patternType }) => patternType === 'proactive_search');
  const worded = isWorded
    ? await sops.list({ namespace, minConfidence: 0, limit: wordedSopsMax, offset: 0 })
    : [];
  const texts = worded.flatMap(({ trigger, metadata }) => [trigger, ...toTexts(metadata['wordings'])]);
  return found.map((one) => toAnswer(one, texts));
}

function toTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function toAnswer(found: PatternView, texts: readonly string[]): z.output<typeof answer> {
  const { patternType, condition, action } = found;
  const content = PatternContent.safeParse({ pattern_type: patternType, condition, action });
  return {
    pattern_id: found.patternId,
    pattern_type: patternType,
    sentence: content.success ? toSentence(content.data, (stem) => toWholeWord(stem, texts)) : null,
    condition: found.condition,
    action: found.action,
    confidence: found.confidence,
    applied_count: found.appliedCount,
    success_count: found.successCount,
    effectiveness: found.effectiveness,
    active: found.active,
    candidate: found.candidate,
    created_at: found.createdAt,
    updated_at: found.updatedAt,
    last_applied_at: found.lastAppliedAt ?? null,
    metadata: found.metadata,
  };
}
