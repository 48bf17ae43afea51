// `/api/v1/tools`: the catalogue for people, what waits for them, and who may approve it.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer } from '../../support/gateway-server.ts';

let at: GatewayServer;
beforeEach(async () => {
  at = await startGateway();
  at.house.reviewed = [
    {
      name: 'fs__echo',
      server: 'fs',
      tool: 'echo',
      why: 'changed',
      sentence: 'it changed',
      hash: 'new',
      was: 'old',
      definition: { name: 'echo' },
      differences: [],
      hidden: [],
    },
  ];
});
afterEach(() => at.close());

const get = async (path: string) => (await at.send({ method: 'GET', path: `/api/v1${path}` })).json();
const approve = (body: unknown, headers: Record<string, string> = {}) =>
  at.send({
    path: '/api/v1/tools/approve',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

it('lists and reviews, of one upstream or of all', async () => {
  expect((await get('/tools')).tools).toHaveLength(4);
  expect((await get('/tools?server=other')).tools).toEqual([]);
  expect((await get('/tools/review?server=fs')).tools).toMatchObject([{ tool: 'echo', hash: 'new' }]);
  expect((await get('/tools/review?server=other')).tools).toEqual([]);
});

it('approves exactly what was looked at', async () => {
  const echo = { tool: 'echo', hash: 'new' };
  const other = { tool: 'echo2', hash: 'new' };
  const reply = await approve({ server: 'fs', tools: [echo, other] });
  expect([reply.status, reply.json()]).toEqual([200, { server: 'fs', approved: [echo], left: [other] }]);
});

it('takes nobody else’s word, and nothing that is no approval', async () => {
  const tools = [{ tool: 'echo', hash: 'new' }];
  expect((await approve({ server: 'fs', tools }, { authorization: 'Bearer ann' })).status).toBe(403);
  for (const wrong of [
    {},
    { server: 'fs', tools: [] },
    { server: 'fs', tools: ['echo'] },
    { server: 'fs', tools, all: 1 },
  ])
    expect((await approve(wrong)).status).toBe(400);
});
