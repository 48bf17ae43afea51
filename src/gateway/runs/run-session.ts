/**
 * The session that a run's calls go out through. It is always one of the run's owner: who only says yes to a call never
 * becomes the one who made it, or a namespace of one would look like one of two.
 */
import { isDreyError } from '../../../machines/words/errors.ts';
import { createId } from '../../../machines/words/ids.ts';
import type { GatewayNeeds, Principal, Session } from '../needs.ts';

export interface RunSessionSought {
  readonly sessionId: string;
  /** The id of the principal that the run belongs to. */
  readonly owner: string;
  readonly namespace: string;
  /** Who asks now. */
  readonly asker: Principal;
}

/** The session that the run began in, where it is here; otherwise one that is opened for the run's owner. */
export function openRunSession(
  { sessions, ids }: Pick<GatewayNeeds, 'sessions' | 'ids'>,
  { sessionId, owner, namespace, asker }: RunSessionSought,
): Session {
  const principal: Principal =
    asker.id === owner
      ? { ...asker, namespace }
      : { id: owner, namespace, local: false, mayNameNamespaces: false, scopes: ['tool:call'] };
  const known = sessions.find(sessionId, principal);
  if (known !== undefined) return known;
  const shared = { principal, transport: 'http', revision: 'rest', client: 'drey run' } as const;
  try {
    return sessions.open({ ...shared, sessionId });
  } catch (error) {
    if (!isDreyError(error) || error.code !== 'session_unknown') throw error;
    return sessions.open({ ...shared, sessionId: createId('session', ids) });
  }
}

/** The tasks that runs began, by session; after a restart of the node they count as the agent's own. */
const begun = new WeakMap<Session, string>();

/** Begins the task of a run that works within no other. */
export function beginTask(session: Session, task: string, traceparent: string | undefined): void {
  begun.set(session, session.startTask(task, 'task', traceparent).taskId);
}

/** The task that the agent began with the tool `task`, for the plan of a run within it. */
export function toOwnTask(session: Session): { readonly within: string } | undefined {
  const { task } = session;
  const isOwn = task?.source === 'task' && begun.get(session) !== task.taskId;
  return isOwn ? { within: task.taskId } : undefined;
}
