/**
 * What a run does next: the call with its arguments as far as they are known, what is missing, and whether a person must
 * agree. It decides from the procedure, the tool's own definition and what was given; it calls nothing.
 */
import { createHash } from 'node:crypto';
import { runLimits } from '../../../machines/words/runs.ts';
import type { RunDeviation, RunOffer } from '../../../machines/words/runs.ts';
import type { RunContext } from '../../../machines/run.machine.ts';
import { fillArguments, toArguments, toPaths } from '../../learning/learning.ts';
import type { CatalogueTool } from '../needs.ts';

/** What a person or an agent says to a run. */
export interface RunGiven {
  /** Values by leaf path, as they are named where they are missing. */
  readonly inputs?: Readonly<Record<string, unknown>> | undefined;
  readonly approve?: boolean | undefined;
  readonly skip?: boolean | undefined;
  /** The step that is meant. */
  readonly step?: number | undefined;
  /** The offer that was shown. */
  readonly fingerprint?: string | undefined;
}

export const fingerprintCharsMax = 64;
const fingerprintChars = 16;

/** A short name of all that a person is shown of a call: who says yes to one never says yes to another. */
export function toFingerprint({ step, tool, args, missing, approval }: RunOffer): string {
  const shown = JSON.stringify([step, tool, args, missing, approval]);
  return createHash('sha256').update(shown).digest('hex').slice(0, fingerprintChars);
}

export interface Offered {
  readonly offer: RunOffer;
  readonly deviates: RunDeviation | null;
}

/** What a step would need more room for than a call has. */
export interface TooLarge {
  readonly tooLarge: string;
}

/** What an offer holds already, by leaf path, so that what is missing can come in parts. */
export function toInputs({ offer, at }: RunContext): Readonly<Record<string, unknown>> {
  return offer === null || offer.step !== at ? {} : toPaths(offer.args);
}

/** The offer for the step that the run is at; undefined where the procedure ends. */
export function toOffer(
  { plan, at, taken }: RunContext,
  tools: readonly CatalogueTool[],
  inputs: Readonly<Record<string, unknown>>,
): Offered | TooLarge | undefined {
  const step = plan?.procedure[at];
  if (plan === null || step === undefined) return undefined;
  const { values, missing } = fillArguments(step, plan.task, taken);
  const tool = tools.find(({ name }) => name === step.tool);
  const { properties, required, annotations } = toDefinition(tool);
  const coerce = (path: string, value: unknown): unknown =>
    toTyped(value, properties[path.split('/')[0] ?? '']);
  const given = Object.entries(inputs);
  const all = new Map<string, unknown>(
    [...values, ...given].map(([path, value]) => [path, coerce(path, value)]),
  );
  const args = toArguments(all);
  const names = new Set([...all.keys()].map((path) => path.split('/')[0]));
  const lacking = [
    ...missing.filter((path) => !all.has(path)),
    // What nobody ever bound, and the tool cannot do without.
    ...required.filter((name) => !names.has(name) && !missing.some((path) => path.split('/')[0] === name)),
  ];
  if (Buffer.byteLength(JSON.stringify(args)) > runLimits.argsBytesMax)
    return { tooLarge: `the arguments of ${step.tool} may have ${runLimits.argsBytesMax} bytes` };
  const isChanged = given.some(([path, value]) => values.has(path) && values.get(path) !== value);
  return {
    offer: {
      step: at,
      tool: step.tool,
      args,
      missing: lacking,
      approval: toApproval(step.tool, tool, annotations),
    },
    deviates: isChanged ? 'arguments' : null,
  };
}

type Definition = ReturnType<typeof toDefinition>;

function toDefinition(tool: CatalogueTool | undefined): {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly required: readonly string[];
  readonly annotations: Readonly<Record<string, unknown>> | undefined;
} {
  const { inputSchema, annotations } = (tool?.definition ?? {}) as Readonly<Record<string, unknown>>;
  const schema = isRecord(inputSchema) ? inputSchema : {};
  const { properties, required } = schema;
  return {
    properties: isRecord(properties) ? properties : {},
    required: Array.isArray(required) ? required.filter((one) => typeof one === 'string') : [],
    annotations: isRecord(annotations) ? annotations : undefined,
  };
}

/** Who only reads needs nobody's word; who says nothing about itself is taken at its worst, as the protocol says. */
function toApproval(
  name: string,
  tool: CatalogueTool | undefined,
  annotations: Definition['annotations'],
): string | null {
  if (tool === undefined) return `${name} is not offered now: the call may fail`;
  if (annotations?.['readOnlyHint'] === true) return null;
  if (annotations?.['destructiveHint'] === false) return null;
  if (annotations?.['destructiveHint'] === true) return `${name} says that it may destroy or overwrite`;
  return `${name} does not say whether it changes anything`;
}

/** True for a call that may be made twice without harm. */
export function isRepeatable(tools: readonly CatalogueTool[], name: string): boolean {
  const { annotations } = toDefinition(tools.find((tool) => tool.name === name));
  return annotations?.['readOnlyHint'] === true || annotations?.['idempotentHint'] === true;
}

/** Text that stands for a number or a truth value, where the tool wants one. */
function toTyped(value: unknown, schema: unknown): unknown {
  if (typeof value !== 'string' || !isRecord(schema)) return value;
  const { type } = schema;
  if ((type === 'number' || type === 'integer') && /^[+-]?\d+(\.\d+)?$/.test(value.trim()))
    return Number(value);
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
