/** What an agent would be told about a task, for people. */
import { toPlural } from '../terminal/durations.ts';
import { paintState } from '../terminal/paint.ts';
import type { Paints } from '../terminal/paint.ts';
import { toSafeLines, toSafeText } from '../terminal/safe-text.ts';
import type { AskAnswer } from './answers.ts';
import { toNumbered } from './sops-view.ts';

/** Rejected procedures that are shown; `--json` has them all. */
const rejectedShownMax = 5;

/** The SOPs that match, what else is known, the reason, and what was rejected and why. */
export function toAskLines(answer: AskAnswer, paints: Paints): string[] {
  const others = (answer.injected_context ?? []).filter((item) => item.type !== 'sop');
  return [
    ...answer.sops.flatMap((sop) => [
      paints.strong(toSafeText(sop.trigger)),
      `  ${paints.name(toSafeText(sop.sop_id))}  ${toShare(sop.confidence)} likely to be right  learned from ${toPlural(sop.occurrences, 'task')}`,
      ...(sop.why === undefined ? [] : [`  ${paints.faint(toSafeText(sop.why))}`]),
      ...toNumbered(sop.steps),
      '',
    ]),
    ...others.flatMap((item) => [
      `${paints.strong(toSafeText(item.type.replaceAll('_', ' ')))} (${toShare(item.relevance)})`,
      ...toSafeLines(item.content).map((line) => `  ${line}`),
      '',
    ]),
    ...toSafeLines(answer.reasoning || 'Nothing is known about such a task yet.'),
    ...(answer.held_out
      ? [paints.warn('This task is held out: an agent gets nothing for it, so that serving can be measured.')]
      : []),
    ...toRejectedLines(answer, paints),
  ];
}

function toRejectedLines({ rejected, bar }: AskAnswer, paints: Paints): string[] {
  if (rejected.length === 0) return [];
  const more = rejected.length - rejectedShownMax;
  return [
    '',
    `${paints.strong('rejected')}${bar === undefined ? '' : paints.faint(`  the bar is ${toShare(bar)} likely to be right`)}`,
    ...rejected
      .slice(0, rejectedShownMax)
      .flatMap((one) => [
        `  ${toSafeText(one.trigger)}`,
        `    ${paints.name(toSafeText(one.sop_id))}  ${paintState(paints, one.status)(toSafeText(one.status))}  fits ${toShare(one.relevance)}, right ${toShare(one.confidence)}`,
        `    ${paints.faint(toSafeText(one.why))}`,
      ]),
    ...(more > 0 ? [paints.faint(`  and ${more} more: --json shows all`)] : []),
  ];
}

function toShare(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}
