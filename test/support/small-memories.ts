/** Memories in memory, for the gateway's tests: found by any of their words. It implements the gateway's own interface. */
import { DreyError } from '../../machines/words/errors.ts';
import type { GraphEdge } from '../../machines/words/memories.ts';
import type { MemoriesNeed, MemoryAsker, MemoryInput, MemoryView } from '../../src/gateway/gateway.ts';

/** What was given, without what was left out. */
function toGiven({ ttlSeconds: _ttl, ...input }: MemoryInput): Partial<MemoryView> {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
}

/** Creates them; `recalls` is what was noted as given to somebody. */
export function createSmallMemories(): MemoriesNeed & { readonly recalls: string[] } {
  const rows = new Map<string, MemoryView>();
  const edges: GraphEdge[] = [];
  const recalls: string[] = [];
  const find = ({ namespace, principal }: MemoryAsker, id: string): MemoryView | undefined => {
    const row = rows.get(id);
    const isSeen = row?.visibility === 'namespace' || row?.principal === principal.id;
    return row?.namespace === namespace && isSeen ? row : undefined;
  };
  const must = (asker: MemoryAsker, id: string): MemoryView => {
    const row = find(asker, id);
    if (row === undefined) throw new DreyError('memory_unknown', 'no memory has this id');
    return row;
  };
  const toView = (asker: MemoryAsker, input: MemoryInput, before?: MemoryView): MemoryView => ({
    ...(before ?? {
      memoryId: `m-${rows.size + 1}`,
      namespace: asker.namespace,
      principal: asker.principal.id,
      content: '',
      kind: 'note',
      visibility: 'namespace',
      importance: 0.5,
      tags: [],
      metadata: {},
    }),
    ...toGiven(input),
    autoTags: { acontext_version: 1, tags: [], confidence: {}, discovered_at: '2026-01-01T00:00:00.000Z' },
    version: (before?.version ?? 0) + 1,
    stated: 1,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    lastUsedAt: null,
    expiresAt: null,
  });
  const keep = (row: MemoryView) => {
    rows.set(row.memoryId, row);
    return { memory: row, merged: false, contradicts: [] };
  };
  return {
    recalls,
    store: async (o) => keep(toView(o, o.memory)),
    search: async (o) => {
      const words = o.query.toLowerCase().split(/\W+/);
      return [...rows.values()]
        .filter(
          (row) => find(o, row.memoryId) && words.some((word) => row.content.toLowerCase().includes(word)),
        )
        .slice(0, o.limit)
        .map((row) => ({ ...row, relevance: 0.5, contradicts: [] }));
    },
    list: async (o) => [...rows.values()].filter((row) => find(o, row.memoryId)).slice(0, o.limit),
    get: async (o) => find(o, o.memoryId),
    update: async (o) => {
      const before = must(o, o.memoryId);
      if (before.version !== o.version) throw new DreyError('revision_conflict', 'another version');
      return keep(toView(o, o.changes, before));
    },
    link: async (o) => {
      const from = { kind: 'memory' as const, id: must(o, o.memoryId).memoryId };
      const edge = {
        from,
        to: o.to,
        relation: o.relation,
        weight: o.weight,
        updatedAt: '2026-01-01T00:00:00.000Z',
      };
      edges.push(edge);
      return edge;
    },
    forget: async (o) => find(o, o.memoryId) !== undefined && rows.delete(o.memoryId),
    neighbours: async (o) => edges.filter(({ from }) => from.id === o.node.id).slice(0, o.limit),
    path: async (o) =>
      edges.some(({ from, to }) => from.id === o.from.id && to.id === o.to.id) ? [o.from, o.to] : undefined,
    noteRecall: (o) => void recalls.push(...o.memoryIds),
  };
}
