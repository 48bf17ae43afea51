/** An edited procedure: what was changed in sight of a person, and everything else as it was. Pure. */
import { reseat } from '../../../../../machines/words/requirements.ts';
import type { ProcedureStep } from '../../../../../machines/words/sops.ts';

/** One line as it was edited. */
export interface Line {
  /** Its place before. */
  readonly was: number;
  readonly text: string;
  readonly step: ProcedureStep | undefined;
}

/** The lines of a procedure before anything is changed. */
export function toLines(steps: readonly string[], procedure: readonly ProcedureStep[]): readonly Line[] {
  return steps.map((text, was) => ({ was, text: text.replace(/^\d+\.\s*/, ''), step: procedure[was] }));
}

/**
 * The procedure of edited lines. Steps that went take what was bound to them along: the agent decides then. A procedure
 * may have more steps than lines for people; those are not edited here and stay.
 */
export function toEdited(
  lines: readonly Line[],
  procedure: readonly ProcedureStep[],
  linesBefore: number,
): ProcedureStep[] {
  const edited = lines.flatMap(({ was, step }) => (step === undefined ? [] : [{ was, step }]));
  const beyond = procedure.slice(linesBefore).map((step, index) => ({ was: linesBefore + index, step }));
  const kept = [...edited, ...beyond];
  const places = new Map(kept.map(({ was }, index) => [was, index]));
  return kept.map(({ step }) => ({
    ...reseat(step, (was) => places.get(was)),
    args: Object.fromEntries(
      Object.entries(step.args).map(([name, binding]) => {
        if (binding.step === undefined) return [name, binding];
        const place = places.get(binding.step);
        return [
          name,
          place === undefined ? { from: 'ask', support: binding.support } : { ...binding, step: place },
        ];
      }),
    ),
  }));
}
