/**
 * Writes tasks as rows, from their events: those of this node, of others and of imports alike, each once. The bus
 * remembers how far that is, so nothing is missing after an outage; no call and no answer waits for it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { DreyError } from '../../../machines/words/errors.ts';
import type { AnyEvent, EventType } from '../../../machines/words/events.ts';
import type { Store, Trx } from '../../store/store.ts';
import { endOpenTasks, ensureNamespace, finishTask, startTask } from '../../store/store.ts';
import type { Following, Wire } from '../../wire/wire.ts';

/** The durables under which the bus remembers what was written; shared by all nodes. */
export const taskRowsDurable = 'tasks';
export const taskEndsDurable = 'tasks-ends';

// One filter would let through both families on a server before 2.10, and with them every call there is.
const taskTypes = ['task.started', 'task.finished'] as const satisfies readonly EventType[];
const endTypes = ['session.closed', 'session.expired'] as const satisfies readonly EventType[];
const batchMax = 200;
const waitMs = 100;
/** How long the end of a session waits for tasks before it; after that it is tried again. */
const tasksMs = 2_000;
const lookMs = 50;

/** Starts writing; resolves once the consumers stand. */
export async function startTaskRows(options: {
  readonly wire: Pick<Wire, 'follow'>;
  readonly store: Pick<Store, 'inNamespace'>;
}): Promise<Pick<Following, 'stop'>> {
  const { wire, store } = options;
  // Learning reads the same messages and parks what nobody understands: one letter for each is enough.
  const tuning = { from: 'all', batchMax, waitMs, park: false } as const;
  const tasks = wire.follow({
    ...tuning,
    durable: taskRowsDurable,
    filters: { types: taskTypes },
    onBatch: (deliveries) => writeAll(store, deliveries),
  });
  const ends = wire.follow({
    ...tuning,
    durable: taskEndsDurable,
    filters: { types: endTypes },
    onBatch: async (deliveries) => {
      // A task that is written after its session's end would stay open for ever.
      await whenPast(await tasks, Math.max(...deliveries.map(({ sequence }) => sequence)));
      await writeAll(store, deliveries);
    },
  });
  const both = await Promise.all([ends, tasks]);
  return {
    stop: async () => {
      await Promise.all(both.map((following) => following.stop()));
    },
  };
}

async function whenPast(tasks: Following, sequence: number): Promise<void> {
  for (let waitedMs = 0; !(await tasks.isPast(sequence)); waitedMs += lookMs) {
    if (waitedMs >= tasksMs)
      throw new DreyError('bus_unavailable', 'tasks before the end of their session are not written yet');
    await pause(lookMs);
  }
}

async function writeAll(
  store: Pick<Store, 'inNamespace'>,
  deliveries: readonly { readonly event: AnyEvent }[],
): Promise<void> {
  const groups = new Map<string, AnyEvent[]>();
  for (const { event } of deliveries) {
    const group = groups.get(event.namespace) ?? [];
    group.push(event);
    groups.set(event.namespace, group);
  }
  for (const [namespace, events] of groups) {
    await store.inNamespace(namespace, async (trx) => {
      await ensureNamespace(trx);
      for (const event of events) await write(trx, event);
    });
  }
}

/** Each of these again changes nothing. */
async function write(trx: Trx, event: AnyEvent): Promise<void> {
  const { at } = event;
  const sessionId = event.actor.id;
  if (event.type === 'task.started') {
    const { taskId, task, principal, source } = event.data;
    await startTask(trx, { taskId, sessionId, principal, task, source, startedAt: at });
    await endOpenTasks(trx, { sessionId, at, but: taskId });
  } else if (event.type === 'task.finished') {
    const { taskId, outcome, notes = '', calls = 0 } = event.data;
    await finishTask(trx, { taskId, outcome, notes, calls, finishedAt: at });
  } else if (event.type === 'session.closed' || event.type === 'session.expired') {
    await endOpenTasks(trx, { sessionId, at });
  }
}
