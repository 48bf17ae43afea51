// The whole loop through public faces only: work, learn, serve, report; and what that left, read past the program.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { connectNew, connectOld, getSops } from './rig/clients.ts';
import type { Agent, ServedSop } from './rig/clients.ts';
import { createPlace, referenceServer, runDrey } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { readStatus, untilLearned } from './rig/status.ts';
import { openTruth, readAddresses } from './rig/truth.ts';
import type { Truth } from './rig/truth.ts';

let place: Place;
let node: NodeProcess;
let truth: Truth;
/** An id as its column holds it: without the letter that says what it is. */
const toRowId = (sopId = ''): string => sopId.replace(/^p-/, '');

/** Every call of an upstream's tool that an agent of this file was answered, by name. */
const answered: string[] = [];

const rooms = ['garden', 'kitchen', 'attic'] as const;
const wordings = [
  (path: string) => `Write a summary of the notes in ${path}`,
  (path: string) => `Please summarise the notes kept in ${path}`,
  (path: string) => `I need a short summary of the notes in ${path}`,
] as const;

beforeAll(async () => {
  place = await createPlace();
  const workshop = join(place.folder, 'workshop');
  for (const room of rooms) {
    await mkdir(join(workshop, room), { recursive: true });
    await writeFile(join(workshop, room, 'notes.txt'), `What lies in the ${room}.\n`);
  }
  await place.writeConfig({
    mcpServers: {
      fs: referenceServer(place, 'server-filesystem', workshop),
      every: referenceServer(place, 'server-everything'),
    },
    learning: { quietMs: 500 },
  });
  node = await startNodeProcess({ ...place });
  truth = await openTruth(await readAddresses(place.dataFolder));
});

afterAll(async () => {
  await truth?.close();
  await node?.stop();
  await place?.remove();
});

async function work(agent: Agent, name: string, args: Record<string, unknown>): Promise<string> {
  const { text, isError } = await agent.call(name, args);
  expect(isError, text).toBe(false);
  answered.push(name);
  return text;
}

async function summarise(agent: Agent, room: string): Promise<void> {
  const folder = join(place.folder, 'workshop', room);
  await work(agent, 'fs__list_directory', { path: folder });
  const notes = await work(agent, 'fs__read_text_file', { path: join(folder, 'notes.txt') });
  await work(agent, 'fs__write_file', { path: join(folder, 'summary.md'), content: `# Summary\n${notes}` });
}

function untilServed(agent: Agent, task: string): Promise<readonly ServedSop[]> {
  return until(
    `a procedure is served for "${task}"`,
    async () => {
      const sops = await getSops(agent, task);
      return sops.length > 0 ? sops : undefined;
    },
    60_000,
  );
}

describe('three runs of one kind of task', () => {
  let served: readonly ServedSop[] = [];

  it('become a procedure that is served to a wording nobody used', async () => {
    for (const [index, room] of rooms.entries()) {
      const agent = await connectNew(node.url);
      await agent.call('task', { action: 'start', task: wordings[index]?.(`/srv/${room}`) });
      await summarise(agent, room);
      await agent.call('task', { action: 'finish', outcome: 'success' });
      await agent.close();
    }
    await untilLearned(node);
    const asking = await connectNew(node.url);
    served = await untilServed(asking, 'Could you give me a summary of the notes in /srv/cellar?');
    await asking.close();
    const [best] = served;
    expect(best?.confidence).toBeGreaterThanOrEqual(0.7);
    expect(best?.occurrences).toBe(3);
    expect(best?.steps.join('\n')).toMatch(/list_directory[\s\S]*read_text_file[\s\S]*write_file/);
    expect(best?.evidence.length).toBeGreaterThanOrEqual(9);
  });

  it('give nothing to a task that has nothing to do with them', async () => {
    const agent = await connectNew(node.url);
    expect(await getSops(agent, 'Book a flight from Lisbon to Oslo for next Tuesday')).toEqual([]);
    const injected = await agent.call('acontext_inject_context', {
      current_task: 'Book a flight from Lisbon to Oslo for next Tuesday',
      recent_memories: [],
    });
    expect(injected.structured).toMatchObject({ injected_context: [] });
    await agent.close();
  });

  it('are seen in the database as they were served, with the calls that prove them', async () => {
    const [best] = served;
    const [row] = await truth.rows<{ confidence: number; occurrences: number; status: string }>(
      'select confidence, occurrences, status from acontext_sops where namespace = $1 and id::text = $2',
      ['default', toRowId(best?.sop_id)],
    );
    expect(row).toEqual({ confidence: best?.confidence, occurrences: 3, status: 'active' });
    const evidence = await truth.rows<{ call_id: string }>(
      'select call_id from evidence where namespace = $1 and sop_id::text = $2',
      ['default', toRowId(best?.sop_id)],
    );
    const happened = new Set((await truth.calls()).map((call) => call.data.callId));
    expect(evidence.length).toBeGreaterThanOrEqual(9);
    expect(evidence.filter(({ call_id }) => !happened.has(call_id))).toEqual([]);
    expect(best?.evidence.filter((callId) => !happened.has(callId))).toEqual([]);
  });

  it('are rated by feedback, which is stored, counted and told once', async () => {
    const sopId = served[0]?.sop_id ?? '';
    const agent = await connectNew(node.url);
    const first = await agent.call('acontext_record_feedback', { pattern_id: sopId, helpful: true });
    expect(first.structured).toEqual({
      pattern_id: sopId,
      new_effectiveness: 1,
      applied_count: 1,
      success_count: 1,
    });
    // A report is about what was served last; only a new answer can be rated anew.
    await getSops(agent, 'Could you give me a summary of the notes in /srv/loft?');
    await until('what was served is noted', async () => {
      const [row] = await truth.rows<{ served: string }>(
        'select count(distinct id) as served from injections where namespace = $1',
        ['default'],
      );
      return Number(row?.served) >= 2;
    });
    const second = await agent.call('acontext_record_feedback', {
      pattern_id: sopId,
      helpful: false,
      feedback_notes: 'the folder was empty',
    });
    expect(second.structured).toMatchObject({ new_effectiveness: 0.5, applied_count: 2, success_count: 1 });
    const rows = await truth.rows<{ helpful: boolean }>(
      'select helpful from feedback where namespace = $1 and target_id::text = $2',
      ['default', toRowId(sopId)],
    );
    expect(rows.map(({ helpful }) => helpful).sort()).toEqual([false, true]);
    const again = await agent.call('acontext_record_feedback', { pattern_id: sopId, helpful: false });
    expect(again.structured).toMatchObject({ applied_count: 2, success_count: 1 });
    await agent.close();
    const told = await until('all reports are on the bus', async () => {
      const events = (await truth.events()).filter(({ type }) => type === 'feedback.recorded');
      return events.length >= 3 ? events : undefined;
    });
    expect(told.map(({ data }) => data['helpful'])).toEqual([true, false, false]);
  });
});

describe('runs without a word about the task', () => {
  it('become a procedure whose trigger is made of the calls', async () => {
    for (let run = 0; run < 3; run += 1) {
      const agent = await connectOld(node.url, 'silent');
      const sum = await work(agent, 'every__get-sum', { a: run + 1, b: 40 });
      await work(agent, 'every__echo', { message: sum });
      await agent.close();
    }
    await untilLearned(node);
    const agent = await connectNew(node.url, 'silent');
    const [sop] = await untilServed(agent, 'get the sum of a and b and echo the message');
    await agent.close();
    expect(sop?.confidence).toBeGreaterThanOrEqual(0.7);
    expect(sop?.trigger).toMatch(/sum/);
    expect(sop?.trigger).toMatch(/echo/);
    const tasks = await truth.rows('select 1 from episodes where namespace = $1 and task <> $2', [
      'silent',
      '',
    ]);
    expect(tasks).toEqual([]);
  });

  it('stay in their namespace', async () => {
    const agent = await connectNew(node.url);
    expect(await getSops(agent, 'get the sum of a and b and echo the message')).toEqual([]);
    await agent.close();
  });
});

describe('the faces agree', () => {
  it('about the state of learning', async () => {
    const agent = await connectNew(node.url);
    const { structured } = await agent.call('acontext_get_learning_status', {});
    await agent.close();
    expect(structured).toMatchObject({ engine_status: 'running', statistics: { total_sops: 1 } });
    const told = structured as { last_learning_run: string; statistics: { avg_confidence: number } };
    expect(Date.parse(told.last_learning_run)).toBeLessThanOrEqual(Date.now());
    expect(told.statistics.avg_confidence).toBeGreaterThan(0.5);
    expect(await node.get('/api/v1/learning')).toMatchObject({
      engine_status: 'running',
      statistics: { total_sops: 1 },
    });
  });

  it('about the procedures', async () => {
    const { sops } = await node.get<{ sops: { sop_id: string }[] }>('/api/v1/sops?min_confidence=0.7');
    const rows = await truth.rows<{ id: string }>(
      "select id::text from acontext_sops where namespace = 'default' and confidence >= 0.7",
    );
    expect(sops.map(({ sop_id }) => sop_id)).toEqual(rows.map(({ id }) => `p-${id}`));
  });
});

describe('in the stream and in the archive', () => {
  it('each call is one event and one row, and nothing else is', async () => {
    await untilLearned(node);
    const calls = await truth.calls();
    expect(calls.map(({ type }) => type)).toEqual(answered.map(() => 'call.finished'));
    expect(calls.map(({ data }) => data.name)).toEqual(answered);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(answered.length);
    const rows = await truth.rows<{ id: string }>('select id from calls');
    expect(rows.map(({ id }) => id).sort()).toEqual(calls.map(({ data }) => data.callId).sort());
  });

  it('each stated task began once and ended once', async () => {
    const events = await truth.events();
    const stated = events.filter(({ type, data }) => type === 'task.started' && data['source'] === 'task');
    const finished = events.filter(({ type }) => type === 'task.finished').map(({ data }) => data['taskId']);
    expect(stated).toHaveLength(3);
    for (const { data } of stated)
      expect(finished.filter((taskId) => taskId === data['taskId'])).toHaveLength(1);
  });

  it('an episode given over REST is there like one that was worked through', async () => {
    const episode = {
      source: 'journey',
      key: 'one',
      task: 'water the plants',
      outcome: 'success',
      agent: 'ada',
      calls: [{ tool: 'water', args: { room: 'hall' }, result: 'wet', error: false }],
    };
    const body = `${JSON.stringify(episode)}\n`;
    const send = (): Promise<unknown> =>
      fetch(`${node.url}/api/v1/import?namespace=given`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body,
      }).then((answer) => answer.json());
    expect(await send()).toMatchObject({ episodes: 1, calls: 1, duplicates: 0 });
    await untilLearned(node);
    expect(await send()).toMatchObject({ episodes: 0, duplicates: 1 });
    const events = (await truth.events()).filter(({ namespace }) => namespace === 'given');
    expect(events.map(({ type }) => type).filter((type) => /^(task|call)\./.test(type))).toEqual([
      'task.started',
      'call.finished',
      'task.finished',
    ]);
    expect(await truth.rows("select tool from calls where namespace = 'given'")).toEqual([{ tool: 'water' }]);
  });

  it('the same procedures lie: learned anew from either, nothing differs', async () => {
    for (const from of ['stream', 'archive']) {
      const words = ['relearn', '--from', from, '--json', '--data', place.dataFolder];
      const { code, stdout, stderr } = await runDrey(place, words);
      expect(code, stderr).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        state: 'done',
        differs: false,
        counts: { namespaces: 3, same: 2, changed: 0, new: 0, gone: 0, mended: 0 },
      });
    }
    const [acted] = (await truth.events()).filter(({ type }) => type === 'user.acted');
    expect(acted?.data).toMatchObject({
      action: 'learning.relearned',
      on: 'every namespace, from the stream',
    });
  });

  it('nothing could not be recorded', async () => {
    const { events } = await readStatus(node);
    expect(events).toMatchObject({ unrecorded: 0, waiting: 0 });
  });
});
