/**
 * A procedure as a statechart that any XState tool opens: one state a step, one event for each way on. It names tools
 * and where arguments come from; it must never hold code, since others read it.
 */
import type { PartReference, Procedure, ProcedureStep } from './words/sops.ts';

/** What leaves a step: it was done, left out, done by another tool, needed once more, or it failed. */
export type ChartEvent = 'done' | 'skip' | 'again' | 'fail' | `instead.${number}`;

interface ChartTransition {
  readonly target: string;
  readonly description: string;
}

export interface ChartState {
  readonly type?: 'final';
  readonly description: string;
  readonly tags?: readonly string[];
  /** States that have to be done before, by what is known; and the part that the step belongs to. */
  readonly meta?: { readonly requires?: readonly string[]; readonly part?: PartReference };
  /** The call itself: whoever runs the chart brings the action `callTool`. */
  readonly entry?: readonly { readonly type: 'callTool'; readonly params: object }[];
  readonly on?: Readonly<Partial<Record<ChartEvent, ChartTransition>>>;
}

/** A machine configuration as JSON: `createMachine` takes it, and Stately's editor opens it. */
export interface ProcedureChart {
  readonly id: string;
  readonly version: string;
  readonly description: string;
  readonly initial: string;
  readonly context: { readonly sopId: string; readonly trigger: string };
  readonly states: Readonly<Record<string, ChartState>>;
}

interface ChartSource {
  readonly sopId: string;
  readonly version: number;
  readonly trigger: string;
  readonly steps: readonly string[];
  readonly procedure: Procedure;
}

/** The name of a step's state: readable, unique, and nothing but letters, digits and `_`. */
export function toStateName(step: Pick<ProcedureStep, 'tool'>, index: number): string {
  const word = step.tool.replaceAll(/[^A-Za-z0-9]+/g, '_').slice(0, 60);
  return `step_${index + 1}_${word.replaceAll(/^_+|_+$/g, '') || 'call'}`;
}

/** Compiles a procedure. Without steps for programs it is done at once. */
export function toProcedureChart({ sopId, version, trigger, steps, procedure }: ChartSource): ProcedureChart {
  const names = procedure.map(toStateName);
  const states = procedure.map((step, index) => {
    const next = names[index + 1] ?? 'done';
    const line = steps.length === procedure.length ? (steps[index] ?? step.tool) : step.tool;
    return [
      names[index] ?? 'done',
      toState(step, line, { own: names[index] ?? 'done', next, required: toRequired(step, names) }),
    ] as const;
  });
  return {
    id: `sop_${sopId.replaceAll(/[^A-Za-z0-9]+/g, '_')}`,
    version: String(version),
    description: trigger,
    initial: names[0] ?? 'done',
    context: { sopId, trigger },
    states: {
      ...Object.fromEntries(states),
      done: { type: 'final', description: 'The task is done.' },
      failed: { type: 'final', description: 'A step failed and nothing in the procedure recovers it.' },
    },
  };
}

function toRequired({ requires = [] }: ProcedureStep, names: readonly string[]): readonly string[] {
  return requires.flatMap(({ step }) => names[step] ?? []);
}

function toState(
  step: ProcedureStep,
  line: string,
  ways: { readonly own: string; readonly next: string; readonly required: readonly string[] },
): ChartState {
  const { own, next, required } = ways;
  const { tool, args, optional, repeated, alternatives, support, part } = step;
  const meta = {
    ...(required.length === 0 ? {} : { requires: required }),
    ...(part === undefined ? {} : { part }),
  };
  const tags = [...(optional ? ['optional'] : []), ...(repeated ? ['repeated'] : [])];
  const others = alternatives.map(
    (other, index) => [`instead.${index + 1}`, { target: next, description: `by ${other}` }] as const,
  );
  return {
    description: line,
    ...(tags.length === 0 ? {} : { tags }),
    ...(Object.keys(meta).length === 0 ? {} : { meta }),
    entry: [
      { type: 'callTool', params: { tool, ...(others.length === 0 ? {} : { alternatives }), args, support } },
    ],
    on: {
      done: { target: next, description: 'the call succeeded' },
      ...(optional ? { skip: { target: next, description: 'not needed this time' } } : {}),
      ...(repeated ? { again: { target: own, description: 'needed once more' } } : {}),
      ...Object.fromEntries(others),
      fail: { target: 'failed', description: 'the call failed' },
    },
  };
}
