/**
 * The hands of the learning engine: its workers under one supervisor, the pressure on its intake, and what it tells
 * about itself. Several engines share the work: each learns for namespaces of its own, and one of them has the intake.
 * Layer 1 never waits for anything in here.
 */
import {
  learningDefaults,
  learningEdges,
  learningMachine,
  toEngineStatus,
} from '../../../machines/learning.machine.ts';
import { DreyError, toPlainError } from '../../../machines/words/errors.ts';
import { systemNamespace } from '../../../machines/words/ids.ts';
import type { Tracer } from '../../../machines/words/traces.ts';
import type { LearnerView } from '../../../machines/health.store.ts';
import { countDue } from '../../store/store.ts';
import type { Store } from '../../store/store.ts';
import type { Following, Wire } from '../../wire/wire.ts';
import type { Announcer } from '../announcer.ts';
import type { Clock, Log } from '../clock.ts';
import { createGate } from './gate.ts';
import { createRelearnings } from './relearnings.ts';
import type { Relearnings } from './relearnings.ts';
import type { ActorView, Roots } from '../roots.ts';
import { openSupervisor } from './supervisor.ts';
import type { Supervisor, WorkerSpec } from './supervisor.ts';
import { toTimerSource } from '../durable/timer-source.ts';
import { createToldRoot } from '../told-root.ts';
import { type ByTurn, startByTurn } from '../workers/by-turn.ts';
import { startCoUse } from '../workers/co-use.ts';
import { startExtractor } from '../workers/extractor.ts';
import type { Extractor } from '../workers/extractor.ts';
import { startIntake } from '../workers/intake.ts';
import type { Touched } from '../workers/intake.ts';
import { startRelay } from '../workers/relay.ts';
import type { Relay } from '../workers/relay.ts';
import { createTurnSource } from '../workers/turn-source.ts';
import type { TurnSource } from '../workers/turn-source.ts';

/** Where every engine answers on the bus: `status`, `relearn` and `relearned`, each for its part. */
export const learningAddress = { namespace: systemNamespace, kind: 'learning', id: 'l-engine' } as const;

export interface LearningOptions {
  readonly wire: Wire;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly announcer: Announcer;
  /** Where live actors are known by their address. */
  readonly roots?: Roots | undefined;
  readonly quietMs: number;
  /** Only where traces are collected. */
  readonly tracer?: Tracer | undefined;
  readonly isShared: (namespace: string) => boolean;
  /** The engine cannot go on; the process should end and be started again. */
  readonly failed: (reason: string) => void;
}

/** What the engine answers when it is asked how it is. */
export interface EngineReport extends LearnerView {
  readonly intake: string;
  /** Engines that share the work, this one among them. */
  readonly learners: number;
  /** Whether it has the intake: who has it counts what is on the bus and due for all of them. */
  readonly hasIntake: boolean;
  /**
   * Events on the bus and episodes that are not learned from yet, and models that are not up to date. Null in a joined report
   * to which somebody's part is missing.
   */
  readonly behind: number | null;
  /** The actors of the engine's process. */
  readonly actors?: readonly ActorView[];
}

export interface LearningEngine {
  report(): Promise<EngineReport>;
  stop(): Promise<void>;
}

const measureMs = 2_000;
/** Rung in a namespace in which something is to be learned. */
const learnVerb = 'learn';

/** Starts the engine and answers for it on the bus. */
export async function openLearning(options: LearningOptions): Promise<LearningEngine> {
  const { wire } = options;
  const engine = new LiveEngine(options);
  const { kind, id } = learningAddress;
  const answering = await Promise.all([
    wire.answer({ ...learningAddress }, ({ verb, data }) => engine.answer(verb, data)),
    wire.answer({ kind, id, verb: learnVerb }, async ({ to }) => engine.hear(to.namespace)),
  ]);
  engine.start(answering);
  return engine;
}

class LiveEngine implements LearningEngine {
  readonly #options: LearningOptions;
  readonly #actor;
  readonly #gate = createGate();
  readonly #stopped: Promise<void>;
  readonly #relearnings: Relearnings;
  #supervisor: Supervisor | undefined;
  #extractor: Extractor | undefined;
  #relay: Relay | undefined;
  readonly #source: TurnSource;
  #intake: ByTurn<Following> | undefined;
  #answering: readonly { stop(): void }[] = [];
  /** Events on the bus and episodes in the store that nobody has learned from; nothing where somebody else has the intake. */
  #lag = { events: 0, episodes: 0 };
  #cancelMeasure = (): void => undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: LearningOptions) {
    const { announcer, clock, failed, log } = options;
    this.#options = options;
    this.#source = createTurnSource(options.store, 'learning');
    this.#relearnings = createRelearnings({ ...options, extractor: () => this.#extractor });
    let markStopped = (): void => undefined;
    this.#stopped = new Promise((resolve) => (markStopped = resolve));
    const machine = learningMachine.provide({
      actions: {
        startWorkers: () => queueMicrotask(() => this.#startWorkers()),
        stopWorkers: () => queueMicrotask(() => void this.#stopWorkers()),
        killWorkers: () => failed('its workers did not start or stop in time'),
      },
    });
    this.#actor = createToldRoot(machine, {
      edges: learningEdges,
      onEdge: ({ type, ...edge }) => announcer.announce(type as 'learning.paused', learningAddress, edge),
      onChange: ({ engine, intake }) => {
        if (intake === 'paused') this.#gate.close();
        else this.#gate.open();
        if (engine === 'stopped') markStopped();
      },
      input: { engineId: learningAddress.id, settings: learningDefaults },
      roots: options.roots,
      address: learningAddress,
      clock: toTimerSource(clock),
      onError: (error) => {
        markStopped();
        failed(toPlainError(error).message);
      },
      log,
    });
  }

  start(answering: readonly { stop(): void }[]): void {
    const { clock } = this.#options;
    this.#answering = answering;
    this.#actor.send({ type: 'start', at: clock.now() });
    this.#cancelMeasure = clock.schedule(measureMs, () => void this.#measure());
  }

  async report(): Promise<EngineReport> {
    const { events, episodes } = await this.#readLag();
    const { value } = this.#actor.getSnapshot();
    const { unfinished = 0, untrained = 0 } = this.#extractor ?? {};
    return {
      engineStatus: toEngineStatus(value),
      intake: value.intake,
      lastRunAt: this.#extractor?.lastRunAt ?? null,
      behind: events + episodes + unfinished + untrained,
      hasIntake: this.#intake?.working !== undefined,
      learners: this.#extractor?.learners ?? 1,
      held: this.#extractor?.held ?? null,
      workers: this.#supervisor?.views() ?? [],
      actors: this.#options.roots?.views() ?? [],
    };
  }

  /** What the engine says on the bus. */
  async answer(verb: string, data: unknown): Promise<unknown> {
    if (verb === 'status') return this.report();
    if (verb === 'relearn') return this.#relearnings.start(data);
    if (verb === 'relearned') return this.#relearnings.read(data);
    throw new DreyError('method_unknown', 'the learning engine knows status, relearn and relearned');
  }

  /** Something is to be learned in this namespace. */
  hear(namespace: string): void {
    this.#extractor?.nudge(namespace);
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.#cancelMeasure();
    for (const one of this.#answering) one.stop();
    this.#actor.send({ type: 'drain', at: this.#options.clock.now() });
    await this.#stopped;
    this.#actor.stop();
  }

  #startWorkers(): void {
    const { announcer, clock, failed, log, roots } = this.#options;
    this.#supervisor = openSupervisor({
      name: 'learning',
      workers: this.#toWorkers(),
      settings: { strategy: 'one_for_one', intensity: 5, periodMs: 60_000 },
      clock,
      log,
      announcer,
      roots,
      up: () => this.#actor.send({ type: 'workers.up', at: clock.now() }),
      gaveUp: (worker) => {
        const reason = `the worker ${worker ?? '?'} failed too often`;
        this.#actor.send({ type: 'workers.failed', reason, at: clock.now() });
        failed(reason);
      },
    });
  }

  /** In start order: what an earlier one committed, a later one may need. */
  #toWorkers(): readonly WorkerSpec[] {
    const { wire, store, clock, log, quietMs, isShared, tracer } = this.#options;
    const source = this.#source;
    const gate = (): Promise<void> => this.#gate.opened;
    return [
      {
        name: 'writer',
        restart: 'permanent',
        start: async () =>
          (this.#relay = startRelay({ store, publishAll: (events) => wire.publishAll(events), clock, log })),
      },
      {
        name: 'extractor',
        restart: 'permanent',
        start: async (broke) => {
          const written = (): void => this.#relay?.nudge();
          const told = { written, park: wire.dead.put, broke };
          return (this.#extractor = startExtractor({
            store,
            source,
            clock,
            log,
            quietMs,
            isShared,
            ...told,
          }));
        },
      },
      {
        name: 'graph',
        restart: 'permanent',
        start: (broke) => {
          const start = (): Promise<Following> => startCoUse({ wire, store, gate });
          return startByTurn({ source, name: 'memory graph', clock, log, start, broke });
        },
      },
      {
        name: 'intake',
        restart: 'permanent',
        start: async (broke) => {
          const committed = (touched: readonly Touched[]): void => this.#ring(touched);
          const start = (): Promise<Following> => startIntake({ wire, store, gate, tracer, committed });
          return (this.#intake = await startByTurn({ source, name: 'learning', clock, log, start, broke }));
        },
      },
    ];
  }

  async #stopWorkers(): Promise<void> {
    this.#gate.open();
    await this.#supervisor?.stop();
    await this.#source.stop();
    this.#actor.send({ type: 'workers.down', at: this.#options.clock.now() });
  }

  async #measure(): Promise<void> {
    const { clock } = this.#options;
    const { episodes } = await this.#readLag();
    if (this.#stopping !== undefined) return;
    const lag = Math.max(episodes, this.#extractor?.waiting ?? 0);
    this.#actor.send({ type: 'lag.measured', lag, at: clock.now() });
    this.#cancelMeasure = clock.schedule(measureMs, () => void this.#measure());
  }

  /** While bus or store are away, the last figure stands. Asked of the store first: what has left it is unwritten, or known. */
  async #readLag(): Promise<{ readonly events: number; readonly episodes: number }> {
    const following = this.#intake?.working;
    if (following === undefined) return (this.#lag = { events: 0, episodes: 0 });
    const { events, episodes } = this.#lag;
    const lag = await following.lag().catch(() => events);
    const due = await this.#options.store.inSystem(countDue).catch(() => episodes);
    return (this.#lag = { events: lag, episodes: due });
  }

  /** Whoever has the namespace hears it; whom it does not reach looks by itself. */
  #ring(touched: readonly Touched[]): void {
    for (const namespace of new Set(touched.map((one) => one.namespace)))
      this.#options.wire.ring({ ...learningAddress, namespace }, learnVerb);
  }
}
