/** Last step: a procedure as lines that people and models read. Only names, templates and task words; no values of results. */
import type { Binding, ProcedureStep } from '../../machines/words/sops.ts';

/** `1. fs__read_file — path: from the task`. */
export function toLines(procedure: readonly ProcedureStep[], programs: readonly string[]): string[] {
  return procedure.map((step, at) => {
    const program = programs[at] ?? '';
    const name = toPlain(step.tool) + (program === '' ? '' : ` (${program})`);
    const notes = [
      ...(step.optional ? ['optional'] : []),
      ...(step.repeated ? ['repeat as needed'] : []),
      ...(step.alternatives.length === 0 ? [] : [`or ${step.alternatives.map(toPlain).join(' or ')}`]),
    ];
    const args = Object.entries(step.args).map(([path, binding]) => `${toPlain(path)}: ${toPhrase(binding)}`);
    const head = `${at + 1}. ${name}${notes.length === 0 ? '' : ` [${notes.join('; ')}]`}`;
    return args.length === 0 ? head : `${head} — ${args.join(', ')}`;
  });
}

/** The program that a line names behind its tool; '' where there is none. */
export function toProgramOf(line: string): string {
  return /^\d+\. \S+ \(([^()]*)\)/.exec(line)?.[1] ?? '';
}

function toPhrase(binding: Binding): string {
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
