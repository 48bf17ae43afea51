/**
 * The one logical session of a byte stream: opened when first needed, under the name the client gave itself by then,
 * and opened anew if the house has let go of it meanwhile.
 */
import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import type { GatewayNeeds, Principal, Session } from '../needs.ts';
import type { Era } from './call-frames.ts';
import { readClient, toClientName } from './modern-sessions.ts';
import { isRecord } from './parse-message.ts';

export interface StreamSeat {
  /** The connection's session; opening one may throw. */
  find(era: Era): Session;
  /** Takes client name and revision out of a handshake, and opens the session with it. */
  learnClient(message: JSONRPCMessage): void;
  learnMeta(meta: unknown): void;
  close(reason: string): void;
}

/** Makes the seat of one connection. */
export function createSeat(needs: GatewayNeeds, principal: Principal): StreamSeat {
  let session: Session | undefined;
  let client = '';
  let revision = '';
  const find = (era: Era): Session => {
    const known = session === undefined ? undefined : needs.sessions.find(session.id, principal);
    session =
      known ??
      needs.sessions.open({
        principal,
        transport: 'stdio',
        revision: revision === '' && era === 'modern' ? '2026-07-28' : revision,
        client,
      });
    return session;
  };
  return {
    find,
    learnClient: (message) => {
      if (!('method' in message) || message.method !== 'initialize' || !isRecord(message.params)) return;
      client = toClientName(message.params['clientInfo']);
      revision =
        typeof message.params['protocolVersion'] === 'string'
          ? message.params['protocolVersion'].slice(0, 40)
          : '';
      try {
        find('legacy');
      } catch (error) {
        needs.log.warn(
          { err: error },
          'no session could be opened with the handshake; the first call tries again',
        );
      }
    },
    learnMeta: (meta) => {
      if (client === '') client = readClient(meta);
    },
    close: (reason) => session?.close(reason),
  };
}
