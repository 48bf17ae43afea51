/** What an agent would be told about a task, for people. */
import { toPlural } from '../terminal/durations.ts';
import type { Paints } from '../terminal/paint.ts';
import { toSafeLines, toSafeText } from '../terminal/safe-text.ts';
import type { AskAnswer } from './answers.ts';
import { toNumbered } from './sops-view.ts';

/** The SOPs that match, what else is known, and the reason. */
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
  ];
}

function toShare(fraction: number): string {
  return `${Math.round(fraction * 100)} %`;
}
