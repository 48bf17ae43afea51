/** An MCP server over HTTP whose tools do everything by one argument: `issue` with an action, `get_page` with a part. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import { startHttpUpstream } from './http-upstream.ts';
import type { HttpUpstream } from './http-upstream.ts';

/** Starts one; what it lists is `I-<about's length>41`, so that no two tasks have the same values. */
export const startTracker = (): Promise<HttpUpstream> => startHttpUpstream(createMcp);

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
