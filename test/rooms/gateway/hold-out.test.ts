// Holding out: tasks that are held out are served nothing, whichever way the agent asks, and each time is noted.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toPlace } from '../../../src/node/hold-out.ts';
import { connectNew, connectOld } from '../../support/connect.ts';
import { sampleSop } from '../../support/gateway-needs.ts';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer } from '../../support/gateway-server.ts';

let at: GatewayServer;
let noted: string[] = [];
beforeEach(async () => {
  noted = [];
  at = await startGateway((needs) => ({
    ...needs,
    holdOut: {
      isHeldOut: ({ task }) => task.includes('staging'),
      note: ({ task, namespace }) => void noted.push(`${namespace}: ${task}`),
    },
  }));
  at.house.sops = [sampleSop()];
});
afterEach(() => at.close());

describe.each([
  ['the 1.x client', connectOld],
  ['the 2.x client pinned to 2026-07-28', connectNew],
] as const)('%s', (_who, connect) => {
  it('is given nothing for a task that is held out, and everything for others', async () => {
    const client = await connect(at);
    const inject = async (task: string) => {
      const args = { current_task: task, recent_memories: [] };
      const answer = await client.callTool({ name: 'acontext_inject_context', arguments: args });
      return answer.structuredContent as { injected_context: readonly unknown[]; reasoning: string };
    };
    const held = await inject('deploy the service to staging');
    expect([held.injected_context, held.reasoning]).toEqual([[], expect.stringContaining('held out')]);
    expect(at.house.injections).toEqual([]);
    expect((await inject('deploy the service')).injected_context.length).toBeGreaterThan(0);
    expect(at.house.injections).toHaveLength(1);
    expect(noted).toEqual(['default: deploy the service to staging']);
  });

  it('cannot get round it by asking for procedures', async () => {
    const client = await connect(at);
    const get = async (task: string) => {
      const answer = await client.callTool({
        name: 'acontext_get_sops',
        arguments: { trigger_pattern: task },
      });
      return (answer.structuredContent as { sops: readonly unknown[] }).sops;
    };
    expect(await get('deploy the service to staging')).toEqual([]);
    expect(noted).toHaveLength(1);
    at.house.sops = [];
    // What would have been given nothing anyway says nothing about serving.
    expect(await get('deploy another thing to staging')).toEqual([]);
    expect(noted).toHaveLength(1);
  });
});

it('is the same for a hook, and never for a person who asks', async () => {
  const post = (path: string, body: object) =>
    at.send({
      path: `/api/v1${path}`,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  const prompt = 'deploy the service to staging';
  const told = await post('/hooks', { hook_event_name: 'UserPromptSubmit', session_id: 'c-1', prompt });
  expect(told.json()).toMatchObject({ context: null });
  expect(noted).toHaveLength(1);
  const asked = (await post('/ask', { task: prompt })).json();
  expect([asked.sops.length, asked.held_out]).toEqual([1, true]);
  expect(noted).toHaveLength(1);
});

describe('which tasks', () => {
  const tasks = Array.from({ length: 4_000 }, (_, n) => `Write the report number ${n} of ${n % 7}`);

  it('is fixed by their words, whatever their case and punctuation, and differs between namespaces', () => {
    expect(toPlace('acme', 'Deploy, the  SERVICE!')).toBe(toPlace('acme', 'deploy the service'));
    expect(toPlace('acme', 'deploy the service')).not.toBe(toPlace('globex', 'deploy the service'));
  });

  it.each([0.1, 0.5])('is about the share that was asked for: %f', (share) => {
    const held = tasks.filter((task) => toPlace('acme', task) < share).length / tasks.length;
    expect(Math.abs(held - share)).toBeLessThan(0.03);
  });
});
