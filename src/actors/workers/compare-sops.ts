/** What is derived against what is stored: same, changed, new or gone. A pure comparison; who writes is another. */
import type { SopDifference } from '../../../machines/words/relearning.ts';
import type { LearnedSop } from '../../../machines/words/sops.ts';
import { toParts, toStandingSop } from '../../store/store.ts';
import type { StoredSop } from '../../store/store.ts';
import { isOnlyLearned } from './sop-writer.ts';

export interface SopComparison {
  /** Derived procedures whose stored rows say the same. */
  readonly same: readonly LearnedSop[];
  readonly differences: readonly SopDifference[];
  /** How many people hold although they are not derived. */
  readonly kept: number;
}

/** Characters of a trigger in a report. */
const triggerShownMax = 200;

/** Compares all that is derived with all that learning has stored. */
export function compareSops(derived: readonly LearnedSop[], stored: readonly StoredSop[]): SopComparison {
  const rows = new Map(stored.map((sop) => [sop.sopId, sop]));
  const same: LearnedSop[] = [];
  const differences: SopDifference[] = [];
  for (const sop of derived) {
    const row = rows.get(sop.sopId);
    rows.delete(sop.sopId);
    const parts = row === undefined ? [] : findDifferingParts(sop, row);
    const isNew = row === undefined || (!row.held && row.status === 'retired');
    if (isNew) differences.push(toDifference(sop, 'new'));
    else if (parts.length > 0) differences.push(toDifference(sop, 'changed', parts));
    else same.push(sop);
  }
  let kept = 0;
  for (const row of rows.values()) {
    if (isOnlyLearned(row)) differences.push(toDifference(row, 'gone'));
    else if (row.held) kept += 1;
  }
  return { same, differences, kept };
}

/** The content of what a person edited, the status of what one holds and the weight of reports are not learning's to compare. */
function findDifferingParts(sop: LearnedSop, row: StoredSop): string[] {
  const now = toParts(toStandingSop(sop, row));
  const before = toParts({ ...row, confidence: row.derivedConfidence ?? row.confidence });
  return [...now].filter(([part, text]) => before.get(part) !== text).map(([part]) => part);
}

function toDifference(
  { namespace, sopId, trigger }: LearnedSop,
  difference: SopDifference['difference'],
  parts: string[] = [],
): SopDifference {
  return { namespace, sopId, trigger: trigger.slice(0, triggerShownMax), difference, parts };
}
