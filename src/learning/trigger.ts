/**
 * What calls for a procedure: the wording that is most like the others, and the further wordings, with their particulars
 * replaced by placeholders. Where nobody stated a task, names of tools and arguments stand in.
 */
import { bounds } from './bounds.ts';
import type { Case } from './case.ts';
import type { AlignedStep } from './align.ts';
import { remember } from './remember.ts';
import { toNameWords, toTerms } from './terms.ts';
import { toWordings } from './wordings.ts';

export interface Trigger {
  readonly trigger: string;
  readonly triggerFrom: 'task' | 'calls';
  readonly wordings: readonly string[];
}

/** The trigger and the other wordings of a cluster. */
export function toTrigger(
  members: readonly Case[],
  steps: readonly AlignedStep[],
  toolOf: (symbol: string) => string,
): Trigger {
  const stated = members.filter((one) => one.stated);
  if (stated.length === 0) {
    return { trigger: toCallsTrigger(members, steps, toolOf), triggerFrom: 'calls', wordings: [] };
  }
  const wordings = toWordings(stated);
  const trigger = wordings[toMedoid(wordings)] ?? '';
  return { trigger, triggerFrom: 'task', wordings: wordings.filter((wording) => wording !== trigger) };
}

const termsOf = remember((wording) => toTerms(wording).map(({ term }) => term), bounds.charsRemembered);

/** The wording that shares most terms with the others. */
function toMedoid(wordings: readonly string[]): number {
  const counts = new Map<string, number>();
  const terms = wordings.map((wording) => termsOf(wording));
  for (const each of terms) for (const term of each) counts.set(term, (counts.get(term) ?? 0) + 1);
  let best = 0;
  let bestScore = -1;
  terms.forEach((each, at) => {
    const score =
      each.reduce((sum, term) => sum + (counts.get(term) ?? 0), 0) / Math.sqrt(Math.max(1, each.length));
    if (score > bestScore + 1e-9) [best, bestScore] = [at, score];
  });
  return best;
}

/** What calls are called, each once: the words of their tools, or their programs. */
export function toCallNames(calls: readonly { readonly symbol: string; readonly tool: string }[]): string[] {
  const names: string[] = [];
  for (const { symbol, tool } of calls) {
    const own = tool.includes('__') ? tool.slice(tool.indexOf('__') + 2) : tool;
    const program = symbol.slice(tool.length).trim();
    const name = program === '' ? toNameWords(own).join(' ') : program;
    if (name !== '' && !names.includes(name)) names.push(name);
  }
  return names;
}

/** `list directory, read file: path`. */
function toCallsTrigger(
  members: readonly Case[],
  steps: readonly AlignedStep[],
  toolOf: (symbol: string) => string,
): string {
  const names = toCallNames(steps.map(({ symbol }) => ({ symbol, tool: toolOf(symbol) })));
  const used = new Set(steps.map((step) => step.symbol));
  const keys = new Map<string, number>();
  for (const one of members.slice(0, bounds.bindingEpisodesMax)) {
    for (const symbol of one.line.symbols) {
      if (!used.has(symbol.id)) continue;
      for (const key of symbol.keys.slice(0, 20)) keys.set(key, (keys.get(key) ?? 0) + 1);
    }
  }
  const common = [...keys]
    .filter(([key]) => /^[A-Za-z_][\w.-]{0,40}$/.test(key))
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, 6)
    .map(([key]) => key);
  const head = names.slice(0, 12).join(', ') || 'calls';
  return `${head}${common.length === 0 ? '' : `: ${common.join(', ')}`}`.slice(0, 2_000);
}
