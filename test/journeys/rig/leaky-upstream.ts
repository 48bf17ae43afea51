/** An MCP server over HTTP that says back whatever it is told, as a result, as a tool's error, or as an error of the protocol. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema, McpError } from '@modelcontextprotocol/sdk/types.js';

export interface LeakyUpstream {
  readonly url: string;
  close(): Promise<void>;
}

const tool = (name: string, description: string) => ({
  name,
  description,
  inputSchema: { type: 'object' as const },
});

/** Starts one with the tools `echo`, `fail` and `break`. */
export async function startLeakyUpstream(): Promise<LeakyUpstream> {
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

function createMcp(): Server {
  const mcp = new Server({ name: 'leaky', version: '1' }, { capabilities: { tools: {} } });
  mcp.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: [
      tool('echo', 'Says it back.'),
      tool('fail', 'Says it back as a failure.'),
      tool('break', 'Breaks.'),
    ],
  }));
  mcp.setRequestHandler(CallToolRequestSchema, ({ params }) => {
    const { message: said = '' } = params.arguments as { message?: string };
    if (params.name === 'break') throw new McpError(-32_050, `it broke: ${said}`, { said });
    return {
      content: [{ type: 'text', text: said }],
      structuredContent: { found: params.arguments?.['deep'] ?? said },
      isError: params.name === 'fail',
    };
  });
  return mcp;
}
