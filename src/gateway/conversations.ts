/**
 * Which logical session a client's conversation is: its own MCP session where it can be told which one that is, so that
 * calls through us belong to the same task; otherwise one that is the hook's own. It never guesses among several.
 */
import { toStableId } from '../../machines/words/ids.ts';
import type { HookEvent } from './hook-calls.ts';
import type { GatewayNeeds, Principal, Session, SessionView } from './needs.ts';

/** Conversations remembered; the longest unused is forgotten first. */
export const conversationsMax = 1_000;
/** A client connects to its servers about when its conversation begins. */
const connectMsMax = 60_000;
/** A conversation that begins right after another one ended is taken for the same client's. */
const handOverMsMax = 10_000;

interface Conversation {
  sessionId: string | undefined;
  /** When it began, where that was told. */
  startedAtMs: number | undefined;
}

export interface Conversations {
  /** Its session; one is opened where there is none. */
  find(event: HookEvent, principal: Principal, isNewTask: boolean): Session;
  start(event: HookEvent, principal: Principal): void;
  end(event: HookEvent, principal: Principal): void;
}

/** Opens the register. */
export function openConversations(needs: GatewayNeeds): Conversations {
  return new Register(needs);
}

class Register implements Conversations {
  readonly #needs: GatewayNeeds;
  readonly #known = new Map<string, Conversation>();
  /** The session that the conversation which ended last had. */
  #released: { readonly owner: string; readonly sessionId: string; readonly atMs: number } | undefined;

  constructor(needs: GatewayNeeds) {
    this.#needs = needs;
  }

  /** A hook's own session is given up for the client's as soon as there is one, but only between tasks. */
  find(event: HookEvent, principal: Principal, isNewTask: boolean): Session {
    const { sessions } = this.#needs;
    const conversation = this.#remember(toKey(event, principal));
    const { sessionId } = conversation;
    const ownId = toOwnId(event, principal);
    const held = sessionId === undefined ? undefined : sessions.find(sessionId, principal);
    if (held !== undefined && (held.id !== ownId || !isNewTask)) return held;
    // Its client connects anew whenever it likes, so that the hour says nothing any more.
    if (held === undefined && sessionId !== undefined && sessionId !== ownId)
      conversation.startedAtMs = undefined;
    const session =
      this.#findMcpSession(conversation, principal) ??
      held ??
      sessions.find(ownId, principal) ??
      sessions.open({ principal, transport: 'hook', revision: '', client: 'claude-code', sessionId: ownId });
    conversation.sessionId = session.id;
    return session;
  }

  start(event: HookEvent, principal: Principal): void {
    const conversation = this.#remember(toKey(event, principal));
    const { source } = event;
    if (source === 'startup' || source === 'resume') conversation.startedAtMs ??= this.#needs.now();
    // A client that begins anew stays connected; one that was started anew connects anew.
    const heir = source === 'clear' || source === 'resume' ? this.#released : undefined;
    this.#released = undefined;
    if (heir === undefined || conversation.sessionId !== undefined) return;
    const isNext = this.#needs.now() - heir.atMs <= handOverMsMax && heir.owner === toOwner(principal);
    if (isNext) conversation.sessionId = heir.sessionId;
  }

  end(event: HookEvent, principal: Principal): void {
    const key = toKey(event, principal);
    const sessionId = this.#known.get(key)?.sessionId;
    this.#known.delete(key);
    const session = sessionId === undefined ? undefined : this.#needs.sessions.find(sessionId, principal);
    if (session === undefined) return;
    if (session.task?.source === 'hook') session.finishTask('unknown');
    if (session.id === toOwnId(event, principal)) session.close('the conversation ended');
    else this.#released = { owner: toOwner(principal), sessionId: session.id, atMs: this.#needs.now() };
  }

  #remember(key: string): Conversation {
    const conversation = this.#known.get(key) ?? { sessionId: undefined, startedAtMs: undefined };
    this.#known.delete(key);
    this.#known.set(key, conversation);
    const [oldest] = this.#known.keys();
    if (this.#known.size > conversationsMax && oldest !== undefined) this.#known.delete(oldest);
    return conversation;
  }

  #findMcpSession(conversation: Conversation, principal: Principal): Session | undefined {
    const taken = new Set([...this.#known.values()].map(({ sessionId }) => sessionId));
    const free = this.#needs.sessions
      .list(principal.namespace)
      .filter((view) => isOfClaudeCode(view, principal) && !taken.has(view.id));
    const found = chooseSession(free, conversation.startedAtMs);
    return found === undefined ? undefined : this.#needs.sessions.find(found.id, principal);
  }
}

function isOfClaudeCode(view: SessionView, principal: Principal): boolean {
  return (
    view.principal === principal.id &&
    view.transport !== 'hook' &&
    /^claude-code(?:\/|$)/i.test(view.client) &&
    !['draining', 'closed', 'expired'].includes(view.state)
  );
}

/** The one that was opened when the conversation began; without knowing that, the only one. Never a guess among several. */
function chooseSession(
  views: readonly SessionView[],
  startedAtMs: number | undefined,
): SessionView | undefined {
  const near =
    startedAtMs === undefined
      ? views
      : views.filter(({ openedAt }) => Math.abs(Date.parse(openedAt) - startedAtMs) <= connectMsMax);
  return near.length === 1 ? near[0] : undefined;
}

function toOwner({ namespace, id }: Principal): string {
  return JSON.stringify([namespace, id]);
}

function toKey(event: HookEvent, principal: Principal): string {
  return JSON.stringify([principal.namespace, principal.id, event.session_id]);
}

function toOwnId(event: HookEvent, principal: Principal): string {
  return toStableId('session', principal.namespace, principal.id, 'claude-code-hook', event.session_id);
}
