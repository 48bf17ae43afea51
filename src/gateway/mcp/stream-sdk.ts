/** The SDK's half of a byte stream: it decides the era of the connection, and reads and writes whole messages. */
import type { JSONRPCMessage, Server, Transport } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { GatewayNeeds } from '../needs.ts';
import type { ToolView } from '../tool-view.ts';
import { createSdkServer, sendListChanged } from './sdk-server.ts';
import type { ChangingList } from './sdk-server.ts';

export interface SdkSide {
  take(message: JSONRPCMessage): void;
  listChanged(list: ChangingList): void;
  resourceUpdated(params: Readonly<Record<string, unknown>>): void;
  close(): Promise<void>;
}

/** Opens it for one connection. */
export function openSdkSide(
  needs: GatewayNeeds,
  view: ToolView,
  write: (message: JSONRPCMessage) => void,
): SdkSide {
  const servers = new Set<Server>();
  const transport: Transport = {
    start: () => Promise.resolve(),
    send: (message) => Promise.resolve(write(message)),
    close: () => Promise.resolve(),
  };
  const served = serveStdio(
    ({ era }) => {
      const server = createSdkServer(needs, era, view);
      servers.add(server);
      // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's server has no events
      server.onclose = () => servers.delete(server);
      return server;
    },
    { transport, onerror: (error) => needs.log.debug({ err: error }, 'a message on a stream was refused') },
  );
  const tell = (send: (server: Server) => Promise<void>) => {
    for (const server of servers) {
      send(server).catch((error: unknown) => {
        needs.log.debug({ err: error }, 'a client could not be told of a change');
      });
    }
  };
  return {
    take: (message) => transport.onmessage?.(message),
    listChanged: (list) => tell((server) => sendListChanged(server, list)),
    resourceUpdated: (params) =>
      tell((server) => server.sendResourceUpdated(params as Parameters<Server['sendResourceUpdated']>[0])),
    close: () => served.close(),
  };
}
