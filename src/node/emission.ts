/**
 * How facts leave the node: appended to its event log, seen on the way by the counters and by tracing, and pumped from
 * there to the bus once there is one.
 */
import { join } from 'node:path';
import type { DreyEvent } from '../../machines/words/events.ts';
import { createAnnouncer } from '../actors/actors.ts';
import type { Announcer, Clock, Log } from '../actors/actors.ts';
import { openEventLog, startPump } from '../wire/wire.ts';
import type { EventLog, Wire } from '../wire/wire.ts';
import type { Closers } from './closers.ts';
import type { NodeConfig } from './config/config.ts';
import { createRedactor } from '../access/access.ts';
import type { Redaction } from '../access/access.ts';
import { createCounters } from './telemetry/counters.ts';
import type { Counters } from './telemetry/counters.ts';
import { createHide, readRedaction, sealEvent } from './sealing.ts';
import type { RedactionSettings } from './sealing.ts';
import { openTracing } from './telemetry/tracing.ts';
import type { Tracing } from './telemetry/tracing.ts';
import { version } from './version.ts';

export interface EmissionOptions {
  readonly config: Pick<NodeConfig, 'dataFolder' | 'durability' | 'redactKeys' | 'redaction'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The process's name. */
  readonly nodeId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly closers: Closers;
}

export interface Emission {
  readonly eventLog: EventLog;
  readonly counters: Counters;
  readonly tracing: Tracing;
  readonly announcer: Announcer;
  readonly redaction: Redaction;
  readonly redactionSettings: RedactionSettings;
  /** What may be written down of a value. */
  readonly hide: <T>(namespace: string, value: T) => T;
  /** Many at once, all of them or it throws; for imports. */
  readonly appendAll: (events: readonly DreyEvent[]) => void;
}

const pumpDrainMs = 3_000;

/** Opens log, counters and tracing; what must be closed is told to `closers`. */
export async function openEmission(options: EmissionOptions): Promise<Emission> {
  const { config, env, nodeId, clock, log, closers } = options;
  const redactionSettings = await readRedaction(config, env);
  const redaction = createRedactor(redactionSettings);
  const sync = config.durability === 'power-safe' ? 'group' : 'none';
  const folder = join(config.dataFolder, 'events');
  const eventLog = openEventLog({ folder, sync, log, now: clock.monotonic });
  closers.push(async () => eventLog.close());
  const counters = createCounters();
  const tracing = await openTracing({ env, version, part: 'node', clock, log, redaction });
  closers.push(() => tracing.close());
  const announcer = createAnnouncer({
    append: (told) => {
      const event = sealEvent(redaction, told);
      counters.note(event);
      tracing.note?.(event);
      eventLog.append(event);
    },
    clock,
    log,
    node: nodeId,
    tracer: tracing.tracer,
  });
  const appendAll = (told: readonly DreyEvent[]): void => {
    const events = told.map((event) => sealEvent(redaction, event));
    for (const event of events) counters.note(event);
    eventLog.appendAll(events);
  };
  const hide = createHide(redaction);
  return { eventLog, counters, tracing, announcer, appendAll, redaction, redactionSettings, hide };
}

/** Begins to send what the log holds. */
export function pumpTo(
  wire: Pick<Wire, 'sendAll' | 'whenConnected'>,
  { eventLog }: Pick<Emission, 'eventLog'>,
  { log, closers }: Pick<EmissionOptions, 'log' | 'closers'>,
): void {
  const pump = startPump({
    eventLog,
    publishAll: (parcels, options) => wire.sendAll(parcels, options),
    whenConnected: () => wire.whenConnected(),
    log,
  });
  closers.push(() => pump.stop({ drainMs: pumpDrainMs }));
}
