/**
 * The demo's agent: a real MCP client (the official SDK) that asks Drey what it knows about its task, does the task on
 * the tools behind Drey, and says how it ended. It has no model inside; its moves are the ones in `tasks.ts`.
 */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { CallTool, DemoTask } from './tasks.ts';

export interface ServedSop {
  readonly sop_id: string;
  readonly trigger: string;
  readonly steps: readonly string[];
  readonly confidence: number;
  readonly occurrences: number;
  readonly evidence: readonly string[];
}

export interface TaskReport {
  readonly served: number;
  readonly calls: number;
  readonly failedCalls: number;
}

/** Opens one session, does one task in it and closes it. */
export async function workOn(url: string, task: DemoTask): Promise<TaskReport> {
  const client = await connect(url);
  try {
    const known = await callTool(client, 'acontext_inject_context', {
      current_task: task.wording,
      recent_memories: [],
    });
    let calls = 0;
    let failedCalls = 0;
    const call: CallTool = async (name, args) => {
      const answer = await callTool(client, name, args);
      calls += 1;
      if (answer.isError) failedCalls += 1;
      return answer;
    };
    await task.run(call);
    await callTool(client, 'task', { action: 'finish', outcome: 'success' });
    const injected = (known.structured as { injected_context?: { type: string }[] }).injected_context ?? [];
    return { served: injected.filter((item) => item.type === 'sop').length, calls, failedCalls };
  } finally {
    await client.close();
  }
}

/** What another agent would get for this task. */
export async function askFor(url: string, task: string): Promise<readonly ServedSop[]> {
  const client = await connect(url);
  try {
    const answer = await callTool(client, 'acontext_get_sops', {
      trigger_pattern: task,
      min_confidence: 0.7,
      limit: 3,
    });
    return (answer.structured as { sops: ServedSop[] }).sops;
  } finally {
    await client.close();
  }
}

/** Connects a client of the current revision. */
export async function connect(url: string): Promise<Client> {
  const client = new Client(
    { name: 'drey-demo', version: '1.0.0' },
    { versionNegotiation: { mode: 'auto' } },
  );
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', url)));
  return client;
}

async function callTool(
  client: Client,
  name: string,
  args: Record<string, unknown>,
): Promise<{ text: string; isError: boolean; structured: unknown }> {
  const result = await client.callTool({ name, arguments: args });
  const content = (result.content ?? []) as { type: string; text?: string }[];
  const text = content.map((part) => part.text ?? '').join('\n');
  return { text, isError: result.isError === true, structured: result.structuredContent };
}
