/** An MCP server over HTTP whose tools do everything by one argument: `issue` with an action, `get_page` with a part. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { z } from 'zod';

export interface Tracker {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts one; what it lists is `I-<about's length>41`, so that no two tasks have the same values. */
export async function startTracker(): Promise<Tracker> {
  const server = createServer((req, res) => {
    // One server for each request: nothing is kept between them.
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

function createMcp(): McpServer {
  const mcp = new McpServer({ name: 'tracker', version: '1' });
  mcp.registerTool(
    'issue',
    { inputSchema: { action: z.string(), about: z.string().optional(), id: z.string().optional() } },
    ({ action, about = '' }) =>
      toResult(action === 'list' ? { items: [{ id: `I-${about.length}41` }] } : { state: 'done' }),
  );
  mcp.registerTool(
    'get_page',
    { inputSchema: { part: z.string(), about: z.string().optional(), section: z.string().optional() } },
    ({ part, about = '' }) =>
      toResult(part === 'outline' ? { sections: [{ section: `s${about.length}x7` }] } : { body: 'A text.' }),
  );
  return mcp;
}

const toResult = (told: object) => ({ content: [{ type: 'text' as const, text: JSON.stringify(told) }] });
