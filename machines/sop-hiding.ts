/**
 * How a procedure is redacted: an argument's name may say that its value is a secret, never that the place it comes from
 * is one. So a binding's value is looked at under the argument's name, and everything else of it as what it is. Hiding
 * must never change the form of a procedure.
 */
import type { Binding, ProcedureStep } from './words/sops.ts';
import { readLineParts, toLine, toProgramOf } from './words/step-lines.ts';

/** Redacts any value and keeps its form. */
type Hide = (value: unknown) => unknown;

interface WithProcedure {
  readonly steps?: readonly string[] | undefined;
  readonly procedure?: readonly ProcedureStep[] | undefined;
}

/** A procedure, or a change of one, without secrets. */
export function hideInSop<Sop extends WithProcedure>(sop: Sop, hide: Hide): Sop {
  const { steps, procedure, ...rest } = sop;
  const hidden = hide(rest) as Sop;
  const shown = procedure?.map((step) => hideInStep(step, hide));
  const lines = steps?.map((line, at) => hideInLine(line, at, procedure?.[at], hide));
  return {
    ...hidden,
    ...(steps === undefined ? {} : { steps: lines }),
    ...(procedure === undefined ? {} : { procedure: shown }),
  };
}

/** A line that says what its step says is written anew; `password: from the task` would be taken for somebody's password. */
function hideInLine(line: string, at: number, step: ProcedureStep | undefined, hide: Hide): string {
  if (step === undefined || readLineParts(line, at, step) === undefined) return hide(line) as string;
  return toLine(hideInStep(step, hide), at, hide(toProgramOf(line)) as string);
}

function hideInStep({ args, ...rest }: ProcedureStep, hide: Hide): ProcedureStep {
  const bound = Object.entries(args).flatMap(([path, binding]) => hideInBinding(path, binding, hide));
  return { ...(hide(rest) as Omit<ProcedureStep, 'args'>), args: Object.fromEntries(bound) };
}

/** The path is hidden as well where it holds a secret itself. */
function hideInBinding(path: string, { value, ...place }: Binding, hide: Hide): [string, Binding][] {
  const shown = hide(place) as Omit<Binding, 'value'>;
  return Object.entries(hide({ [path]: value }) as object).map(([name, hidden]: [string, unknown]) => [
    name,
    value === undefined ? shown : { ...shown, value: hidden },
  ]);
}
