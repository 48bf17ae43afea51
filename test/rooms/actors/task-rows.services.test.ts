// Rows of tasks, written from a real bus into a real database: families of events are followed apart and keep their order.
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import type { DreyEvent, EventData, EventType } from '../../../machines/words/events.ts';
import { createId } from '../../../machines/words/ids.ts';
import { startTaskRows, toIso } from '../../../src/actors/actors.ts';
import { getTask, listTasks } from '../../../src/store/store.ts';
import { taskRowsDurable } from '../../../src/actors/session/task-rows.ts';
import { followFamilies } from '../../../src/wire/wire.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';
import { clock, openBus } from './learning-stage.ts';

let database: TestStore;
beforeAll(async () => {
  database = await openTestStore(inject('postgresUrl'));
});
afterAll(() => database.close());

function toEvent<T extends EventType>(type: T, session: string, data: EventData<T>): DreyEvent<T> {
  const at = toIso(clock.now());
  const actor = { kind: 'session', id: session } as const;
  return { id: createId('event', clock), type, at, namespace: 'rows', actor, version: 1, data };
}

const toStart = (session: string, taskId: string) =>
  toEvent('task.started', session, { taskId, task: 'count the rows', principal: 'local', source: 'task' });

const toEnd = (session: string) => toEvent('session.closed', session, {});

const readTask = (taskId: string) => database.store.inNamespace('rows', (trx) => getTask(trx, taskId));

describe('the rows of tasks', () => {
  it('end a task whose session is over, however late the task itself is written', async () => {
    const wire = await openBus();
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    let isAsked = false;
    let isEnded = false;
    const watched: Pick<typeof wire, 'follow'> = {
      follow: async (options) => {
        const onBatch = async (deliveries: Parameters<typeof options.onBatch>[0]) => {
          if (options.durable === taskRowsDurable) await gate;
          await options.onBatch(deliveries);
          if (options.durable !== taskRowsDurable) isEnded = true;
        };
        const following = await wire.follow({ ...options, onBatch });
        return {
          stop: () => following.stop(),
          lag: () => following.lag(),
          isPast: (sequence) => {
            isAsked = true;
            return following.isPast(sequence);
          },
        };
      },
    };
    const rows = await startTaskRows({ wire: watched, store: database.store });
    onTestFinished(() => rows.stop());
    const [session, taskId] = [createId('session', clock), createId('task', clock)];
    await wire.publishAll([toStart(session, taskId), toEnd(session)]);
    await until('the end waits, or is written', () => isAsked || isEnded);
    open();
    const task = await until('the task is over', async () => {
      const row = await readTask(taskId);
      return row?.finishedAt !== undefined && row;
    });
    expect(task).toMatchObject({ sessionId: session, outcome: undefined });
  });

  it('are each written once, though all of it is told again', async () => {
    const wire = await openBus();
    const rows = await startTaskRows({ wire, store: database.store });
    onTestFinished(() => rows.stop());
    const [session, taskId] = [createId('session', clock), createId('task', clock)];
    const finish = toEvent('task.finished', session, { taskId, outcome: 'success', calls: 3 });
    const told = [toStart(session, taskId), finish, toEnd(session)];
    await wire.publishAll([...told, ...told.map((event) => ({ ...event, id: createId('event', clock) }))]);
    await until('all is written', async () => (await readTask(taskId))?.outcome === 'success');
    const all = await database.store.inNamespace('rows', (trx) =>
      listTasks(trx, { sessionId: session, limit: 10 }),
    );
    expect(all).toMatchObject([{ taskId, outcome: 'success', calls: 3 }]);
  });
});

describe('families of events', () => {
  it('are all heard, each in its order, and nothing else is', async () => {
    const wire = await openBus();
    const heard: string[] = [];
    const following = await followFamilies(wire, {
      types: ['task.started', 'task.finished', 'session.closed'],
      from: 'all',
      onBatch: async (deliveries) => void heard.push(...deliveries.map(({ event }) => event.id)),
    });
    onTestFinished(() => following.stop());
    const session = createId('session', clock);
    const tasks = Array.from({ length: 20 }, () => toStart(session, createId('task', clock)));
    const end = toEnd(session);
    const other = toEvent('session.expired', session, {});
    await wire.publishAll([...tasks.slice(0, 10), other, end, ...tasks.slice(10)]);
    await until('all are heard', () => heard.length === 21);
    const ids = tasks.map(({ id }) => id);
    expect(heard.filter((id) => ids.includes(id))).toEqual(ids);
    expect(heard).toContain(end.id);
    expect(heard).not.toContain(other.id);
  });
});
