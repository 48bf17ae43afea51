/**
 * The learner process: Layer 2 apart from everything that answers calls. It gets its settings from the node that
 * started it, shows that it lives, and ends with that node. Killing it at any moment loses nothing: its place is kept
 * by the bus, its effects by the database.
 */
import { toPlainError } from '../../../machines/words/errors.ts';
import type { DreyEvent } from '../../../machines/words/events.ts';
import { createRedactor } from '../../access/access.ts';
import { createAnnouncer, createInspection, createRoots, openLearning } from '../../actors/actors.ts';
import { openStore } from '../../store/store.ts';
import { openEventLog, openWire, startPump } from '../../wire/wire.ts';
import { keepHeapSmall } from '../heap.ts';
import { createClock } from '../clock.ts';
import { goLast } from '../priority.ts';
import { ToLearner } from './learner-messages.ts';
import type { FromLearner, LearnerSettings } from './learner-messages.ts';
import { openLog } from '../telemetry/log.ts';
import { createHide, sealEvent } from '../sealing.ts';
import { openTracing } from '../telemetry/tracing.ts';
import { version } from '../version.ts';

const pumpDrainMs = 2_000;
const endMs = 15_000;

function say(message: FromLearner): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

/** The node that started this process. */
const node = process.argv[2];
const roots = createRoots(node);
/** Watches that the node asked for, by its number. */
const watches = new Map<number, () => void>();

async function run(settings: LearnerSettings): Promise<() => Promise<void>> {
  // Layer 1 goes first on a busy machine.
  goLast();
  keepHeapSmall();
  const log = openLog({ level: settings.level });
  const clock = createClock();
  const redaction = createRedactor(settings.redaction);
  const hide = createHide(redaction);
  const wire = await openWire({
    url: settings.natsUrl,
    name: 'drey-learner',
    log,
    now: clock.now,
    hideText: hide,
  });
  const store = await openStore({ url: settings.databaseUrl, log, now: clock.monotonic, poolMax: 4, hide });
  const eventLog = openEventLog({ folder: settings.eventFolder, log, now: clock.monotonic });
  const pump = startPump({
    eventLog,
    publishAll: (parcels, options) => wire.sendAll(parcels, options),
    whenConnected: () => wire.whenConnected(),
    log,
  });
  // The same variables as the node's: it was started with the node's environment.
  const tracing = await openTracing({ env: process.env, version, part: 'learner', clock, log, redaction });
  const { tracer } = tracing;
  const append = (told: DreyEvent): void => {
    const event = sealEvent(redaction, told);
    tracing.note?.(event);
    eventLog.append(event);
  };
  const announcer = createAnnouncer({ append, clock, log, node, tracer });
  const shared = new Set(settings.sharedNamespaces);
  const failed = (reason: string): void => {
    log.error({ reason }, 'the learning engine failed');
    say({ type: 'failed', reason });
    process.exitCode = 1;
    setImmediate(() => process.exit());
  };
  const engine = await openLearning({
    wire,
    store,
    clock,
    log,
    announcer,
    roots,
    tracer,
    quietMs: settings.quietMs,
    isShared: (namespace) => shared.has(namespace),
    failed,
  });
  const beat = setInterval(
    () => say({ type: 'heartbeat', rssBytes: process.memoryUsage().rss }),
    settings.heartbeatMs,
  );
  say({ type: 'ready' });
  return async () => {
    clearInterval(beat);
    await engine.stop();
    await Promise.all([pump.stop({ drainMs: pumpDrainMs }), tracing.close()]);
    eventLog.close();
    await wire.close();
    await store.close();
  };
}

/** The pipe leads to the node only, which redacts what it passes on. */
const inspection = createInspection({
  roots,
  redactor: { redact: (value) => value },
  clock: { now: Date.now },
  log: openLog({ level: 'warn' }),
});

function watch(message: Extract<ToLearner, { type: 'watch' | 'unwatch' }>): void {
  watches.get(message.watch)?.();
  watches.delete(message.watch);
  if (message.type === 'unwatch') return;
  const { watch: number, filter } = message;
  watches.set(
    number,
    inspection.watch(filter, (told) => say({ type: 'inspected', watch: number, message: { ...told } })),
  );
}

let stop: (() => Promise<void>) | undefined;
let ending = false;

async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  // Bus and database may have gone with the node: who waits for them would never end.
  setTimeout(() => process.exit(1), endMs).unref();
  await stop?.();
  process.exit();
}

process.on('message', (raw) => {
  const message = ToLearner.parse(raw);
  if (message.type === 'watch' || message.type === 'unwatch') {
    watch(message);
    return;
  }
  if (message.type === 'drain') {
    void end();
    return;
  }
  void begin(message.settings);
});

async function begin(settings: LearnerSettings): Promise<void> {
  try {
    stop = await run(settings);
  } catch (error) {
    say({ type: 'failed', reason: toPlainError(error).message });
    process.exit(1);
  }
}

// A learner without its node would learn on for nobody.
process.on('disconnect', () => void end());
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => void end());
