/** Next steps for agents: what a namespace's model foresees, in the gateway's words. It decides nothing itself. */
import { toSymbolName } from '../learning/learning.ts';
import type { Foresights } from '../actors/actors.ts';
import type { GatewayNeeds } from '../gateway/gateway.ts';

type NextSteps = NonNullable<GatewayNeeds['nextSteps']>;
type RecentStep = Parameters<NextSteps>[0]['recentSteps'][number];

/** What is less likely than this is not worth an agent's attention. */
const probabilityMin = 0.01;

/** The gateway's `nextSteps`; undefined where there is no model, so that steps are read off the best procedure. */
export function createNextSteps({ foresights }: { readonly foresights: Foresights }): NextSteps {
  return async ({ namespace, task, recentSteps, limit }) => {
    const seen = recentSteps.map(toSeen);
    const foresight = await foresights.next({ namespace, task, seen, limit });
    if (foresight === undefined || foresight.next.length === 0) return undefined;
    const likely = foresight.next.filter(({ probability }) => probability >= probabilityMin);
    return Promise.all(
      likely.map(async ({ tool, program, probability }) => {
        const bound =
          tool === null
            ? []
            : await foresights.bind({ namespace, task, made: recentSteps.map(toMade), tool });
        const args = Object.fromEntries(bound);
        const what = tool === null ? 'The task is done' : toCall(tool, program);
        const content = `${what}: ${Math.round(probability * 100)} % likely after ${foresight.alike} runs of tasks like this.`;
        return { tool, probability, content, ...(tool === null ? {} : { args }) };
      }),
    );
  };
}

const toCall = (tool: string, program: string | undefined) =>
  `Call ${tool}${program === undefined ? '' : ` (${program})`} next`;
const toMade = ({ tool, args, result }: RecentStep) => ({ tool, args, result });

function toSeen({ tool, args, result, error }: RecentStep) {
  const symbol = toSymbolName({
    name: tool,
    tool: tool.includes('__') ? tool.slice(tool.indexOf('__') + 2) : tool,
    args,
  });
  const failed = error !== undefined && error !== null && error !== false && error !== '';
  return { symbol, args, result: failed && result === undefined ? error : result, error: failed };
}
