/** Memories on a real database, with a clock that only tests move. */
import { createRedactor } from '../../../../src/access/access.ts';
import { Memories, createAnnouncer } from '../../../../src/actors/actors.ts';
import type { MemoriesOptions } from '../../../../src/actors/memories/memories.ts';
import type { DreyEvent } from '../../../../machines/words/events.ts';
import { quietLog } from '../../../support/quiet-log.ts';
import { openTestStore } from '../../../support/store.ts';
import type { TestStore } from '../../../support/store.ts';

export interface MemoryStage {
  readonly opened: TestStore;
  readonly memories: Memories;
  readonly told: DreyEvent[];
  nowMs: number;
  /** Somebody of a namespace. */
  as(principal: string, namespace?: string): { namespace: string; principal: { id: string } };
  /** Types of the events that wait in the outbox, oldest first. */
  outbox(): Promise<string[]>;
  close(): Promise<void>;
}

/** Opens it; every stage has a database of its own. */
export async function openMemoryStage(
  postgresUrl: string,
  more: Partial<MemoriesOptions> = {},
): Promise<MemoryStage> {
  const opened = await openTestStore(postgresUrl);
  const told: DreyEvent[] = [];
  let last = 0;
  const clock = {
    now: () => stage.nowMs,
    monotonic: () => performance.now(),
    random: () => Uint8Array.from({ length: 16 }, (_, at) => (last += 7) + at),
    schedule: () => () => undefined,
  };
  const stage: MemoryStage = {
    opened,
    told,
    nowMs: Date.UTC(2026, 2, 1),
    memories: new Memories({
      store: opened.store,
      redactor: createRedactor({ key: 'stage' }),
      announcer: createAnnouncer({ append: (event) => void told.push(event), clock, log: quietLog }),
      clock,
      log: quietLog,
      committed: () => undefined,
      ...more,
    }),
    as: (principal, namespace = 'acme') => ({ namespace, principal: { id: principal } }),
    outbox: async () => {
      const rows = await opened.ask<{ type: string }>(
        `select event->>'type' as type from outbox order by position`,
      );
      return rows.map(({ type }) => type);
    },
    close: () => opened.close(),
  };
  return stage;
}
