/** What led to a context as it is, the way back, copies that come home, changes that wait, and changes as they come. */
import { z } from 'zod';
import { contextStateBytesMax, ContextValues } from '../../../machines/words/contexts.ts';
import { DreyError } from '../../../machines/words/errors.ts';
import { needContexts, toWrittenAnswer, WrittenAnswer } from '../contexts.ts';
import { count } from '../tools/tool.ts';
import { contextsListedMax, toAsked } from './contexts.ts';
import { cursorField, nextField, readCursor, toNext } from './cursor.ts';
import { sendValue } from './problem.ts';
import { parseJsonBody, parseQuery } from './resource.ts';
import type { Resource } from './resource.ts';

const page = z.object({
  limit: count(1, contextsListedMax).default(50),
  cursor: cursorField,
});
const values = z.record(z.string(), z.unknown());
const versionNumber = count(1, Number.MAX_SAFE_INTEGER);
/** Versions are listed from the latest down. */
const place = z.tuple([versionNumber]);
const back = z.strictObject({ version: versionNumber });
const copy = z.strictObject({
  base_version: versionNumber.describe('The version that your copy was made from.'),
  values: ContextValues.describe('Your copy as it is now.'),
  prefer: z.enum(['theirs', 'mine']).default('theirs').describe('Whose value stays in a conflict.'),
});
const keys = z.array(z.string());
const synced = z.object({
  version: z.number().int(),
  values,
  pushed: keys.describe('Changed by you, and stored now.'),
  pulled: keys.describe('Changed by others, and news to you.'),
  merged: keys.describe('Changed by both to the same.'),
  conflicts: z.array(
    z.object({
      key: z.string(),
      base: z.unknown().optional(),
      mine: z.unknown().optional(),
      theirs: z.unknown().optional(),
      kept: z.enum(['theirs', 'mine']),
    }),
  ),
  synced_at: z.string(),
});

export const contextVersions: Resource = {
  method: 'GET',
  path: '/contexts/:id/versions',
  scope: 'context:read',
  docs: {
    summary: 'List the changes of a context, the latest first',
    query: page,
    answer: z.object({
      versions: z.array(
        z.object({
          version: z.number().int(),
          values,
          removed: keys,
          changed_by: z.string(),
          at: z.string(),
        }),
      ),
      limit: z.number(),
      next: nextField,
    }),
  },
  answer: async (request) => {
    const { limit, cursor } = parseQuery(page, request.url, ['limit', 'cursor']);
    const below = readCursor(place, cursor)?.[0];
    const found = await needContexts(request.needs).history({ ...toAsked(request), limit, below });
    const versions = found.map(({ version, changes, removed, principal, at }) => {
      return { version, values: changes, removed, changed_by: principal, at };
    });
    sendValue(request.res, 200, { versions, limit, next: toNext(found, limit, ({ version }) => [version]) });
  },
};

export const rollbackContext: Resource = {
  method: 'POST',
  path: '/contexts/:id/rollback',
  scope: 'context:write',
  docs: {
    summary: 'Make a new version of a context that equals an old one',
    body: back,
    answer: z.object({ version: z.number().int() }),
  },
  answer: async (request) => {
    const { version } = await parseJsonBody(back, request.req);
    sendValue(request.res, 200, await needContexts(request.needs).rollback({ ...toAsked(request), version }));
  },
};

export const syncContext: Resource = {
  method: 'POST',
  path: '/contexts/:id/sync',
  scope: 'context:write',
  docs: {
    summary: 'Merge a copy of a context with what stands now',
    description:
      'By key: changed on one side, that side wins; on both, it is a conflict, and what stands stays unless you prefer yours.',
    body: copy,
    answer: synced,
  },
  answer: async (request) => {
    const body = await parseJsonBody(copy, request.req, contextStateBytesMax + 64 * 1024);
    const asked = {
      ...toAsked(request),
      baseVersion: body.base_version,
      mine: body.values,
      prefer: body.prefer,
    };
    const { syncedAt, ...rest } = await needContexts(request.needs).sync(asked);
    sendValue(request.res, 200, { ...rest, synced_at: syncedAt });
  },
};

export const contextWrite: Resource = {
  method: 'GET',
  path: '/contexts/:id/writes/:request',
  scope: 'context:read',
  docs: { summary: 'Read what became of a change that was pending', answer: WrittenAnswer },
  answer: async (request) => {
    const { needs, res, ids } = request;
    const written = needContexts(needs).outcome({
      ...toAsked(request),
      requestId: (ids.request ?? '').slice(0, 200),
    });
    if (written === undefined)
      throw new DreyError('context_unknown', 'no change of yours with this id waited on this node lately');
    sendValue(res, 200, toWrittenAnswer(written));
    return Promise.resolve();
  },
};
