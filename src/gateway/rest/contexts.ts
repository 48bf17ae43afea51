/** `/contexts`: shared contexts, one at a time and in lists; made, changed, shared, put away. */
import { z } from 'zod';
import {
  contextChangesBytesMax,
  ContextKeys,
  contextNameMax,
  ContextValues,
} from '../../../machines/words/contexts.ts';
import {
  AccessAnswer,
  ContextAnswer,
  contextIdField,
  needContexts,
  permissionsField,
  SummaryAnswer,
  toAccessAnswer,
  toCaller,
  toGrantee,
  toContextAnswer,
  toSummaryAnswer,
  toWrittenAnswer,
  WrittenAnswer,
} from '../contexts.ts';
import { count, parseArguments, text } from '../tools/tool.ts';
import { cursorField, momentAndId, nextField, readCursor, toNext } from './cursor.ts';
import { sendValue } from './problem.ts';
import { parseJsonBody, parseQuery } from './resource.ts';
import type { Resource, RestRequest } from './resource.ts';

/** Contexts, and versions, in one answer. */
export const contextsListedMax = 200;
/** A change and what is around it. */
export const contextBodyBytesMax = contextChangesBytesMax + 64 * 1024;

const page = z.object({
  limit: count(1, contextsListedMax).default(50),
  cursor: cursorField,
});
const freshly = z.object({
  fresh: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .describe('Ask the database rather than this node’s copy.'),
});
const made = z.object({ context_id: z.string(), version: z.number().int(), created: z.boolean() });
const make = z.strictObject({
  name: text('a name', contextNameMax).optional(),
  values: ContextValues.default({}),
});
const changed = z.strictObject({
  set: ContextValues.optional().describe('Keys and whole values.'),
  patch: ContextValues.optional().describe('JSON merge patches of single keys.'),
  remove: ContextKeys.optional(),
  expected_version: count(1, Number.MAX_SAFE_INTEGER).optional(),
  expected: ContextValues.optional().describe('Keys that must have these values.'),
  absent: ContextKeys.optional().describe('Keys that must not be there.'),
  if_offline: z.enum(['refuse', 'queue']).default('refuse'),
  request_id: z
    .string()
    .regex(/^[a-z0-9_-]{1,128}$/, { error: 'must have 1 to 128 characters of a-z, 0-9, _ and -' })
    .optional()
    .describe('Your own id for this change: sent again with it, the same change is made once.'),
});
const grant = z.strictObject({
  principal: text('an agent, or * for everyone', 300).describe('An agent’s name, or * for everyone.'),
  permissions: permissionsField,
});

/** Who asks about which context. */
export function toAsked({ namespace, principal, id }: RestRequest) {
  return { namespace, by: toCaller(principal), contextId: parseArguments(contextIdField, id) };
}

export const contexts: Resource = {
  method: 'GET',
  path: '/contexts',
  scope: 'context:read',
  docs: {
    summary: 'List the contexts that you may use',
    query: page,
    answer: z.object({ contexts: z.array(SummaryAnswer), next: nextField }),
  },
  answer: async ({ needs, res, url, namespace, principal }) => {
    const { limit, cursor } = parseQuery(page, url, ['limit', 'cursor']);
    const after = readCursor(momentAndId, cursor);
    const found = await needContexts(needs).list({ namespace, by: toCaller(principal), limit, after });
    const next = toNext(found, limit, ({ updatedAt, contextId }) => [updatedAt, contextId]);
    sendValue(res, 200, { contexts: found.map(toSummaryAnswer), next });
  },
};

export const makeContext: Resource = {
  method: 'POST',
  path: '/contexts',
  scope: 'context:write',
  docs: { summary: 'Make a context', body: make, answer: made, status: 201, alsoStatus: 200 },
  answer: async ({ needs, req, res, namespace, principal }) => {
    const { name, values } = await parseJsonBody(make, req, contextBodyBytesMax);
    const asked = { namespace, by: toCaller(principal), name, values };
    const { contextId, version, created } = await needContexts(needs).create(asked);
    sendValue(res, created ? 201 : 200, { context_id: contextId, version, created });
  },
};

export const context: Resource = {
  method: 'GET',
  path: '/contexts/:id',
  scope: 'context:read',
  docs: { summary: 'Read a context', query: freshly, answer: ContextAnswer },
  answer: async (request) => {
    const { fresh } = parseQuery(freshly, request.url, ['fresh']);
    const view = await needContexts(request.needs).get({ ...toAsked(request), fresh: fresh === 'true' });
    sendValue(request.res, 200, toContextAnswer(view));
  },
};

export const changeContext: Resource = {
  method: 'PATCH',
  path: '/contexts/:id',
  scope: 'context:write',
  docs: {
    summary: 'Change several keys of a context at once',
    description:
      'All of it is stored or none of it. While the database is away it can wait on this node: 202.',
    body: changed,
    answer: WrittenAnswer,
    alsoStatus: 202,
  },
  answer: async (request) => {
    const body = await parseJsonBody(changed, request.req, contextBodyBytesMax);
    const written = await needContexts(request.needs).change({
      ...toAsked(request),
      changes: body.set,
      patches: body.patch,
      removed: body.remove,
      expectedVersion: body.expected_version,
      expected: body.expected,
      absent: body.absent,
      ifOffline: body.if_offline,
      requestId: body.request_id,
    });
    sendValue(request.res, written.outcome === 'pending' ? 202 : 200, toWrittenAnswer(written));
  },
};

export const archiveContext: Resource = {
  method: 'DELETE',
  path: '/contexts/:id',
  scope: 'context:write',
  docs: {
    summary: 'Archive a context',
    answer: z.object({ context_id: z.string(), status: z.literal('archived') }),
  },
  answer: async (request) => {
    const asked = toAsked(request);
    await needContexts(request.needs).archive(asked);
    sendValue(request.res, 200, { context_id: asked.contextId, status: 'archived' });
  },
};

export const shareContext: Resource = {
  method: 'PUT',
  path: '/contexts/:id/access',
  scope: 'context:write',
  docs: {
    summary: 'Say what an agent, or everyone, may do in a context',
    description: 'It replaces what that one had; an empty list takes everything away.',
    body: grant,
    answer: AccessAnswer,
  },
  answer: async (request) => {
    const { principal, permissions } = await parseJsonBody(grant, request.req);
    const whom = toGrantee(request.namespace, principal);
    const asked = { ...toAsked(request), with: whom, permissions };
    sendValue(request.res, 200, toAccessAnswer(await needContexts(request.needs).share(asked)));
  },
};
