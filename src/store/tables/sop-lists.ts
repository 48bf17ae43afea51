/** Procedures as they are read: one, a list, those whose trigger shares words with a text, and the figures of all. */
import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import { limits } from '../../../machines/words/limits.ts';
import type {
  LearnedSop,
  Pitfall,
  Procedure,
  SopApproval,
  SopQuorum,
  SopReliability,
  SopStatus,
} from '../../../machines/words/sops.ts';
import { toLimit, toOffset } from '../pages.ts';
import type { Trx } from '../trx.ts';
import { learningCause } from '../sop-content.ts';
import { toId, toUuid } from '../sop-ids.ts';
import { toStorableText } from '../text.ts';

/** A procedure as it is stored: what was learned, and the row's own facts. */
export interface StoredSop extends LearnedSop {
  readonly version: number;
  readonly agentId: string | undefined;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly lastUsedAt: string | undefined;
  /** True when a person has set the status. */
  readonly held: boolean;
  /** Who made it active by hand; undefined where nobody did, or somebody set another status since. */
  readonly approval: SopApproval | undefined;
  /** True when the content is a person's or another program's. */
  readonly edited: boolean;
  /** What was said besides by who wrote it. */
  readonly given: Readonly<Record<string, unknown>>;
  /** What learning alone says of its confidence, where reports have moved that. */
  readonly derivedConfidence: number | undefined;
  /** Reports in all, and those that said it helped. */
  readonly feedback: { readonly applied: number; readonly helpful: number };
}

export interface SopFilter {
  readonly minConfidence?: number;
  readonly statuses?: readonly SopStatus[];
  /** True for those only that learning made; what was written from outside is left out. */
  readonly learned?: boolean;
  readonly limit: number;
  readonly offset?: number;
  /** Goes on behind this one; much cheaper than an offset. */
  readonly after?: { readonly confidence: number; readonly occurrences: number; readonly sopId: string };
}

/** Procedures, the most certain first. */
export async function listSops(trx: Trx, filter: SopFilter): Promise<readonly StoredSop[]> {
  const minConfidence = filter.minConfidence ?? 0;
  const { rows } = await sql<SopRow>`
    ${columns} from (
      select * from acontext_sops
      where namespace = ${trx.namespace} and confidence >= ${minConfidence}
        and (${filter.statuses === undefined} or status = any(${[...(filter.statuses ?? [])]}::text[]))
        and (${filter.learned !== true} or exists (select from acontext_sop_versions v
          where v.namespace = acontext_sops.namespace and v.sop_id = acontext_sops.id and v.version = 1
            and v.cause->>'by' = ${learningCause}))
        and ${toBehind(filter.after)}
      order by confidence desc, occurrences desc, id
      limit ${toLimit(filter.limit)} offset ${toOffset(filter.offset)}
    ) s order by s.confidence desc, s.occurrences desc, s.id`.execute(trx.db);
  return rows.map(toSop);
}

/** The first comparison is the one that the index can use. */
function toBehind(after: SopFilter['after']): RawBuilder<boolean> {
  if (after === undefined) return sql`true`;
  const { confidence, occurrences } = after;
  const id = toUuid('sop', after.sopId) ?? '00000000-0000-0000-0000-000000000000';
  return sql`confidence <= ${confidence}::float8 and (confidence < ${confidence}::float8
    or occurrences < ${occurrences}::int or (occurrences = ${occurrences}::int and id > ${id}::uuid))`;
}

/** One procedure, or undefined; an id that is no id is simply not found. */
export async function getSop(trx: Trx, sopId: string): Promise<StoredSop | undefined> {
  const id = toUuid('sop', sopId);
  if (id === undefined) return undefined;
  const { rows } = await sql<SopRow>`
    ${columns} from acontext_sops s where s.namespace = ${trx.namespace} and s.id = ${id}`.execute(trx.db);
  return rows.map(toSop)[0];
}

/** These procedures as far as they are there, in no order. */
export async function getSops(trx: Trx, sopIds: readonly string[]): Promise<readonly StoredSop[]> {
  const ids = sopIds.flatMap((sopId) => toUuid('sop', sopId) ?? []);
  if (ids.length === 0) return [];
  const { rows } = await sql<SopRow>`
    ${columns} from acontext_sops s where s.namespace = ${trx.namespace} and s.id = any(${ids}::uuid[])`.execute(
    trx.db,
  );
  return rows.map(toSop);
}

/** Procedures with their status and trigger alone, those that changed last first; what is retired is left out unless it is asked for. */
export async function listSopStates(
  trx: Trx,
  which: { readonly sopId?: string | undefined; readonly limit: number },
): Promise<readonly { readonly sopId: string; readonly status: SopStatus; readonly trigger: string }[]> {
  let query = trx.db
    .selectFrom('acontext_sops')
    .select(['id', 'status', 'trigger'])
    .where('namespace', '=', trx.namespace);
  if (which.sopId === undefined) query = query.where('status', '!=', 'retired');
  else query = query.where('id', '=', toUuid('sop', which.sopId) ?? '00000000-0000-0000-0000-000000000000');
  const rows = await query.orderBy('updated_at', 'desc').limit(toLimit(which.limit)).execute();
  return rows.map(({ id, ...row }) => ({ sopId: toId('sop', id), ...row }));
}

/** A procedure and a text that is another one as soon as its row or a report about it is. */
export interface SopStamp {
  readonly sopId: string;
  readonly stamp: string;
}

/** A part is no answer to a task by itself. */
const isWhole = sql<boolean>`metadata -> 'partOf' is null`;
/** Parts that may be found before so many procedures. */
const partsPassedMax = 10;

/** The stamps of many procedures, the most certain first: cheap enough to be asked for again and again. */
export async function listSopStamps(
  trx: Trx,
  filter: { readonly statuses: readonly SopStatus[]; readonly limit: number },
): Promise<readonly SopStamp[]> {
  const { rows } = await sql<{ id: string; stamp: string }>`
    select s.id, concat_ws(' ', s.row_version, f.applied, f.helpful) as stamp from (
      select id, confidence, occurrences, xmin::text as row_version from acontext_sops
      where namespace = ${trx.namespace} and status = any(${[...filter.statuses]}::text[]) and ${isWhole}
      order by confidence desc, occurrences desc, id limit ${Math.max(0, Math.trunc(filter.limit))}
    ) s left join (
      select target_id, count(*) as applied, count(*) filter (where helpful) as helpful from feedback
      where namespace = ${trx.namespace} and target_kind = 'sop' group by target_id
    ) f on f.target_id = s.id
    order by s.confidence desc, s.occurrences desc, s.id`.execute(trx.db);
  return rows.map(({ id, stamp }) => ({ sopId: toId('sop', id), stamp }));
}

/** Retired parts that are remembered as such, the last retired ones. */
const retiredPartsMax = 5_000;

/** The parts that were retired: no procedure refers to them any more, whatever its row says. */
export async function readRetiredParts(trx: Trx): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ id: string }>`
    select id from acontext_sops
    where namespace = ${trx.namespace} and status = 'retired' and metadata -> 'partOf' is not null
    order by updated_at desc, id limit ${sql.lit(retiredPartsMax)}`.execute(trx.db);
  return new Set(rows.map(({ id }) => toId('sop', id)));
}

/** Ids of procedures whose trigger has any of the text's words, best first; found by index at any size. */
export async function searchSops(
  trx: Trx,
  options: { readonly text: string; readonly limit: number },
): Promise<readonly { readonly sopId: string; readonly score: number }[]> {
  const text = toStorableText(options.text.slice(0, limits.taskTextMax));
  const { rows } = await sql<{ id: string; score: number }>`
    select found.id, found.score from drey_search_sops(${text}, ${toLimit(options.limit + partsPassedMax)}) found
    join acontext_sops s on s.namespace = ${trx.namespace} and s.id = found.id
    where s.metadata -> 'partOf' is null
    order by found.score desc, found.id limit ${toLimit(options.limit)}`.execute(trx.db);
  return rows.map((row) => ({ sopId: toId('sop', row.id), score: row.score }));
}

export interface LearningFigures {
  readonly totalSops: number;
  readonly totalPatterns: number;
  /** Over procedures that are not retired; 0 when there is none. */
  readonly avgConfidence: number;
  readonly recentDiscoveries: readonly {
    readonly type: string;
    readonly trigger: string;
    readonly discoveredAt: string;
  }[];
}

/** What the learning status tells of one namespace. */
export async function readLearningFigures(
  trx: Trx,
  options: { readonly recentMax: number },
): Promise<LearningFigures> {
  const { namespace } = trx;
  const totals = await sql<{ totalSops: number; avgConfidence: number; totalPatterns: number }>`
    select count(*) as "totalSops", coalesce(avg(confidence), 0) as "avgConfidence",
      (select count(*) from acontext_patterns where namespace = ${namespace} and active) as "totalPatterns"
    from acontext_sops where namespace = ${namespace} and status <> 'retired'`.execute(trx.db);
  const recent = await sql<{ type: string; trigger: string; discoveredAt: string }>`
    (select 'sop' as type, trigger, created_at as "discoveredAt" from acontext_sops
      where namespace = ${namespace} and status <> 'retired')
    union all
    (select pattern_type, left(condition::text, 2000), created_at from acontext_patterns
      where namespace = ${namespace} and active)
    order by 3 desc limit ${toLimit(options.recentMax)}`.execute(trx.db);
  const figures = totals.rows[0] ?? { totalSops: 0, avgConfidence: 0, totalPatterns: 0 };
  return { ...figures, recentDiscoveries: recent.rows };
}

interface SopRow {
  readonly id: string;
  readonly namespace: string;
  readonly agent_id: string | null;
  readonly trigger: string;
  readonly steps: readonly string[];
  readonly procedure: Procedure;
  readonly status: SopStatus;
  readonly confidence: number;
  readonly occurrences: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly last_used_at: string | null;
  readonly metadata: {
    readonly derivedConfidence?: number;
    readonly wordings?: readonly string[];
    readonly pitfalls?: readonly Pitfall[];
    readonly triggerFrom?: 'task' | 'calls';
    readonly firstSeenAt?: string;
    readonly lastSeenAt?: string;
    readonly held?: boolean;
    readonly edited?: boolean;
    readonly approval?: SopApproval | null;
    readonly reliability?: SopReliability | null;
    readonly quorum?: SopQuorum | null;
    readonly partOf?: readonly string[] | null;
    readonly given?: Readonly<Record<string, unknown>>;
  };
  readonly version: number;
  readonly evidence: readonly string[];
  readonly applied: number;
  readonly helpful: number;
}

/** jsonb columns hold what `saveSop` wrote; they are read back as that. */
const columns = sql`
  select s.id, s.namespace, s.agent_id, s.trigger, s.steps, s.procedure, s.status, s.confidence, s.occurrences,
    s.created_at, s.updated_at, s.last_used_at, s.metadata,
    coalesce((select max(v.version) from acontext_sop_versions v
      where v.namespace = s.namespace and v.sop_id = s.id), 1) as version,
    array(select newest.call_id from
      (select e.call_id, e.position from evidence e where e.namespace = s.namespace and e.sop_id = s.id
       order by e.position desc limit ${sql.lit(limits.evidenceAnsweredMax)}) newest
      order by newest.position) as evidence,
    (select count(*) from feedback f where f.namespace = s.namespace and f.target_id = s.id) as applied,
    (select count(*) from feedback f where f.namespace = s.namespace and f.target_id = s.id and f.helpful) as helpful`;

function toSop(row: SopRow): StoredSop {
  const { metadata } = row;
  return {
    sopId: toId('sop', row.id),
    namespace: row.namespace,
    trigger: row.trigger,
    steps: row.steps,
    procedure: row.procedure,
    status: row.status,
    confidence: row.confidence,
    occurrences: row.occurrences,
    evidence: row.evidence,
    pitfalls: metadata.pitfalls ?? [],
    triggerFrom: metadata.triggerFrom ?? 'task',
    wordings: metadata.wordings ?? [],
    firstSeenAt: metadata.firstSeenAt ?? row.created_at,
    lastSeenAt: metadata.lastSeenAt ?? row.updated_at,
    version: row.version,
    agentId: row.agent_id ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastUsedAt: row.last_used_at ?? undefined,
    ...(metadata.reliability ? { reliability: metadata.reliability } : {}),
    ...(metadata.quorum ? { quorum: metadata.quorum } : {}),
    ...(metadata.partOf ? { partOf: metadata.partOf } : {}),
    held: metadata.held === true,
    approval: metadata.approval ?? undefined,
    edited: metadata.edited === true,
    derivedConfidence: metadata.derivedConfidence,
    given: metadata.given ?? {},
    feedback: { applied: row.applied, helpful: row.helpful },
  };
}
