// An agent's whole story with a procedure: worked three times, asked for in other words, followed by a guided run,
// rated. And runs from the command line, whose node is killed at the worst moments. Real node, real MCP servers.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Client as NewClient,
  StreamableHTTPClientTransport as NewTransport,
} from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunAnswer } from '../../src/gateway/runs/run-answer.ts';
import { until } from '../support/until.ts';
import { packageRoot, startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { connectOld, getSops } from './rig/clients.ts';
import { createPlace, referenceServer, runDrey } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { untilLearned } from './rig/status.ts';

/** Learning has a process of its own, at low priority. */
const learnedMs = 60_000;
const rooms = ['garden', 'kitchen', 'attic', 'cellar', 'loft'] as const;
const wordings = [
  (from: string, to: string) => `Copy the notes from ${from} to ${to}`,
  (from: string, to: string) => `Please copy all notes from ${from} to ${to}`,
  (from: string, to: string) => `I need the notes copied from ${from} to ${to}`,
] as const;

let place: Place;
let node: NodeProcess;
let sopId: string;

const notes = (room: string): string => join(place.folder, 'workshop', room, 'notes.txt');
const copy = (room: string): string => join(place.folder, 'workshop', room, 'copy.txt');

beforeAll(async () => {
  place = await createPlace();
  const workshop = join(place.folder, 'workshop');
  for (const room of rooms) {
    await mkdir(join(workshop, room), { recursive: true });
    await writeFile(notes(room), `What lies in the ${room}: forty apples and a ladder.\n`);
  }
  await place.writeConfig({
    mcpServers: {
      fs: referenceServer(place, 'server-filesystem', workshop),
      echo: { command: process.execPath, args: [join(packageRoot, 'test/fixtures/upstreams/echo.mjs')] },
    },
    learning: { quietMs: 500 },
  });
  node = await startNodeProcess({ ...place });
});
afterAll(async () => {
  await node?.stop();
  await place?.remove();
});

const showRun = (id: string): Promise<RunAnswer> => node.get(`/api/v1/runs/${id}`);
const stepRun = (id: string, given: object): Promise<RunAnswer> =>
  node.post(`/api/v1/runs/${id}/steps`, given);

/** The names of what is offered, as a decision says them back. */
const meant = ({ next }: RunAnswer) => ({ step: next?.step, fingerprint: next?.fingerprint });

interface Entry {
  readonly action: string;
  readonly object: string;
  readonly principal: string;
  readonly details: { readonly via?: string };
}

/** What the audit log says that was decided about a run, and how it was said, the oldest first. */
/** What was written down of a run, oldest first. */
const readDeeds = async (runId: string): Promise<string[]> => {
  const { entries } = await node.get<{ entries: Entry[] }>('/api/v1/audit?limit=50');
  return entries
    .filter(({ object }) => object === `run/${runId}`)
    .map(({ action, details, principal }) => `${action} by ${details.via} of ${principal}`)
    .toReversed();
};

const readDecisions = async (runId: string): Promise<string[]> =>
  (await readDeeds(runId)).filter((deed) => !/^run_(?:started|moved) /.test(deed));

const readConfidence = async (): Promise<number> =>
  (await node.get<{ confidence: number }>(`/api/v1/sops/${sopId}`)).confidence;

async function killAndRestart(): Promise<void> {
  const gone = new Promise((resolve) => node.child.once('exit', resolve));
  node.child.kill('SIGKILL');
  await gone;
  node = await startNodeProcess({ ...place });
}

describe('an agent', () => {
  it('works a task three times, and gets a procedure with bindings for a fourth wording', async () => {
    for (const [index, room] of rooms.slice(0, 3).entries()) {
      const agent = await connectOld(node.url);
      await agent.call('task', { action: 'start', task: wordings[index]?.(notes(room), copy(room)) });
      const read = await agent.call('fs__read_text_file', { path: notes(room) });
      expect(read.isError).toBe(false);
      await agent.call('fs__write_file', { path: copy(room), content: read.text });
      await agent.call('task', { action: 'finish', outcome: 'success' });
      await agent.close();
    }
    await untilLearned(node);
    const agent = await connectOld(node.url);
    const question = `Could you make a copy of the notes from ${notes('cellar')} to ${copy('cellar')}?`;
    const [best] = await until(
      'it is served',
      async () => {
        const sops = await getSops(agent, question);
        return sops.length > 0 ? sops : undefined;
      },
      learnedMs,
    );
    await agent.close();
    sopId = best?.sop_id ?? '';
    const { procedure } = await node.get<{ procedure: unknown }>(`/api/v1/sops/${sopId}`);
    expect(procedure).toMatchObject([
      { tool: 'fs__read_text_file', args: { path: { from: 'task' } } },
      {
        tool: 'fs__write_file',
        args: { path: { from: 'task' }, content: { from: 'result', step: 0 } },
      },
    ]);
  });

  it('follows it by a guided run that asks the person before it writes, and its report moves confidence', async () => {
    const asked: string[] = [];
    const client = new Client({ name: 'person', version: '1' }, { capabilities: { elicitation: {} } });
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      asked.push(params.message);
      return { action: 'accept', content: { approve: true } };
    });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${node.url}/mcp`)));
    const task = `Could you make a copy of the notes from ${notes('cellar')} to ${copy('cellar')}?`;
    const followed = await client.callTool({
      name: 'sop',
      arguments: { action: 'run', sop_id: sopId, task },
    });
    expect(followed.structuredContent).toMatchObject({
      run: { state: 'done', deviations: 0, taken: [{ was: 'done' }, { was: 'done' }] },
    });
    const { run } = followed.structuredContent as { run: RunAnswer };
    expect(await readDecisions(run.run_id)).toEqual(['run_approved by elicitation of local']);
    expect(await readFile(copy('cellar'), 'utf8')).toBe(await readFile(notes('cellar'), 'utf8'));
    // Reading needed nobody's word.
    expect(asked).toEqual([expect.stringContaining('fs__write_file')]);
    await until(
      'the run itself has taught',
      async () =>
        (await node.get<{ occurrences: number }>(`/api/v1/sops/${sopId}`)).occurrences === 4 || undefined,
      learnedMs,
    );
    const before = await readConfidence();
    const rated = await client.callTool({
      name: 'acontext_record_feedback',
      arguments: { pattern_id: sopId, helpful: true },
    });
    expect(rated.structuredContent).toMatchObject({ applied_count: 1, success_count: 1 });
    expect(await readConfidence()).toBeGreaterThan(before);
    await client.close();
  });

  it('without a person to ask leaves the run waiting, and never says yes itself', async () => {
    const agent = await connectOld(node.url);
    const task = `Copy the notes from ${notes('loft')} to ${copy('loft')}`;
    const waits = (await agent.call('sop', { action: 'run', sop_id: sopId, task })).structured;
    expect(waits).toMatchObject({ run: { state: 'awaitingApproval', next: { tool: 'fs__write_file' } } });
    const { run } = waits as { run: RunAnswer };
    const again = await agent.call('sop', { action: 'continue', run_id: run.run_id });
    expect(again.structured).toMatchObject({ run: { state: 'awaitingApproval' } });
    await expect(readFile(copy('loft'))).rejects.toThrow('ENOENT');
    const ended = await agent.call('sop', { action: 'cancel', run_id: run.run_id });
    expect(ended.structured).toMatchObject({ run: { state: 'cancelled' } });
    // Ended again, it stays as it was, and nobody decided anything.
    expect(await node.post(`/api/v1/runs/${run.run_id}/cancel`, {})).toMatchObject({ state: 'cancelled' });
    expect(await readDeeds(run.run_id)).toEqual([
      'run_started by tool of local',
      'run_cancelled by tool of local',
    ]);
    await agent.close();
  });
});

describe('an agent of the newer era', () => {
  const second = () => join(place.folder, 'workshop', 'attic', 'second.txt');
  const follow = async (
    answer: { action: 'accept' | 'decline'; content?: { approve: boolean } } | undefined,
  ) => {
    const asked: string[] = [];
    const client = new NewClient(
      { name: 'newer', version: '1' },
      {
        capabilities: answer === undefined ? {} : { elicitation: {} },
        versionNegotiation: { mode: { pin: '2026-07-28' } },
      },
    );
    if (answer !== undefined)
      client.setRequestHandler('elicitation/create', ({ params }) => {
        asked.push(params.message);
        return answer;
      });
    await client.connect(new NewTransport(new URL(`${node.url}/mcp`)));
    const task = `Copy the notes from ${notes('attic')} to ${second()}`;
    const told = await client.callTool({ name: 'sop', arguments: { action: 'run', sop_id: sopId, task } });
    await client.close();
    const { run } = told.structuredContent as { run: RunAnswer };
    return { run, asked };
  };

  it('that cannot ask its person leaves the run waiting', async () => {
    const { run } = await follow(undefined);
    expect(run).toMatchObject({ state: 'awaitingApproval', next: { tool: 'fs__write_file' } });
    await node.post(`/api/v1/runs/${run.run_id}/cancel`, {});
  });

  it('is asked by the result: a no ends the run, and nothing is written', async () => {
    const { run, asked } = await follow({ action: 'decline' });
    expect(asked).toEqual([expect.stringContaining('fs__write_file')]);
    expect(run.state).toBe('cancelled');
    expect(await readDecisions(run.run_id)).toEqual(['run_denied by elicitation of local']);
    await expect(readFile(second())).rejects.toThrow('ENOENT');
  });

  it('is asked by the result: a yes goes on with the same run, and writes once', async () => {
    const { run, asked } = await follow({ action: 'accept', content: { approve: true } });
    expect(asked).toHaveLength(1);
    expect(run).toMatchObject({ state: 'done', taken: [{ was: 'done' }, { was: 'done' }] });
    expect(await readDecisions(run.run_id)).toEqual(['run_approved by elicitation of local']);
    expect(await readFile(second(), 'utf8')).toBe(await readFile(notes('attic'), 'utf8'));
  });
});

describe('the command line', () => {
  const task = () => `Copy the notes from ${notes('loft')} to ${copy('loft')}`;

  it('shows what would be called, and calls nothing', async () => {
    const words = ['sop', 'run', sopId, '--task', task(), '--dry-run', '--data', place.dataFolder];
    const { code, stdout } = await runDrey(place, words);
    expect([code, stdout]).toEqual([0, expect.stringContaining(JSON.stringify(notes('loft')))]);
    expect(stdout).toMatch(/fs__write_file[\s\S]*content asked for/);
    await expect(readFile(copy('loft'))).rejects.toThrow('ENOENT');
  });

  it('goes on after the node was killed while it waited, and writes once', async () => {
    const words = ['sop', 'run', sopId, '--task', task(), '--data', place.dataFolder];
    // Nobody answers.
    const waits = await runDrey(place, words);
    const [, runId = ''] = /--resume (u-\S+)/.exec(waits.stdout) ?? [];
    expect(runId).not.toBe('');
    await killAndRestart();
    expect(await showRun(runId)).toMatchObject({ state: 'awaitingApproval', taken: [{ step: 0 }] });
    const resume = ['sop', 'run', '--resume', runId, '--data', place.dataFolder];
    const done = await runDrey(place, resume, {}, 'y\n');
    expect([done.code, done.stdout]).toEqual([0, expect.stringContaining('is done')]);
    expect(await readFile(copy('loft'), 'utf8')).toBe(await readFile(notes('loft'), 'utf8'));
    await expect(stepRun(runId, { approve: true, step: 1, fingerprint: 'x' })).rejects.toThrow('409');
    // Who said yes, and to which call, is in the audit log, once.
    const deeds = await readDeeds(runId);
    expect(deeds.filter((deed) => deed.startsWith('run_approved'))).toEqual([
      'run_approved by rest of local',
    ]);
    // So is who began it, and each move that a person made.
    expect(deeds[0]).toBe('run_started by rest of local');
    expect(deeds.slice(1, -1)).toEqual(deeds.slice(1, -1).map(() => 'run_moved by rest of local'));
    expect(deeds.length).toBeGreaterThan(2);
  });

  it('asks anew when the node died in the middle of a call that may have changed something', async () => {
    const step = {
      tool: 'echo__tool_0',
      optional: false,
      repeated: false,
      alternatives: [],
      support: 1,
      args: { slowMs: { from: 'constant', value: 60_000, support: 1 } },
    };
    const written = await node.post<{ sop_id: string }>('/api/v1/acontext/sops', {
      trigger: 'wait a long time',
      steps: ['Wait.'],
      procedure: [step],
      confidence: 0.9,
      occurrences: 1,
    });
    const { run_id: runId } = await node.post<RunAnswer>(`/api/v1/sops/${written.sop_id}/runs`, {});
    const shown = await stepRun(runId, {});
    expect(shown.state).toBe('awaitingApproval');
    // What was not named was not seen.
    await expect(stepRun(runId, { approve: true })).rejects.toThrow(/400.*next\.step/s);
    await expect(stepRun(runId, { approve: true, step: 0 })).rejects.toThrow(/400.*next\.fingerprint/s);
    await expect(stepRun(runId, { approve: false })).rejects.toThrow(/400.*next\.step/s);
    await expect(stepRun(runId, { skip: true })).rejects.toThrow(/400.*next\.step/s);
    const older = { approve: true, ...meant(shown) };
    const calling = stepRun(runId, older).catch(() => 'killed');
    await until('it calls', async () => (await showRun(runId)).state === 'calling' || undefined);
    await killAndRestart();
    expect(await calling).toBe('killed');
    expect(await stepRun(runId, {})).toMatchObject({
      state: 'awaitingApproval',
      next: { approval: expect.stringContaining('may have been done already') },
    });
    // A yes to the call that may have been made is not one to making it again.
    await expect(stepRun(runId, older)).rejects.toThrow('409');
    const { next } = await showRun(runId);
    expect(next).toMatchObject({ step: 0, approval: expect.stringContaining('may have been done already') });
    expect(await stepRun(runId, { skip: true, step: 0 })).toMatchObject({ state: 'done', deviations: 1 });
    const told = await until('its events are told', async () => {
      const { code, stdout } = await runDrey(place, [
        'replay',
        `run/${runId}`,
        '--json',
        '--data',
        place.dataFolder,
      ]);
      return code === 0 && stdout.includes('done') ? stdout : undefined;
    });
    expect(told).toMatch(/checking[\s\S]*awaitingApproval[\s\S]*calling[\s\S]*done/);
  });
});

// The last one: where a second principal was seen, what one alone has done waits in the shadow.
describe('a second principal', () => {
  it('stays the one that made the call when the owner of the node says yes for it', async () => {
    const { key } = await node.post<{ key: string }>('/api/v1/keys?namespace=default', { agent: 'porter' });
    const client = new Client({ name: 'porter', version: '1' });
    const headers = { authorization: `Bearer ${key}` };
    const transport = new StreamableHTTPClientTransport(new URL(`${node.url}/mcp`), {
      requestInit: { headers },
    });
    await client.connect(transport);
    const task = `Copy the notes from ${notes('attic')} to ${copy('attic')} once more`;
    const waits = await client.callTool({ name: 'sop', arguments: { action: 'run', sop_id: sopId, task } });
    const { run } = waits.structuredContent as { run: RunAnswer };
    expect(run.state).toBe('awaitingApproval');
    // Its own session is gone by now, so one has to be opened for it.
    await transport.terminateSession();
    await client.close();
    const listRunners = async () => {
      const { sessions } = await node.get<{ sessions: { id: string; client: string }[] }>('/api/v1/sessions');
      return sessions.filter(({ client: name }) => name === 'drey run');
    };
    const before = new Set((await listRunners()).map(({ id }) => id));
    expect(await stepRun(run.run_id, { approve: true, ...meant(run) })).toMatchObject({ state: 'done' });
    expect(await readDecisions(run.run_id)).toEqual(['run_approved by rest of local']);
    const runners = (await listRunners()).filter(({ id }) => !before.has(id));
    expect(runners).toMatchObject([{ principal: expect.not.stringMatching(/^local$/), calls: 1 }]);
  });
});
