/** A learned procedure as people and models read it. Only learned facts stand in it, and values that the reader gave. */
import { findParts, toStepsText } from '../../../machines/words/parts.ts';
import type { SopView } from '../needs.ts';
import { toMarkdownBlock, toMarkdownText, toOneLine } from './plain-text.ts';
import { toSopUri } from './sop-names.ts';

/** Triggers may be long; a title is a line. */
const titleMax = 120;

/** The task in one line. */
export function toTitle({ trigger }: Pick<SopView, 'trigger'>): string {
  const line = toOneLine(trigger);
  return line.length <= titleMax ? line : `${line.slice(0, titleMax - 1).toWellFormed()}…`;
}

/** One sentence for lists. */
export function toDescription(sop: SopView): string {
  return `${toHead(sop, toTitle(sop))} (${toStanding(sop)})`;
}

/** What is no answer to a task says so. */
function toHead({ partOf }: SopView, title: string): string {
  return `${partOf === undefined ? 'Learned procedure for' : 'Learned part of other procedures'}: ${title}`;
}

function toStanding({ confidence, occurrences }: SopView): string {
  return `${Math.round(confidence * 100)} % confidence, ${occurrences} successful tasks`;
}

/** Its steps, a numbered line each: learned ones are numbered already, those that somebody wrote may not be. */
export function toStepLines({ steps }: Pick<SopView, 'steps'>): readonly string[] {
  return steps.map((step, index) => (step.startsWith(`${index + 1}. `) ? step : `${index + 1}. ${step}`));
}

/** What to beware of, a sentence each. */
export function toPitfallLines({ pitfalls }: Pick<SopView, 'pitfalls'>): readonly string[] {
  return pitfalls.map((pitfall) => {
    const { failed, where, helped } = toPitfallParts(pitfall, 'here');
    return `Beware: ${failed} ${where}${helped === null ? '' : `; ${helped} recovered it`}.`;
  });
}

/** `Bash (npm test)`, `failed 3 times at step 4`, and what helped; `nowhere` is said where no step is known. */
function toPitfallParts(pitfall: SopView['pitfalls'][number], nowhere = '') {
  const { tool, program, failedTimes, recoveredBy, recoveredProgram, step } = pitfall;
  const times = failedTimes === 1 ? 'once' : `${failedTimes} times`;
  return {
    failed: toCalled(tool, program),
    where: `failed ${times} ${step === undefined ? nowhere : `at step ${step + 1}`}`.trimEnd(),
    helped: recoveredBy === null ? null : toCalled(recoveredBy, recoveredProgram),
  };
}

const toCalled = (tool: string, program: string | undefined) =>
  program === undefined ? tool : `${tool} (${program})`;

/** The whole procedure in Markdown. */
export function toMarkdown(sop: SopView): string {
  const steps = toStepLines(sop).map((line, index) => {
    const number = `${index + 1}. `;
    return number + toMarkdownBlock(line.slice(number.length));
  });
  const pitfalls = sop.pitfalls.map((pitfall) => {
    const { failed, where, helped } = toPitfallParts(pitfall);
    return `- ${toMarkdownText(failed)} ${where}${helped === null ? '' : `; ${toMarkdownText(helped)} helped`}`;
  });
  const parts = findParts(sop.procedure).map(({ sopId, name, places }) => {
    const uri = toSopUri({ namespace: sop.namespace, sopId });
    return `- ${toStepsText(places)}: “${toMarkdownText(name)}”, learned by itself as ${toMarkdownText(uri)}`;
  });
  const title = toMarkdownText(toTitle(sop));
  return [
    `# ${title}`,
    `${toHead(sop, title)} (${toStanding(sop)}). Status: ${sop.status}, version ${sop.version}, id ${sop.sopId}.`,
    ...(toOneLine(sop.trigger) === toTitle(sop) ? [] : [toMarkdownBlock(sop.trigger)]),
    ['## Steps', ...steps].join('\n'),
    ...(parts.length === 0 ? [] : [['## Parts', ...parts].join('\n')]),
    ...(pitfalls.length === 0 ? [] : [['## Pitfalls', ...pitfalls].join('\n')]),
    'When you have followed it, say whether it helped: `acontext_record_feedback` with the id above.',
  ].join('\n\n');
}
