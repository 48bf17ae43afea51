/**
 * Auto-injection, where it is switched on: the best of what is known for the session's task travels in `_meta` of a tool
 * result, each item once a task. A call never fails for it, and waits a bounded time at most.
 */
import type { CallOutcome, RawJson } from '../../../machines/words/calls.ts';
import { mayDo } from '../../../machines/words/scopes.ts';
import { listMembers } from '../../upstream/upstream.ts';
import { isWithheld } from '../hold-out.ts';
import type { GatewayNeeds, Principal, Session } from '../needs.ts';
import { findInjection, type Injected } from '../tools/inject-context.ts';

/** The member of a result's `_meta` in which it travels. */
export const suggestionMetaKey = 'drey/suggestion';

/** Items among which the best procedure or pattern is looked for. */
const topK = 3;
/** A call waits so long for a suggestion. */
const waitMs = 50;
/** What was suggested in each session, by task; it goes with the session. */
const suggested = new WeakMap<Session, { readonly task: string; readonly ids: Set<string> }>();

export interface Suggesting {
  readonly needs: GatewayNeeds;
  readonly session: Session;
  readonly principal: Principal;
}

/** The outcome with the best item in its `_meta`; as it came where there is none, or none in time. */
export async function suggest(outcome: CallOutcome, asked: Suggesting): Promise<CallOutcome> {
  const { needs, session, principal } = asked;
  if (needs.suggests !== true || outcome.outcome !== 'finished' || session.task === null) return outcome;
  if (!mayDo(principal, 'sop:read')) return outcome;
  // A look-up that took too long is waited for by nobody, and no second one begins beside it.
  if (looking.has(session)) return outcome;
  const { task } = session.task;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), waitMs);
  });
  try {
    looking.add(session);
    const found = findBest(asked, task).finally(() => looking.delete(session));
    found.catch(() => undefined);
    const best = await Promise.race([found, late]);
    if (best === undefined || !give(asked, task, best)) return outcome;
    return { ...outcome, result: addToMeta(outcome.result, best) };
  } catch (error) {
    needs.log.warn({ err: error, session: session.id }, 'nothing could be suggested');
    return outcome;
  } finally {
    clearTimeout(timer);
  }
}

const looking = new WeakSet<Session>();

async function findBest(
  { needs, session, principal }: Suggesting,
  task: string,
): Promise<Injected | undefined> {
  const { namespace } = session;
  const recentSteps = session.readSteps?.() ?? [];
  const question = { namespace, principal, task, recentMemories: [], topK, recentSteps };
  const { injection } = await findInjection(needs, question);
  const best = injection.injected_context.find((item) => item.sop_id ?? item.pattern_id);
  return best?.type === 'next_step' ? undefined : best;
}

/** Notes what is given now; false where it was given in this task before, or the task is held out. */
function give({ needs, session, principal }: Suggesting, task: string, best: Injected): boolean {
  const { namespace } = session;
  const { sop_id: sopId, pattern_id: patternId, relevance } = best;
  const id = patternId ?? sopId;
  if (id === undefined || !isNew(session, task, id)) return false;
  if (isWithheld(needs, { session, namespace, principal, task })) return false;
  needs.sops.recordInjection({
    session,
    namespace,
    principal: principal.id,
    task,
    sops: sopId === undefined ? [] : [{ sopId, relevance }],
    patterns: patternId === undefined ? [] : [{ patternId, relevance }],
  });
  return true;
}

/** True once for each item of a task. */
function isNew(session: Session, task: string, id: string): boolean {
  const before = suggested.get(session);
  const known = before?.task === task ? before : { task, ids: new Set<string>() };
  suggested.set(session, known);
  if (known.ids.has(id)) return false;
  known.ids.add(id);
  return true;
}

/** The result with this in front of its `_meta`; everything else as it came. */
function addToMeta(result: RawJson, told: Injected): RawJson {
  const own = `${JSON.stringify(suggestionMetaKey)}:${JSON.stringify(told)}`;
  const members = listMembers(result);
  const meta = members.find(({ key }) => key === '_meta')?.raw;
  const others = meta?.startsWith('{') === true ? listMembers(meta) : [];
  const all = [
    ...others.filter(({ key }) => key !== suggestionMetaKey).map(({ rawKey, raw }) => `${rawKey}:${raw}`),
    own,
  ];
  const rest = members.filter(({ key }) => key !== '_meta').map(({ rawKey, raw }) => `${rawKey}:${raw}`);
  return `{${[`"_meta":{${all.join(',')}}`, ...rest].join(',')}}`;
}
