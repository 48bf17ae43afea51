/**
 * The hands of the node actor: what the process is doing, told as events, and the one way to stop it. Stopping is
 * bounded: what does not end in time is left behind and said so.
 */
import { nodeEdges, nodeMachine } from '../../machines/node.machine.ts';
import type { ResourceView } from '../../machines/health.store.ts';
import type { NodePart } from '../../machines/node.machine.ts';
import { toPlainError } from '../../machines/words/errors.ts';
import { systemNamespace } from '../../machines/words/ids.ts';
import { createToldRoot, toTimerSource } from '../actors/actors.ts';
import type { Announcer, Clock, HealthTold, Log, Roots, ToldEdge } from '../actors/actors.ts';

export interface LifeOptions {
  readonly nodeId: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly announcer: Announcer;
  readonly roots?: Roots | undefined;
  readonly missing: () => readonly NodePart[];
  /** Hears what is missing at each look. */
  readonly health: HealthTold;
  /** Stops by itself after this long without a session. */
  readonly idleMs: number | undefined;
  readonly isIdle: () => boolean;
  readonly drain: (reason: string) => Promise<void>;
}

export interface Life {
  readonly state: string;
  readonly stopped: Promise<void>;
  drain(reason: string): Promise<void>;
}

const checkMs = 1_000;
/** Embedded servers may take their time to stop; a node that hangs longer is given up. */
const drainMs = 30_000;

/** Starts the node actor of a node that is up. */
export function openLife(options: LifeOptions): Life {
  const { clock, log, announcer, nodeId } = options;
  let stop = (): void => undefined;
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  let cancel = (): void => undefined;
  let busyAt = clock.monotonic();
  const machine = nodeMachine.provide({
    actions: {
      drain: (_, { reason }) =>
        queueMicrotask(() => {
          cancel();
          options.drain(reason ?? 'asked to stop').then(
            () => actor.send({ type: 'drained', at: clock.now() }),
            (error: unknown) => {
              log.error({ err: toPlainError(error) }, 'the node did not stop cleanly');
              actor.send({ type: 'drained', at: clock.now() });
            },
          );
        }),
      halt: () => stop(),
    },
  });
  const actor = createToldRoot(machine, {
    edges: nodeEdges,
    onEdge: tell,
    input: { nodeId, drainMs },
    roots: options.roots,
    address: { namespace: systemNamespace, kind: 'node', id: nodeId },
    clock: toTimerSource(clock),
    onError: (error) => {
      log.error({ err: toPlainError(error) }, 'the node actor broke');
      stop();
    },
    log,
  });
  actor.send({ type: 'booted', missing: lookAtParts(options), at: clock.now() });

  function tell({ type, ...edge }: ToldEdge): void {
    const name = { namespace: systemNamespace, kind: 'node', id: nodeId } as const;
    if (type === 'node.started')
      announcer.announce(type, name, { ...edge, version: options.version, pid: process.pid });
    // The log is closed by then; that the process is gone tells the same.
    else if (type !== 'node.stopped') announcer.announce(type as 'node.degraded', name, edge);
    if (type === 'node.degraded')
      log.warn({ missing: options.missing() }, 'the node runs with something missing');
  }

  const look = (): void => {
    actor.send({ type: 'parts.checked', missing: lookAtParts(options), at: clock.now() });
    if (!options.isIdle()) busyAt = clock.monotonic();
    if (options.idleMs !== undefined && clock.monotonic() - busyAt > options.idleMs) {
      actor.send({ type: 'drain', reason: 'nobody was connected for a while', at: clock.now() });
      return;
    }
    cancel = clock.schedule(checkMs, look);
  };
  cancel = clock.schedule(checkMs, look);

  return {
    get state() {
      return actor.getSnapshot().value;
    },
    stopped,
    async drain(reason) {
      actor.send({ type: 'drain', reason, at: clock.now() });
      await stopped;
    },
  };
}

/** What is missing now, which the whole node is told. */
function lookAtParts({ missing, health, clock }: LifeOptions): readonly NodePart[] {
  const view = [...missing()];
  health.send({ type: 'parts.told', view, at: clock.now() });
  return view;
}

/** A learner that starts for the first time is not missed yet; one that starts again after a failure is. */
export function isMissing(learner: Pick<ResourceView, 'state' | 'lastError'> | undefined): boolean {
  if (learner === undefined) return false;
  if (learner.state === 'initializing') return learner.lastError !== null;
  return !['registered', 'healthy', 'degraded'].includes(learner.state);
}
