/**
 * What the hooks of a client tell, made into facts of a logical session: what the person asks becomes its task, what
 * tools the client used without us becomes its calls. The answer is what the agent may be told, mostly nothing.
 */
import { isDreyError } from '../../machines/words/errors.ts';
import { limits } from '../../machines/words/limits.ts';
import { toSaid } from '../importers/importers.ts';
import { isWithheld } from './hold-out.ts';
import { openConversations } from './conversations.ts';
import { toObserved } from './hook-calls.ts';
import type { HookEvent } from './hook-calls.ts';
import type { GatewayNeeds, Principal, Session } from './needs.ts';
import { toPitfallLines, toStepLines } from './sops/sop-text.ts';

/** What is served unasked must be this sure. */
export const hookConfidenceMin = 0.7;
const contextCharsMax = 4_000;

/** What the client should print for its agent; undefined is nothing. */
export interface HookAnswer {
  readonly context: string | undefined;
}

export interface Hooks {
  /** Takes one event; an unknown one means nothing. What nobody waits for any more was not told to anybody. */
  take(event: HookEvent, principal: Principal, isWaiting?: () => boolean): Promise<HookAnswer>;
}

const nothing: HookAnswer = { context: undefined };

/** Opens the ear for hooks. */
export function openHooks(needs: GatewayNeeds): Hooks {
  const conversations = openConversations(needs);
  return {
    take: async (event, principal, isWaiting = () => true) => {
      switch (event.hook_event_name) {
        case 'SessionStart':
          conversations.start(event, principal);
          void warm(needs, principal);
          return nothing;
        case 'UserPromptSubmit': {
          const task = toTask(event.prompt);
          if (task === undefined) return nothing;
          const session = conversations.find(event, principal, true);
          if (!stateTask(session, task)) return nothing;
          return { context: await findContext(needs, session, task, isWaiting) };
        }
        case 'PostToolUse':
        case 'PostToolUseFailure': {
          const call = toObserved(event, principal, needs);
          if (call !== undefined) conversations.find(event, principal, false).observe(call);
          return nothing;
        }
        case 'SessionEnd':
          conversations.end(event, principal);
          return nothing;
        default:
          return nothing;
      }
    },
  };
}

/** What the person asks; undefined where the client wrote the prompt itself, or it says nothing. */
function toTask(prompt: string | undefined): string | undefined {
  const said = prompt === undefined ? undefined : toSaid(prompt);
  if (said?.kind !== 'prompt') return undefined;
  const task = said.task.replaceAll('\0', '').toWellFormed().trim().slice(0, limits.taskTextMax);
  return task === '' ? undefined : task;
}

/** A word of assent goes on with the open task; anything else begins one. False when nothing began. */
function stateTask(session: Session, task: string): boolean {
  const open = session.task;
  const isNod =
    /^(?:y|yes|yep|ok|okay|sure|go on|go ahead|continue|proceed|do it|please do|thanks|thank you)[.! ]*$/i;
  if (open !== null && (isNod.test(task) || open.task === task)) {
    session.touch();
    return false;
  }
  if (isNod.test(task)) return false;
  session.startTask(task, 'hook');
  return true;
}

/** A hook's first question would else be the one that waits for what was learned to be read. */
async function warm(needs: GatewayNeeds, { namespace }: Principal): Promise<void> {
  try {
    await needs.sops.search({ namespace, task: '', minConfidence: 1, limit: 1 });
  } catch (err) {
    needs.log.debug({ err, namespace }, 'procedures could not be read before they are asked for');
  }
}

/** What is told unasked counts like what is asked for; who is over the budget is told nothing, and its client goes on. */
async function mayInject({ limits: budgets, log }: GatewayNeeds, session: Session): Promise<boolean> {
  const { namespace, principal } = session;
  try {
    await budgets.take({ namespace, principal, operation: 'context_inject' });
    return true;
  } catch (err) {
    if (!isDreyError(err) || err.code !== 'limit_reached') throw err;
    log.debug({ err, namespace }, 'a hook is told nothing: its budget is used up');
    return false;
  }
}

/** The best procedure, where one clearly matches. */
async function findContext(
  needs: GatewayNeeds,
  session: Session,
  task: string,
  isWaiting: () => boolean,
): Promise<string | undefined> {
  const { namespace, principal } = session;
  if (!(await mayInject(needs, session))) return undefined;
  const [sop] = await needs.sops.search({ namespace, task, minConfidence: hookConfidenceMin, limit: 1 });
  if (sop === undefined || !isWaiting()) return undefined;
  if (isWithheld(needs, { session, namespace, principal, task })) return undefined;
  const sops = [{ sopId: sop.sopId, relevance: sop.relevance }];
  needs.sops.recordInjection({ session, namespace, principal: principal.id, task, sops });
  return [
    `Drey learned how tasks like this one were done before (${sop.occurrences} times; procedure ${sop.sopId}). ` +
      'Follow it where it fits:',
    ...toStepLines(sop),
    ...toPitfallLines(sop),
  ]
    .join('\n')
    .slice(0, contextCharsMax);
}
