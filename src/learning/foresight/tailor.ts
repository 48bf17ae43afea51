/**
 * A procedure cut to a task: optional steps that it hardly needs go, and what stands in for a step takes its place where
 * near tasks did so. Nothing is put in that the procedure does not hold, and no required step is left out.
 */

/** What tailoring must know of a procedure's step. */
export interface JudgedStep {
  readonly tool: string;
  readonly optional: boolean;
  readonly repeated: boolean;
  readonly alternatives: readonly string[];
}

/** A step that is kept: its place in the procedure, and the tool that is called there for this task. */
export interface KeptStep {
  readonly at: number;
  readonly tool: string;
  readonly repeated: boolean;
}

/** Changes to one procedure, and what one of them must bring at least. */
export const tailoring = { changesMax: 5, stepsMax: 40, gain: 0.005 } as const;

/** The line that steps tell to follow; what is repeated stands there twice. */
export function toLine(steps: readonly Pick<KeptStep, 'tool' | 'repeated'>[]): string[] {
  return steps.flatMap(({ tool, repeated }) => (repeated ? [tool, tool] : [tool]));
}

/** Takes the change that brings most, as long as one brings something. */
export function tailor(
  steps: readonly JudgedStep[],
  worthOf: (line: readonly string[]) => number,
): readonly KeptStep[] {
  let kept: readonly KeptStep[] = steps.map(({ tool, repeated }, at) => ({ at, tool, repeated }));
  if (steps.length > tailoring.stepsMax) return kept;
  let worth = worthOf(toLine(kept));
  for (let change = 0; change < tailoring.changesMax; change += 1) {
    let best: { readonly kept: readonly KeptStep[]; readonly worth: number } | undefined;
    for (const tried of toChanges(steps, kept)) {
      const gained = worthOf(toLine(tried));
      if (gained > (best?.worth ?? worth + tailoring.gain)) best = { kept: tried, worth: gained };
    }
    if (best === undefined) break;
    ({ kept, worth } = best);
  }
  return kept;
}

function toChanges(steps: readonly JudgedStep[], kept: readonly KeptStep[]): KeptStep[][] {
  return kept.flatMap((step, place) => {
    const from = steps[step.at];
    if (from === undefined) return [];
    const without = from.optional && kept.length > 1 ? [kept.filter((other) => other !== step)] : [];
    const other = step.tool === from.tool ? from.alternatives : [];
    const swapped = other.map((tool) => kept.with(place, { ...step, tool }));
    const once = step.repeated ? [kept.with(place, { ...step, repeated: false })] : [];
    return [...without, ...swapped, ...once];
  });
}
