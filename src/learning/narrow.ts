/**
 * A stored procedure narrowed to the steps that are kept for one task: places are counted anew, and an argument whose
 * origin was left out must be asked for. It adds nothing; the stored procedure stays as it is.
 */
import { reseat } from '../../machines/words/requirements.ts';
import { toLines, toProgramOf } from '../../machines/words/step-lines.ts';
import type { Binding, LearnedSop, ProcedureStep } from '../../machines/words/sops.ts';
import type { KeptStep } from './foresight/tailor.ts';

type Steps = Pick<LearnedSop, 'steps' | 'procedure'>;

/** The procedure as it is served for a task, and the tools of the steps that were left out. */
export interface Narrowed extends Steps {
  readonly leftOut: readonly string[];
}

/** Keeps some steps of a procedure. */
export function narrow({ steps, procedure }: Steps, kept: readonly KeptStep[]): Narrowed {
  const places = new Map(kept.map(({ at }, place) => [at, place]));
  const swapped = new Set(kept.filter(({ at, tool }) => procedure[at]?.tool !== tool).map(({ at }) => at));
  const placeOf = (step: number) => (swapped.has(step) ? undefined : places.get(step));
  const own = kept.flatMap(({ at, tool, repeated }): ProcedureStep[] => {
    const from = procedure[at];
    if (from === undefined) return [];
    if (!swapped.has(at)) return [{ ...reseat(from, placeOf), repeated, args: rebind(from.args, placeOf) }];
    const { part: _part, ...other } = from;
    const alternatives = [from.tool, ...from.alternatives.filter((one) => one !== tool)];
    return [{ ...reseat(other, () => undefined), tool, repeated, alternatives, args: {} }];
  });
  const programs = kept.map(({ at }) => (swapped.has(at) ? '' : toProgramOf(steps[at] ?? '')));
  const leftOut = procedure.filter((_, at) => !places.has(at)).map(({ tool }) => tool);
  return { procedure: own, steps: toLines(own, programs), leftOut };
}

/** Steps are counted anew. */
function rebind(
  args: ProcedureStep['args'],
  placeOf: (step: number) => number | undefined,
): Record<string, Binding> {
  return Object.fromEntries(
    Object.entries(args).map(([path, binding]): [string, Binding] => {
      if (binding.step === undefined) return [path, binding];
      const step = placeOf(binding.step);
      return [path, step === undefined ? { from: 'ask', support: binding.support } : { ...binding, step }];
    }),
  );
}
