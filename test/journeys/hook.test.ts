// Claude Code's hook against a real node: a prompt, calls through Drey and past it, one episode; and with the node gone.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { createPlace, referenceServer, runDrey } from './rig/place.ts';
import type { Ended, Place } from './rig/place.ts';
import { untilHealthy, untilLearned } from './rig/status.ts';

let place: Place;
let node: NodeProcess;

beforeAll(async () => {
  place = await createPlace();
  await place.writeConfig({
    mcpServers: { every: referenceServer(place, 'server-everything') },
    learning: { quietMs: 500 },
  });
  node = await startNodeProcess({ ...place });
  await untilHealthy(node);
});

afterAll(async () => {
  await node?.stop();
  await place?.remove();
});

const hook = (session: string, event: string, more: object = {}): Promise<Ended> =>
  runDrey(
    place,
    ['hook', '--data', place.dataFolder],
    {},
    JSON.stringify({ hook_event_name: event, session_id: session, cwd: place.folder, ...more }),
  );

/** One conversation of a client that calls itself Claude Code: through Drey and past it. */
async function converse(number: number, prompt: string): Promise<Ended> {
  const session = `conversation-${number}`;
  await hook(session, 'SessionStart', { source: 'startup' });
  const client = new Client({ name: 'claude-code', version: '2.1.0' });
  const transport = new StreamableHTTPClientTransport(new URL(`${node.url}/mcp`));
  await client.connect(transport);
  const told = await hook(session, 'UserPromptSubmit', { prompt });
  await client.callTool({ name: 'every__echo', arguments: { message: `ticket ${number}` } });
  await hook(session, 'PostToolUse', {
    tool_name: 'Bash',
    tool_use_id: `use-${number}`,
    tool_input: { command: `close-ticket ${number}` },
    tool_response: { stdout: `ticket ${number} is closed` },
  });
  await client.callTool({ name: 'every__get-sum', arguments: { a: number, b: 1 } });
  await hook(session, 'SessionEnd', { reason: 'exit' });
  await transport.terminateSession();
  await client.close();
  return told;
}

interface Asked {
  readonly sops: readonly { readonly steps: readonly string[]; readonly confidence: number }[];
}

describe('a hook and a node', () => {
  it('make procedures of prompts and calls, and tell the next agent', async () => {
    for (const number of [41, 42, 43]) {
      const told = await converse(number, `Please close the ticket ${number} and count it`);
      expect([told.code, told.stderr]).toEqual([0, '']);
    }
    await untilLearned(node);
    const task = 'Please close the ticket 44 and count it';
    const steps = await until(
      'the procedure is served',
      async () => {
        const { sops } = await node.post<Asked>('/api/v1/ask', { task });
        const [best] = sops;
        return best !== undefined && best.confidence >= 0.7 && best.steps.length === 3
          ? best.steps
          : undefined;
      },
      30_000,
    );
    // One episode, although one call went past Drey: in the order in which they were made.
    expect(steps.map((step) => /every__echo|Bash|every__get-sum/.exec(step)?.[0])).toEqual([
      'every__echo',
      'Bash',
      'every__get-sum',
    ]);
    const told = await until(
      'the hook tells it',
      async () => {
        const ended = await hook(`late-${Date.now()}`, 'UserPromptSubmit', { prompt: task });
        return ended.stdout === '' ? undefined : ended;
      },
      30_000,
    );
    const output = JSON.parse(told.stdout) as {
      hookSpecificOutput: { hookEventName: string; additionalContext: string };
    };
    expect(output.hookSpecificOutput.hookEventName).toBe('UserPromptSubmit');
    // Numbered once.
    expect(output.hookSpecificOutput.additionalContext).toMatch(/\n3\. every__get-sum/);
  });

  it('are silent and harmless when the node is gone', async () => {
    await node.stop();
    const told = await hook('alone', 'UserPromptSubmit', { prompt: 'close the ticket 45' });
    expect(told).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});

it('an import, the node, and the way back', async () => {
  const home = join(place.folder, 'home');
  const env = { HOME: home, DREY_DATA: join(place.folder, 'second') };
  await mkdir(home, { recursive: true });
  const file = join(home, '.claude.json');
  const before = JSON.stringify({
    numStartups: 1,
    mcpServers: { every: referenceServer(place, 'server-everything') },
    projects: { '/x': {} },
  });
  await writeFile(file, before);
  const config = join(home, 'drey.json');
  await writeFile(config, '{ "port": 0 }\n');
  const moved = await runDrey(place, ['config', 'import', file, '--yes', '--config', config], env);
  expect([moved.code, moved.stderr]).toEqual([0, '']);
  const { mcpServers } = JSON.parse(await readFile(file, 'utf8')) as {
    mcpServers: { drey: { command: string; args: string[] } };
  };
  expect(Object.keys(mcpServers)).toEqual(['drey']);
  // The very words that were written start a client's Drey, and its tools are those of the server that moved.
  const client = new Client({ name: 'claude-code', version: '2.1.0' });
  const transport = new StdioClientTransport({
    ...mcpServers.drey,
    env: { ...place.env, ...env },
    stderr: 'ignore',
  });
  await client.connect(transport, { timeout: 100_000 });
  await until(
    'the tools of the server are there',
    async () => {
      const { tools } = await client.listTools();
      return tools.some(({ name }) => name === 'every__echo');
    },
    30_000,
  );
  await client.close();
  await runDrey(place, ['down', '--data', env.DREY_DATA], env);
  const back = await runDrey(place, ['config', 'restore', file, '--yes'], env);
  expect([back.code, await readFile(file, 'utf8')]).toEqual([0, before]);
});
