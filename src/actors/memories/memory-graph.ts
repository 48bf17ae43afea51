/** The memory graph as somebody may see it: links with what is left of their weight, and ways along them. */
import type { GraphEdge, GraphNode } from '../../../machines/words/memories.ts';
import { memoryLimits } from '../../../machines/words/memories.ts';
import { fade, findWay, weightMin } from '../../memory/memory.ts';
import type { StoredEdge, Trx, Viewer } from '../../store/store.ts';
import { getMemories, readEdges } from '../../store/store.ts';

/** Links read for each node on the search for a way, and nodes that are looked at in all. */
const linksPerNode = 50;
const nodesMax = 2_000;
/** Nodes whose links are read in one question. */
const nodesPerRead = 200;

/** The strongest links of a node, those that lead to what the viewer may not see left out. */
export async function readNeighbours(
  trx: Trx,
  viewer: Viewer,
  o: { readonly node: GraphNode; readonly relations?: readonly string[] | undefined; readonly limit: number },
): Promise<readonly GraphEdge[]> {
  const edges = await readEdges(trx, [o.node], { relations: o.relations, limit: memoryLimits.neighboursMax });
  const seen = await keepVisible(trx, viewer, edges);
  return seen
    .map((edge) => toGraphEdge(edge, viewer))
    .filter(({ weight }) => weight >= weightMin)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, o.limit);
}

/** The strongest way between two nodes; undefined where there is none within the bounds. */
export async function readWay(
  trx: Trx,
  viewer: Viewer,
  o: { readonly from: GraphNode; readonly to: GraphNode; readonly stepsMax: number },
): Promise<readonly GraphNode[] | undefined> {
  const way = await findWay(toKey(o.from), toKey(o.to), {
    stepsMax: Math.min(o.stepsMax, memoryLimits.pathStepsMax),
    nodesMax,
    linksOf: async (nodes) => {
      const links: StoredEdge[] = [];
      for (let from = 0; from < nodes.length; from += nodesPerRead) {
        const some = nodes.slice(from, from + nodesPerRead).map(toNode);
        links.push(...(await readEdges(trx, some, { limit: linksPerNode })));
      }
      const seen = await keepVisible(trx, viewer, links);
      return seen
        .map((edge) => toGraphEdge(edge, viewer))
        .filter(({ weight }) => weight >= weightMin)
        .map(({ from, to, weight }) => ({ from: toKey(from), to: toKey(to), weight }));
    },
  });
  return way?.map(toNode);
}

/** A link with what is left of its weight; what somebody said or found out does not fade, joint use does. */
export function toGraphEdge(
  { updatedAt, weight, ...edge }: StoredEdge,
  { now }: Pick<Viewer, 'now'>,
): GraphEdge {
  return {
    ...edge,
    updatedAt,
    weight: fades(edge.relation) ? fade(weight, Date.parse(updatedAt), Date.parse(now)) : weight,
  };
}

/** Relations made of use. */
const usage: ReadonlySet<string> = new Set(['used_with', 'recalled_in']);

function fades(relation: string): boolean {
  return usage.has(relation);
}

async function keepVisible(
  trx: Trx,
  viewer: Viewer,
  edges: readonly StoredEdge[],
): Promise<readonly StoredEdge[]> {
  const ends = edges.flatMap(({ from, to }) => [from, to]).filter(({ kind }) => kind === 'memory');
  const ids = [...new Set(ends.map(({ id }) => id))];
  const visible = new Set((await getMemories(trx, viewer, ids)).map(({ memoryId }) => memoryId));
  const isSeen = ({ kind, id }: GraphNode): boolean => kind !== 'memory' || visible.has(id);
  return edges.filter(({ from, to }) => isSeen(from) && isSeen(to));
}

function toKey({ kind, id }: GraphNode): string {
  return `${kind} ${id}`;
}

function toNode(key: string): GraphNode {
  const space = key.indexOf(' ');
  // Keys are made by `toKey` alone.
  return { kind: key.slice(0, space) as GraphNode['kind'], id: key.slice(space + 1) };
}
