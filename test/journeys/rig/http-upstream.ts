/** Serves an MCP server over HTTP on a free port, a new one for each request: nothing is kept between them. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';

export interface HttpUpstream {
  readonly url: string;
  close(): Promise<void>;
}

/** What answers: a server of the SDK, of its lower or its higher kind. */
interface Connectable {
  connect(transport: StreamableHTTPServerTransport): Promise<void>;
}

/** Starts it. */
export async function startHttpUpstream(createMcp: () => Connectable): Promise<HttpUpstream> {
  const server = createServer((req, res) => {
    const transport = new StreamableHTTPServerTransport({});
    void createMcp()
      .connect(transport)
      .then(() => transport.handleRequest(req, res));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
