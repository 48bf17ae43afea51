/**
 * A procedure as lines that people and models read: the one place that knows how a step is worded, for learning, which
 * writes them, and for whoever has to tell such a line from a person's. Only names, templates and task words; no values of results.
 */
import type { Binding, ProcedureStep } from './sops.ts';

/** `1. fs__read_file — path: from the task`. */
export function toLines(procedure: readonly ProcedureStep[], programs: readonly string[]): string[] {
  return procedure.map((step, at) => toLine(step, at, programs[at] ?? ''));
}

/** One of them, by its place. */
export function toLine(step: ProcedureStep, at: number, program: string): string {
  const { name, notes, args } = toLineParts(step, program);
  // One text, and not put together of pieces that would all be kept.
  return [`${at + 1}. `, name, notes, args].join('');
}

/** A procedure with its lines. */
interface Worded {
  readonly procedure: readonly ProcedureStep[];
  readonly steps: readonly string[];
}

/**
 * The lines of a procedure that was changed, where those it had were all written for it: they would tell of steps that
 * are gone. Undefined where somebody worded one of them, who words the others as well.
 */
export function toNewLines(before: Worded, procedure: readonly ProcedureStep[]): string[] | undefined {
  const { steps } = before;
  const isOurs = (step: ProcedureStep, at: number): boolean =>
    readLineParts(steps[at] ?? '', at, step) !== undefined;
  if (steps.length !== before.procedure.length || !before.procedure.every(isOurs)) return undefined;
  const programs = procedure.map((step) => {
    const kept = before.procedure.findIndex((one) => toLine(one, 0, '') === toLine(step, 0, ''));
    return toProgramOf(steps[kept] ?? '');
  });
  return toLines(procedure, programs);
}

/** What a step's line is made of behind its number; put together they are the line. */
interface LineParts {
  /** The tool, and the program that it was given. */
  readonly name: string;
  /** What is special about the step. */
  readonly notes: string;
  /** Where its arguments come from. */
  readonly args: string;
}

/** The parts of a line, if it is exactly what is written for this step in this place; a person's line has none. */
export function readLineParts(line: string, at: number, step: ProcedureStep): LineParts | undefined {
  const program = toProgramOf(line);
  return line === toLine(step, at, program) ? toLineParts(step, program) : undefined;
}

/** The program that a line names behind its tool; '' where there is none. */
export function toProgramOf(line: string): string {
  return /^\d+\. \S+ \(([^()]*)\)/.exec(line)?.[1] ?? '';
}

function toLineParts(step: ProcedureStep, program: string): LineParts {
  const notes = [
    ...(step.optional ? ['optional'] : []),
    ...(step.repeated ? ['repeat as needed'] : []),
    ...(step.alternatives.length === 0 ? [] : [`or ${step.alternatives.map(toPlain).join(' or ')}`]),
  ];
  // In an order of their own: Postgres gives members back in another than they were written in.
  const args = Object.entries(step.args)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([path, binding]) => `${toPlain(path)}: ${toPhrase(binding)}`);
  return {
    name: toPlain(step.tool) + (program === '' ? '' : ` (${program})`),
    notes: notes.length === 0 ? '' : ` [${notes.join('; ')}]`,
    args: args.length === 0 ? '' : ` — ${args.join(', ')}`,
  };
}

/** Where an argument comes from, in words. */
export function toPhrase(binding: Binding): string {
  const selector = binding.selector ?? '';
  if (binding.from === 'constant') return toPlain(JSON.stringify(binding.value) ?? 'null');
  if (binding.from === 'task') return selector === '' ? 'from the task' : `from the task (${selector})`;
  const origin = `step ${(binding.step ?? 0) + 1}`;
  const path = binding.path === undefined || binding.path === '' ? '' : ` ${binding.path}`;
  if (binding.from === 'result')
    return `from the result of ${origin}${path}${selector === '' ? '' : ` (${selector})`}`;
  if (binding.from === 'argument') return `same as ${origin}${path}`;
  return selector === '' ? 'ask' : `ask (${selector})`;
}

/** One line without control characters. */
function toPlain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').slice(0, 300);
}
