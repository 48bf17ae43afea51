/** Patterns: a condition and an action in JSON. Their effectiveness is counted from feedback, never written. */
import { sql } from 'kysely';
import type { Selectable } from 'kysely';
import { DreyError } from '../../../machines/words/errors.ts';
import { toLimit, toOffset } from '../pages.ts';
import type { PatternsTable, Trx } from '../schema.ts';
import { assertUuid, toId, toUuid } from '../sop-ids.ts';
import { assertName, toJsonb } from '../text.ts';

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
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly lastAppliedAt: string | undefined;
}

/** Inserts or updates a pattern; its counts stay. Says whether it is new. */
export async function savePattern(trx: Trx, pattern: Pattern): Promise<{ readonly discovered: boolean }> {
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
    .values({ namespace: trx.namespace, id, last_applied_at: null, ...facts })
    .onConflict((conflict) => conflict.columns(['namespace', 'id']).doNothing())
    .returning('id')
    .execute();
  if (made.length > 0) return { discovered: true };
  await trx.db
    .updateTable('acontext_patterns')
    .set({ ...facts, updated_at: sql<string>`now()` })
    .where('namespace', '=', trx.namespace)
    .where('id', '=', id)
    .execute();
  return { discovered: false };
}

/** Patterns, the most effective first, then the most certain. */
export async function listPatterns(
  trx: Trx,
  options: {
    readonly patternType?: string;
    readonly activeOnly?: boolean;
    readonly limit: number;
    readonly offset?: number;
  },
): Promise<readonly StoredPattern[]> {
  let query = trx.db.selectFrom('acontext_patterns').selectAll().where('namespace', '=', trx.namespace);
  if (options.patternType !== undefined) query = query.where('pattern_type', '=', options.patternType);
  if (options.activeOnly ?? true) query = query.where('active', '=', true);
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
export async function retirePattern(trx: Trx, patternId: string): Promise<boolean> {
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
  return rows.length > 0;
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
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastAppliedAt: row.last_applied_at ?? undefined,
  };
}
