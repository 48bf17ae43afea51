/** Patterns: a condition and an action in JSON. Their effectiveness is counted from feedback, never written. */
import { sql } from 'kysely';
import type { Selectable } from 'kysely';
import { DreyError } from '../../../machines/words/errors.ts';
import { toLimit, toOffset } from '../pages.ts';
import type { PatternsTable } from '../schema.ts';
import type { Trx } from '../trx.ts';
import { learningCause } from '../sop-content.ts';
import { assertUuid, toId, toUuid } from '../sop-ids.ts';
import { assertName, toJsonb } from '../text.ts';
import { appendAudit } from './audit.ts';

export interface Pattern {
  readonly patternId: string;
  readonly patternType: string;
  readonly condition: unknown;
  readonly action: unknown;
  readonly confidence: number;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface StoredPattern extends Pattern {
  readonly namespace: string;
  readonly appliedCount: number;
  readonly successCount: number;
  readonly effectiveness: number;
  readonly active: boolean;
  /** It is shown, and offered only once somebody lets it through. */
  readonly candidate: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly lastAppliedAt: string | undefined;
}

/** Inserts or updates a pattern; its counts stay. Says whether it is new. */
export async function savePattern(
  trx: Trx,
  given: Pattern,
  { by = learningCause, candidate = false }: { readonly by?: string; readonly candidate?: boolean } = {},
): Promise<{ readonly discovered: boolean }> {
  const pattern = trx.hide(given);
  if (!(pattern.confidence >= 0 && pattern.confidence <= 1)) {
    throw new DreyError(
      'argument_invalid',
      `a pattern's confidence is a number between 0 and 1, got ${pattern.confidence}`,
      { details: { field: 'confidence' } },
    );
  }
  const id = assertUuid('pattern', pattern.patternId);
  const facts = {
    pattern_type: assertName('a pattern type', pattern.patternType, 50),
    condition: toJsonb(pattern.condition),
    action: toJsonb(pattern.action),
    confidence: pattern.confidence,
    metadata: toJsonb(pattern.metadata),
  };
  const made = await trx.db
    .insertInto('acontext_patterns')
    .values({ namespace: trx.namespace, id, last_applied_at: null, candidate, ...facts })
    .onConflict((conflict) => conflict.columns(['namespace', 'id']).doNothing())
    .returning('id')
    .execute();
  const discovered = made.length > 0;
  const changed = discovered || (await updatePattern(trx, id, facts));
  if (!changed) return { discovered };
  await appendAudit(trx, {
    action: 'acontext_pattern_stored',
    severity: 'MEDIUM',
    principal: by,
    object: pattern.patternId,
    outcome: 'done',
    details: {
      pattern_type: pattern.patternType,
      confidence: pattern.confidence,
      new: discovered,
      candidate,
    },
  });
  return { discovered };
}

interface PatternFacts {
  readonly pattern_type: string;
  readonly condition: string;
  readonly action: string;
  readonly confidence: number;
  readonly metadata: string;
}

/** Writes only what differs; false when nothing did. */
async function updatePattern(trx: Trx, id: string, facts: PatternFacts): Promise<boolean> {
  const { rows } = await sql<{ id: string }>`
    update acontext_patterns set pattern_type = ${facts.pattern_type}, condition = ${facts.condition}::jsonb,
      action = ${facts.action}::jsonb, confidence = ${facts.confidence}, metadata = ${facts.metadata}::jsonb,
      updated_at = now()
    where namespace = ${trx.namespace} and id = ${id}
      and (pattern_type, condition, action, confidence, metadata) is distinct from
          (${facts.pattern_type}, ${facts.condition}::jsonb, ${facts.action}::jsonb, ${facts.confidence}::float8,
           ${facts.metadata}::jsonb)
    returning id`.execute(trx.db);
  return rows.length > 0;
}

/** Patterns, the most effective first, then the most certain. */
export async function listPatterns(
  trx: Trx,
  options: {
    readonly patternType?: string;
    readonly activeOnly?: boolean;
    /** Leaves candidates out. */
    readonly offered?: boolean;
    readonly limit: number;
    readonly offset?: number;
  },
): Promise<readonly StoredPattern[]> {
  let query = trx.db.selectFrom('acontext_patterns').selectAll().where('namespace', '=', trx.namespace);
  if (options.patternType !== undefined) query = query.where('pattern_type', '=', options.patternType);
  if (options.activeOnly ?? true) query = query.where('active', '=', true);
  if (options.offered === true) query = query.where('candidate', '=', false);
  const rows = await query
    .orderBy('effectiveness', 'desc')
    .orderBy('confidence', 'desc')
    .orderBy('id')
    .limit(toLimit(options.limit))
    .offset(toOffset(options.offset))
    .execute();
  return rows.map(toPattern);
}

/** One pattern, or undefined. */
export async function getPattern(trx: Trx, patternId: string): Promise<StoredPattern | undefined> {
  const id = toUuid('pattern', patternId);
  if (id === undefined) return undefined;
  const row = await trx.db
    .selectFrom('acontext_patterns')
    .selectAll()
    .where('namespace', '=', trx.namespace)
    .where('id', '=', id)
    .executeTakeFirst();
  return row === undefined ? undefined : toPattern(row);
}

/** Takes a pattern out of use; false when it is unknown or was out of use already. */
export async function retirePattern(
  trx: Trx,
  patternId: string,
  { by = learningCause }: { readonly by?: string } = {},
): Promise<boolean> {
  const id = toUuid('pattern', patternId);
  if (id === undefined) return false;
  const rows = await trx.db
    .updateTable('acontext_patterns')
    .set({ active: false })
    .where('namespace', '=', trx.namespace)
    .where('id', '=', id)
    .where('active', '=', true)
    .returning('id')
    .execute();
  if (rows.length === 0) return false;
  const entry = { action: 'acontext_pattern_retired', severity: 'MEDIUM', outcome: 'done' } as const;
  await appendAudit(trx, { ...entry, principal: by, object: patternId });
  return true;
}

/** Lets a candidate through: it is offered from now on. False when it is unknown; the same again changes nothing. */
export async function approvePattern(
  trx: Trx,
  patternId: string,
  { by }: { readonly by: string },
): Promise<boolean> {
  const id = toUuid('pattern', patternId);
  if (id === undefined) return false;
  const rows = await trx.db
    .updateTable('acontext_patterns')
    .set({ candidate: false, updated_at: sql<string>`now()` })
    .where('namespace', '=', trx.namespace)
    .where('id', '=', id)
    .where('candidate', '=', true)
    .returning('id')
    .execute();
  if (rows.length === 0) return (await getPattern(trx, patternId)) !== undefined;
  const entry = { action: 'acontext_pattern_approved', severity: 'MEDIUM', outcome: 'done' } as const;
  await appendAudit(trx, { ...entry, principal: by, object: patternId });
  return true;
}

/** Takes a pattern into use again, since it is borne out again. */
export async function revivePattern(trx: Trx, patternId: string): Promise<void> {
  await trx.db
    .updateTable('acontext_patterns')
    .set({ active: true })
    .where('namespace', '=', trx.namespace)
    .where('id', '=', assertUuid('pattern', patternId))
    .execute();
}

/** A row as it is read. */
export function toPattern(row: Selectable<PatternsTable>): StoredPattern {
  return {
    patternId: toId('pattern', row.id),
    namespace: row.namespace,
    patternType: row.pattern_type,
    condition: row.condition,
    action: row.action,
    confidence: row.confidence,
    // The column holds what `savePattern` wrote, which is an object.
    metadata: row.metadata as Readonly<Record<string, unknown>>,
    appliedCount: row.applied_count,
    successCount: row.success_count,
    effectiveness: row.effectiveness,
    active: row.active,
    candidate: row.candidate,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastAppliedAt: row.last_applied_at ?? undefined,
  };
}
