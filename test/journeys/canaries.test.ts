/**
 * Forty kinds of what must not be kept, sent through every door of a real node with a real upstream: who asks gets its
 * bytes untouched, and nothing of them is found afterwards in any table, stream, file, line, figure or answer to others.
 * There is no exception: contexts keep values as they are given unless the configuration hides them, and here it does.
 */
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldHttpTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canaries } from '../support/canaries.ts';
import type { Canary } from '../support/canaries.ts';
import { fromSchema } from '../support/from-schema.ts';
import { findLeaks, readStreams, readTables, searchFiles, toTraces } from './rig/leaks.ts';
import { startLeakyUpstream } from './rig/leaky-upstream.ts';
import type { HttpUpstream } from './rig/http-upstream.ts';
import { openNeighbours } from './rig/neighbours.ts';
import type { Neighbour, Neighbours, Operation } from './rig/neighbours.ts';
import { findIds, request, withoutNamespace } from './rig/requests.ts';
import { untilHealthy, untilLearned } from './rig/status.ts';

/** How many are under way at once. */
const atOnce = 8;

let upstream: HttpUpstream;
let house: Neighbours;
let planter: Neighbour;
let other: Neighbour;
const traces = canaries.flatMap(({ kind, traces: texts }) => toTraces(kind, texts));
const met = new Map<string, number>();

beforeAll(async () => {
  upstream = await startLeakyUpstream();
  house = await openNeighbours({
    mcpServers: { leaky: { url: upstream.url, contextKeys: { read: ['*'], write: ['*'] } } },
    redaction: { contexts: true },
    learning: { quietMs: 500 },
  });
  await untilHealthy(house.node);
  planter = await house.move('planted', 'planter');
  other = await house.move('planted', 'reader');
}, 120_000);
afterAll(async () => {
  await house?.stop();
  await upstream?.close();
}, 60_000);

const toText = ({ sent }: Canary): string => (typeof sent === 'string' ? sent : JSON.stringify(sent));

/** The same value with this said in every text that is meant for people. */
function withSaid(value: unknown, said: string): unknown {
  if (typeof value === 'string') return value.includes(' ') ? `${value}: ${said}` : value;
  if (Array.isArray(value)) return value.map((one) => withSaid(one, said));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withSaid(inner, said)]));
}

function count(what: string, isTaken: boolean): void {
  met.set(what, (met.get(what) ?? 0) + (isTaken ? 1 : 0));
}

/** A task of an agent whose name, headers, task, arguments, results and errors hold it. */
async function work(canary: Canary): Promise<void> {
  const said = toText(canary);
  const client = new OldClient({ name: `agent of ${said}`, version: '1' });
  const sendable = /^[\x20-\x7e]*$/.test(said) ? { 'x-note': said, 'user-agent': said, baggage: said } : {};
  const transport = new OldHttpTransport(new URL('/mcp', house.node.url), {
    requestInit: { headers: { ...planter.headers, ...sendable } },
  });
  await client.connect(transport);
  const call = (name: string, args: Record<string, unknown>) => client.callTool({ name, arguments: args });
  const started = await call('task', { action: 'start', task: `Tell the board about ${said} today` });
  count('task', started.isError !== true);
  const echoed = await call('leaky__echo', { message: said, deep: canary.sent });
  // Who asked has what it asked for, to the character.
  expect(echoed).toMatchObject({
    content: [{ type: 'text', text: said }],
    structuredContent: { found: canary.sent },
  });
  const failed = await call('leaky__fail', { message: said, deep: [canary.sent] });
  expect(failed).toMatchObject({ isError: true, content: [{ text: said }] });
  await expect(call('leaky__break', { message: said })).rejects.toThrow('it broke');
  await expect(call(`leaky__no such tool ${said}`, { message: said })).rejects.toThrow(/tool/i);
  const asked = await call('acontext_get_sops', { trigger_pattern: `Tell the board about ${said}` });
  count('get_sops', asked.isError !== true);
  const ended = await call('task', { action: 'finish', outcome: 'success', notes: `told ${said}` });
  count('finish', ended.isError !== true);
  await transport.terminateSession();
  await client.close();
}

/** What a hook tells, what an engine of somebody writes back, what is remembered, shared and reported. */
async function write(canary: Canary, number: number): Promise<void> {
  const said = toText(canary);
  const { sent } = canary;
  const post = async (path: string, body: unknown, type?: string) => {
    const answer = await planter.ask('POST', path, body, type);
    count(path, answer.status < 300);
    return answer;
  };
  const conversation = { session_id: `c-${number}`, cwd: '/' };
  for (const event of [
    { hook_event_name: 'SessionStart', source: 'startup' },
    { hook_event_name: 'UserPromptSubmit', prompt: `Please see to ${said} at once` },
    {
      hook_event_name: 'PostToolUse',
      tool_name: 'Bash',
      tool_use_id: `u-${number}`,
      tool_input: { sent },
      tool_response: { said },
    },
    {
      hook_event_name: 'PostToolUseFailure',
      tool_name: 'Bash',
      tool_use_id: `f-${number}`,
      tool_input: { said },
      error: said,
    },
    { hook_event_name: 'SessionEnd', reason: said },
  ])
    await post('/hooks', { ...conversation, ...event });
  const metadata = { found: sent, note: said };
  const stored = await post('/acontext/sops', {
    trigger: `See to ${said} number ${number}`,
    steps: [`Take ${said}`, { description: `Put ${said} away`, tool: 'leaky__echo' }],
    confidence: 0.9,
    occurrences: 3,
    metadata,
  });
  await post('/acontext/patterns', {
    pattern_type: 'precondition',
    condition: { when: said, found: sent },
    action: { say: said, found: sent },
    confidence: 0.9,
    metadata,
  });
  const [sopId = ''] = findIds(stored.text);
  const voted = await planter.call('acontext_record_feedback', {
    pattern_id: sopId,
    helpful: false,
    feedback_notes: `it said ${said}`,
  });
  count('feedback', voted.status < 300);
  const memory = {
    content: `Number ${number} is kept as ${said} there`,
    tags: [said.slice(0, 40)],
    metadata,
  };
  const kept = await planter.call('memory', { action: 'store', ...memory });
  count('memory', kept.status < 300);
  const [memoryId = ''] = findIds(kept.text);
  await planter.call('memory', { action: 'update', memory_id: memoryId, version: 1, content: `Now ${said}` });
  await planter.call('memory', { action: 'search', query: `where is ${said}` });
  await planter.call('memory', { action: 'forget', memory_id: memoryId, reason: `because of ${said}` });
  const shared = await planter.call('context', {
    action: 'create',
    name: `kept for ${said}`.slice(0, 100),
    values: { said, found: sent },
  });
  count('context', shared.status < 300);
  const [contextId = ''] = findIds(shared.text);
  await planter.call('context', { action: 'set', context_id: contextId, values: { again: { said } } });
  await planter.call('context', {
    action: 'patch',
    context_id: contextId,
    values: { again: { more: sent } },
  });
  const line = {
    source: 'a test',
    key: `k-${number}`,
    task: `Bring ${said} home`,
    outcome: 'success',
    agent: `agent ${said}`.slice(0, 300),
    calls: [{ tool: 'Bash', args: { sent }, result: { said }, error: false }],
  };
  await post('/import', `${JSON.stringify(line)}\n`, 'application/x-ndjson');
}

/** Every operation's own example and every tool's schema, with it in each text: also of what is added later. */
async function askAll(canary: Canary, number: number): Promise<void> {
  const said = toText(canary);
  for (const operation of house.operations) {
    if (operation.example === undefined || isSlow(operation)) continue;
    const body = withSaid(operation.example, said);
    const { status } = await request(planter, operation, { ids: [said, said], query: '', body });
    expect(status, `${operation.method} ${operation.path} ${said}`).toBeLessThan(500);
  }
  for (const { name, inputSchema } of house.tools.filter((tool) => !tool.name.startsWith('leaky'))) {
    const schema = fromSchema(inputSchema, { pool: [said, `about ${said} it is`] });
    for (const args of fc.sample(schema, { numRuns: 1, seed: number }))
      await planter.call(name, withoutNamespace(args));
  }
}

/** What learns everything anew does so once, not for each of them. */
const isSlow = ({ path }: Operation): boolean => path === '/relearn' || path === '/learning/pause';

/** Shown as a key, as a token in the address, and to places that there are not. */
async function knock(canary: Canary): Promise<void> {
  const said = toText(canary);
  const { url } = house.node;
  for (const path of [`/mcp?token=${encodeURIComponent(said)}`, `/api/v1/${encodeURIComponent(said)}`]) {
    const answer = await fetch(url + path, { headers: { cookie: encodeURIComponent(said) } });
    await answer.text();
    expect(answer.status).toBeLessThan(500);
  }
  if (!/^[\x21-\x7e]*$/.test(said)) return;
  const answer = await fetch(`${url}/api/v1/sops`, { headers: { authorization: `Bearer ${said}` } });
  await answer.text();
  expect(answer.status).toBe(401);
}

async function inTurns(deed: (canary: Canary, number: number) => Promise<void>): Promise<void> {
  const waiting = [...canaries.entries()];
  const take = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await deed(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: atOnce }, take));
}

describe('what must not be kept', { timeout: 180_000 }, () => {
  it('goes through every door, and back to who asked as it was', async () => {
    await inTurns(work);
    await inTurns(write);
    await inTurns(askAll);
    await inTurns(knock);
    // A door that let nothing in proves nothing.
    const shut = [...met].filter(([, taken]) => taken < canaries.length * 0.9);
    expect(shut).toEqual([]);
    await untilLearned(house.node);
  });

  it('is in no figure, and in no answer to others', async () => {
    const { url } = house.node;
    const told = new Map([['/metrics', await (await fetch(`${url}/metrics`)).text()]]);
    const paths = house.operations.flatMap(({ method, path }) =>
      method === 'GET' && !path.includes('{') ? [path] : [],
    );
    for (const path of paths) told.set(path, (await other.ask('GET', path)).text);
    const listed = [
      '/sops',
      '/patterns',
      '/memories',
      '/episodes',
      '/contexts',
      '/audit',
      '/tasks',
      '/sessions',
    ];
    for (const path of listed) {
      const { text } = await other.ask('GET', `${path}?limit=200`);
      told.set(`${path}, all`, text);
      const [id] = findIds(text);
      if (id !== undefined) told.set(`${path}/${id}`, (await other.ask('GET', `${path}/${id}`)).text);
    }
    for (const task of ['See to it number 7', 'Tell the board about it today', 'Bring it home'])
      told.set(task, (await other.call('acontext_get_sops', { trigger_pattern: task })).text);
    told.set(
      'search',
      (await other.call('memory', { action: 'search', query: 'number is kept', limit: 50 })).text,
    );
    expect(told.get('/sops, all')).toContain('[redacted:');
    expect([...told].flatMap(([where, text]) => findLeaks(where, text, traces))).toEqual([]);
  });

  it('is in no row of any table, and in no message of any stream', async () => {
    const { databaseUrl, natsUrl } = house.servers;
    const kept = [...(await readTables(databaseUrl)), ...(await readStreams(natsUrl))];
    const leaks = kept.flatMap(([where, rows]) => rows.flatMap((row) => findLeaks(where, row, traces)));
    expect(leaks.slice(0, 40)).toEqual([]);
    const filled = kept.flatMap(([where, rows]) =>
      rows.some((row) => row.includes('[redacted:')) ? [where] : [],
    );
    expect(filled).toEqual(
      expect.arrayContaining([
        'acontext_sops',
        'acontext_patterns',
        'memories',
        'tasks',
        'contexts',
        'DREY_EVENTS',
      ]),
    );
  });

  it('is in no file, byte by byte, and in no line that was written', async () => {
    // What is still in the servers' memory goes to their files.
    await house.node.stop();
    expect(findLeaks('stdout and stderr', house.node.output(), traces)).toEqual([]);
    const searched = await Promise.all(
      [house.node.dataFolder, house.servers.folder].map((folder) => searchFiles(folder, traces)),
    );
    expect(searched.flatMap(({ leaks }) => leaks).slice(0, 40)).toEqual([]);
    // The write-ahead log of Postgres alone is larger.
    expect(searched.reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThan(16 * 1024 * 1024);
  });
});
