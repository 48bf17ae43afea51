/**
 * Logical sessions for revision 2026-07-28, which has none of its own: found by the handle a client gives back, by the
 * name it gives its conversation, or by principal and client within a window of idleness. What a client says of itself
 * only ever chooses among its own principal's sessions.
 */
import { DreyError } from '../../../machines/words/errors.ts';
import { toStableId } from '../../../machines/words/ids.ts';
import type { GatewayNeeds, Principal, Session } from '../needs.ts';
import { conversationMetaKey, sessionMetaKey } from './call-frames.ts';
import type { CallScope, InFlight } from './in-flight.ts';
import { isRecord } from './parse-message.ts';

/** Idle time after which a request without a handle begins a new session. */
export const idleWindowMs = 30 * 60_000;
/** Windows remembered; the longest unused is forgotten first (its session then ends by itself). */
export const windowsMax = 10_000;
/** Characters of a conversation's name. */
export const conversationMax = 200;

export interface ModernRequest {
  readonly principal: Principal;
  readonly revision: string;
  readonly meta: unknown;
}

export interface ModernSessions {
  readonly size: number;
  /** The session a request belongs to; throws `session_unknown` for a handle that names none of its own. */
  find(request: ModernRequest): Session;
  readonly calls: CallScope;
}

/** Opens the register of logical sessions. */
export function openModernSessions(needs: GatewayNeeds, inFlight: InFlight): ModernSessions {
  const windows = new Map<string, { sessionId: string; lastUsedMs: number }>();

  const remember = (key: string, sessionId: string) => {
    windows.delete(key);
    windows.set(key, { sessionId, lastUsedMs: needs.now() });
    const [oldest] = windows.keys();
    if (windows.size > windowsMax && oldest !== undefined) windows.delete(oldest);
  };
  const byWindow = (request: ModernRequest, client: string): Session => {
    const { principal } = request;
    const key = JSON.stringify([principal.namespace, principal.id, client]);
    const known = windows.get(key);
    const fresh = known !== undefined && needs.now() - known.lastUsedMs < idleWindowMs;
    const found = fresh ? needs.sessions.find(known.sessionId, principal) : undefined;
    const session = found ?? open(request, client);
    remember(key, session.id);
    return session;
  };
  const open = ({ principal, revision }: ModernRequest, client: string, sessionId?: string): Session =>
    needs.sessions.open({
      principal,
      transport: 'http',
      revision,
      client,
      ...(sessionId === undefined ? {} : { sessionId }),
    });
  return {
    get size() {
      return windows.size;
    },
    calls: inFlight.openScope(),
    find: (request) => {
      const { principal, meta } = request;
      const handle = readText(meta, sessionMetaKey);
      if (handle !== undefined) {
        const session = needs.sessions.find(handle, principal);
        if (session === undefined)
          throw new DreyError(
            'session_unknown',
            'session not found; leave the handle out to begin a new one',
          );
        return session;
      }
      const client = readClient(meta);
      const conversation = readText(meta, conversationMetaKey);
      if (conversation === undefined) return byWindow(request, client);
      const sessionId = toStableId('session', principal.namespace, principal.id, conversation);
      return needs.sessions.find(sessionId, principal) ?? open(request, client, sessionId);
    },
  };
}

function readText(meta: unknown, key: string): string | undefined {
  const value = isRecord(meta) ? meta[key] : undefined;
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value !== '' && value.length <= conversationMax) return value;
  throw new DreyError(
    'argument_invalid',
    `_meta["${key}"] must be text of 1 to ${conversationMax} characters`,
  );
}

/** Name and version as the request's envelope gives them; '' where it does not. */
export function readClient(meta: unknown): string {
  return toClientName(isRecord(meta) ? meta['io.modelcontextprotocol/clientInfo'] : undefined);
}

/** `name/version` of a client's description of itself, bounded. */
export function toClientName(info: unknown): string {
  if (!isRecord(info) || typeof info['name'] !== 'string') return '';
  const version = typeof info['version'] === 'string' ? `/${info['version']}` : '';
  return `${info['name']}${version}`.slice(0, 300).toWellFormed().replaceAll('\0', '');
}
