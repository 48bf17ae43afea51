/**
 * `POST /acontext/sops` and `POST /acontext/patterns`: what an engine outside has learned is written back. It is stored,
 * audited and announced in one commit before the answer; whether a SOP is active at once is decided by the writer's scope.
 */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { limits } from '../../../machines/words/limits.ts';
import { KeptObject, findLoss } from '../../../machines/words/json.ts';
import { ProcedureStep } from '../../../machines/words/sops.ts';
import { resolveNamespace } from '../namespace.ts';
import { count, fraction, namespaceField, text } from '../tools/tool.ts';
import { sendValue } from './problem.ts';
import { parseJsonBody } from './resource.ts';
import type { Resource, RestRequest } from './resource.ts';

/** Steps of one procedure, and characters of each line. */
export const stepsMax = 200;
const stepCharsMax = 2_000;
/** Bytes of what is given besides, and of a pattern's condition and action, each. */
const jsonBytesMax = 16 * 1024;
/** Bytes of a whole request. */
const bodyBytesMax = 512 * 1024;
/** Characters of an idempotency key. */
const keyCharsMax = 255;

const line = text('a step', stepCharsMax);

/** Readable lines; a step can name its tool besides. */
export const stepsField = z
  .array(
    z.union([line, z.object({ description: line, tool: text('a tool name', 300).optional() })], {
      error: 'must be a line of text, or {description, tool?}',
    }),
    { error: 'must be a list of steps' },
  )
  .min(1, { error: 'must have at least one step' })
  .max(stepsMax, { error: `must have at most ${stepsMax} steps` });

/** The same steps for programs. */
export const procedureField = z
  // What else a step is part of is said by learning alone.
  .array(ProcedureStep.omit({ part: true }), {
    error: 'must be a list of {tool, optional, repeated, alternatives, support, args}',
  })
  .max(stepsMax, { error: `must have at most ${stepsMax} steps` })
  .superRefine((steps, context) => {
    const loss = findLoss(steps);
    if (loss !== undefined) context.addIssue({ code: 'custom', message: loss });
  });

const given = KeptObject.refine(isSmall, { error: `must have at most ${jsonBytesMax} bytes as JSON` });

const sopBody = z.object({
  namespace: namespaceField,
  trigger: text('the kind of task it is for', limits.taskTextMax),
  steps: stepsField,
  procedure: procedureField
    .optional()
    .describe('The same steps for programs; made of the steps’ tools where it is missing.'),
  confidence: fraction(),
  occurrences: count(1, 2_147_483_647),
  metadata: given.default({}),
});

const patternBody = z.object({
  namespace: namespaceField,
  pattern_type: text('a pattern type', 50).describe(
    'context_injection, proactive_search, failure_recovery, precondition, or one of your own.',
  ),
  condition: given.describe('When it applies.'),
  action: given.describe('What to do then.'),
  confidence: fraction(),
  metadata: given.default({}),
});

const written = { success: z.literal(true), stored_at: z.string() };

export const writeSop: Resource = {
  method: 'POST',
  path: '/acontext/sops',
  scope: 'sop:write',
  docs: {
    summary: 'Write back a procedure that was learned elsewhere',
    description:
      'It is active at once with its claimed confidence where the writer holds the scope sop:activate, and a candidate ' +
      'otherwise. A header `Idempotency-Key` makes a repeated request harmless for a day.',
    body: sopBody,
    status: 201,
    answer: z.object({ ...written, sop_id: z.string() }),
    example: {
      trigger: 'deploy the billing service to staging',
      steps: ['Read the manifest.', { description: 'Write the release.', tool: 'files__write_file' }],
      confidence: 0.9,
      occurrences: 4,
      metadata: { engine: 'mine' },
    },
  },
  answer: async (request) => {
    const {
      namespace: named,
      steps,
      procedure,
      ...sop
    } = await parseJsonBody(sopBody, request.req, bodyBytesMax);
    const writer = toWriter(request, named);
    await request.needs.limits.take({ ...writer, operation: 'sop_write' });
    const { id, storedAt } = await request.needs.knowledge.writeSop({
      ...writer,
      sop: { ...sop, steps: steps.map(toLine), procedure: procedure ?? toProcedure(steps) },
    });
    sendValue(request.res, 201, { success: true, sop_id: id, stored_at: storedAt });
  },
};

export const writePattern: Resource = {
  method: 'POST',
  path: '/acontext/patterns',
  scope: 'pattern:write',
  docs: {
    summary: 'Write back a pattern that was learned elsewhere',
    description:
      'Offered at once where the writer holds the scope sop:activate, and a candidate otherwise, until somebody lets it ' +
      'through. A header `Idempotency-Key` makes a repeated request harmless for a day.',
    body: patternBody,
    status: 201,
    answer: z.object({ ...written, pattern_id: z.string() }),
    example: {
      pattern_type: 'failure_recovery',
      condition: { tool: 'files__write_file', error: 'no such folder' },
      action: { tool: 'files__create_directory' },
      confidence: 0.8,
    },
  },
  answer: async (request) => {
    const body = await parseJsonBody(patternBody, request.req, bodyBytesMax);
    const { namespace: named, pattern_type: patternType, ...pattern } = body;
    const writer = toWriter(request, named);
    await request.needs.limits.take({ ...writer, operation: 'pattern_write' });
    const { id, storedAt } = await request.needs.knowledge.writePattern({
      ...writer,
      pattern: { ...pattern, patternType },
    });
    sendValue(request.res, 201, { success: true, pattern_id: id, stored_at: storedAt });
  },
};

type Steps = z.output<typeof stepsField>;

/** The readable line of a step. */
export function toLine(step: Steps[number]): string {
  return typeof step === 'string' ? step : step.description;
}

/** One step for each line that names a tool. */
export function toProcedure(steps: Steps): z.output<typeof procedureField> {
  return steps.flatMap((step) =>
    typeof step === 'string' || step.tool === undefined
      ? []
      : [{ tool: step.tool, optional: false, repeated: false, alternatives: [], support: 1, args: {} }],
  );
}

/** The body may name the namespace as well; where query and body differ, the body is what is meant. */
function toWriter({ principal, namespace, req }: RestRequest, named: string | undefined) {
  const key = req.headers['idempotency-key'];
  if (key !== undefined && (typeof key !== 'string' || key === '' || key.length > keyCharsMax)) {
    throw new DreyError('argument_invalid', `Idempotency-Key must have 1 to ${keyCharsMax} characters`);
  }
  const meant = named === undefined ? namespace : resolveNamespace(named, principal.namespace, principal);
  return { namespace: meant, principal, key };
}

function isSmall(value: unknown): boolean {
  return Buffer.byteLength(JSON.stringify(value)) <= jsonBytesMax;
}
