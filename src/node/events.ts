/**
 * How this node's facts leave it: the write-ahead log, the announcer in front of it, and what looks at each event on
 * its way (counters, traces). It knows nothing of the bus; the pump takes the log from here.
 */
import { join } from 'node:path';
import type { DreyEvent } from '../../machines/words/events.ts';
import { createAnnouncer } from '../actors/actors.ts';
import type { Announcer, Clock, Log } from '../actors/actors.ts';
import { openEventLog } from '../wire/wire.ts';
import type { EventLog } from '../wire/wire.ts';
import type { Closers } from './closers.ts';
import type { NodeConfig } from './config.ts';
import { createCounters } from './counters.ts';
import type { Counters } from './counters.ts';
import { openTracing } from './tracing.ts';
import type { Tracing } from './tracing.ts';
import { version } from './version.ts';

export interface EventsOptions {
  readonly config: Pick<NodeConfig, 'dataFolder' | 'durability'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
  readonly closers: Closers;
}

export interface Events {
  readonly eventLog: EventLog;
  readonly announcer: Announcer;
  /** Many at once, all of them or it throws; for imports. */
  readonly appendAll: (events: readonly DreyEvent[]) => void;
  readonly counters: Counters;
  readonly tracing: Tracing;
}

/** Opens the log; what must be closed is told to `closers`. */
export async function openEvents({ config, env, clock, log, closers }: EventsOptions): Promise<Events> {
  const eventLog = openEventLog({
    folder: join(config.dataFolder, 'events'),
    sync: config.durability === 'power-safe' ? 'group' : 'none',
    log,
    now: clock.monotonic,
  });
  closers.push(async () => eventLog.close());
  const counters = createCounters();
  const tracing = await openTracing({ env, version, part: 'node', clock, log });
  closers.push(() => tracing.close());
  const append = (event: DreyEvent): void => {
    counters.note(event);
    tracing.note?.(event);
    eventLog.append(event);
  };
  const appendAll = (events: readonly DreyEvent[]): void => {
    for (const event of events) counters.note(event);
    eventLog.appendAll(events);
  };
  const announcer = createAnnouncer({ append, clock, log, tracer: tracing.tracer });
  return { eventLog, announcer, appendAll, counters, tracing };
}
