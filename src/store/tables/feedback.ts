/**
 * What principals said about procedures and patterns: one report per principal and application, the last word counts.
 * Applied is what was followed or reported on; success is what was said to have helped, or, where nobody said, what was
 * followed in a task that ended well.
 */
import { sql } from 'kysely';
import { toLimit } from '../pages.ts';
import type { Trx } from '../trx.ts';
import { toId, toUuid } from '../sop-ids.ts';
import type { TargetKind } from '../sop-ids.ts';
import { assertName, toBoundedText } from '../text.ts';
import { appendAudit } from './audit.ts';
import { applyVotes } from './sop-votes.ts';

export interface FeedbackReport {
  /** A pattern's id or a SOP's. */
  readonly patternId: string;
  readonly principal: string;
  readonly helpful: boolean;
  readonly notes?: string;
  /** The injection it is about; the last one served to this principal where nobody says. */
  readonly application?: string;
}

export interface FeedbackFigures {
  readonly patternId: string;
  readonly kind: TargetKind;
  readonly newEffectiveness: number;
  readonly appliedCount: number;
  readonly successCount: number;
}

export interface FeedbackRow {
  readonly patternId: string;
  readonly kind: TargetKind;
  readonly principal: string;
  readonly application: string;
  readonly helpful: boolean;
  readonly notes: string;
  readonly updatedAt: string;
}

interface Target {
  readonly kind: TargetKind;
  readonly id: string;
}

/** Stores a report and answers the figures after it; undefined when there is no such pattern or SOP. */
export async function recordFeedback(trx: Trx, report: FeedbackReport): Promise<FeedbackFigures | undefined> {
  const target = await lockTarget(trx, report.patternId);
  if (target === undefined) return undefined;
  const principal = assertName('a principal', report.principal, 300);
  const application = report.application ?? (await latestApplication(trx, target, principal));
  await sql`
    insert into feedback (namespace, target_id, target_kind, principal, application, helpful, notes)
    values (${trx.namespace}, ${target.id}, ${target.kind}, ${principal}, ${toBoundedText(application, 128)},
      ${report.helpful}, ${toBoundedText(trx.hide(report.notes ?? ''), 2_000)})
    on conflict (namespace, target_id, principal, application)
    do update set helpful = excluded.helpful, notes = excluded.notes, updated_at = now()`.execute(trx.db);
  if (target.kind === 'sop') await applyVotes(trx, target.id);
  const counts = await countApplications(trx, target);
  await appendAudit(trx, {
    action: 'acontext_feedback_recorded',
    severity: 'LOW',
    principal,
    object: toId(target.kind, target.id),
    outcome: 'done',
    details: { helpful: report.helpful, applied_count: counts.applied, success_count: counts.success },
  });
  return {
    patternId: toId(target.kind, target.id),
    kind: target.kind,
    newEffectiveness: counts.applied === 0 ? 0 : counts.success / counts.applied,
    appliedCount: counts.applied,
    successCount: counts.success,
  };
}

/** Counts how often a target was applied and helped: what somebody said of it, else how the task ended that followed it. A pattern's row gets the figures; a SOP has no columns for them. */
export async function countApplications(
  trx: Trx,
  target: Target,
): Promise<{ readonly applied: number; readonly success: number }> {
  const { rows } = await sql<{ applied: number; success: number }>`
    select count(*) as applied, count(*) filter (where helpful) as success from (
      select principal, application, coalesce(bool_or(said), bool_or(did)) as helpful from (
        select principal, application, helpful as said, false as did from feedback
          where namespace = ${trx.namespace} and target_id = ${target.id}
        union all
        select principal, id, null, coalesce(succeeded, false) from injections
          where namespace = ${trx.namespace} and target_id = ${target.id} and followed_at is not null
      ) every_one group by principal, application
    ) distinct_ones`.execute(trx.db);
  const counts = rows[0] ?? { applied: 0, success: 0 };
  if (target.kind === 'pattern') {
    await sql`
      update acontext_patterns set applied_count = ${counts.applied}, success_count = ${counts.success},
        last_applied_at = now()
      where namespace = ${trx.namespace} and id = ${target.id}`.execute(trx.db);
  }
  return counts;
}

/** Reports, the latest first; what the learner weighs. */
export async function listFeedback(
  trx: Trx,
  options: { readonly patternId?: string; readonly limit: number },
): Promise<readonly FeedbackRow[]> {
  const wanted = options.patternId;
  const id = wanted === undefined ? null : (toUuid('sop', wanted) ?? toUuid('pattern', wanted));
  if (id === undefined) return [];
  const { rows } = await sql<Omit<FeedbackRow, 'patternId'> & { id: string }>`
    select target_id as id, target_kind as kind, principal, application, helpful, notes, updated_at as "updatedAt"
    from feedback where namespace = ${trx.namespace} and (${id}::uuid is null or target_id = ${id}::uuid)
    order by updated_at desc, target_id, principal limit ${toLimit(options.limit)}`.execute(trx.db);
  return rows.map(({ id: targetId, ...row }) => ({ ...row, patternId: toId(row.kind, targetId) }));
}

/** Finds a pattern or a SOP and locks it, so that two reports at once do not miss each other in the count. */
async function lockTarget(trx: Trx, patternId: string): Promise<Target | undefined> {
  for (const [kind, table] of [
    ['pattern', 'acontext_patterns'],
    ['sop', 'acontext_sops'],
  ] as const) {
    const id = toUuid(kind, patternId);
    if (id === undefined) continue;
    const row = await trx.db
      .selectFrom(table)
      .select('id')
      .where('namespace', '=', trx.namespace)
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    if (row !== undefined) return { kind, id };
  }
  return undefined;
}

async function latestApplication(trx: Trx, target: Target, principal: string): Promise<string> {
  const row = await trx.db
    .selectFrom('injections')
    .select('id')
    .where('namespace', '=', trx.namespace)
    .where('target_id', '=', target.id)
    .where('principal', '=', principal)
    .orderBy('served_at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.id ?? '';
}
