/** Links of the memory graph. A weight is kept with the moment it was true; what is left of it is for others to reckon. */
import { sql } from 'kysely';
import type { GraphKind, GraphNode } from '../../../machines/words/memories.ts';
import { toLimit } from '../pages.ts';
import type { Trx } from '../trx.ts';
import { assertName } from '../text.ts';

/** A link as it is kept: `weight` is what it was at `updatedAt`. */
export interface StoredEdge {
  readonly from: GraphNode;
  readonly to: GraphNode;
  readonly relation: string;
  readonly weight: number;
  readonly updatedAt: string;
}

interface Row {
  from_kind: GraphKind;
  from_id: string;
  to_kind: GraphKind;
  to_id: string;
  relation: string;
  weight: number;
  updated_at: string;
}

const columns = sql`e.from_kind, e.from_id, e.to_kind, e.to_id, e.relation, e.weight, e.updated_at`;

/** Writes links; one that is there gets the new weight. */
export async function saveEdges(trx: Trx, edges: readonly StoredEdge[]): Promise<void> {
  if (edges.length === 0) return;
  const kinds = (side: 'from' | 'to') => edges.map((edge) => edge[side].kind);
  const ids = (side: 'from' | 'to') =>
    edges.map((edge) => assertName('a node of the graph', edge[side].id, 300));
  await sql`
    insert into memory_edges as e (namespace, from_kind, from_id, to_kind, to_id, relation, weight, updated_at)
    select ${trx.namespace}, * from unnest(${kinds('from')}::text[], ${ids('from')}::text[], ${kinds('to')}::text[],
      ${ids('to')}::text[], ${edges.map(({ relation }) => assertName('a relation', relation, 100))}::text[],
      ${edges.map(({ weight }) => weight)}::float8[], ${edges.map(({ updatedAt }) => updatedAt)}::timestamptz[])
    on conflict (namespace, from_kind, from_id, to_kind, to_id, relation)
    do update set weight = excluded.weight, updated_at = greatest(e.updated_at, excluded.updated_at)`.execute(
    trx.db,
  );
}

/** Those of these links that are there, locked until the transaction ends. */
export async function lockEdges(
  trx: Trx,
  edges: readonly Pick<StoredEdge, 'from' | 'to' | 'relation'>[],
): Promise<readonly StoredEdge[]> {
  if (edges.length === 0) return [];
  const { rows } = await sql<Row>`
    select ${columns} from memory_edges e
      join unnest(${edges.map(({ from }) => from.kind)}::text[], ${edges.map(({ from }) => from.id)}::text[],
        ${edges.map(({ to }) => to.kind)}::text[], ${edges.map(({ to }) => to.id)}::text[],
        ${edges.map(({ relation }) => relation)}::text[]) as wanted (from_kind, from_id, to_kind, to_id, relation)
      using (from_kind, from_id, to_kind, to_id, relation)
    where e.namespace = ${trx.namespace}
    order by e.from_kind, e.from_id, e.to_kind, e.to_id, e.relation for update of e`.execute(trx.db);
  return rows.map(toEdge);
}

/** Links of any of these nodes, the heaviest of each node first, at most so many for each of them and side. */
export async function readEdges(
  trx: Trx,
  nodes: readonly GraphNode[],
  o: { readonly relations?: readonly string[] | undefined; readonly limit: number },
): Promise<readonly StoredEdge[]> {
  if (nodes.length === 0) return [];
  const relations = o.relations === undefined ? null : [...o.relations];
  const kinds = nodes.map(({ kind }) => kind);
  const ids = nodes.map(({ id }) => id);
  const { rows } = await sql<Row>`
    select distinct ${columns} from unnest(${kinds}::text[], ${ids}::text[]) as node (kind, id)
      cross join lateral (
        (select * from memory_edges o where o.namespace = ${trx.namespace} and o.from_kind = node.kind
          and o.from_id = node.id and (${relations}::text[] is null or o.relation = any (${relations}::text[]))
          order by o.weight desc limit ${toLimit(o.limit)})
        union all
        (select * from memory_edges i where i.namespace = ${trx.namespace} and i.to_kind = node.kind
          and i.to_id = node.id and (${relations}::text[] is null or i.relation = any (${relations}::text[]))
          order by i.weight desc limit ${toLimit(o.limit)})
      ) e`.execute(trx.db);
  return rows.map(toEdge);
}

/** Removes links of a relation between two nodes, or all between them; answers how many. */
export async function removeEdges(
  trx: Trx,
  o: { readonly from: GraphNode; readonly to: GraphNode; readonly relation: string },
): Promise<number> {
  const { rows } = await sql`
    delete from memory_edges where namespace = ${trx.namespace} and relation = ${o.relation}
      and from_kind = ${o.from.kind} and from_id = ${o.from.id} and to_kind = ${o.to.kind} and to_id = ${o.to.id}
    returning 1`.execute(trx.db);
  return rows.length;
}

function toEdge(row: Row): StoredEdge {
  return {
    from: { kind: row.from_kind, id: row.from_id },
    to: { kind: row.to_kind, id: row.to_id },
    relation: row.relation,
    weight: row.weight,
    updatedAt: row.updated_at,
  };
}
