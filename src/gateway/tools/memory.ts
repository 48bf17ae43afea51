/** `memory`: one tool for what agents remember together: store, search, get, update, link, related, forget. */
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { memoryLimits } from '../../../machines/words/memories.ts';
import { resolveNamespace } from '../namespace.ts';
import type { MemoriesNeed, MemoryAsker } from '../memories-need.ts';
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
} from './memory-answer.ts';
import { count, createTool, fraction, namespaceField, text } from './tool.ts';

const reading: ReadonlySet<string> = new Set(['search', 'get', 'related']);
const actions = ['store', 'search', 'get', 'update', 'link', 'related', 'forget'] as const;

const input = z.object({
  action: z
    .enum(actions, { error: `must be one of ${actions.join(', ')}` })
    .describe('store, search (by words), get, update, link, related (what it is linked with), forget.'),
  content: contentField
    .optional()
    .describe('For store and update: one statement that can be understood alone.'),
  query: text('what you look for', 2_000).optional().describe('For search: words or a question.'),
  memory_id: text('a memory id', 100).optional().describe('For get, update, link, related and forget.'),
  version: count(1, 2_147_483_647).optional().describe('For update: the version you read.'),
  ...memoryFields,
  to: nodeField
    .optional()
    .describe('For link: what to link with. For related: then the way there is answered as well.'),
  relation: relationField.optional().describe('For link: what the link means, for instance depends_on.'),
  weight: fraction().default(1).describe('For link: how strong it is.'),
  limit: count(1, memoryLimits.foundMax).default(5).describe('For search and related: at most so many.'),
  reason: text('a reason', 500).optional().describe('For forget.'),
  namespace: namespaceField,
});
type Given = z.output<typeof input>;

const output = z.object({
  memory: MemoryAnswer.optional(),
  merged: z.boolean().optional().describe('True when this was known already, in these or other words.'),
  contradicts: z.array(z.string()).optional().describe('Memories that seem to say the opposite.'),
  memories: z.array(FoundMemoryAnswer).optional(),
  link: GraphEdgeAnswer.optional(),
  related: z.array(GraphEdgeAnswer).optional(),
  path: z.array(GraphNodeAnswer).optional(),
  forgotten: z.string().optional(),
});
type Answer = z.output<typeof output>;

export const memory = createTool({
  name: 'memory',
  title: 'Remember and recall',
  description:
    'What agents of your namespace know together. Store what should outlive this session ' +
    '({"action":"store","content":"Staging runs in eu-west-1","kind":"fact"}) and search before you ask again ' +
    '({"action":"search","query":"where does staging run"}). What is known already is not stored twice; what seems to ' +
    'contradict something is told.',
  readOnly: false,
  scope: ({ action }) => (reading.has(action) ? 'memory:read' : 'memory:write'),
  input,
  output,
  async run(args, { needs, session, principal, traceparent }) {
    const namespace = resolveNamespace(args.namespace, session.namespace, principal);
    const asker: MemoryAsker = { namespace, principal, traceparent };
    const answer = await deeds[args.action](needs.memories, asker, args);
    const found = answer.memories?.map(({ memory_id: id }) => id) ?? [];
    if (found.length > 0 && namespace === session.namespace) {
      const place = session.task?.taskId ?? session.id;
      needs.memories.noteRecall({ ...asker, place, memoryIds: found, sopIds: [] });
    }
    return answer;
  },
});

type Deed = (memories: MemoriesNeed, asker: MemoryAsker, args: Given) => Promise<Answer>;

const deeds: Readonly<Record<(typeof actions)[number], Deed>> = {
  async store(memories, asker, args) {
    const content = need(args.content, 'content', 'store');
    const stored = await memories.store({ ...asker, memory: { ...toMemoryInput(args), content } });
    return {
      memory: toMemoryAnswer(stored.memory),
      merged: stored.merged,
      contradicts: [...stored.contradicts],
    };
  },
  async search(memories, asker, args) {
    const query = need(args.query, 'query', 'search');
    const kinds = args.kind === undefined ? undefined : [args.kind];
    const found = await memories.search({ ...asker, query, kinds, limit: args.limit });
    return { memories: found.map(toFoundAnswer) };
  },
  async get(memories, asker, args) {
    const found = await memories.get({ ...asker, memoryId: need(args.memory_id, 'memory_id', 'get') });
    if (found === undefined) throw unknownMemory();
    return { memory: toMemoryAnswer(found) };
  },
  async update(memories, asker, args) {
    const memoryId = need(args.memory_id, 'memory_id', 'update');
    const version = need(args.version, 'version', 'update');
    const stored = await memories.update({ ...asker, memoryId, version, changes: toMemoryInput(args) });
    return { memory: toMemoryAnswer(stored.memory), merged: false, contradicts: [...stored.contradicts] };
  },
  async link(memories, asker, args) {
    const memoryId = need(args.memory_id, 'memory_id', 'link');
    const to = need(args.to, 'to', 'link');
    const relation = need(args.relation, 'relation', 'link');
    return {
      link: toEdgeAnswer(await memories.link({ ...asker, memoryId, to, relation, weight: args.weight })),
    };
  },
  async related(memories, asker, args) {
    const node = { kind: 'memory' as const, id: need(args.memory_id, 'memory_id', 'related') };
    const edges = await memories.neighbours({ ...asker, node, limit: args.limit });
    const related = edges.map(toEdgeAnswer);
    if (args.to === undefined) return { related };
    const stepsMax = memoryLimits.pathStepsMax;
    const path = await memories.path({ ...asker, from: node, to: args.to, stepsMax });
    return { related, path: path?.map(({ kind, id }) => ({ kind, id })) ?? [] };
  },
  async forget(memories, asker, args) {
    const memoryId = need(args.memory_id, 'memory_id', 'forget');
    if (!(await memories.forget({ ...asker, memoryId, reason: args.reason }))) throw unknownMemory();
    return { forgotten: memoryId };
  },
};

function need<T>(value: T | undefined, field: string, action: string): T {
  if (value !== undefined) return value;
  throw new DreyError('argument_invalid', `${field} is required with action "${action}"`, {
    details: { field },
  });
}

function unknownMemory(): DreyError {
  return new DreyError('memory_unknown', 'no memory has this id in this namespace; search for it');
}
