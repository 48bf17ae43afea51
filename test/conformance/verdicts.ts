/**
 * Judges what the suite found against the list of exceptions, in both directions: what fails must be on the list, and what
 * is on the list must fail. Pure.
 */
import type { Check, Leg, Requirements, Revision } from './suite.ts';

/** Who is put to the test. */
export type Subject = 'fixture' | 'drey' | 'drey over stdio' | 'drey alone' | 'upstream room';

/** One line of the list: these may fail, and why. `scenario:check` excuses a single check. */
export interface Exception {
  readonly subjects: readonly Subject[];
  readonly revisions: readonly Revision[];
  readonly scenarios: readonly string[];
  readonly reason: string;
}

/** One line of the table. */
export interface Verdict {
  readonly subject: Subject;
  readonly leg: Leg;
  readonly revision: Revision;
  readonly scenario: string;
  /** False for what a revision does not require: extensions, and what the suite itself holds back. */
  readonly required: boolean;
  readonly verdict: 'passed' | 'expected failure' | 'FAILED' | 'FAILED (stale exception)';
  /** Checks that passed and failed. */
  readonly passed: number;
  readonly failed: number;
  /** Why it may fail, or what failed. */
  readonly why: string;
}

export interface Judged {
  readonly subject: Subject;
  readonly leg: Leg;
  readonly revision: Revision;
  readonly wanted: Requirements;
  readonly found: ReadonlyMap<string, readonly Check[]>;
  readonly exceptions: readonly Exception[];
}

/** One verdict for each scenario that was wanted, in their order. */
export function judge(judged: Judged): Verdict[] {
  const { wanted, subject, leg, revision, found } = judged;
  const reasons = new Map(
    judged.exceptions
      .filter((one) => one.subjects.includes(subject) && one.revisions.includes(revision))
      .flatMap(({ scenarios, reason }) => scenarios.map((scenario) => [scenario, reason] as const)),
  );
  const verdicts = [...wanted.required, ...wanted.unscored].map((scenario): Verdict => {
    const required = wanted.required.includes(scenario);
    const counted = countChecks(found.get(scenario));
    return { subject, leg, revision, scenario, required, ...counted, ...decide(scenario, counted, reasons) };
  });
  const known = new Set(verdicts.map(({ scenario }) => scenario));
  const unknown = [...reasons.keys()].filter((key) => !known.has(key.split(':')[0] ?? ''));
  return [
    ...verdicts,
    ...unknown.map((scenario): Verdict => {
      const why = 'there is no such scenario; take it off the list of exceptions';
      const nothing = { required: false, passed: 0, failed: 0 };
      return { subject, leg, revision, scenario, ...nothing, verdict: 'FAILED (stale exception)', why };
    }),
  ];
}

interface Counted {
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly Check[];
}

/** A scenario that left nothing has failed as a whole. */
function countChecks(checks: readonly Check[] | undefined): Counted {
  if (checks === undefined) {
    const check = { id: 'no-result', status: 'FAILURE', errorMessage: 'it left no result' } as const;
    return { passed: 0, failed: 1, failures: [check] };
  }
  const failures = checks.filter(({ status }) => status === 'FAILURE');
  const passed = checks.filter(({ status }) => status === 'SUCCESS').length;
  return { passed, failed: failures.length, failures };
}

function decide(
  scenario: string,
  { failures }: Counted,
  reasons: ReadonlyMap<string, string>,
): Pick<Verdict, 'verdict' | 'why'> {
  const whole = reasons.get(scenario);
  const single = [...reasons.keys()].filter((key) => key.startsWith(`${scenario}:`));
  const toWhy = ({ id, errorMessage = '' }: Check): string => `${id}: ${errorMessage}`;
  const unexcused = failures.filter(({ id }) => whole === undefined && !single.includes(`${scenario}:${id}`));
  if (unexcused.length > 0) return { verdict: 'FAILED', why: unexcused.map(toWhy).join('; ').slice(0, 300) };
  const stale = single.filter((key) => failures.every(({ id }) => key !== `${scenario}:${id}`));
  if (stale.length > 0 || (whole !== undefined && failures.length === 0)) {
    const what = stale.length > 0 ? stale.join(', ') : scenario;
    return { verdict: 'FAILED (stale exception)', why: `${what} passes; take it off the list of exceptions` };
  }
  if (failures.length === 0) return { verdict: 'passed', why: '' };
  const why = whole ?? [...new Set(single.map((key) => reasons.get(key) ?? ''))].join('; ');
  return { verdict: 'expected failure', why };
}

/** What makes the run fail. */
export function isUnexpected({ verdict }: Verdict): boolean {
  return verdict.startsWith('FAILED');
}

/** Columns for people. */
export function toTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ subject, revision, scenario, required, verdict, passed, failed, why }) => [
    subject,
    revision,
    required ? scenario : `${scenario} (not required)`,
    verdict,
    `${passed}/${passed + failed}`,
    why,
  ]);
  const table = [['subject', 'revision', 'scenario', 'verdict', 'checks', 'why'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
