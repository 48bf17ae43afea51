/**
 * Holding out: a share of tasks is served nothing, so that it can be seen what serving is worth. Which tasks these are
 * is fixed by what they say; that something would have been served is noted, and nothing else changes for the agent.
 */
import type { GatewayNeeds, Principal, Session } from './needs.ts';

export interface HoldOutNeed {
  /** Whether this task is one of those that are served nothing. */
  isHeldOut(o: { readonly namespace: string; readonly task: string }): boolean;
  /** Notes that something would have been served. Never throws. */
  note(o: {
    readonly session: Session;
    readonly namespace: string;
    readonly principal: string;
    readonly task: string;
  }): void;
}

export interface Serving {
  readonly session: Session;
  readonly namespace: string;
  readonly principal: Principal;
  readonly task: string;
}

/** True where what was found must not be served; the session's open task decides, however it is asked about. */
export function isWithheld(
  { holdOut }: Pick<GatewayNeeds, 'holdOut'>,
  { session, namespace, principal, task: asked }: Serving,
): boolean {
  const task = session.task?.task ?? asked;
  if (holdOut === undefined || !holdOut.isHeldOut({ namespace, task })) return false;
  holdOut.note({ session, namespace, principal: principal.id, task });
  return true;
}

/** What the agent is told. */
export const withheldReasoning =
  'Nothing is injected: this task is held out, so that it can be measured what injections are worth.';
