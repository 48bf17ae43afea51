/**
 * The hands of the learning engine: its workers under one supervisor, the pressure on its intake, and what it tells
 * about itself. Layer 1 never waits for anything in here.
 */
import {
  learningDefaults,
  learningEdges,
  learningMachine,
  toEngineStatus,
} from '../../machines/learning.machine.ts';
import { toPlainError } from '../../machines/words/errors.ts';
import { systemNamespace } from '../../machines/words/ids.ts';
import type { Store } from '../store/store.ts';
import type { Following, Wire } from '../wire/wire.ts';
import type { Announcer } from './announcer.ts';
import type { Clock, Log } from './clock.ts';
import { openSupervisor } from './supervisor.ts';
import type { Supervisor, WorkerSpec, WorkerView } from './supervisor.ts';
import { toTimerSource } from './timer-source.ts';
import { createToldRoot } from './told-root.ts';
import { startExtractor } from './workers/extractor.ts';
import type { Extractor } from './workers/extractor.ts';
import { startIntake } from './workers/intake.ts';
import { startRelay } from './workers/relay.ts';
import type { Relay } from './workers/relay.ts';

/** Where the engine answers `status` on the bus. */
export const learningAddress = { namespace: systemNamespace, kind: 'learning', id: 'l-engine' } as const;

export interface LearningOptions {
  readonly wire: Wire;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly announcer: Announcer;
  readonly quietMs: number;
  readonly isShared: (namespace: string) => boolean;
  /** The engine cannot go on; the process should end and be started again. */
  readonly failed: (reason: string) => void;
}

/** What the engine answers when it is asked how it is. */
export interface EngineReport {
  readonly engineStatus: 'running' | 'stopped' | 'unavailable';
  readonly intake: string;
  readonly lastRunAt: string | null;
  /** Events on the bus and episodes in memory that are not learned from yet. */
  readonly behind: number;
  readonly workers: readonly WorkerView[];
}

export interface LearningEngine {
  report(): Promise<EngineReport>;
  stop(): Promise<void>;
}

const measureMs = 2_000;

/** Starts the engine and answers for it on the bus. */
export async function openLearning(options: LearningOptions): Promise<LearningEngine> {
  const { wire, store, clock, log, announcer } = options;
  let supervisor: Supervisor | undefined;
  let extractor: Extractor | undefined;
  let relay: Relay | undefined;
  let following: Following | undefined;
  let busLag = 0;
  const gate = createGate();
  let markStopped = (): void => undefined;
  const stopped = new Promise<void>((resolve) => (markStopped = resolve));

  const workers: readonly WorkerSpec[] = [
    {
      name: 'writer',
      restart: 'permanent',
      start: async () =>
        (relay = startRelay({ store, publishAll: (events) => wire.publishAll(events), clock, log })),
    },
    {
      name: 'extractor',
      restart: 'permanent',
      start: async (broke) =>
        (extractor = startExtractor({
          store,
          clock,
          log,
          quietMs: options.quietMs,
          isShared: options.isShared,
          written: () => relay?.nudge(),
          broke,
        })),
    },
    {
      name: 'intake',
      restart: 'permanent',
      start: async () => {
        following = await startIntake({
          wire,
          store,
          gate: () => gate.opened,
          committed: (touched) => extractor?.notice(touched),
        });
        return following;
      },
    },
  ];
  const machine = learningMachine.provide({
    actions: {
      startWorkers: () => queueMicrotask(startWorkers),
      stopWorkers: () => queueMicrotask(() => void stopWorkers()),
      killWorkers: () => options.failed('its workers did not start or stop in time'),
    },
  });
  const actor = createToldRoot(machine, {
    edges: learningEdges,
    onEdge: ({ type, ...edge }) => announcer.announce(type as 'learning.paused', learningAddress, edge),
    onChange: ({ engine, intake }) => {
      if (engine === 'stopped') markStopped();
      if (intake === 'paused') gate.close();
      else gate.open();
    },
    input: { engineId: learningAddress.id, settings: learningDefaults },
    clock: toTimerSource(clock),
    onError: (error) => {
      markStopped();
      options.failed(toPlainError(error).message);
    },
    log,
  });
  function startWorkers(): void {
    supervisor = openSupervisor({
      name: 'learning',
      workers,
      settings: { strategy: 'one_for_one', intensity: 5, periodMs: 60_000 },
      clock,
      log,
      announcer,
      up: () => actor.send({ type: 'workers.up', at: clock.now() }),
      gaveUp: (worker) => {
        actor.send({
          type: 'workers.failed',
          reason: `the worker ${worker ?? '?'} failed too often`,
          at: clock.now(),
        });
        options.failed(`the worker ${worker ?? '?'} failed too often`);
      },
    });
  }

  async function stopWorkers(): Promise<void> {
    gate.open();
    await supervisor?.stop();
    actor.send({ type: 'workers.down', at: clock.now() });
  }

  const measure = async (): Promise<void> => {
    busLag = (await following?.lag().catch(() => busLag)) ?? 0;
    if (stopping !== undefined) return;
    actor.send({ type: 'lag.measured', lag: extractor?.waiting ?? 0, at: clock.now() });
    cancelMeasure = clock.schedule(measureMs, () => void measure());
  };
  let cancelMeasure = clock.schedule(measureMs, () => void measure());
  let stopping: Promise<void> | undefined;

  const report = async (): Promise<EngineReport> => {
    busLag = (await following?.lag().catch(() => busLag)) ?? busLag;
    const { value } = actor.getSnapshot();
    return {
      engineStatus: toEngineStatus(value),
      intake: value.intake,
      lastRunAt: extractor?.lastRunAt ?? null,
      behind: busLag + (extractor?.waiting ?? 0),
      workers: supervisor?.views() ?? [],
    };
  };
  const answering = await wire.answer({ ...learningAddress }, async () => report());
  actor.send({ type: 'start', at: clock.now() });

  const stop = async (): Promise<void> => {
    cancelMeasure();
    answering.stop();
    actor.send({ type: 'drain', at: clock.now() });
    await stopped;
    actor.stop();
  };
  return { report, stop: () => (stopping ??= stop()) };
}

/** Holds back whoever waits for it while it is closed. */
function createGate(): { readonly opened: Promise<void>; open(): void; close(): void } {
  let opened: Promise<void> = Promise.resolve();
  let open: (() => void) | undefined;
  return {
    get opened() {
      return opened;
    },
    open() {
      open?.();
      open = undefined;
    },
    close() {
      // Closed twice is closed once: who waits already must not be forgotten.
      if (open === undefined) opened = new Promise((resolve) => (open = resolve));
    },
  };
}
