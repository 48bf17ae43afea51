/** An MCP server over HTTP that says back whatever it is told, as a result, as a tool's error, or as an error of the protocol. */
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { CallToolRequestSchema, ListToolsRequestSchema, McpError } from '@modelcontextprotocol/sdk/types.js';
import { startHttpUpstream } from './http-upstream.ts';
import type { HttpUpstream } from './http-upstream.ts';

const tool = (name: string, description: string) => ({
  name,
  description,
  inputSchema: { type: 'object' as const },
});

/** Starts one with the tools `echo`, `fail` and `break`. */
export const startLeakyUpstream = (): Promise<HttpUpstream> => startHttpUpstream(createMcp);

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
