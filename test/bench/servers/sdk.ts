/** The official SDK's own server over Streamable HTTP with one trivial tool: what a client has without a gateway. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node';
import { Server } from '@modelcontextprotocol/server';

const mcp = new Server({ name: 'sdk', version: '1' }, { capabilities: { tools: {} } });
mcp.setRequestHandler('tools/list', () => ({
  tools: [{ name: 'tool_0', inputSchema: { type: 'object' as const } }],
}));
mcp.setRequestHandler('tools/call', () => ({ content: [{ type: 'text' as const, text: 'ok' }] }));
const transport = new NodeStreamableHTTPServerTransport({
  sessionIdGenerator: () => randomUUID(),
  enableJsonResponse: true,
});
await mcp.connect(transport);
const server = createServer((request, response) => void transport.handleRequest(request, response));
server.keepAliveTimeout = 75_000;
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit());
