/**
 * Procedures as people change them: edited, approved, retired, compared and rolled back. Every change names the version
 * that was looked at, makes a new one, and is held: learning goes on counting and no longer rewrites it.
 */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { limits } from '../../../machines/words/limits.ts';
import { SopStatus } from '../../../machines/words/sops.ts';
import { diffDefinitions } from '../../upstream/upstream.ts';
import { assertMay } from '../permission.ts';
import { SopAnswer, toSopAnswer } from '../tools/sop-answer.ts';
import { count, text } from '../tools/tool.ts';
import { procedureField, stepsField, toLine, toProcedure } from './acontext.ts';
import { cursorField, nextField, readCursor, toNext } from './cursor.ts';
import { sendValue } from './problem.ts';
import { parseJsonBody, parseQuery } from './resource.ts';
import type { Resource, RestRequest } from './resource.ts';

/** Versions in one answer. */
export const versionsListedMax = 100;
const versionMax = 2_147_483_646;
const bodyBytesMax = 512 * 1024;

const reason = text('a reason', 500).default('changed by hand').describe('Kept with the version.');
const changed = z.object({
  version: count(1, versionMax).describe('The version you looked at; another one that stands is a conflict.'),
  reason,
  trigger: text('the kind of task it is for', limits.taskTextMax).optional(),
  steps: stepsField.optional(),
  procedure: procedureField.optional(),
  status: z
    .enum(SopStatus.options, { error: `must be one of ${SopStatus.options.join(', ')}` })
    .optional()
    .describe('active approves it and retired retires it; both are held against learning.'),
});

export const editSop: Resource = {
  method: 'PATCH',
  path: '/sops/:id',
  scope: 'sop:write',
  docs: {
    summary: 'Edit, approve or retire a procedure',
    description:
      'Making it active needs the scope sop:activate. What is left out stays as it is; but what is active and gets another ' +
      'content becomes a candidate, unless you hold that scope: then it counts as your approval of the new version.',
    body: changed,
    answer: SopAnswer,
    example: { version: 1, status: 'active', reason: 'tried it by hand' },
  },
  answer: async (request) => {
    const { version, reason: why, steps, ...rest } = await parseJsonBody(changed, request.req, bodyBytesMax);
    if (rest.status === 'active') assertMay(request.principal, 'sop:activate');
    const { trigger, procedure, status } = rest;
    const change = {
      ...(trigger === undefined ? {} : { trigger }),
      ...(steps === undefined ? {} : { steps: steps.map(toLine), procedure: toProcedure(steps) }),
      ...(procedure === undefined ? {} : { procedure }),
      ...(status === undefined ? {} : { status }),
    };
    if (Object.keys(change).length === 0)
      throw new DreyError('argument_invalid', 'name what to change: trigger, steps, procedure or status');
    await takeLimit(request);
    const sop = await request.needs.knowledge.editSop({ ...toChange(request), version, reason: why, change });
    sendValue(request.res, 200, toSopAnswer(sop ?? unknown()));
  },
};

const back = z.object({ version: changed.shape.version, to: count(1, versionMax), reason });

export const rollBackSop: Resource = {
  method: 'POST',
  path: '/sops/:id/rollback',
  scope: 'sop:write',
  docs: {
    summary: 'Give a procedure the content of an earlier version again',
    description: 'Its status stays as it is, as far as an edit would leave it.',
    body: back,
    answer: SopAnswer,
    example: { version: 3, to: 2, reason: 'the newest one skips the check' },
  },
  answer: async (request) => {
    const { version, to, reason: why } = await parseJsonBody(back, request.req);
    await takeLimit(request);
    const sop = await request.needs.knowledge.rollBackSop({ ...toChange(request), version, to, reason: why });
    sendValue(request.res, 200, toSopAnswer(sop ?? unknown()));
  },
};

const versionAnswer = z.object({
  version: z.int(),
  content: z.record(z.string(), z.unknown()),
  cause: z.looseObject({ by: z.string().optional(), reason: z.string().optional() }),
  created_at: z.string(),
});
const listQuery = z.object({ limit: count(1, versionsListedMax).default(20), cursor: cursorField });

export const sopVersions: Resource = {
  method: 'GET',
  path: '/sops/:id/versions',
  scope: 'sop:read',
  docs: {
    summary: 'List the versions of a procedure, the newest first',
    query: listQuery,
    answer: z.object({ versions: z.array(versionAnswer), next: nextField }),
  },
  answer: async ({ needs, res, url, namespace, id }) => {
    const { limit, cursor } = parseQuery(listQuery, url, ['limit', 'cursor']);
    const [below] = readCursor(z.tuple([count(1, versionMax)]), cursor) ?? [];
    const found = await needs.knowledge.sopVersions({ namespace, sopId: id, limit, below });
    if (found.length === 0 && below === undefined) throw unknown();
    const next = toNext(found, limit, ({ version }) => [version]);
    sendValue(res, 200, { versions: found.map(toVersionAnswer), next });
  },
};

const diffQuery = z.object({ from: count(1, versionMax), to: count(1, versionMax) });

export const sopDiff: Resource = {
  method: 'GET',
  path: '/sops/:id/diff',
  scope: 'sop:read',
  docs: {
    summary: 'Compare two versions of a procedure, leaf by leaf',
    query: diffQuery,
    answer: z.object({
      from: z.int(),
      to: z.int(),
      differences: z.array(
        z.object({
          path: z.string().describe('RFC 6901.'),
          was: z.string().nullable(),
          now: z.string().nullable(),
        }),
      ),
    }),
  },
  answer: async ({ needs, res, url, namespace, id }) => {
    const { from, to } = parseQuery(diffQuery, url, ['from', 'to']);
    const [was, now] = await Promise.all(
      [from, to].map((version) => needs.knowledge.sopVersion(namespace, id, version)),
    );
    if (was === undefined || now === undefined)
      throw new DreyError('sop_unknown', 'no SOP has this id and these versions in this namespace');
    sendValue(res, 200, { from, to, differences: diffDefinitions(was.content, now.content) });
  },
};

function toVersionAnswer(found: {
  readonly version: number;
  readonly content: unknown;
  readonly cause: unknown;
  readonly createdAt: string;
}): object {
  const { createdAt, ...rest } = found;
  return { ...rest, created_at: createdAt };
}

function toChange({ namespace, principal, id }: RestRequest) {
  return { namespace, principal, sopId: id };
}

/** An edit counts as a write. */
function takeLimit({ needs, namespace, principal }: RestRequest): Promise<void> {
  return needs.limits.take({ namespace, principal, operation: 'sop_write' });
}

function unknown(): never {
  throw new DreyError('sop_unknown', 'no SOP has this id in this namespace');
}
