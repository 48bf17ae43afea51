/** What steps require of each other, when steps of a procedure are left out or counted anew. It adds no requirement. */
import type { ProcedureStep } from './sops.ts';

/** The step with its requirements counted anew; `placeOf` gives the new place of a step, or undefined where it is gone. */
export function reseat(
  { requires = [], ...step }: ProcedureStep,
  placeOf: (step: number) => number | undefined,
): ProcedureStep {
  const still = requires.flatMap((required) => {
    const place = placeOf(required.step);
    return place === undefined ? [] : [{ ...required, step: place }];
  });
  return still.length === 0 ? step : { ...step, requires: still };
}
