/** Next steps for agents: what a namespace's model foresees, in the gateway's words. It decides nothing itself. */
import { createVeil, toToldResult } from '../access/access.ts';
import type { Redaction, Veil } from '../access/access.ts';
import { toSymbolName } from '../learning/learning.ts';
import type { Foresights } from '../actors/actors.ts';
import type { GatewayNeeds } from '../gateway/gateway.ts';

type NextSteps = NonNullable<GatewayNeeds['nextSteps']>;
type RecentStep = Parameters<NextSteps>[0]['recentSteps'][number];

/** What is less likely than this is not worth an agent's attention. */
const probabilityMin = 0.01;

export interface NextStepsOptions {
  readonly foresights: Foresights;
  /** The history was kept redacted, so that a question is looked at in the same way. */
  readonly redactor: Redaction;
}

/** The gateway's `nextSteps`; undefined where there is no model, so that steps are read off the best procedure. */
export function createNextSteps({ foresights, redactor }: NextStepsOptions): NextSteps {
  return async ({ namespace, task: asked, recentSteps, limit }) => {
    const veil = createVeil(redactor.in(namespace));
    const task = veil.hideText(asked);
    const made = recentSteps.map((step) => toMade(step, veil));
    const seen = made.map(toSeen);
    const foresight = await foresights.next({ namespace, task, seen, limit });
    if (foresight === undefined || foresight.next.length === 0) return undefined;
    const likely = foresight.next.filter(({ probability }) => probability >= probabilityMin);
    return Promise.all(
      likely.map(async ({ tool, program, key, probability }) => {
        const bound = tool === null ? [] : await foresights.bind({ namespace, task, made, tool, program });
        const args = Object.fromEntries(
          [...bound].flatMap(([path, value]) => {
            const own = veil.lift(value);
            return own === undefined ? [] : [[path, own] as const];
          }),
        );
        const what = tool === null ? 'The task is done' : toCall(tool, program);
        const content = `${what}: ${Math.round(probability * 100)} % likely after ${toRuns(foresight.alike)} like this.`;
        // Where habit alone makes no constant, what others put there is told and not given.
        const ask =
          key === undefined || program === undefined || Object.hasOwn(args, key)
            ? {}
            : { ask: { [key]: program } };
        return { tool, probability, content, ...(tool === null ? {} : { args }), ...ask };
      }),
    );
  };
}

const toRuns = (alike: number) => (alike === 1 ? '1 run of a task' : `${alike} runs of tasks`);
const toCall = (tool: string, program: string | undefined) =>
  `Call ${tool}${program === undefined ? '' : ` (${program})`} next`;

/** A step as the archive would have kept it. */
function toMade({ tool, args, result, error }: RecentStep, veil: Veil) {
  const failed = error !== undefined && error !== null && error !== false && error !== '';
  const told = toToldResult(failed && result === undefined ? error : result);
  return { tool, args: veil.hide(args), result: veil.hide(told), failed };
}

function toSeen({ tool, args, result, failed }: ReturnType<typeof toMade>) {
  const symbol = toSymbolName({
    name: tool,
    tool: tool.includes('__') ? tool.slice(tool.indexOf('__') + 2) : tool,
    args,
  });
  return { symbol, args, result, error: failed };
}
