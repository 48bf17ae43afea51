/**
 * Writes tasks as rows, from their events: those of this node, of others and of imports alike, each once. The bus
 * remembers how far that is, so nothing is missing after an outage; no call and no answer waits for it.
 */
import type { AnyEvent, EventType } from '../../machines/words/events.ts';
import type { Store, Trx } from '../store/store.ts';
import { endOpenTasks, ensureNamespace, finishTask, startTask } from '../store/store.ts';
import type { Following, Wire } from '../wire/wire.ts';

/** The durable under which the bus remembers what was written; shared by all nodes. */
export const taskRowsDurable = 'tasks';

const types = [
  'task.started',
  'task.finished',
  'session.closed',
  'session.expired',
] as const satisfies readonly EventType[];
const batchMax = 200;
const waitMs = 100;

/** Starts writing; resolves once the consumer stands. */
export function startTaskRows(options: {
  readonly wire: Pick<Wire, 'follow'>;
  readonly store: Pick<Store, 'inNamespace'>;
}): Promise<Following> {
  return options.wire.follow({
    durable: taskRowsDurable,
    filters: { types },
    from: 'all',
    batchMax,
    waitMs,
    // Learning reads the same messages and parks what nobody understands: one letter for each is enough.
    park: false,
    onBatch: async (deliveries) => {
      const groups = new Map<string, AnyEvent[]>();
      for (const { event } of deliveries) {
        const group = groups.get(event.namespace) ?? [];
        group.push(event);
        groups.set(event.namespace, group);
      }
      for (const [namespace, events] of groups) {
        await options.store.inNamespace(namespace, async (trx) => {
          await ensureNamespace(trx);
          for (const event of events) await write(trx, event);
        });
      }
    },
  });
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
