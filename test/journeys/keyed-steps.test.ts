// One tool that does everything by an argument: a real node learns which argument, and foresees what it is called for next.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { connectOld } from './rig/clients.ts';
import type { Agent } from './rig/clients.ts';
import { createPlace } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { untilLearned } from './rig/status.ts';
import { startTracker } from './rig/tracker.ts';
import type { HttpUpstream } from './rig/http-upstream.ts';

interface NextStep {
  readonly type: string;
  readonly tool?: string | null;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly ask?: Readonly<Record<string, string>>;
  readonly relevance: number;
  readonly content: string;
}

let tracker: HttpUpstream;
let place: Place;
let node: NodeProcess;
const agents: Agent[] = [];

const topics = ['the crash', 'a slow login', 'broken links', 'wrong currency', 'the odd dark fonts'];
const cleanUp = (topic: string) => `Clean up the tickets that tell of ${topic}`;
const lookUp = (topic: string) => `What does the handbook say of ${topic}?`;

beforeAll(async () => {
  tracker = await startTracker();
  place = await createPlace({
    mcpServers: { gh: { url: tracker.url }, kb: { url: tracker.url } },
    learning: { quietMs: 300 },
    limits: { profile: 'test' },
  });
  node = await startNodeProcess({ ...place });
  const agent = await connect();
  for (const topic of topics) {
    await agent.call('task', { action: 'start', task: cleanUp(topic) });
    const [listed] = await call(agent, 'gh__issue', { action: 'list', about: topic });
    await call(agent, 'gh__issue', { action: 'close', id: listed });
    await agent.call('task', { action: 'finish', outcome: 'success' });
    await agent.call('task', { action: 'start', task: lookUp(topic) });
    const [section] = await call(agent, 'kb__get_page', { part: 'outline', about: topic });
    await call(agent, 'kb__get_page', { part: 'section', section });
    await agent.call('task', { action: 'finish', outcome: 'success' });
  }
  await untilLearned(node);
}, 120_000);

afterAll(async () => {
  for (const agent of agents) await agent.close();
  await node?.stop();
  await tracker?.close();
  await place?.remove();
});

async function connect(): Promise<Agent> {
  const agent = await connectOld(node.url);
  agents.push(agent);
  return agent;
}

/** The ids that a call brought. */
async function call(agent: Agent, name: string, args: Record<string, unknown>): Promise<string[]> {
  const { text, isError } = await agent.call(name, args);
  expect(isError, text).toBe(false);
  return text.match(/I-\d+|s\d+x7/g) ?? [];
}

async function inject(agent: Agent, task: string, steps?: readonly object[]): Promise<readonly NextStep[]> {
  const asked = {
    current_task: task,
    recent_memories: [],
    ...(steps === undefined ? {} : { recent_steps: steps }),
  };
  const { structured } = await agent.call('acontext_inject_context', asked);
  const { injected_context: injected } = structured as { injected_context: readonly NextStep[] };
  return injected.filter(({ type }) => type === 'next_step');
}

/** The first next step, once the model knows the key. */
const untilForeseen = (agent: Agent, task: string, steps: readonly object[], word: string) =>
  until(
    `${word} is foreseen`,
    async () => {
      const [first] = await inject(agent, task, steps);
      return first?.content.includes(`(${word})`) === true ? first : undefined;
    },
    60_000,
  );

const task = cleanUp('the smeared logo');
const list = {
  tool: 'gh__issue',
  args: { action: 'list', about: 'the smeared logo' },
  result: { items: [{ id: 'I-771' }] },
};
const close = { tool: 'gh__issue', args: { action: 'close', id: 'I-771' }, result: { state: 'done' } };

describe('a tool that does everything by one argument', () => {
  it('is foreseen with the word that makes it the next step, from the steps that are told', async () => {
    const agent = await connect();
    const second = await untilForeseen(agent, task, [list], 'close');
    expect(second).toMatchObject({ tool: 'gh__issue', args: { id: 'I-771' }, ask: { action: 'close' } });
    expect(second.relevance).toBeGreaterThan(0.6);
    // It may change something: habit alone puts nothing into its arguments, as in a procedure.
    expect(second.args).not.toHaveProperty('action');
    const [first] = await inject(agent, task, []);
    expect(first).toMatchObject({ tool: 'gh__issue', ask: { action: 'list' } });
    const [done] = await inject(agent, task, [list, close]);
    expect(done?.tool).toBeNull();
  });

  it('has the word among its arguments where its name promises that it only reads', async () => {
    const agent = await connect();
    const outline = {
      tool: 'kb__get_page',
      args: { part: 'outline', about: 'leave' },
      result: { sections: [{ section: 's99x7' }] },
    };
    const second = await untilForeseen(agent, lookUp('leave'), [outline], 'section');
    expect(second).toMatchObject({ tool: 'kb__get_page', args: { part: 'section', section: 's99x7' } });
    expect(second).not.toHaveProperty('ask');
    const [first] = await inject(agent, lookUp('leave'), []);
    expect(first).toMatchObject({ tool: 'kb__get_page', args: { part: 'outline' } });
  });

  it("is foreseen the same way after the session's own calls", async () => {
    const agent = await connect();
    await agent.call('task', { action: 'start', task });
    const [listed] = await call(agent, 'gh__issue', { action: 'list', about: 'the smeared logo' });
    const [next] = await inject(agent, task);
    expect(next).toMatchObject({ tool: 'gh__issue', args: { id: listed }, ask: { action: 'close' } });
    expect(next?.content).toContain('gh__issue (close)');
    await call(agent, 'gh__issue', { action: 'close', id: listed });
    const [done] = await inject(agent, task);
    expect(done?.tool).toBeNull();
  });
});
