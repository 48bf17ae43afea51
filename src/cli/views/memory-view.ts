/** Memories and their graph as lines for a terminal. */
import { z } from 'zod';
import type { Paints } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toTable } from '../terminal/table.ts';

const text = z.string().catch('');
const texts = z.array(z.string()).catch([]);
const number = z.number().catch(0);

export const Memory = z.object({
  memory_id: z.string(),
  content: text,
  kind: text,
  visibility: text,
  importance: number,
  tags: texts,
  auto_tags: z.object({ tags: texts }).catch({ tags: [] }),
  author: text,
  version: number,
  stated: number,
  created_at: text,
  updated_at: text,
  expires_at: z.string().nullish().catch(null),
  relevance: z.number().optional().catch(undefined),
  contradicts: texts,
});
type Memory = z.infer<typeof Memory>;
export const Memories = z.object({ memories: z.array(Memory) });
export const StoredMemory = z.object({
  memory: Memory,
  merged: z.boolean().catch(false),
  contradicts: texts,
});

const Node = z.object({ kind: text, id: z.string() });
type Node = z.infer<typeof Node>;
const Edge = z.object({ from: Node, to: Node, relation: text, weight: number });
export const Neighbours = z.object({ neighbours: z.array(Edge) });
export const Way = z.object({ path: z.array(Node) });

/** The list: one line a memory; what contradicts something is marked. */
export function toMemoriesLines(
  memories: readonly Memory[],
  paints: Paints,
  cells: number,
): readonly string[] {
  if (memories.length === 0) return ['Nothing is remembered of that.'];
  const isFound = memories.some(({ relevance }) => relevance !== undefined);
  const columns = [
    { title: 'ID' },
    ...(isFound ? [{ title: 'FITS', align: 'right' } as const] : []),
    { title: 'KIND' },
    { title: 'SAYS' },
  ];
  const rows = memories.map((one) => [
    { text: one.memory_id, paint: paints.name },
    ...(isFound ? [(one.relevance ?? 0).toFixed(2)] : []),
    one.kind,
    one.contradicts.length === 0 ? one.content : `(disputed) ${one.content}`,
  ]);
  return toTable(columns, rows, cells);
}

/** One in full. */
export function toMemoryLines(memory: Memory, paints: Paints): readonly string[] {
  const tags = [...new Set([...memory.tags, ...memory.auto_tags.tags])];
  const until = memory.expires_at ? `, until ${toMinute(memory.expires_at)}` : '';
  const said = memory.stated > 1 ? `, said ${memory.stated} times` : '';
  return [
    toSafeText(memory.content),
    paints.faint(
      toSafeText(
        `${memory.kind}, ${memory.visibility === 'private' ? 'private' : 'shared'}, importance ${memory.importance}, ` +
          `by ${memory.author}, ${toMinute(memory.updated_at)}, version ${memory.version}${said}${until}`,
      ),
    ),
    ...(tags.length === 0 ? [] : [`tags: ${toSafeText(tags.join(', '))}`]),
    paints.faint(toSafeText(memory.memory_id)),
  ];
}

/** What was stored, in a sentence or two. */
export function toStoredLines(stored: z.infer<typeof StoredMemory>, paints: Paints): readonly string[] {
  const id = paints.name(toSafeText(stored.memory.memory_id));
  return [
    stored.merged ? `That was known already: ${id}` : `Stored: ${id}`,
    ...stored.contradicts.map((other) =>
      paints.warn(`It seems to say the opposite of ${toSafeText(other)}.`),
    ),
  ];
}

/** What a node of the graph is linked with, the strongest first. */
export function toNeighboursLines(
  { neighbours }: z.infer<typeof Neighbours>,
  id: string,
  paints: Paints,
  cells: number,
): readonly string[] {
  if (neighbours.length === 0) return ['It is linked with nothing.'];
  const columns = [
    { title: 'WEIGHT', align: 'right' },
    { title: 'RELATION' },
    { title: 'KIND' },
    { title: 'WITH' },
  ] as const;
  const rows = neighbours.map(({ from, to, relation, weight }) => {
    const other = isSame(from, id) ? to : from;
    return [weight.toFixed(2), relation, other.kind, { text: other.id, paint: paints.name }];
  });
  return toTable(columns, rows, cells);
}

/** The way between two nodes, step by step. */
export function toWayLines({ path }: z.infer<typeof Way>): readonly string[] {
  if (path.length === 0) return ['There is no way between the two.'];
  return path.map(({ kind, id }, step) => `${step === 0 ? '' : '→ '}${toSafeText(kind)} ${toSafeText(id)}`);
}

/** Ids of memories are also known without what they begin with. */
function isSame(node: Node, id: string): boolean {
  return node.id === id || node.id.endsWith(`-${id}`);
}

function toMinute(at: string): string {
  return at.slice(0, 16).replace('T', ' ');
}
