/** `/memories`: what agents remember together: listed, searched, stored, changed, linked, forgotten. */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { GraphKind, MemoryKind, memoryLimits } from '../../../machines/words/memories.ts';
import type { MemoryAsker } from '../memories-need.ts';
import {
  FoundMemoryAnswer,
  GraphEdgeAnswer,
  GraphNodeAnswer,
  MemoryAnswer,
  contentField,
  memoryFields,
  nodeField,
  relationField,
  toEdgeAnswer,
  toFoundAnswer,
  toMemoryAnswer,
  toMemoryInput,
} from '../tools/memory-answer.ts';
import { count, fraction, text } from '../tools/tool.ts';
import { cursorField, momentAndId, nextField, readCursor, toNext } from './cursor.ts';
import { sendValue } from './problem.ts';
import { parseJsonBody, parseQuery } from './resource.ts';
import type { Resource, RestRequest } from './resource.ts';

/** Memories in one answer of the list. */
export const memoriesListedMax = 200;

const listQuery = z.object({
  query: z.coerce.string().min(1).max(2_000).optional().describe('Words or a question; best first then.'),
  kind: z.enum(MemoryKind.options, { error: `must be one of ${MemoryKind.options.join(', ')}` }).optional(),
  tag: z.coerce.string().min(1).max(memoryLimits.tagMax).optional(),
  limit: count(1, memoriesListedMax).default(20),
  cursor: cursorField,
});
const listAnswer = z.object({
  memories: z.array(z.union([FoundMemoryAnswer, MemoryAnswer])),
  next: nextField,
});

export const memories: Resource = {
  method: 'GET',
  path: '/memories',
  scope: 'memory:read',
  docs: {
    summary: 'List memories, or search them',
    description:
      'Without a query the latest changed come first; with one, tag and cursor are not looked at, and there is one page.',
    query: listQuery,
    answer: listAnswer,
  },
  answer: async (request) => {
    const { needs, res, url } = request;
    const { query, kind, tag, limit, cursor } = parseQuery(listQuery, url, Object.keys(listQuery.shape));
    const asker = toAsker(request);
    if (query === undefined) {
      const after = readCursor(momentAndId, cursor);
      const listed = await needs.memories.list({ ...asker, kind, tag, limit, after });
      const next = toNext(listed, limit, ({ updatedAt, memoryId }) => [updatedAt, memoryId]);
      return sendValue(res, 200, { memories: listed.map(toMemoryAnswer), next });
    }
    const kinds = kind === undefined ? undefined : [kind];
    const foundMax = Math.min(limit, memoryLimits.foundMax);
    const found = await needs.memories.search({ ...asker, query, kinds, limit: foundMax });
    return sendValue(res, 200, { memories: found.map(toFoundAnswer), next: null });
  },
};

const StoredAnswer = z.object({
  memory: MemoryAnswer,
  merged: z.boolean().describe('True when this was known already, in these or other words.'),
  contradicts: z.array(z.string()).describe('Memories that seem to say the opposite.'),
});
const storeBody = z.strictObject({ content: contentField, ...memoryFields });

export const storeMemory: Resource = {
  method: 'POST',
  path: '/memories',
  scope: 'memory:write',
  docs: {
    summary: 'Store a memory',
    description:
      'What was known already, in these or other words, is not stored twice: then the answer is 200.',
    body: storeBody,
    answer: StoredAnswer,
    status: 201,
    alsoStatus: 200,
  },
  answer: async (request) => {
    const given = await parseJsonBody(storeBody, request.req);
    const memory = { ...toMemoryInput(given), content: given.content };
    const stored = await request.needs.memories.store({ ...toAsker(request), memory });
    sendValue(request.res, stored.merged ? 200 : 201, {
      memory: toMemoryAnswer(stored.memory),
      merged: stored.merged,
      contradicts: stored.contradicts,
    });
  },
};

export const memory: Resource = {
  method: 'GET',
  path: '/memories/:id',
  scope: 'memory:read',
  docs: { summary: 'Get a memory', answer: MemoryAnswer },
  answer: async (request) => {
    const found = await request.needs.memories.get({ ...toAsker(request), memoryId: request.id });
    if (found === undefined) throw unknownMemory();
    sendValue(request.res, 200, toMemoryAnswer(found));
  },
};

const updateBody = z.strictObject({
  version: count(1, 2_147_483_647).describe('The version that was read; another one by now is a conflict.'),
  content: contentField.optional(),
  ...memoryFields,
});

export const updateMemory: Resource = {
  method: 'PATCH',
  path: '/memories/:id',
  scope: 'memory:write',
  docs: { summary: 'Change a memory of a given version', body: updateBody, answer: StoredAnswer },
  answer: async (request) => {
    const given = await parseJsonBody(updateBody, request.req);
    const changes = toMemoryInput(given);
    const asked = { ...toAsker(request), memoryId: request.id, version: given.version, changes };
    const stored = await request.needs.memories.update(asked);
    sendValue(request.res, 200, {
      memory: toMemoryAnswer(stored.memory),
      merged: false,
      contradicts: stored.contradicts,
    });
  },
};

export const forgetMemory: Resource = {
  method: 'DELETE',
  path: '/memories/:id',
  scope: 'memory:write',
  docs: {
    summary: 'Forget a memory and every link to it',
    answer: z.object({ forgotten: z.string() }),
  },
  answer: async (request) => {
    if (!(await request.needs.memories.forget({ ...toAsker(request), memoryId: request.id })))
      throw unknownMemory();
    sendValue(request.res, 200, { forgotten: request.id });
  },
};

const linkBody = z.strictObject({ to: nodeField, relation: relationField, weight: fraction().default(1) });

export const linkMemory: Resource = {
  method: 'POST',
  path: '/memories/:id/links',
  scope: 'memory:write',
  docs: {
    summary: 'Link a memory with another node of the graph',
    body: linkBody,
    answer: GraphEdgeAnswer,
    status: 201,
  },
  answer: async (request) => {
    const link = await parseJsonBody(linkBody, request.req);
    const edge = await request.needs.memories.link({ ...toAsker(request), memoryId: request.id, ...link });
    sendValue(request.res, 201, toEdgeAnswer(edge));
  },
};

const neighboursQuery = z.object({
  kind: z.enum(GraphKind.options).default('memory').describe('What kind of node the id names.'),
  relation: z.coerce.string().max(100).optional(),
  limit: count(1, memoryLimits.neighboursMax).default(20),
});

export const neighbours: Resource = {
  method: 'GET',
  path: '/graph/:id/neighbours',
  scope: 'memory:read',
  docs: {
    summary: 'List what a node of the memory graph is linked with',
    query: neighboursQuery,
    answer: z.object({ neighbours: z.array(GraphEdgeAnswer) }),
  },
  answer: async (request) => {
    const asked = parseQuery(neighboursQuery, request.url, Object.keys(neighboursQuery.shape));
    const node = { kind: asked.kind, id: toNodeId(request.id) };
    const relations = asked.relation === undefined ? undefined : [asked.relation];
    const edges = await request.needs.memories.neighbours({
      ...toAsker(request),
      node,
      relations,
      limit: asked.limit,
    });
    sendValue(request.res, 200, { neighbours: edges.map(toEdgeAnswer) });
  },
};

const pathQuery = z.object({
  kind: z.enum(GraphKind.options).default('memory').describe('What kind of node the id names.'),
  to: z.coerce.string().min(1).max(300),
  to_kind: z.enum(GraphKind.options).default('memory'),
  steps: count(1, memoryLimits.pathStepsMax).default(memoryLimits.pathStepsMax),
});

export const path: Resource = {
  method: 'GET',
  path: '/graph/:id/path',
  scope: 'memory:read',
  docs: {
    summary: 'Find the strongest way between two nodes of the memory graph',
    description: 'An empty list means that there is none within the bounds.',
    query: pathQuery,
    answer: z.object({ path: z.array(GraphNodeAnswer) }),
  },
  answer: async (request) => {
    const asked = parseQuery(pathQuery, request.url, Object.keys(pathQuery.shape));
    const way = await request.needs.memories.path({
      ...toAsker(request),
      from: { kind: asked.kind, id: toNodeId(request.id) },
      to: { kind: asked.to_kind, id: toNodeId(asked.to) },
      stepsMax: asked.steps,
    });
    sendValue(request.res, 200, { path: way ?? [] });
  },
};

function toAsker({ namespace, principal }: RestRequest): MemoryAsker {
  return { namespace, principal };
}

const nodeId = text('an id or a name', 300);

function toNodeId(id: string): string {
  if (nodeId.safeParse(id).success) return id;
  throw new DreyError('argument_invalid', 'the node must be an id or a name: text of 1 to 300 characters');
}

function unknownMemory(): DreyError {
  return new DreyError('memory_unknown', 'no memory has this id in this namespace');
}
