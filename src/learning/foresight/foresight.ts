/**
 * Foresight's door: from the tasks that went well, what an agent will likely do next. Pure and deterministic. It never
 * names a tool that was not seen, and it knows when it knows nothing.
 */
import { bindCall, type BoundValue } from './binding-book.ts';
import { toState, toStateCall, toTold } from './binding-state.ts';
import { mayBeConstantOf } from '../effects.ts';
import { ask } from './experts.ts';
import { prior } from '../score.ts';
import { alikeMin } from './judging.ts';
import { type Knowledge, type Standing, toCandidates, toStandings } from './knowledge.ts';
import { blend } from './mixer.ts';
import { toSymbolText } from './naming.ts';
import { toTraceSteps, type SeenStep } from './traces.ts';
import { toFeatures } from './wording-features.ts';
import type { Learned } from './training.ts';

export { recall, train, type Learned } from './training.ts';
export { toSymbolName, type SeenStep } from './traces.ts';
export { arrange } from './arranging.ts';
export { isStrange } from './familiar.ts';
export { judge } from './judging.ts';
export { createTraceKeeper, type TraceKeeper } from './keeper.ts';
export { isModel, type Model, readModel, toModel } from './model.ts';
export { finish } from './slices.ts';

/** What may come next; `tool: null`: the task is done. */
export interface Foreseen {
  readonly tool: string | null;
  /** Of a shell-like tool, the program it will most likely run; else the word that tells what the tool is to do. */
  readonly program?: string;
  /** The argument in which that word stands. */
  readonly key?: string;
  readonly probability: number;
}

/** What is foreseen, and how many known tasks that resemble this one stand behind it. */
export interface Foresight {
  readonly next: readonly Foreseen[];
  readonly alike: number;
}

/** Wordings from which on backtests say what a probability is worth. */
const calibratedFrom = 60;

/** The likely next steps, most probable first; none where neither the task nor its steps are like anything known. */
export function foresee(learned: Learned, task: string, seen: readonly SeenStep[], limit: number): Foresight {
  const { knowledge, weights, naming } = learned;
  const steps = naming.steps(toTraceSteps(seen));
  const standing = toStandings(knowledge, toFeatures(task), steps).at(-1);
  if (standing === undefined || knowledge.symbols.length === 0) return { next: [], alike: 0 };
  const alike = countAlike(standing);
  const doubt = toDoubt(knowledge, alike);
  const isStrange = standing.near.length === 0 && standing.symbols.every((symbol) => symbol < 0);
  if (isStrange) return { next: [], alike };
  const candidates = toCandidates(knowledge, standing);
  const probabilities = blend(weights, ask(knowledge, standing, candidates));
  const found = new Map<string | null, Foreseen & { readonly most: number }>();
  candidates.forEach((place, at) => {
    const probability = (probabilities[at] ?? 0) * doubt;
    const symbol = knowledge.symbols[place] ?? '\n';
    const { tool, program } = splitSymbol(symbol);
    const key = naming.keyOf(tool, program);
    // Programs of a shell-like tool are one answer, what a key tells apart is several.
    const name = place === knowledge.stop ? null : key === undefined ? tool : symbol;
    const known = found.get(name);
    const told = { ...(program === '' ? {} : { program }), ...(key === undefined ? {} : { key }) };
    const own = { tool: name === null ? null : tool, ...told, most: probability };
    const sum = probability + (known?.probability ?? 0);
    found.set(name, {
      ...(known !== undefined && known.most >= probability ? known : own),
      probability: sum,
    });
  });
  const next = [...found.values()]
    .map(({ most: _most, ...one }) => one)
    .sort((a, b) => b.probability - a.probability)
    .slice(0, limit);
  return { next, alike };
}

/**
 * Runs of tasks that resemble this one by their words, or have a word in common and took the same steps: among few
 * wordings a word that all have weighs nothing.
 */
function countAlike({ near, symbols }: Standing): number {
  const byText = near
    .filter(({ likeness }) => likeness >= alikeMin)
    .reduce((sum, { document }) => sum + document.runs.length, 0);
  if (symbols.length === 0) return byText;
  const runs = near.flatMap(({ document }) => document.runs);
  const byStep = runs.filter((run) => symbols.every((symbol) => run.symbols.includes(symbol))).length;
  return Math.max(byText, byStep);
}

/**
 * What a mixture of few tasks says is no measured probability: nothing could be held back to find out how often it is right.
 * Until then a step is no surer than a procedure of as many successes would be, by the same posterior.
 */
function toDoubt({ documents }: Knowledge, alike: number): number {
  if (documents.all.length >= calibratedFrom) return 1;
  return (alike + prior.successes) / (alike + prior.successes + prior.failures);
}

/** A call as an agent made it. */
export interface MadeCall {
  readonly tool: string;
  readonly args: unknown;
  readonly result: unknown;
}

/**
 * Values for the arguments of a call that may be made next, by leaf path; `program` as it was foreseen. The word that the
 * symbol tells stands in its argument as surely as the call is that one; where only somebody's approval makes constants it is left out, unless
 * something else than habit says it as well.
 */
export function bindArguments(
  { book, naming }: Learned,
  task: string,
  made: readonly MadeCall[],
  tool: string,
  program = '',
): Map<string, BoundValue> {
  const calls = made.map((call) => naming.call(toStateCall(call.tool, call.args, call.result)));
  const key = naming.keyOf(tool, program);
  const name = key === undefined ? tool : toSymbolText(tool, program);
  const bound = bindCall(book, name, toState(toTold(task), calls));
  if (key === undefined) return bound;
  if (mayBeConstantOf(tool, key, program))
    bound.set(key, { value: program, probability: 1, rule: symbolRule });
  else if (bound.get(key)?.value !== program) bound.delete(key);
  return bound;
}

/** What stands for the rule where the symbol itself says the value. */
const symbolRule = 'symbol';

function splitSymbol(symbol: string): { readonly tool: string; readonly program: string } {
  const at = symbol.lastIndexOf('\n');
  return { tool: symbol.slice(0, at), program: symbol.slice(at + 1) };
}
