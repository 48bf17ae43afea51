/**
 * How soon what was done is known, on a real node with real servers: from the quiet after a last call to the procedure, from
 * the third success to what is served, from enough evidence to a stored pattern and on to the agents that are told of it.
 * Kinds of tasks that were never done before come several at a time; everything is seen through faces that anybody has.
 */
import { Agent } from 'node:http';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { packageRoot, startNodeProcess } from '../journeys/demo/node.ts';
import type { NodeProcess } from '../journeys/demo/node.ts';
import { createPlace } from '../journeys/rig/place.ts';
import { untilHealthy } from '../journeys/rig/status.ts';
import { openRawSession } from './load.ts';
import type { RawSession } from './load.ts';
import { measure, quantile } from './measure.ts';
import type { Measure } from './measure.ts';

const quietMs = 500;
const stepsOfKind = 3;
/** Kinds that are worked on at the same time. */
const together = 6;
const lookEveryMs = 20;
const patienceMs = 90_000;

const nouns =
  'amber basil cedar dahlia elder fennel garnet hazel indigo juniper kelp lilac maple nutmeg opal poppy quartz rosemary saffron thyme umber violet walnut yarrow'.split(
    ' ',
  );
const verbs = 'audit bundle clean draw erase fetch gather hoist index join knit label'.split(' ');
const places = ['Lisbon', 'Oslo', 'Kyoto', 'Quito'] as const;
const wordings = [
  (what: string, place: string) => `Please ${what} for the office in ${place}`,
  (what: string, place: string) => `We have to ${what} for our people in ${place}`,
  (what: string, place: string) => `Could you ${what} before the visitors come to ${place}`,
  (what: string, place: string) => `It is time to ${what} again for ${place}`,
] as const;

interface Times {
  readonly extraction: number;
  readonly third: number;
  readonly discovery: number;
  readonly offered: number;
}

/** Kinds of tasks one group after the other; figures are over all of them. */
export async function learningSoonBench(quick: boolean): Promise<Measure[]> {
  const place = await createPlace();
  const count = quick ? 2 * together : nouns.length;
  const args = [
    join(packageRoot, 'test/fixtures/upstreams/echo.mjs'),
    '--tools',
    String(count * stepsOfKind),
  ];
  const up = { command: process.execPath, args, callsMax: 1_000 };
  await place.writeConfig({ mcpServers: { up }, learning: { quietMs }, limits: { profile: 'test' } });
  const node = await startNodeProcess({ ...place });
  const agent = new Agent({ keepAlive: true });
  try {
    await untilHealthy(node);
    const all: Times[] = [];
    for (let from = 0; from < count; from += together)
      all.push(
        ...(await Promise.all(Array.from({ length: together }, (_, n) => teach(node, agent, from + n)))),
      );
    return [
      ...summarize('extraction', all, 'extraction', 5_000),
      ...summarize('third_success', all, 'third', 5_000),
      ...summarize('pattern', all, 'discovery', 10_000),
      ...summarize('pattern_offered', all, 'offered', 60_000),
    ];
  } finally {
    agent.destroy();
    await node.stop();
    await place.remove();
  }
}

function summarize(name: string, all: readonly Times[], which: keyof Times, target: number): Measure[] {
  const times = all.map((each) => each[which]);
  return [
    measure(`learning.soon.${name}.p50_ms`, quantile(times, 0.5), 'ms', 'lower'),
    measure(`learning.soon.${name}.p95_ms`, quantile(times, 0.95), 'ms', 'lower', target),
  ];
}

/** Everything about one kind of task, from its first episode on. */
async function teach(node: NodeProcess, agent: Agent, kind: number): Promise<Times> {
  const what = `${verbs[kind % verbs.length] ?? ''} the ${nouns[kind] ?? ''} ${nouns[(kind * 7 + 5) % nouns.length] ?? ''}`;
  const tools = Array.from({ length: stepsOfKind }, (_, n) => `up__tool_${kind * stepsOfKind + n}`);
  const [asked = '', ...tasks] = wordings.map((wording, n) => wording(what, places[n] ?? ''));
  const work = async (task: string): Promise<RawSession> => {
    const place = places.find((one) => task.endsWith(one));
    const session = await openRawSession(`${node.url}/mcp`, agent);
    await call(session, 'task', { action: 'start', task });
    for (const tool of tools) await call(session, tool, { place });
    return session;
  };
  const [first = '', quiet = '', third = ''] = tasks;
  await call(await work(first), 'task', { action: 'finish', outcome: 'success' });
  // Nobody says that the second one is over; two make a procedure.
  const unended = await work(quiet);
  const lastAt = performance.now();
  const extraction = await since(lastAt + quietMs, () => isListed(node, tools));
  await call(unended, 'task', { action: 'finish', outcome: 'success' });
  const last = await work(third);
  await call(last, 'task', { action: 'finish', outcome: 'success' });
  const thirdAt = performance.now();
  const asking = await openRawSession(`${node.url}/mcp`, agent);
  const isServed = async (): Promise<boolean> =>
    (await call(asking, 'acontext_get_sops', { trigger_pattern: asked })).includes(tools[0] ?? '');
  // Asked all the time, so that whoever is told has a copy from before.
  const isOffered = async (): Promise<boolean> => {
    const question = { current_task: asked, recent_memories: [] };
    return /"type":"pattern"/.test(await call(asking, 'acontext_inject_context', question));
  };
  const [served, discovery, offered] = await Promise.all([
    since(thirdAt, isServed),
    since(thirdAt, () => isStored(node, tools)),
    since(thirdAt, isOffered),
  ]);
  return { extraction, third: served, discovery, offered: Math.max(0, offered - discovery) };
}

/** Calls a tool of the node or of its upstream; throws where it fails. */
export async function call(session: RawSession, name: string, args: object): Promise<string> {
  const { status, text } = await session.ask('tools/call', JSON.stringify({ name, arguments: args }));
  if (status === 200 && text.includes('"result"') && !text.includes('"isError":true')) return text;
  throw new Error(`${name} answered ${status}: ${text.slice(0, 300)}`);
}

/** Milliseconds from a moment until it is so; throws when that takes too long. */
async function since(moment: number, isSo: () => Promise<boolean>): Promise<number> {
  while (!(await isSo())) {
    if (performance.now() > moment + patienceMs) throw new Error('learning did not come to it in time');
    await pause(lookEveryMs);
  }
  return Math.max(0, performance.now() - moment);
}

async function isListed(node: NodeProcess, tools: readonly string[]): Promise<boolean> {
  const { sops } = await node.get<{ sops: { procedure: { tool: string }[] }[] }>('/api/v1/sops?limit=200');
  return sops.some(({ procedure }) => procedure.some(({ tool }) => tool === tools[0]));
}

async function isStored(node: NodeProcess, tools: readonly string[]): Promise<boolean> {
  const found = await node.get<{ patterns: { condition: { next_tool?: string } }[] }>(
    '/api/v1/patterns?type=precondition&limit=100',
  );
  return found.patterns.some(({ condition }) => tools.includes(condition.next_tool ?? ''));
}
