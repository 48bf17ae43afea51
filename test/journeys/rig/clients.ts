/** Real MCP clients of both eras, over HTTP and through `drey stdio`, and how the journeys talk through them. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdioTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldHttpTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { dreyBin } from '../demo/node.ts';
import type { ServedSop } from '../demo/agent.ts';
import type { Place } from './place.ts';

export type { ServedSop } from '../demo/agent.ts';

export interface Answer {
  readonly text: string;
  readonly isError: boolean;
  readonly structured: unknown;
}

/** The same few moves, whatever the era and the way. */
export interface Agent {
  call(name: string, args: Record<string, unknown>): Promise<Answer>;
  tools(): Promise<readonly string[]>;
  /** The first text of a resource. */
  read(uri: string): Promise<string>;
  close(): Promise<void>;
}

const info = { name: 'drey-journey', version: '1.0.0' };

/** A client pinned to 2026-07-28, over HTTP. */
export async function connectNew(url: string, namespace = 'default'): Promise<Agent> {
  const client = new Client(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(new StreamableHTTPClientTransport(toMcp(url, namespace)));
  return toAgent(client);
}

/** A client of the 1.x line with a session, over HTTP; closing it ends the session. */
export async function connectOld(url: string, namespace = 'default'): Promise<Agent> {
  const client = new OldClient(info);
  const transport = new OldHttpTransport(toMcp(url, namespace));
  await client.connect(transport);
  return {
    ...toAgent(client),
    async close() {
      try {
        await transport.terminateSession();
      } finally {
        await client.close();
      }
    },
  };
}

/** A client pinned to 2026-07-28 that starts `drey stdio`. */
export async function spawnNew(place: Place, words: readonly string[]): Promise<Agent> {
  const client = new Client(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(new StdioClientTransport(toCommand(place, words)), { timeout: startMs });
  return toAgent(client);
}

/** A client of the 1.x line that starts `drey stdio`. */
export async function spawnOld(place: Place, words: readonly string[]): Promise<Agent> {
  const client = new OldClient(info);
  await client.connect(new OldStdioTransport(toCommand(place, words)), { timeout: startMs });
  return toAgent(client);
}

/** What `acontext_get_sops` serves for a task. */
export async function getSops(agent: Agent, task: string): Promise<readonly ServedSop[]> {
  const { structured } = await agent.call('acontext_get_sops', { trigger_pattern: task });
  return (structured as { sops: ServedSop[] }).sops;
}

/** Starting a node is part of the first connection. */
const startMs = 120_000;

function toCommand(place: Place, words: readonly string[]) {
  return {
    command: process.execPath,
    args: [dreyBin, 'stdio', ...words],
    env: place.env,
    cwd: place.folder,
    stderr: 'ignore' as const,
  };
}

function toMcp(url: string, namespace: string): URL {
  return new URL(`/mcp?namespace=${namespace}`, url);
}

function toAgent(client: Client | OldClient): Agent {
  return {
    async call(name, args) {
      const result = await client.callTool({ name, arguments: args });
      const content = (result.content ?? []) as { type: string; text?: string }[];
      const text = content.map((part) => part.text ?? '').join('\n');
      return { text, isError: result.isError === true, structured: result.structuredContent };
    },
    read: async (uri) => {
      const { contents } = (await client.readResource({ uri })) as { contents: { text?: string }[] };
      return contents[0]?.text ?? '';
    },
    tools: async () => (await client.listTools()).tools.map((tool) => tool.name),
    close: () => client.close(),
  };
}
