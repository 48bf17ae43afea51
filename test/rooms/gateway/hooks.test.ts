// What a client's hooks tell, over real HTTP: tasks, calls, and what the agent is told.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OpenSession } from '../../../src/gateway/gateway.ts';
import { localPrincipal, sampleSop } from '../../support/gateway-needs.ts';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer, Reply } from '../../support/gateway-server.ts';

let at: GatewayServer;
beforeEach(async () => {
  at = await startGateway();
  // The small house says of every session that it was opened at this hour.
  at.house.nowMs = Date.parse('2026-01-01T00:00:10.000Z');
});
afterEach(() => at.close());

const post = (body: object | string, headers: Record<string, string> = {}, query = ''): Promise<Reply> =>
  at.send({
    path: `/api/v1/hooks${query}`,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
const tell = async (event: string, more: object = {}): Promise<string | null> => {
  const reply = await post({ hook_event_name: event, session_id: 'one', ...more });
  expect(reply.status, reply.text).toBe(200);
  return (reply.json() as { context: string | null }).context;
};
const openMcp = (more: Partial<OpenSession> = {}): string =>
  at.house.needs.sessions.open({
    principal: localPrincipal,
    transport: 'stdio',
    revision: '2025-11-25',
    client: 'claude-code/2.1.0',
    ...more,
  }).id;
const tasks = () => at.house.tasks.map(({ session, task, source }) => [session, task, source]);

describe('a prompt', () => {
  it('becomes the task of the MCP session of its conversation', async () => {
    const session = openMcp();
    openMcp({ client: 'cursor' });
    openMcp({ principal: { ...localPrincipal, id: 'somebody' } });
    await tell('SessionStart', { source: 'startup' });
    await tell('UserPromptSubmit', { prompt: '  fix   the build ' });
    expect(tasks()).toEqual([[session, 'fix   the build', 'hook']]);
    await tell('UserPromptSubmit', { prompt: 'now deploy it' });
    expect(tasks()).toHaveLength(2);
    await tell('SessionEnd', { reason: 'exit' });
    expect(at.house.sessions.get(session)?.closedFor).toBeUndefined();
    expect(at.house.sessions.get(session)?.session.task).toBeNull();
  });

  it('has a session of its own where no other can be told to be its', async () => {
    openMcp();
    openMcp();
    await tell('UserPromptSubmit', { prompt: 'fix the build' });
    const [own] = at.house.tasks;
    expect(at.house.sessions.get(own?.session ?? '')?.opened).toMatchObject({ transport: 'hook' });
    await tell('SessionEnd');
    expect(at.house.sessions.get(own?.session ?? '')?.closedFor).toBe('the conversation ended');
  });

  it('never takes a session that another conversation has, or one that was opened long before', async () => {
    const session = openMcp();
    await tell('UserPromptSubmit', { prompt: 'mine' });
    await tell('UserPromptSubmit', { prompt: 'yours', session_id: 'two' });
    at.house.nowMs += 3_600_000;
    await tell('SessionEnd');
    await tell('SessionStart', { source: 'startup', session_id: 'three' });
    at.house.nowMs += 60_000;
    await tell('UserPromptSubmit', { prompt: 'theirs', session_id: 'three' });
    const [first, ...others] = at.house.tasks.map((task) => task.session === session);
    expect([first, ...others]).toEqual([true, false, false]);
  });

  it('finds the client again that connected anew', async () => {
    const first = openMcp();
    await tell('SessionStart', { source: 'startup' });
    await tell('UserPromptSubmit', { prompt: 'before' });
    at.house.needs.sessions.find(first, localPrincipal)?.close('it was idle');
    at.house.sessions.delete(first);
    at.house.nowMs += 3_600_000;
    await tell('UserPromptSubmit', { prompt: 'meanwhile' });
    const second = openMcp();
    await tell('UserPromptSubmit', { prompt: 'after' });
    const [where, own, again] = tasks().map(([session]) => session);
    expect([where, own === first || own === second, again]).toEqual([first, false, second]);
  });

  it('stays with the client after it began a new conversation', async () => {
    const session = openMcp();
    await tell('UserPromptSubmit', { prompt: 'before' });
    at.house.nowMs += 3_600_000;
    await tell('SessionEnd', { reason: 'clear' });
    await tell('SessionStart', { source: 'clear', session_id: 'two' });
    await tell('UserPromptSubmit', { prompt: 'after', session_id: 'two' });
    expect(tasks().map(([where]) => where)).toEqual([session, session]);
  });

  it('begins no task where it is only a nod, the same again, or nothing', async () => {
    for (const prompt of [
      'yes',
      'fix the build',
      'Go on.',
      'fix the build',
      '',
      '<system-reminder>x</system-reminder>',
    ])
      await tell('UserPromptSubmit', { prompt });
    expect(tasks().map(([, task]) => task)).toEqual(['fix the build']);
  });

  it('brings the agent a procedure that clearly matches, and notes that it was served', async () => {
    expect(await tell('UserPromptSubmit', { prompt: 'deploy the service' })).toBeNull();
    at.house.sops = [sampleSop()];
    const context = await tell('UserPromptSubmit', { prompt: 'deploy the service again' });
    expect(context).toContain('1. Read the manifest with fs__read.');
    expect(context).toContain('Beware: fs__write failed 2 times here; fs__mkdir recovered it.');
    expect(at.house.injections).toMatchObject([
      { sops: [{ sopId: 'p-1' }], session: { namespace: 'default' } },
    ]);
  });
});

describe('a call', () => {
  const call = {
    tool_name: 'Bash',
    tool_use_id: 'u1',
    tool_input: { command: 'ls' },
    tool_response: { stdout: 'a' },
  };

  it('that went past us is one of the session', async () => {
    const session = openMcp();
    await tell('UserPromptSubmit', { prompt: 'look around' });
    await tell('PostToolUse', call);
    await tell('PostToolUse', {
      ...call,
      tool_name: 'mcp__other__find',
      tool_use_id: 'u2',
      tool_response: { isError: true },
    });
    await tell('PostToolUseFailure', {
      ...call,
      tool_use_id: 'u3',
      tool_response: undefined,
      error: 'no such file',
    });
    expect(at.house.observed).toMatchObject([
      {
        session,
        call: {
          server: '',
          tool: 'Bash',
          args: '{"command":"ls"}',
          result: '{"stdout":"a"}',
          isError: false,
        },
      },
      { session, call: { server: 'other', tool: 'find', name: 'other__find', isError: true } },
      { session, call: { tool: 'Bash', result: '"no such file"', isError: true } },
    ]);
    const ids = at.house.observed.map((one) => one.call.callId);
    expect(new Set(ids).size).toBe(3);
    await tell('PostToolUse', call);
    expect(at.house.observed[3]?.call.callId).toBe(ids[0]);
  });

  it.each(['mcp__drey__anything', 'mcp__gate__fs__slow', 'mcp__gate__task'])(
    'through us is not told twice: %s',
    async (name) => {
      await tell('PostToolUse', { ...call, tool_name: name });
      expect(at.house.observed).toEqual([]);
    },
  );
});

it('takes every other event in silence', async () => {
  for (const event of ['Stop', 'PreToolUse', 'Notification', 'SubagentStop', 'PreCompact', 'Whatever'])
    expect(await tell(event, { tool_name: 'Bash' })).toBeNull();
  expect([at.house.sessions.size, at.house.observed, at.house.tasks]).toEqual([0, [], []]);
});

it('admits and refuses as everywhere', async () => {
  const event = { hook_event_name: 'UserPromptSubmit', session_id: 's', prompt: 'in another namespace' };
  expect((await post(event, { authorization: 'Bearer nobody' })).status).toBe(401);
  expect((await post(event, { authorization: 'Bearer ann' }, '?namespace=other')).status).toBe(403);
  expect((await post(event, {}, '?namespace=other')).status).toBe(200);
  expect(at.house.sessions.get(at.house.tasks[0]?.session ?? '')?.session.namespace).toBe('other');
  expect((await post('{"a":')).status).toBe(400);
  expect((await post({ hook_event_name: 'Stop' })).json()).toMatchObject({ code: 'argument_invalid' });
  expect((await post(`"${'x'.repeat(1024 * 1024)}"`)).status).toBe(413);
  expect((await at.send({ method: 'GET', path: '/api/v1/hooks' })).status).toBe(405);
});
