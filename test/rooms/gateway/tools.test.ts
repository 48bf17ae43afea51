// The gateway's own tools, called as a client's call reaches them.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../../machines/words/limits.ts';
import { sampleSop } from '../../support/gateway-needs.ts';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer } from '../../support/gateway-server.ts';

let at: GatewayServer;
let session: string;
let token: Record<string, string> = {};
beforeEach(async () => {
  at = await startGateway();
  await open();
});
afterEach(() => at.close());

async function open(headers: Record<string, string> = {}): Promise<void> {
  token = headers;
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
  const reply = await at.send({ headers: { 'content-type': 'application/json', ...token }, body });
  session = String(reply.headers['mcp-session-id']);
}

async function call(
  name: string,
  args: object,
  // oxlint-disable-next-line typescript/no-explicit-any -- a test looks at what it likes
): Promise<{ isError?: boolean; structuredContent: any; text: string }> {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name, arguments: args },
  });
  const headers = { 'content-type': 'application/json', 'mcp-session-id': session, ...token };
  const { result } = (await at.send({ headers, body })).json();
  return { ...result, text: result.content[0].text };
}

it.each([
  [
    'acontext_get_sops',
    { trigger_pattern: 'x', min_confidence: 2 },
    'min_confidence must be between 0 and 1, got 2',
  ],
  [
    'acontext_get_sops',
    { trigger_pattern: 'x', limit: 1e9 },
    'limit must be a whole number between 1 and 50, got 1000000000',
  ],
  [
    'acontext_get_sops',
    { trigger_pattern: 'x', limit: 1.5 },
    'limit must be a whole number between 1 and 50, got 1.5',
  ],
  [
    'acontext_get_sops',
    {},
    'trigger_pattern must be the task or kind of task: text of 1 to 100000 characters, got nothing',
  ],
  [
    'acontext_get_sops',
    { trigger_pattern: 'x'.repeat(100_001) },
    'trigger_pattern must be the task or kind of task: text of 1 to 100000 characters, got text of 100001 characters',
  ],
  [
    'acontext_get_sops',
    { trigger_pattern: 'a\0b' },
    'trigger_pattern must be the task or kind of task: well-formed Unicode without NUL, got "a\\u0000b"',
  ],
  [
    'acontext_get_sops',
    { trigger_pattern: 'x', namespace: 'A B' },
    'namespace must be a namespace: 1 to 255 characters of a-z, 0-9, _ and -, got "A B"',
  ],
  [
    'acontext_inject_context',
    { current_task: 'x', top_k: 0 },
    'top_k must be a whole number between 1 and 20, got 0',
  ],
  [
    'acontext_inject_context',
    { current_task: 'x', recent_steps: [{}] },
    'recent_steps.0.tool must be a tool name: text of 1 to 10000 characters, got nothing',
  ],
  [
    'acontext_record_feedback',
    { pattern_id: 'p-1', helpful: 'yes' },
    'helpful must be true or false, got "yes"',
  ],
  ['acontext_record_feedback', { pattern_id: 'nobody', helpful: true }, 'no pattern or SOP has this id'],
  ['task', { action: 'begin' }, 'action must be "start" or "finish", got "begin"'],
  [
    'task',
    { action: 'start' },
    'task is required with action "start": say in a sentence what you are about to do',
  ],
  [
    'task',
    { action: 'finish' },
    'outcome is required with action "finish": "success", "failure" or "unknown"',
  ],
  [
    'task',
    { action: 'finish', outcome: 'success' },
    'no task is open in this session; begin one with {"action":"start","task":"…"}',
  ],
] as const)('%s says what is wrong (%#)', async (name, args, sentence) => {
  const result = await call(name, args);
  expect([result.isError, result.text]).toEqual([true, sentence]);
  expect(at.house.calls).toEqual([]);
});

it('gives the same JSON as text and as structure', async () => {
  at.house.sops = [sampleSop()];
  const { structuredContent, text } = await call('acontext_get_sops', { trigger_pattern: 'deploy' });
  expect(JSON.parse(text)).toEqual(structuredContent);
  expect(structuredContent.sops[0]).toMatchObject({
    sop_id: 'p-1',
    trigger: 'deploy the service',
    steps: ['Read the manifest with fs__read.', 'Write the release with fs__write.'],
    procedure: [
      { tool: 'fs__read' },
      { tool: 'fs__write', args: { path: { from: 'result', step: 0, path: '/path' } } },
    ],
    evidence: ['k-1', 'k-2'],
  });
  expect(at.house.injections).toMatchObject([{ task: 'deploy', sops: [{ sopId: 'p-1', relevance: 0.8 }] }]);
});

it('serves nothing below the confidence asked for, 0.7 unless told', async () => {
  at.house.sops = [sampleSop({ confidence: 0.69 })];
  expect((await call('acontext_get_sops', { trigger_pattern: 'deploy' })).structuredContent).toEqual({
    sops: [],
  });
  const { structuredContent } = await call('acontext_get_sops', {
    trigger_pattern: 'deploy',
    min_confidence: 0.6,
  });
  expect(structuredContent.sops).toHaveLength(1);
});

describe('injected context', () => {
  it('is at most top_k procedures with their pitfalls', async () => {
    at.house.sops = [sampleSop(), sampleSop({ sopId: 'p-2', relevance: 0.9 }), sampleSop({ sopId: 'p-3' })];
    const { structuredContent } = await call('acontext_inject_context', { current_task: 'deploy', top_k: 2 });
    expect(structuredContent.injected_context).toHaveLength(2);
    expect(structuredContent.injected_context[0]).toMatchObject({
      type: 'sop',
      sop_id: 'p-2',
      relevance: 0.9,
    });
    expect(structuredContent.injected_context[0].content).toContain('fs__mkdir recovered it');
    expect(structuredContent.reasoning).toContain('2 learned item(s)');
  });

  it('abstains when nothing fits', async () => {
    const { structuredContent } = await call('acontext_inject_context', {
      current_task: 'deploy',
      recent_memories: [],
    });
    expect(structuredContent).toEqual({
      injected_context: [],
      reasoning: 'Nothing learned so far clearly matches this task, so nothing is injected.',
    });
  });

  it('says the next step with its arguments, and that the task is done after the last', async () => {
    at.house.sops = [sampleSop()];
    const ask = async (recent_steps: object[]) => {
      const { structuredContent } = await call('acontext_inject_context', {
        current_task: 'deploy',
        recent_steps,
      });
      return structuredContent.injected_context.filter((item: { type: string }) => item.type === 'next_step');
    };
    expect(await ask([])).toMatchObject([{ tool: 'fs__read' }]);
    const read = { tool: 'fs__read', result: { path: '/etc/a' } };
    expect(await ask([read])).toMatchObject([
      { tool: 'fs__write', args: { path: '/etc/a' }, relevance: 0.8 },
    ]);
    expect(await ask([read, { tool: 'fs__write' }])).toMatchObject([{ tool: null }]);
    expect(await ask([{ tool: 'other' }])).toEqual([]);
  });

  it('says which element of a list is meant, and what the task says', async () => {
    const [read, write] = sampleSop().procedure;
    if (read === undefined || write === undefined) throw new Error('the sample has two steps');
    const path = { from: 'result', step: 0, path: '/files/0/name', selector: 'unused', support: 1 } as const;
    const number = { from: 'task', selector: 'number', support: 1 } as const;
    const args = { path, 'with/number': number };
    at.house.sops = [sampleSop({ procedure: [read, { ...write, args }] })];
    const { structuredContent } = await call('acontext_inject_context', {
      current_task: 'deploy release 42',
      recent_steps: [
        { tool: 'fs__read', args: { path: 'a.md' }, result: { files: [{ name: 'a.md' }, { name: 'b.md' }] } },
      ],
    });
    expect(structuredContent.injected_context).toContainEqual(
      expect.objectContaining({ tool: 'fs__write', args: { path: 'b.md', with: { number: '42' } } }),
    );
  });

  it('takes a long task, a paragraph for a tool and a thousand steps as an import does', async () => {
    const long = `deploy ${'and so on '.repeat(1_000)}`;
    const asked = await call('acontext_get_sops', { trigger_pattern: long });
    expect(asked.isError).not.toBe(true);
    const paragraph = { tool: 'I would call whatever helps. '.repeat(50) };
    const injected = await call('acontext_inject_context', {
      current_task: long,
      recent_steps: Array.from({ length: 1_000 }, () => paragraph),
    });
    expect(injected.isError).not.toBe(true);
    expect(at.house.tasks.map(({ task }) => task.length)).toEqual([limits.taskTextMax]);
  });
});

it('foresees from the calls of the session where the agent tells none, and names what the answer rests on', async () => {
  at.house.sops = [sampleSop()];
  const ask = async (more: object = {}) =>
    (await call('acontext_inject_context', { current_task: 'deploy', ...more })).structuredContent;
  const steps = (answer: { injected_context: { type: string; tool?: string | null }[] }) =>
    answer.injected_context.flatMap(({ type, tool }) => (type === 'next_step' ? [tool] : []));
  expect(steps(await ask())).toEqual([]);
  const body = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'fs__read', arguments: {} } };
  const headers = { 'content-type': 'application/json', 'mcp-session-id': session, ...token };
  await at.send({ headers, body: JSON.stringify(body) });
  const answer = await ask();
  expect(steps(answer)).toEqual(['fs__write']);
  const [sop] = at.house.sops;
  expect(answer.reasoning).toContain(`${sop?.sopId} rests on ${sop?.occurrences} successful run(s)`);
  expect(answer.reasoning).toContain('(fs__read)');
  expect(steps(await ask({ recent_steps: [] }))).toEqual(['fs__read']);
});

describe('the task of a session', () => {
  const tasks = () => at.house.tasks.map(({ task, source }) => `${source}: ${task}`);

  it('is stated by the first question, and by the next different task', async () => {
    await call('acontext_get_sops', { trigger_pattern: 'deploy' });
    await call('acontext_get_sops', { trigger_pattern: 'something narrower' });
    await call('acontext_inject_context', { current_task: ' Deploy ' });
    await call('acontext_inject_context', { current_task: 'write the report' });
    expect(tasks()).toEqual(['trigger_pattern: deploy', 'current_task: write the report']);
  });

  it('is never replaced by a question when it was opened by name', async () => {
    await call('task', { action: 'start', task: 'deploy' });
    await call('acontext_inject_context', { current_task: 'write the report' });
    const { structuredContent } = await call('task', { action: 'finish', outcome: 'success' });
    expect(structuredContent).toMatchObject({ state: 'finished', outcome: 'success', calls: 0 });
    expect(tasks()).toEqual(['task: deploy']);
  });
});

describe('namespaces', () => {
  it('may be named by those who may', async () => {
    expect((await call('acontext_get_learning_status', { namespace: 'acme' })).isError).toBeUndefined();
  });

  it('may not be named by others, except for their own', async () => {
    await open({ authorization: 'Bearer ann' });
    expect((await call('acontext_get_learning_status', { namespace: 'acme' })).isError).toBeUndefined();
    const refused = await call('acontext_get_learning_status', { namespace: 'other' });
    expect([refused.isError, refused.text]).toEqual([
      true,
      expect.stringContaining('you may only use your own namespace'),
    ]);
  });
});
