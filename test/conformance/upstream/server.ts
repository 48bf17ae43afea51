/**
 * The MCP server behind Drey in the conformance run: exactly the tools, resources and prompts that the suite's server
 * scenarios name, on the official SDK, in both eras. The suite runs against it directly as well, so that what fails
 * through Drey only is Drey's.
 */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  localhostHostValidation,
  localhostOriginValidation,
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
} from '@modelcontextprotocol/node';
import {
  classifyInboundRequest,
  createMcpHandler,
  createRequestStateCodec,
  McpServer,
} from '@modelcontextprotocol/server';
import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server';
import { addAskingTools } from './asking-tools.ts';
import type { Round } from './asking-tools.ts';
import { addPrompts, addResources } from './contents.ts';
import { addPlainTools } from './plain-tools.ts';
import type { Changes } from './plain-tools.ts';

export interface FixtureUpstream {
  readonly url: string;
  close(): Promise<void>;
}

/** Clients that closed their stream come back this soon. */
const retryMs = 200;
/** Events kept of one session, for clients that come back. */
const eventsMax = 1_000;

/** Starts it on a free port of loopback. */
export async function startFixtureUpstream(): Promise<FixtureUpstream> {
  const modern = createMcpHandler(
    () =>
      createFixture({
        toolsChanged: () => modern.notify.toolsChanged(),
        promptsChanged: () => modern.notify.promptsChanged(),
      }),
    { legacy: 'reject' },
  );
  const serveModern = toNodeHandler(modern);
  const legacy = openLegacy();
  const isHostOurs = localhostHostValidation();
  const isOriginOurs = localhostOriginValidation();
  const answer = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    if (!isHostOurs(req, res) || !isOriginOurs(req, res)) return;
    if (req.method !== 'POST') return legacy.serve(req, res, undefined);
    const body = await readJson(req);
    const version = req.headers['mcp-protocol-version'];
    const route = classifyInboundRequest({
      httpMethod: 'POST',
      body,
      ...(typeof version === 'string' ? { protocolVersionHeader: version } : {}),
    });
    if (route.kind === 'legacy') return legacy.serve(req, res, body);
    return serveModern(req as Parameters<typeof serveModern>[0], res, body);
  };
  const server = createServer((req, res) => {
    answer(req, res).catch((error: unknown) => {
      if (!res.headersSent) res.writeHead(400);
      res.end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    async close() {
      await modern.close();
      await legacy.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** One server with everything on it. */
export function createFixture(changes: Changes): McpServer {
  const state = createRequestStateCodec<Round>({
    key: 'a key of the conformance fixture and of nothing else',
  });
  const server = new McpServer(
    { name: 'drey-conformance-fixture', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        logging: {},
        completions: {},
      },
      requestState: { verify: (given, ctx) => state.verify(given, ctx) },
    },
  );
  addPlainTools(server, changes);
  addAskingTools(server, state);
  addResources(server);
  addPrompts(server);
  return server;
}

/** The sessions of the older era. */
function openLegacy() {
  const sessions = new Map<string, { transport: NodeStreamableHTTPServerTransport; server: McpServer }>();
  const open = async (): Promise<NodeStreamableHTTPServerTransport> => {
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: createEventStore(),
      retryInterval: retryMs,
      onsessioninitialized: (id) => void sessions.set(id, { transport, server }),
      onsessionclosed: (id) => void sessions.delete(id),
    });
    const server: McpServer = createFixture({
      toolsChanged: () => server.sendToolListChanged(),
      promptsChanged: () => server.sendPromptListChanged(),
    });
    await server.connect(transport);
    return transport;
  };
  return {
    async serve(req: IncomingMessage, res: ServerResponse, body: unknown): Promise<void> {
      const id = req.headers['mcp-session-id'];
      const known = typeof id === 'string' ? sessions.get(id)?.transport : undefined;
      if (typeof id === 'string' && known === undefined) return void res.writeHead(404).end();
      await (known ?? (await open())).handleRequest(req, res, body);
    },
    async close() {
      await Promise.all([...sessions.values()].map(({ server }) => server.close()));
    },
  };
}

/** What one session sent, in order. */
function createEventStore(): EventStore {
  const events: { id: string; streamId: string; message: JSONRPCMessage }[] = [];
  let count = 0;
  return {
    storeEvent: async (streamId, message) => {
      count += 1;
      const id = String(count);
      events.push({ id, streamId, message });
      if (events.length > eventsMax) events.shift();
      return id;
    },
    getStreamIdForEventId: async (id) => events.find((event) => event.id === id)?.streamId,
    replayEventsAfter: async (last, { send }) => {
      const streamId = events.find((event) => event.id === last)?.streamId ?? '';
      for (const event of events) {
        const isLater = event.streamId === streamId && Number(event.id) > Number(last);
        // A priming event has nothing in it.
        if (isLater && Object.keys(event.message).length > 0) await send(event.id, event.message);
      }
      return streamId;
    },
  };
}

async function readJson(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
