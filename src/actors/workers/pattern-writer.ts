/**
 * How learning writes patterns: those that counts bear out now, each with its event in the outbox of the same
 * transaction, and those that nothing bears out any more out of use. What others wrote is left as it is.
 */
import type { DreyEvent } from '../../../machines/words/events.ts';
import { eventVersion } from '../../../machines/words/events.ts';
import { toStableId } from '../../../machines/words/ids.ts';
import type { LearnedPattern } from '../../../machines/words/patterns.ts';
import type { Store, StoredPattern, Trx } from '../../store/store.ts';
import { addToOutbox, listPatterns, retirePattern, revivePattern, savePattern } from '../../store/store.ts';
import type { Clock } from '../clock.ts';
import { toIso } from '../clock.ts';

export interface PatternWriterOptions {
  readonly store: Pick<Store, 'inNamespace'>;
  readonly clock: Pick<Clock, 'now'>;
}

const patternsPerCommit = 50;
const patternsListed = 200;

/** Brings what is stored to what was derived; answers how many rows changed. */
export async function savePatterns(
  { store, clock }: PatternWriterOptions,
  namespace: string,
  patterns: readonly LearnedPattern[],
): Promise<number> {
  const stored = await store.inNamespace(namespace, readLearnedPatterns);
  const known = new Map(stored.map((pattern) => [pattern.patternId, pattern]));
  const derived = new Set(patterns.map(({ patternId }) => patternId));
  const changed = patterns.filter((one) => isChanged(known.get(one.patternId), one));
  const gone = stored.filter(({ patternId, active }) => active && !derived.has(patternId));
  const at = toIso(clock.now());
  for (const some of inParts(changed)) {
    await store.inNamespace(namespace, async (trx) => {
      for (const one of some) await save(trx, one, at, known.get(one.patternId)?.active === false);
    });
  }
  for (const some of inParts(gone)) {
    await store.inNamespace(namespace, async (trx) => {
      for (const one of some) await retire(trx, one, at);
    });
  }
  return changed.length + gone.length;
}

/** The patterns that learning found, those out of use among them. */
async function readLearnedPatterns(trx: Trx): Promise<readonly StoredPattern[]> {
  const patterns: StoredPattern[] = [];
  for (let offset = 0; ; offset += patternsListed) {
    const page = await listPatterns(trx, { activeOnly: false, limit: patternsListed, offset });
    patterns.push(...page.filter(({ metadata }) => metadata['learned'] === true));
    if (page.length < patternsListed) return patterns;
  }
}

/** Figures that moved less are not written again: every row that is has its line in the audit log. */
const moved = { confidence: 0.02, lift: 0.2 } as const;

/** What people took out of use stays out; what only lost its support comes back with it. */
function isChanged(known: StoredPattern | undefined, now: LearnedPattern): boolean {
  if (known === undefined) return true;
  if (!known.active) return known.metadata['gone'] === true;
  const lift = Number(known.metadata['lift']);
  return (
    Math.abs(known.confidence - now.confidence) >= moved.confidence ||
    !(Math.abs(lift - now.lift) <= moved.lift * now.lift)
  );
}

async function save(trx: Trx, one: LearnedPattern, at: string, isBack: boolean): Promise<void> {
  const { patternId, content, confidence, support, chances, lift } = one;
  const { pattern_type: patternType, condition, action } = content;
  const metadata = { learned: true, support, chances, lift };
  const { discovered } = await savePattern(trx, {
    patternId,
    patternType,
    condition,
    action,
    confidence,
    metadata,
  });
  if (isBack) await revivePattern(trx, patternId);
  if (!discovered) return;
  await addToOutbox(trx, [
    toEvent(trx.namespace, patternId, 'pattern.discovered', at, { patternType, confidence }),
  ]);
}

async function retire(trx: Trx, pattern: StoredPattern, at: string): Promise<void> {
  const { patternId, metadata } = pattern;
  if (!(await retirePattern(trx, patternId))) return;
  await savePattern(trx, { ...pattern, metadata: { ...metadata, gone: true } });
  const reason = 'no longer borne out by what agents do';
  await addToOutbox(trx, [toEvent(trx.namespace, patternId, 'pattern.retired', at, { reason })]);
}

function toEvent<Type extends 'pattern.discovered' | 'pattern.retired'>(
  namespace: string,
  patternId: string,
  type: Type,
  at: string,
  data: DreyEvent<Type>['data'],
): DreyEvent {
  return {
    id: toStableId('event', namespace, patternId, type, at),
    type,
    at,
    namespace,
    actor: { kind: 'pattern', id: patternId },
    version: eventVersion,
    data,
  };
}

function inParts<One>(list: readonly One[]): readonly (readonly One[])[] {
  const parts: One[][] = [];
  for (let from = 0; from < list.length; from += patternsPerCommit)
    parts.push(list.slice(from, from + patternsPerCommit));
  return parts;
}
