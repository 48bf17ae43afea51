// What upstreams ask their client while a request runs: roots, sampling, elicitation, in either era and across them.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { McpServer, acceptedContent, createMcpHandler, inputRequired } from '@modelcontextprotocol/server';
import type { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import type { ClientCapabilities } from '@modelcontextprotocol/sdk/types.js';
import type { McpServer as OldServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { listen } from '../../fixtures/upstreams/servers.ts';
import { connectNew, connectOld } from '../../support/connect.ts';
import { referenceProgram, startPassing, upstreamProgram } from '../../support/passing-gateway.ts';
import { until } from '../../support/until.ts';

const can: ClientCapabilities = { roots: {}, sampling: {}, elicitation: {} };

/** Answers as `name`. */
function answerAs(name: string): (client: OldClient) => void {
  return (client) => {
    client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: `file:///${name}` }] }));
    client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => ({
      role: 'assistant',
      model: name,
      content: { type: 'text', text: `heard ${JSON.stringify(params.messages)}` },
    }));
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { name } }));
  };
}

interface Caller {
  callTool(call: { name: string; arguments?: Record<string, unknown> }): Promise<{ content?: unknown }>;
}

async function ask(client: unknown, name: string): Promise<Record<string, unknown>> {
  const { content } = await (client as Caller).callTool({ name });
  return JSON.parse((content as { text: string }[])[0]?.text ?? '{}');
}

/** The asking server over HTTP with sessions. */
async function startAsking(): Promise<string> {
  const { createAsking } = (await import(
    new URL('../../fixtures/upstreams/asking.mjs', import.meta.url).href
  )) as {
    createAsking: () => OldServer;
  };
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  return listen(async (req: IncomingMessage, res: ServerResponse) => {
    const known = sessions.get(String(req.headers['mcp-session-id']));
    if (known !== undefined) return known.handleRequest(req, res);
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    await createAsking().connect(transport);
    return transport.handleRequest(req, res);
  });
}

describe.each(['stdio', 'http'] as const)('an upstream of the older era over %s', (upstreamWay) => {
  const open = async () =>
    startPassing({
      it: upstreamWay === 'stdio' ? upstreamProgram('asking.mjs') : { url: await startAsking() },
    });

  it.each(['http', 'stream'] as const)('asks the client whose call runs, over %s', async (way) => {
    const client = await connectOld(await open(), {
      way,
      options: { capabilities: can },
      prepare: answerAs('ann'),
    });
    expect(await ask(client, 'it__roots')).toEqual({ roots: [{ uri: 'file:///ann' }] });
    expect(await ask(client, 'it__elicit')).toEqual({ action: 'accept', content: { name: 'ann' } });
    expect(await ask(client, 'it__sample')).toMatchObject({
      model: 'ann',
      content: { text: expect.stringContaining('Say hello.') },
    });
  });

  it('is told what a client cannot do, and that a client of the newer era is not asked this way', async () => {
    const at = await open();
    const unable = await connectOld(at);
    expect(await ask(unable, 'it__roots')).toMatchObject({
      code: -32_601,
      message: expect.stringContaining('the client does not support roots'),
    });
    const modern = await connectNew(at);
    expect(await ask(modern, 'it__elicit')).toMatchObject({
      code: -32_601,
      message: expect.stringContaining('this is not translated'),
    });
  });

  it('is told when the client answers with an error', async () => {
    const refuse = (client: OldClient) =>
      client.setRequestHandler(ElicitRequestSchema, () => {
        throw new Error('not today');
      });
    const client = await connectOld(await open(), { options: { capabilities: can }, prepare: refuse });
    expect(await ask(client, 'it__elicit')).toMatchObject({ message: expect.stringContaining('not today') });
  });

  it('takes its question back when the call is cancelled', async () => {
    const signals: AbortSignal[] = [];
    const hang = (client: OldClient) =>
      client.setRequestHandler(ElicitRequestSchema, async (_request, { signal }) => {
        signals.push(signal);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return { action: 'cancel' };
      });
    const client = await connectOld(await open(), { options: { capabilities: can }, prepare: hang });
    const abort = new AbortController();
    const calling = client
      .callTool({ name: 'it__elicit' }, undefined, { signal: abort.signal })
      .catch(() => 'cancelled');
    await until('the client is asked', () => signals.length === 1);
    abort.abort();
    expect(await calling).toBe('cancelled');
    await until('the question is taken back', () => signals[0]?.aborted === true);
  });
});

describe('calls of several clients at once', () => {
  it('are told apart over HTTP, where a question comes on the stream of its call', async () => {
    const at = await startPassing({ it: { url: await startAsking() } });
    const ann = await connectOld(at, { options: { capabilities: can }, prepare: answerAs('ann') });
    const bob = await connectOld(at, {
      token: 'bob',
      options: { capabilities: can },
      prepare: answerAs('bob'),
    });
    const both = await Promise.all(
      [1, 2, 3, 4].flatMap(() => [ask(ann, 'it__elicit'), ask(bob, 'it__elicit')]),
    );
    expect(both.map(({ content }) => (content as { name: string }).name)).toEqual(
      [1, 2, 3, 4].flatMap(() => ['ann', 'bob']),
    );
  });

  it('make a question over stdio one that cannot be told, which is refused', async () => {
    const at = await startPassing({ it: upstreamProgram('asking.mjs') });
    const ann = await connectOld(at, { options: { capabilities: can }, prepare: answerAs('ann') });
    const bob = await connectOld(at, {
      token: 'bob',
      options: { capabilities: can },
      prepare: answerAs('bob'),
    });
    const abort = new AbortController();
    const waiting = bob
      .callTool({ name: 'it__wait' }, undefined, { signal: abort.signal })
      .catch(() => 'over');
    await until('it waits', () => at.upstreams.behind('it')?.resource.current?.callsInFlight === 1);
    expect(await ask(ann, 'it__roots')).toMatchObject({
      message: expect.stringContaining('several clients'),
    });
    abort.abort();
    expect(await waiting).toBe('over');
    await until('it is over', () => at.upstreams.behind('it')?.resource.current?.callsInFlight === 0);
    expect(await ask(ann, 'it__roots')).toEqual({ roots: [{ uri: 'file:///ann' }] });
  });

  it('find their client also over stdio, where clients that can be asked have connections apart', async () => {
    const at = await startPassing({ it: { ...upstreamProgram('asking.mjs'), connections: 'by-ability' } });
    const [ann, bob] = await Promise.all(
      ['ann', 'bob'].map((name) =>
        connectOld(at, {
          ...(name === 'bob' ? { token: name } : {}),
          options: { capabilities: can },
          prepare: answerAs(name),
        }),
      ),
    );
    const abort = new AbortController();
    const waiting = bob
      ?.callTool({ name: 'it__wait' }, undefined, { signal: abort.signal })
      .catch(() => 'over');
    const both = await Promise.all([ask(ann, 'it__roots'), ask(bob, 'it__roots'), ask(ann, 'it__roots')]);
    expect(both.map(({ roots }) => (roots as { uri: string }[])[0]?.uri)).toEqual(
      ['ann', 'bob', 'ann'].map((name) => `file:///${name}`),
    );
    abort.abort();
    expect(await waiting).toBe('over');
  });
});

it('the reference server has what it has for a client that can do everything', async () => {
  const at = await startPassing({ every: referenceProgram('server-everything') });
  const client = await connectOld(at, { options: { capabilities: can }, prepare: answerAs('ann') });
  const list = async () => (await client.listTools()).tools.map(({ name }) => name);
  expect(await list()).toContain('every__echo');
  // It registers these after the handshake.
  await until('they are listed', async () => (await list()).includes('every__trigger-sampling-request'));
  const sampled = await client.callTool({
    name: 'every__trigger-sampling-request',
    arguments: { prompt: 'Hello?', maxTokens: 10 },
  });
  expect(JSON.stringify(sampled.content)).toContain('Hello?');
});

describe('an upstream of the newer era', () => {
  const schema = z.object({ name: z.string() });
  async function startModern(): Promise<string> {
    const handler = createMcpHandler(() => {
      const server = new McpServer({ name: 'modern', version: '1' });
      server.registerTool('greet', {}, ({ mcpReq }) => {
        const given = acceptedContent(mcpReq.inputResponses, 'who', schema);
        if (given !== undefined)
          return {
            content: [
              { type: 'text', text: JSON.stringify({ hello: given.name, state: mcpReq.requestState() }) },
            ],
          };
        return inputRequired({
          inputRequests: { who: inputRequired.elicit({ message: 'Your name?', requestedSchema: schema }) },
          requestState: 'opaque',
        });
      });
      return server;
    });
    const serve = toNodeHandler(handler);
    return listen((req: IncomingMessage, res: ServerResponse) => serve(req as never, res));
  }

  it.each(['http', 'stream'] as const)('asks a client of its era in results, over %s', async (way) => {
    const at = await startPassing({ it: { url: await startModern() } });
    const client = await connectNew(at, {
      way,
      options: { capabilities: { elicitation: { form: {} } } },
      prepare: (opening) =>
        opening.setRequestHandler('elicitation/create', () => ({
          action: 'accept',
          content: { name: 'ann' },
        })),
    });
    expect(await ask(client, 'it__greet')).toEqual({ hello: 'ann', state: 'opaque' });
  });

  it('asks a client of the older era by requests', async () => {
    const at = await startPassing({ it: { url: await startModern() } });
    const client = await connectOld(at, { options: { capabilities: can }, prepare: answerAs('bob') });
    expect(await ask(client, 'it__greet')).toEqual({ hello: 'bob', state: 'opaque' });
  });

  it('hears what a client cannot do, and the client hears it as well', async () => {
    const at = await startPassing({ it: { url: await startModern() } });
    const client = await connectNew(at);
    await expect(ask(client, 'it__greet')).rejects.toMatchObject({ code: -32_021 });
    await expect(ask(await connectOld(at), 'it__greet')).rejects.toMatchObject({ code: 502 });
  });
});

it('a client that takes no stream cannot be asked, and the upstream is told at once', async () => {
  const at = await startPassing({ it: upstreamProgram('asking.mjs') });
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const clientInfo = { name: 'plain', version: '1' };
  const params = { protocolVersion: '2025-11-25', capabilities: can, clientInfo };
  const opened = await at.send({
    headers,
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params }),
  });
  const session = { 'mcp-session-id': String(opened.headers['mcp-session-id']) };
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"it__elicit"}}';
  const { text } = await at.send({ headers: { ...headers, ...session }, body });
  expect(text).toContain('the client has no stream on which to ask it');
  // What was never asked is no response to anything.
  const stray = '{"jsonrpc":"2.0","id":"drey-ask-1","result":{}}';
  expect((await at.send({ headers: { ...headers, ...session }, body: stray })).status).toBe(400);
});
