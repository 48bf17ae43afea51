// Auto-injection: the best of what is known travels in `_meta` of tool results, once a task, and only where it is switched on.
import { afterEach, describe, expect, it } from 'vitest';
import type { GatewayNeeds } from '../../../src/gateway/gateway.ts';
import { connectNew, connectOld } from '../../support/connect.ts';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer } from '../../support/gateway-server.ts';

let at: GatewayServer;
afterEach(() => at.close());

const start = async (more: Partial<GatewayNeeds>): Promise<void> => {
  at = await startGateway((needs) => ({ ...needs, ...more }));
  at.house.rawResult = '{"content":[],"_meta":{"theirs":9007199254740993},"isError":false}';
};
const matchPatterns: GatewayNeeds['matchPatterns'] = async ({ task }) =>
  task.includes('service')
    ? [{ type: 'pattern', content: 'Call a before b.', relevance: 0.9, patternId: 'a-1' }]
    : [];
const key = 'drey/suggestion';

describe.each([
  ['the 1.x client', connectOld],
  ['the 2.x client pinned to 2026-07-28', connectNew],
] as const)('%s', (_who, connect) => {
  it('is told once a task, beside what the upstream said', async () => {
    await start({ suggests: true, matchPatterns });
    const client = await connect(at);
    const echo = async () => (await client.callTool({ name: 'fs__raw', arguments: {} }))._meta ?? {};
    const state = (task: string) => client.callTool({ name: 'task', arguments: { action: 'start', task } });
    expect(Object.keys(await echo())).not.toContain(key);
    await state('deploy the service');
    const told = await echo();
    expect(told[key]).toMatchObject({ type: 'pattern', pattern_id: 'a-1', content: 'Call a before b.' });
    expect(Object.keys(told)).toContain('theirs');
    expect(Object.keys(await echo())).not.toContain(key);
    expect(at.house.injections).toMatchObject([{ sops: [], patterns: [{ patternId: 'a-1' }] }]);
    await state('paint the fence');
    expect(Object.keys(await echo())).not.toContain(key);
    await state('restart the service');
    expect(Object.keys(await echo())).toContain(key);
  });

  it('is told nothing unless it is switched on, and a call goes well when nothing can be found', async () => {
    await start({ matchPatterns });
    const silent = await connect(at);
    await silent.callTool({ name: 'task', arguments: { action: 'start', task: 'deploy the service' } });
    expect((await silent.callTool({ name: 'fs__raw', arguments: {} }))._meta).not.toHaveProperty([key]);
    await silent.close();
    await at.close();
    await start({ suggests: true, matchPatterns: () => Promise.reject(new Error('the database is away')) });
    const client = await connect(at);
    await client.callTool({ name: 'task', arguments: { action: 'start', task: 'deploy the service' } });
    const answer = await client.callTool({ name: 'fs__raw', arguments: {} });
    expect([answer.isError, answer._meta?.[key]]).toEqual([false, undefined]);
  });
});
