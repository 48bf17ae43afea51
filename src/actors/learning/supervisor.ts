/**
 * The hands of a supervisor: starts and stops real workers as its chart decides, and shows each of them as an actor of
 * its own. A worker that throws, rejects or reports that it broke is started again without its siblings noticing.
 */
import type { Actor } from 'xstate';
import { supervisorDefaults } from '../../../machines/supervision.ts';
import type { RestartKind, SupervisorSettings } from '../../../machines/supervision.ts';
import { supervisorMachine } from '../../../machines/supervisor.machine.ts';
import type { SupervisorEvent } from '../../../machines/supervisor.machine.ts';
import { toPlainError } from '../../../machines/words/errors.ts';
import { systemNamespace } from '../../../machines/words/ids.ts';
import { workerEdges, workerMachine } from '../../../machines/worker.machine.ts';
import type { WorkerContext, WorkerEvent, WorkerName } from '../../../machines/worker.machine.ts';
import type { Announcer } from '../announcer.ts';
import type { Clock, Log } from '../clock.ts';
import { createRoot } from '../root.ts';
import type { Roots } from '../roots.ts';
import { createToldRoot } from '../told-root.ts';
import type { ToldEdge } from '../told-root.ts';
import { toTimerSource } from '../durable/timer-source.ts';

/** A worker while it runs. */
export interface RunningWorker {
  stop(): Promise<void>;
}

export interface WorkerSpec {
  readonly name: WorkerName;
  readonly restart: RestartKind;
  /** Starts it; `broke` is called when it cannot go on later. */
  readonly start: (broke: (error: unknown) => void) => Promise<RunningWorker>;
}

export interface SupervisorOptions {
  readonly name: string;
  /** In start order. */
  readonly workers: readonly WorkerSpec[];
  readonly settings?: Partial<SupervisorSettings>;
  readonly clock: Clock;
  readonly log: Log;
  readonly announcer: Announcer;
  /** Where live actors are known by their address. */
  readonly roots?: Roots | undefined;
  /** Every worker is up for the first time. */
  readonly up: () => void;
  /** One worker died too often. */
  readonly gaveUp: (worker: string | null) => void;
}

export interface WorkerView {
  readonly name: string;
  readonly state: string;
  readonly attempts: number;
  readonly lastError: string | null;
}

export interface Supervisor {
  views(): readonly WorkerView[];
  /** Stops the workers in reverse order, each within its bound. */
  stop(): Promise<void>;
}

/** Workers of one process share its event loop: a beat shows that it turns. Their own waits are bounded elsewhere. */
const heartbeatMs = 30_000;

/** No instance at all. */
const nobody = -1;

interface Post {
  readonly spec: WorkerSpec;
  readonly actor: Actor<typeof workerMachine>;
  running: RunningWorker | undefined;
  /** Which start of it is alive or on its way. */
  n: number;
}

/** Starts all workers under one supervisor. */
export function openSupervisor(options: SupervisorOptions): Supervisor {
  return new LiveSupervisor(options);
}

class LiveSupervisor implements Supervisor {
  readonly #options: SupervisorOptions;
  readonly #posts: ReadonlyMap<string, Post>;
  readonly #actor: Actor<typeof supervisorMachine>;
  readonly #ended: Promise<void>;
  #isUp = false;
  #isOver = false;

  constructor(options: SupervisorOptions) {
    const { clock, log, name, workers } = options;
    this.#options = options;
    this.#posts = new Map(workers.map((spec) => [spec.name, toPost(spec, options)]));
    let end = (): void => undefined;
    this.#ended = new Promise((resolve) => (end = resolve));
    const machine = supervisorMachine.provide({
      actions: {
        startChild: (_, { id, n }) => this.#soon(id, (post) => void this.#start(post, n)),
        stopChild: (_, { id, n }) => this.#soon(id, (post) => void this.#stop(post, n)),
        killChild: (_, { id }) => this.#kill(id),
        escalate: (_, { child }) => queueMicrotask(() => this.#giveUp(child)),
      },
    });
    this.#actor = createRoot(machine, {
      input: {
        supervisorId: name,
        settings: { ...supervisorDefaults, ...options.settings },
        specs: workers.map((spec, dependsOrder) => ({ id: spec.name, restart: spec.restart, dependsOrder })),
      },
      clock: toTimerSource(clock),
      // A subscription of its own would need an error listener of its own, too: see root.ts.
      onSnapshot: (snapshot) => {
        if (snapshot.hasTag('ended')) end();
        if (this.#isUp || !snapshot.context.children.every((child) => child.phase === 'up')) return;
        this.#isUp = true;
        options.up();
      },
      onError: (error) => {
        log.error({ supervisor: name, err: toPlainError(error) }, 'a supervisor broke');
        end();
        options.gaveUp(null);
      },
      log,
    });
    this.#actor.send({ type: 'start', at: clock.now() });
  }

  views(): readonly WorkerView[] {
    return [...this.#posts.values()].map(({ spec, actor }) => {
      const { value, context } = actor.getSnapshot();
      const lastError = context.lastError?.message ?? null;
      return { name: spec.name, state: value, attempts: context.attempt, lastError };
    });
  }

  async stop(): Promise<void> {
    this.#send({ type: 'stop', at: this.#options.clock.now() });
    await this.#ended;
    this.#isOver = true;
    this.#actor.stop();
    for (const post of this.#posts.values()) post.actor.stop();
  }

  /** After the transition that decided it. */
  #soon(id: string, act: (post: Post) => void): void {
    const post = this.#posts.get(id);
    if (post !== undefined) queueMicrotask(() => act(post));
  }

  async #start(post: Post, n: number): Promise<void> {
    const { clock } = this.#options;
    post.n = n;
    this.#tell(post, { type: 'start', at: clock.now() });
    let running: RunningWorker;
    try {
      running = await post.spec.start((error) => this.#broke(post, n, error));
    } catch (error) {
      this.#broke(post, n, error);
      return;
    }
    if (post.n !== n) {
      this.#stopLate(post, running);
      return;
    }
    post.running = running;
    this.#tell(post, { type: 'started', at: clock.now() });
    this.#beat(post, n);
    this.#send({ type: 'child.started', id: post.spec.name, n, at: clock.now() });
  }

  #beat(post: Post, n: number): void {
    const { clock } = this.#options;
    clock.schedule(heartbeatMs / 3, () => {
      if (this.#isOver || post.n !== n) return;
      this.#tell(post, { type: 'heartbeat', at: clock.now() });
      this.#beat(post, n);
    });
  }

  #broke(post: Post, n: number, error: unknown): void {
    if (post.n !== n) return;
    const { clock, log } = this.#options;
    const { name } = post.spec;
    log.warn({ worker: name, err: toPlainError(error) }, 'a worker failed');
    this.#forget(post, error);
    this.#send({ type: 'child.exited', id: name, n, reason: 'error', at: clock.now() });
  }

  #kill(id: string): void {
    const post = this.#posts.get(id);
    if (post !== undefined) this.#forget(post, new Error('it did not start or stop in time'));
  }

  /** Lets go of a worker without waiting for it; what it still reports is not heard. */
  #forget(post: Post, error: unknown): void {
    const { running } = post;
    post.running = undefined;
    post.n = nobody;
    const at = this.#options.clock.now();
    this.#tell(post, { type: 'crashed', error: toPlainError(error, 'worker_failed'), at });
    if (running !== undefined) this.#stopLate(post, running);
  }

  #stopLate({ spec }: Post, running: RunningWorker): void {
    running.stop().catch((error: unknown) => {
      this.#options.log.debug({ worker: spec.name, err: String(error) }, 'a worker did not stop cleanly');
    });
  }

  async #stop(post: Post, n: number): Promise<void> {
    const { clock, log } = this.#options;
    const { running, spec } = post;
    post.running = undefined;
    // A start that is still on its way must not put it back.
    post.n = nobody;
    try {
      await running?.stop();
    } catch (error) {
      log.warn({ worker: spec.name, err: toPlainError(error) }, 'a worker did not stop cleanly');
    }
    this.#tell(post, { type: running === undefined ? 'stop' : 'stopped', at: clock.now() });
    this.#send({ type: 'child.exited', id: spec.name, n, reason: 'normal', at: clock.now() });
  }

  /** One worker died too often: it is told as given up before the owner hears of it. */
  #giveUp(child: string | null): void {
    const { clock, gaveUp } = this.#options;
    const post = this.#posts.get(child ?? '');
    if (post !== undefined) this.#tell(post, { type: 'give.up', at: clock.now() });
    gaveUp(child);
  }

  #tell(post: Post, event: WorkerEvent): void {
    if (!this.#isOver) post.actor.send(event);
  }

  #send(event: SupervisorEvent): void {
    if (!this.#isOver) this.#actor.send(event);
  }
}

function toPost(spec: WorkerSpec, options: SupervisorOptions): Post {
  return { spec, actor: openWorker(spec, options), running: undefined, n: nobody };
}

function openWorker(
  spec: WorkerSpec,
  { clock, log, announcer, roots }: SupervisorOptions,
): Actor<typeof workerMachine> {
  const name = { namespace: systemNamespace, kind: 'worker', id: `w-${spec.name}` } as const;
  const tell = ({ type, ...edge }: ToldEdge, { attempt, lastError }: WorkerContext): void => {
    const reason = (lastError?.message ?? '').slice(0, 4_000);
    if (type === 'worker.started') announcer.announce(type, name, { ...edge, attempt });
    else if (type === 'worker.restarted')
      announcer.announce(type, name, { ...edge, attempt: Math.max(1, attempt) });
    else if (type === 'worker.failed' || type === 'worker.gave_up')
      announcer.announce(type, name, { ...edge, reason, attempt });
    else if (type === 'worker.stopped') announcer.announce(type, name, edge);
  };
  return createToldRoot(workerMachine, {
    edges: workerEdges,
    onEdge: tell,
    input: { name: spec.name, heartbeatMs },
    roots,
    address: name,
    clock: toTimerSource(clock),
    onError: (error) => log.error({ worker: spec.name, err: toPlainError(error) }, 'a worker actor broke'),
    log,
  });
}
