/** The same three tools on servers of both lines of the official SDK: sums, failures, and steps with progress. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { McpServer as OldServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { z } from 'zod';

const pair = { a: z.number(), b: z.number() };
const described = {
  title: 'Add',
  description: 'Adds two numbers',
  annotations: { readOnlyHint: true },
  _meta: { 'interop/kept': [1, { deep: true }] },
};
const toSum = ({ a, b }: { a: number; b: number }) => ({
  content: [{ type: 'text' as const, text: String(a + b), annotations: { priority: 0.5 } }],
  structuredContent: { sum: a + b },
  _meta: { 'interop/said': 'so' },
});
const failed = { isError: true, content: [{ type: 'text' as const, text: 'it failed' }] };

interface Extra {
  readonly token: string | number | undefined;
  tell(notification: { method: 'notifications/progress'; params: Progress }): Promise<void>;
}
interface Progress {
  progressToken: string | number;
  progress: number;
  [key: string]: unknown;
}

async function takeSteps({ token, tell }: Extra) {
  for (const progress of token === undefined ? [] : [1, 2, 3]) {
    await tell({ method: 'notifications/progress', params: { progressToken: token ?? 0, progress } });
  }
  return { content: [{ type: 'text' as const, text: 'done' }] };
}

/** A server of the 1.x line. */
export function createOldServer(): OldServer {
  const server = new OldServer({ name: 'old', version: '1' });
  server.registerTool('add', { ...described, inputSchema: pair, outputSchema: { sum: z.number() } }, (args) =>
    toSum(args),
  );
  server.registerTool('fail', {}, () => failed);
  server.registerTool('steps', {}, (extra) =>
    takeSteps({
      token: extra._meta?.progressToken,
      tell: (notification) => extra.sendNotification(notification),
    }),
  );
  return server;
}

/** A server of the 2.x line. */
export function createNewServer(): McpServer {
  const server = new McpServer({ name: 'new', version: '2' });
  server.registerTool(
    'add',
    { ...described, inputSchema: z.object(pair), outputSchema: z.object({ sum: z.number() }) },
    (args) => toSum(args),
  );
  server.registerTool('fail', {}, () => failed);
  server.registerTool('steps', {}, ({ mcpReq }) =>
    takeSteps({
      token: mcpReq._meta?.progressToken,
      tell: (notification) => mcpReq.notify(notification),
    }),
  );
  return server;
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** Sessions of the 2025 era, by the 1.x line. */
export async function serveOldHttp(): Promise<Listener> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const open = async (): Promise<StreamableHTTPServerTransport> => {
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    await createOldServer().connect(transport);
    return transport;
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const id = request.headers['mcp-session-id'];
    const known = typeof id === 'string' ? sessions.get(id) : undefined;
    if (typeof id === 'string' && known === undefined) return void response.writeHead(404).end();
    await (known ?? (await open())).handleRequest(request, response);
  };
  return (request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  };
}

/** 2026-07-28, by the 2.x line. */
export function serveNewHttp(): Listener {
  const serve = toNodeHandler(createMcpHandler(createNewServer));
  return (request, response) => void serve(request as Parameters<typeof serve>[0], response);
}
