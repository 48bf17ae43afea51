/** A learned procedure as people and models read it. Only learned facts stand in it, and values that the reader gave. */
import type { SopView } from '../needs.ts';

/** Triggers may be long; a title is a line. */
const titleMax = 120;

/** The task in one line. */
export function toTitle({ trigger }: Pick<SopView, 'trigger'>): string {
  const line = trigger.replaceAll(/\s+/g, ' ').trim();
  return line.length <= titleMax ? line : `${line.slice(0, titleMax - 1)}…`;
}

/** One sentence for lists. */
export function toDescription(sop: SopView): string {
  const percent = Math.round(sop.confidence * 100);
  return `Learned procedure for: ${toTitle(sop)} (${percent} % confidence, ${sop.occurrences} successful tasks)`;
}

/** Its steps, a numbered line each: learned ones are numbered already, those that somebody wrote may not be. */
export function toStepLines({ steps }: Pick<SopView, 'steps'>): readonly string[] {
  return steps.map((step, index) => (step.startsWith(`${index + 1}. `) ? step : `${index + 1}. ${step}`));
}

/** What to beware of, a sentence each. */
export function toPitfallLines({ pitfalls }: Pick<SopView, 'pitfalls'>): readonly string[] {
  return pitfalls.map(({ tool, failedTimes, recoveredBy }) =>
    recoveredBy === null
      ? `Beware: ${tool} failed ${failedTimes} times here.`
      : `Beware: ${tool} failed ${failedTimes} times here; ${recoveredBy} recovered it.`,
  );
}

/** The whole procedure in Markdown. */
export function toMarkdown(sop: SopView): string {
  const steps = toStepLines(sop);
  const pitfalls = sop.pitfalls.map(
    ({ tool, failedTimes, recoveredBy }) =>
      `- ${tool} failed ${failedTimes} times${recoveredBy === null ? '' : `; ${recoveredBy} helped`}`,
  );
  return [
    `# ${toTitle(sop)}`,
    `${toDescription(sop)}. Status: ${sop.status}, version ${sop.version}, id ${sop.sopId}.`,
    ...(sop.trigger === toTitle(sop) ? [] : [sop.trigger]),
    ['## Steps', ...steps].join('\n'),
    ...(pitfalls.length === 0 ? [] : [['## Pitfalls', ...pitfalls].join('\n')]),
    'When you have followed it, say whether it helped: `acontext_record_feedback` with the id above.',
  ].join('\n\n');
}
