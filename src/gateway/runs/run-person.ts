/**
 * Asking the person behind a client, by MCP elicitation, for what a run waits for. A client that cannot ask is not
 * replaced by its model: an approval is a person's word.
 */
import type { Asker } from '../../../machines/words/calls.ts';
import type { RunOffer } from '../../../machines/words/runs.ts';
import type { Binding } from '../../../machines/words/sops.ts';
import { toPhrase } from '../../../machines/words/step-lines.ts';
import type { StopSignal } from '../../../machines/words/stop.ts';
import type { RunStanding } from '../runs-need.ts';
import type { RunGiven } from './run-offer.ts';

/** Characters of shown arguments. */
const argsCharsMax = 2_000;

/** True where the client said that it can ask a person. */
export function canAsk(asker: Asker | undefined): asker is Asker {
  const { capabilities } = asker ?? {};
  return capabilities !== undefined && typeof capabilities['elicitation'] === 'object';
}

/** The question as `elicitation/create` takes it. */
export function toQuestion({ state, context }: RunStanding): object {
  const { offer } = context;
  if (offer === null)
    return { message: 'The run waits.', requestedSchema: { type: 'object', properties: {} } };
  const shown = toShown(offer.args);
  if (state === 'awaitingApproval') return toApproval(offer, shown);
  const args = context.plan?.procedure[offer.step]?.args ?? {};
  const properties = Object.fromEntries(
    offer.missing.map((path) => [path, { type: 'string', title: path, ...toOrigin(args[path]) }]),
  );
  return {
    message: `Step ${offer.step + 1} calls ${offer.tool} with ${shown}. What is missing?`,
    requestedSchema: { type: 'object', properties, required: [...offer.missing] },
  };
}

/** Where the value came from in earlier tasks: whoever is asked can find it there. */
function toOrigin(binding: Binding | undefined): { readonly description?: string } {
  if (binding === undefined) return {};
  if (binding.from === 'ask') return { description: 'It differs from task to task.' };
  return { description: `In earlier tasks it came ${toPhrase(binding)}.` };
}

/** Whoever is asked is told that there is more. */
function toShown(args: unknown): string {
  const text = JSON.stringify(args);
  const more = text.length - argsCharsMax;
  return more <= 0
    ? text
    : `${text.slice(0, argsCharsMax).toWellFormed()} … (${more} characters more: see the run)`;
}

function toApproval({ step, tool, approval }: RunOffer, shown: string): object {
  return {
    message: `Step ${step + 1} is about to call ${tool} with ${shown}. ${approval ?? ''}. Shall it be called?`,
    requestedSchema: {
      type: 'object',
      properties: { approve: { type: 'boolean', title: `Call ${tool}` } },
      required: ['approve'],
    },
  };
}

/** What the person said; undefined where nobody did. Declining an approval is a no, closing the question is nothing. */
export function readAnswer({ state, context }: RunStanding, result: unknown): RunGiven | undefined {
  const { action, content } = (result ?? {}) as { readonly action?: unknown; readonly content?: unknown };
  if (state === 'awaitingApproval' && action === 'decline') return { approve: false };
  if (action !== 'accept' || typeof content !== 'object' || content === null) return undefined;
  const said = content as Readonly<Record<string, unknown>>;
  if (state === 'awaitingApproval') return { approve: said['approve'] === true };
  const wanted = new Set(context.offer?.missing);
  return { inputs: Object.fromEntries(Object.entries(said).filter(([path]) => wanted.has(path))) };
}

/** Asks, and waits for the answer. */
export async function askPerson(
  standing: RunStanding,
  asker: Asker,
  signal: StopSignal,
): Promise<RunGiven | undefined> {
  const answer = await asker.ask({ method: 'elicitation/create', params: toQuestion(standing), signal });
  return answer.kind === 'result' ? readAnswer(standing, answer.result) : undefined;
}
