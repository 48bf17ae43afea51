// What recurs inside several kinds of task, through public faces only: worked, learned, referred to, read, never served alone.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { connectNew, connectOld, getSops } from './rig/clients.ts';
import type { Agent } from './rig/clients.ts';
import { createPlace, referenceServer, runDrey } from './rig/place.ts';
import type { Place } from './rig/place.ts';

let place: Place;
let node: NodeProcess;

const rooms = ['garden', 'kitchen', 'attic'] as const;
type Room = (typeof rooms)[number];

/** Three kinds of task that begin alike and end each in its own way. */
const kinds = [
  {
    task: (room: string) => `Write a summary of the notes of the ${room}`,
    end: (agent: Agent, folder: string) =>
      work(agent, 'fs__write_file', { path: join(folder, 'summary.md'), content: 'short' }),
  },
  {
    task: (room: string) => `Set up an archive folder for what we keep about the ${room}`,
    end: (agent: Agent, folder: string) =>
      work(agent, 'fs__create_directory', { path: join(folder, 'archive') }),
  },
  {
    task: (room: string) => `Correct the spelling mistakes in our inventory of the ${room}`,
    end: (agent: Agent, folder: string) =>
      work(agent, 'fs__edit_file', {
        path: join(folder, 'notes.txt'),
        edits: [{ oldText: 'lies', newText: 'lies' }],
        dryRun: true,
      }),
  },
] as const;
const shared = ['fs__list_directory', 'fs__get_file_info', 'fs__read_text_file'];

beforeAll(async () => {
  place = await createPlace();
  const workshop = join(place.folder, 'workshop');
  for (const room of rooms) {
    await mkdir(join(workshop, room), { recursive: true });
    await writeFile(join(workshop, room, 'notes.txt'), `What lies in the ${room}.\n`);
  }
  await place.writeConfig({
    mcpServers: { fs: referenceServer(place, 'server-filesystem', workshop) },
    learning: { quietMs: 500 },
  });
  node = await startNodeProcess({ ...place });
});

afterAll(async () => {
  await node?.stop();
  await place?.remove();
});

async function work(agent: Agent, name: string, args: Record<string, unknown>): Promise<void> {
  const { text, isError } = await agent.call(name, args);
  expect(isError, text).toBe(false);
}

async function doTask(kind: (typeof kinds)[number], room: Room): Promise<void> {
  const agent = await connectNew(node.url);
  const folder = join(place.folder, 'workshop', room);
  await agent.call('task', { action: 'start', task: kind.task(room) });
  await work(agent, 'fs__list_directory', { path: folder });
  await work(agent, 'fs__get_file_info', { path: join(folder, 'notes.txt') });
  await work(agent, 'fs__read_text_file', { path: join(folder, 'notes.txt') });
  await kind.end(agent, folder);
  await agent.call('task', { action: 'finish', outcome: 'success' });
  await agent.close();
}

interface Shown {
  readonly sop_id: string;
  readonly status?: string;
  readonly procedure: readonly {
    readonly tool: string;
    readonly part?: { readonly sop_id: string; readonly name: string; readonly step: number };
  }[];
  readonly metadata: { readonly status: string; readonly part_of?: readonly string[] };
}

const ask = async <T>(path: string): Promise<T> => {
  const answer = await fetch(`${node.url}/api/v1${path}`);
  return (await answer.json()) as T;
};

describe('three kinds of task that begin with the same three calls', () => {
  let whole: Shown;
  let part: Shown;

  it('teach a procedure of their own, which each of theirs refers to', async () => {
    for (const kind of kinds) for (const room of rooms) await doTask(kind, room);
    const sops = await until(
      'three procedures refer to one part',
      async () => {
        const found = (await ask<{ sops: Shown[] }>('/sops?limit=50')).sops;
        const referring = found.filter(({ procedure }) => procedure.some((step) => step.part !== undefined));
        return referring.length === 3 ? found : undefined;
      },
      60_000,
    );
    const parts = sops.filter(({ metadata }) => metadata.part_of !== undefined);
    expect(parts).toHaveLength(1);
    part = parts[0] as Shown;
    expect(part.procedure.map(({ tool }) => tool)).toEqual(shared);
    expect(part.metadata.status).toBe('active');
    const others = sops.filter(({ sop_id: id }) => id !== part.sop_id);
    expect([...(part.metadata.part_of ?? [])].sort()).toEqual(others.map(({ sop_id: id }) => id).sort());
    whole = others[0] as Shown;
    for (const { procedure } of others) {
      expect(procedure.map(({ tool }) => tool).slice(0, 3)).toEqual(shared);
      expect(procedure.map((step) => step.part?.sop_id)).toEqual([
        part.sop_id,
        part.sop_id,
        part.sop_id,
        undefined,
      ]);
    }
  });

  it.each([
    ['a client of today', connectNew],
    ['a client of the 1.x line', connectOld],
  ])(
    'give %s the whole procedure for a task, which names the part, which can be read',
    async (_, connect) => {
      const agent = await connect(node.url);
      const served = await getSops(agent, 'Please write a summary of the notes of the cellar');
      expect(served.length).toBeGreaterThan(0);
      expect(served.map(({ sop_id: id }) => id)).not.toContain(part.sop_id);
      expect(served[0]?.steps).toHaveLength(4);
      const text = await agent.read(`sop://default/${served[0]?.sop_id}`);
      expect(text).toContain(
        `Steps 1 to 3: “list directory, get file info, read text file”, learned by itself as sop://default/${part.sop_id}`,
      );
      expect(await agent.read(`sop://default/${part.sop_id}`)).toContain('Learned part of other procedures');
      expect(await getSops(agent, 'list directory, get file info, read text file')).toEqual([]);
      await agent.close();
    },
  );

  it('are shown on the terminal, and exported and back without what only means something here', async () => {
    const at = ['--data', place.dataFolder];
    const shown = await runDrey(place, ['sops', 'show', whole.sop_id, ...at]);
    expect(shown.stdout).toContain(`Steps 1 to 3: list directory, get file info, read text file`);
    expect(shown.stdout).toContain(part.sop_id);
    expect((await runDrey(place, ['sops', 'show', part.sop_id, ...at])).stdout).toContain('part of ');
    const { text } = await ask<{ text: string }>(`/sops/${whole.sop_id}/export?format=json`);
    const answer = await fetch(`${node.url}/api/v1/sops/import`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ document: JSON.parse(text) as object }),
    });
    const { sop_id: copy } = (await answer.json()) as { sop_id: string };
    const own = whole.procedure.map(({ part: _part, ...step }) => step);
    expect((await ask<Shown>(`/sops/${copy}`)).procedure).toEqual(own);
  });

  it('name a part that a person retired nowhere any more, whoever asks', async () => {
    const { version } = (await ask<Shown & { metadata: { version: number } }>(`/sops/${part.sop_id}`))
      .metadata;
    const retired = await fetch(`${node.url}/api/v1/sops/${part.sop_id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ version, status: 'retired' }),
    });
    expect(retired.status).toBe(200);
    const task = 'Please write a summary of the notes of the cellar';
    const agent = await connectNew(node.url);
    const served = await until('no reference is served', async () => {
      const all = await getSops(agent, task);
      return all.length > 0 && !JSON.stringify(all).includes(part.sop_id) ? all : undefined;
    });
    const id = served[0]?.sop_id ?? '';
    const text = await agent.read(`sop://default/${id}`);
    await agent.close();
    const exports = await Promise.all(
      ['json', 'skill', 'prompt', 'xstate', 'mermaid'].map((format) =>
        ask<{ text: string }>(`/sops/${id}/export?format=${format}`),
      ),
    );
    const shown = await runDrey(place, ['sops', 'show', id, '--data', place.dataFolder]);
    const seen = [
      text,
      shown.stdout,
      JSON.stringify(await ask(`/sops?limit=50`)),
      ...exports.map((one) => one.text),
    ];
    for (const each of seen) {
      expect(each).not.toContain(part.sop_id);
      expect(each).not.toContain('list directory, get file info, read text file');
    }
    expect(await ask<Shown>(`/sops/${id}`)).toMatchObject({ procedure: [{ tool: shared[0] }, {}, {}, {}] });
  });
});
