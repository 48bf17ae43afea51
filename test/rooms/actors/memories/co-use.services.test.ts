/** What was recalled for a task is linked with the tools that were then used, on a real bus and a real database. */
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createAnnouncer } from '../../../../src/actors/actors.ts';
import type { DreyEvent } from '../../../../machines/words/events.ts';
import { quietLog } from '../../../support/quiet-log.ts';
import { until } from '../../../support/until.ts';
import { clock, openBus, openEngine } from '../learning-stage.ts';
import { openMemoryStage } from './memory-stage.ts';
import type { MemoryStage } from './memory-stage.ts';

let stage: MemoryStage;
beforeAll(async () => {
  stage = await openMemoryStage(inject('postgresUrl'));
});
afterAll(() => stage.close());

/** Calls of tasks, as the bus tells them. */
function tellCalls(
  ...calls: readonly (readonly [callId: string, taskId: string, name: string])[]
): DreyEvent[] {
  const events: DreyEvent[] = [];
  const announcer = createAnnouncer({ append: (event) => void events.push(event), clock, log: quietLog });
  const recorded = { value: {}, hash: '0'.repeat(64), sizeBytes: 2, shape: 'object', cut: false } as const;
  for (const [callId, taskId, name] of calls) {
    announcer.announce(
      'call.finished',
      { namespace: 'acme', kind: 'session', id: 's-1' },
      {
        callId,
        principal: 'ann',
        taskId,
        server: 'books',
        tool: 'invoice',
        name,
        args: recorded,
        result: recorded,
        startedAt: new Date(clock.now()).toISOString(),
        durationMs: 1,
        imported: false,
        isError: false,
      },
    );
  }
  return events;
}

it('links memories, tools, procedures and tasks by joint use, and forgets the links with the memory', async () => {
  const wire = await openBus();
  await openEngine({ wire, store: stage.opened.store });
  stage.nowMs = clock.now();
  const asker = stage.as('ann');
  const { memory } = await stage.memories.store({
    ...asker,
    memory: { content: 'Invoices are sent from the books, never by hand' },
  });
  const sopIds = ['p-0190a0b0-0000-7000-8000-000000000001'];
  stage.memories.noteRecall({ ...asker, place: 't-1', memoryIds: [memory.memoryId], sopIds });
  const calls = tellCalls(
    ['k-1', 't-1', 'books__invoice'],
    ['k-2', 't-1', 'books__invoice'],
    ['k-3', 't-2', 'mail__send'],
  );
  await wire.publishAll([...stage.told, ...calls]);
  const node = { kind: 'memory', id: memory.memoryId } as const;
  const neighbours = () => stage.memories.neighbours({ ...asker, node, limit: 10 });
  const links = await until(
    'it is linked',
    async () => {
      const found = await neighbours();
      const tool = found.find(({ to }) => to.kind === 'tool');
      return (tool?.weight ?? 0) > 0.3 && found;
    },
    20_000,
  );
  expect(new Set(links.map(({ to, relation }) => `${relation} ${to.kind} ${to.id}`))).toEqual(
    new Set(['recalled_in task t-1', `used_with sop ${sopIds[0]}`, 'used_with tool books__invoice']),
  );
  const tool = links.find(({ to }) => to.kind === 'tool');
  expect(tool?.weight).toBeCloseTo(0.36, 2);
  const way = await stage.memories.path({
    ...asker,
    from: { kind: 'tool', id: 'books__invoice' },
    to: { kind: 'task', id: 't-1' },
    stepsMax: 3,
  });
  expect(way?.map(({ kind }) => kind)).toEqual(['tool', 'memory', 'task']);
  stage.nowMs += 30 * 24 * 60 * 60_000;
  const faded = (await neighbours()).find(({ to }) => to.kind === 'tool');
  expect(faded?.weight).toBeCloseTo(0.18, 2);
  expect(await stage.memories.forget({ ...asker, memoryId: memory.memoryId })).toBe(true);
  expect(await stage.opened.ask('select 1 from memory_edges')).toEqual([]);
});

it('tags a memory with the tools it is used with again and again, and lets a new text keep them', async () => {
  const wire = await openBus();
  await openEngine({ wire, store: stage.opened.store });
  stage.nowMs = clock.now();
  const asker = stage.as('ann');
  const { memory } = await stage.memories.store({
    ...asker,
    memory: { content: 'Freight is paid on Fridays' },
  });
  const { memoryId } = memory;
  const from = stage.told.length;
  stage.memories.noteRecall({ ...asker, place: 't-3', memoryIds: [memoryId], sopIds: [] });
  const uses = (name: string, ...callIds: readonly string[]): DreyEvent[] =>
    tellCalls(...callIds.map((id) => [id, 't-3', name] as const));
  const once = uses('mail__send', 'k-14');
  const often = uses('bank__pay', 'k-10', 'k-11', 'k-12', 'k-13');
  await wire.publishAll([...stage.told.slice(from), ...once, ...often]);
  const tagged = await until(
    'it has the tag',
    async () => {
      const now = await stage.memories.get({ ...asker, memoryId });
      return now?.autoTags.tags.includes('bank__pay') === true && now;
    },
    20_000,
  );
  expect(tagged.autoTags.confidence).toEqual({ ...memory.autoTags.confidence, bank__pay: 0.59 });
  expect(tagged.version).toBe(memory.version);
  const found = await stage.memories.list({ ...asker, tag: 'bank__pay', limit: 5 });
  expect(found.map((one) => one.memoryId)).toEqual([memoryId]);
  const { memory: changed } = await stage.memories.update({
    ...asker,
    memoryId,
    version: memory.version,
    changes: { content: 'Freight is paid in advance, on Mondays' },
  });
  expect(changed.autoTags.tags).toContain('bank__pay');
});

it('recalls what clearly bears on a task, not what is known, private to others, over, or beside the point', async () => {
  const store = (principal: string, content: string, more = {}) =>
    stage.memories.store({ ...stage.as(principal), memory: { content, ...more } });
  await store('ann', 'Deploys of the billing service to staging need the flag --canary');
  await store('ann', 'My staging password hint for the billing deploy is the first zoo', {
    visibility: 'private',
  });
  await store('ann', 'The billing service staging deploy is frozen until noon', { ttlSeconds: 10 });
  stage.nowMs += 10_000;
  const recall = (task: string, recentMemories: string[] = []) =>
    stage.memories.recall({ ...stage.as('bob'), task, recentMemories, limit: 5 });
  const found = await recall('Deploy the billing service to staging');
  expect(found.map(({ content }) => content)).toEqual([
    'Deploys of the billing service to staging need the flag --canary',
  ]);
  expect(found[0]?.relevance).toBeGreaterThan(0.35);
  expect(await recall('Book a flight from Lisbon to Oslo for next Tuesday')).toEqual([]);
  const known = ['deploys of the Billing Service to staging need the flag --canary!'];
  expect(await recall('Deploy the billing service to staging', known)).toEqual([]);
});
