/**
 * The hands of a supervisor: starts and stops real workers as its chart decides, and shows each of them as an actor of
 * its own. A worker that throws, rejects or reports that it broke is started again without its siblings noticing.
 */
import type { Actor } from 'xstate';
import { supervisorDefaults } from '../../machines/supervision.ts';
import type { RestartKind, SupervisorSettings } from '../../machines/supervision.ts';
import { supervisorMachine } from '../../machines/supervisor.machine.ts';
import { toPlainError } from '../../machines/words/errors.ts';
import { systemNamespace } from '../../machines/words/ids.ts';
import { workerEdges, workerMachine } from '../../machines/worker.machine.ts';
import type { WorkerContext, WorkerEvent, WorkerName } from '../../machines/worker.machine.ts';
import type { Announcer } from './announcer.ts';
import type { Clock, Log } from './clock.ts';
import { createRoot } from './root.ts';
import { createToldRoot } from './told-root.ts';
import type { ToldEdge } from './told-root.ts';
import { toTimerSource } from './timer-source.ts';

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

interface Post {
  readonly spec: WorkerSpec;
  readonly actor: Actor<typeof workerMachine>;
  running: RunningWorker | undefined;
  n: number;
}

/** Starts all workers under one supervisor. */
export function openSupervisor(options: SupervisorOptions): Supervisor {
  const { clock, log } = options;
  const posts = new Map<string, Post>(
    options.workers.map((spec) => [
      spec.name,
      { spec, actor: openWorker(spec, options), running: undefined, n: 0 },
    ]),
  );
  const ended = new Set<() => void>();
  let isUp = false;
  let isOver = false;

  const machine = supervisorMachine.provide({
    actions: {
      startChild: (_, { id, n }) => queueMicrotask(() => void start(id, n)),
      stopChild: (_, { id, n }) => queueMicrotask(() => void stop(id, n)),
      killChild: (_, { id }) => forget(id, new Error('it did not answer in time')),
      escalate: (_, { child }) => queueMicrotask(() => giveUp(child)),
    },
  });
  const actor = createRoot(machine, {
    input: {
      supervisorId: options.name,
      settings: { ...supervisorDefaults, ...options.settings },
      specs: options.workers.map(({ name, restart }, dependsOrder) => ({ id: name, restart, dependsOrder })),
    },
    clock: toTimerSource(clock),
    // An observer of its own would need an error listener of its own, too: see root.ts.
    onSnapshot: (snapshot) => {
      if (snapshot.hasTag('ended')) for (const resolve of ended) resolve();
      if (isUp || !snapshot.context.children.every((child) => child.phase === 'up')) return;
      isUp = true;
      options.up();
    },
    onError: (error) => {
      log.error({ supervisor: options.name, err: toPlainError(error) }, 'a supervisor broke');
      options.gaveUp(null);
    },
    log,
  });

  const tell = (post: Post, event: WorkerEvent): void => post.actor.send(event);

  async function start(id: string, n: number): Promise<void> {
    const post = posts.get(id);
    if (post === undefined) return;
    post.n = n;
    tell(post, { type: 'start', at: clock.now() });
    try {
      const running = await post.spec.start((error) => broke(post, n, error));
      if (post.n !== n) {
        await running.stop();
        return;
      }
      post.running = running;
      tell(post, { type: 'started', at: clock.now() });
      beat(post, n);
      actor.send({ type: 'child.started', id, n, at: clock.now() });
    } catch (error) {
      broke(post, n, error);
    }
  }

  function beat(post: Post, n: number): void {
    clock.schedule(heartbeatMs / 3, () => {
      if (isOver || post.n !== n || post.running === undefined) return;
      tell(post, { type: 'heartbeat', at: clock.now() });
      beat(post, n);
    });
  }

  function broke(post: Post, n: number, error: unknown): void {
    if (post.n !== n) return;
    const { name } = post.spec;
    log.warn({ worker: name, err: toPlainError(error) }, 'a worker failed');
    forget(name, error);
    actor.send({ type: 'child.exited', id: name, n, reason: 'error', at: clock.now() });
  }

  /** Lets go of a worker without waiting for it; what it still reports is not heard. */
  function forget(id: string, error: unknown): void {
    const post = posts.get(id);
    if (post === undefined) return;
    const { running } = post;
    post.running = undefined;
    post.n = -1;
    tell(post, { type: 'crashed', error: toPlainError(error, 'worker_failed'), at: clock.now() });
    running
      ?.stop()
      .catch((cause: unknown) =>
        log.debug({ worker: id, err: String(cause) }, 'a failed worker did not stop cleanly'),
      );
  }

  async function stop(id: string, n: number): Promise<void> {
    const post = posts.get(id);
    if (post === undefined) return;
    const { running } = post;
    post.running = undefined;
    // A start that is still on its way must not put it back.
    post.n = -1;
    try {
      await running?.stop();
    } catch (error) {
      log.warn({ worker: id, err: toPlainError(error) }, 'a worker did not stop cleanly');
    }
    if (isOver) return;
    tell(post, { type: running === undefined ? 'stop' : 'stopped', at: clock.now() });
    actor.send({ type: 'child.exited', id, n, reason: 'normal', at: clock.now() });
  }

  /** One worker died too often: it is told as given up before the owner hears of it. */
  function giveUp(child: string | null): void {
    const post = posts.get(child ?? '');
    if (post !== undefined) tell(post, { type: 'give.up', at: clock.now() });
    options.gaveUp(child);
  }

  actor.send({ type: 'start', at: clock.now() });

  return {
    views: () =>
      [...posts.values()].map(({ spec, actor: worker }) => {
        const { value, context } = worker.getSnapshot();
        return {
          name: spec.name,
          state: value,
          attempts: context.attempt,
          lastError: context.lastError?.message ?? null,
        };
      }),
    async stop() {
      if (!actor.getSnapshot().hasTag('ended')) {
        const done = new Promise<void>((resolve) => ended.add(resolve));
        actor.send({ type: 'stop', at: clock.now() });
        if (!actor.getSnapshot().hasTag('ended')) await done;
      }
      isOver = true;
      actor.stop();
      for (const post of posts.values()) post.actor.stop();
    },
  };
}

function openWorker(
  spec: WorkerSpec,
  { clock, log, announcer }: SupervisorOptions,
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
    clock: toTimerSource(clock),
    onError: (error) => log.error({ worker: spec.name, err: toPlainError(error) }, 'a worker actor broke'),
    log,
  });
}
