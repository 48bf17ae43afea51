/** Procedures in plain words: what a status means, and where an argument's value comes from. */
import { readLineParts } from '../../../../../machines/words/step-lines.ts';
import type { Binding, ProcedureStep, Requirement } from '../../../../../machines/words/sops.ts';
import { toShown, toText } from '../../parts/shown-text.ts';

export const statuses = ['active', 'candidate', 'shadow', 'quarantined', 'deprecated', 'retired'] as const;

export const meanings: Readonly<Record<string, string>> = {
  active: 'Agents are given it.',
  candidate: 'Being watched; agents are not given it yet.',
  shadow: 'Compared with what agents really do, without being given to them.',
  quarantined: 'Held back, because it went wrong or looks unsafe.',
  deprecated: 'Something better has taken its place.',
  retired: 'No longer given to agents.',
};

/** Where a value comes from, as a person would say it, and how often it came from elsewhere. */
export function toOrigin(binding: Binding): string {
  const { against = 0 } = binding;
  return `${toPlace(binding)}${against === 0 ? '' : ` (${against} ${against === 1 ? 'time' : 'times'} otherwise)`}`;
}

function toPlace({ from, value, step, path, selector }: Binding): string {
  const where = path === undefined || path === '' ? '' : ` (${toShown(path.replace(/^\//, ''), 60)})`;
  const which = selector === undefined ? '' : `: ${toShown(selector, 80)}`;
  if (from === 'constant') return `always ${toText(value, 80)}`;
  if (from === 'task') return `from the task${which}`;
  if (from === 'result') return `from the result of step ${(step ?? 0) + 1}${where}${which}`;
  if (from === 'argument') return `the same as in step ${(step ?? 0) + 1}${where}`;
  return `the agent decides${which === '' ? '' : ` (${toShown(selector ?? '', 80)})`}`;
}

/** What has to be done before a step, as a person would say it; what need not be done at all is left out. */
export function toNeeds(
  requires: readonly Requirement[],
  procedure: readonly Pick<ProcedureStep, 'optional'>[],
): string | undefined {
  const steps = requires
    .filter(({ step }) => procedure[step]?.optional !== true)
    .map(({ step, support }) => {
      const percent = Math.round(support * 100);
      return `step ${step + 1}${percent === 100 ? '' : ` (in ${percent} %)`}`;
    });
  return steps.length === 0 ? undefined : `only after ${steps.join(', ')}`;
}

/** What is special about a step; nothing where it is simply needed. */
export function toTraits({ optional, repeated, alternatives, support }: ProcedureStep): string[] {
  return [
    ...(optional ? [`optional, in ${Math.round(support * 100)} %`] : []),
    ...(repeated ? ['may repeat'] : []),
    ...(alternatives.length > 0 ? [`${alternatives.length + 1} ways`] : []),
  ];
}

/** Characters of a line; one that is cut says so. */
const lineMax = 2_000;

interface PlainLine {
  readonly text: string;
  /** What is special about the step, as learning words it; '' in a line of somebody else, which is whole. */
  readonly notes: string;
}

/**
 * A step's line without its number. Only what learning wrote for this very step loses its bindings, which are told beside
 * it; whatever a person or another Drey wrote stays whole, or it could say to agents what nobody sees here.
 */
export function toPlainLine(line: string, at: number, step: ProcedureStep | undefined): PlainLine {
  const parts = step === undefined ? undefined : readLineParts(line, at, step);
  if (parts !== undefined)
    return { text: toShown(parts.name, lineMax), notes: toShown(parts.notes, lineMax) };
  const number = `${at + 1}. `;
  return { text: toShown(line.startsWith(number) ? line.slice(number.length) : line, lineMax), notes: '' };
}

/** A tool's name and the server it is of. */
export function toToolParts(name: string): { readonly server: string; readonly tool: string } {
  const at = name.indexOf('__');
  return at < 0
    ? { server: '', tool: toShown(name, 80) }
    : { server: toShown(name.slice(0, at), 40), tool: toShown(name.slice(at + 2), 80) };
}
