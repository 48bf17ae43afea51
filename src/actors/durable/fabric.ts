/**
 * The fabric: one directory of durable actors with everything that reaches them. Commands come from here and over the
 * bus, moments from the ticker, completions from the effect runner, and news from other nodes empties old copies.
 */
import type { AnyEvent } from '../../../machines/words/events.ts';
import { createId, Token } from '../../../machines/words/ids.ts';
import type { Address } from '../../../machines/words/ids.ts';
import type { Tracer } from '../../../machines/words/traces.ts';
import { DreyError, toPlainError } from '../../../machines/words/errors.ts';
import type { Store } from '../../store/store.ts';
import type { CommandDelivery, Following, FollowTuning, Wire } from '../../wire/wire.ts';
import type { ContextContext } from '../../../machines/context-events.ts';
import type { Clock, Log } from '../clock.ts';
import { toContext } from '../context/context.ts';
import { openContexts } from '../context/contexts.ts';
import type { Contexts } from '../context/contexts.ts';
import type { CrashPoint } from './crash-point.ts';
import { openDirectory } from '../directory.ts';
import type { Directory, DirectoryFigures } from '../directory.ts';
import { openDurableHost } from './durable.ts';
import type { DurableResident } from './durable.ts';
import type { Answer, Delivery, DurableKind } from './durable-kind.ts';
import { startEffects } from './effects.ts';
import type { EffectFigures } from './effects.ts';
import { durableKinds } from '../kinds.ts';
import type { Roots } from '../roots.ts';
import { startTicker } from './timers.ts';
import { traceDelivery } from './traced-delivery.ts';

export interface FabricOptions {
  readonly store: Store;
  /** Without a bus there are no commands from elsewhere and no news; everything else works. */
  readonly wire?: Pick<Wire, 'follow' | 'followCommands'>;
  readonly clock: Clock;
  readonly log: Log;
  /** The outbox has something for the relay. */
  readonly onOutbox?: () => void;
  /** Default: all kinds that have hands. */
  readonly kinds?: readonly DurableKind[];
  /** Where actors in memory are known by their address. */
  readonly roots?: Roots | undefined;
  readonly residentsMax?: number;
  readonly idleMs?: number;
  readonly timerEveryMs?: number;
  readonly timerLeaseMs?: number;
  readonly effectEveryMs?: number;
  readonly crashPoint?: CrashPoint;
  /** Only where traces are collected. */
  readonly tracer?: Tracer | undefined;
  /** Under which name all nodes share the commands; default `actors`. */
  readonly durable?: string;
  readonly followTuning?: Pick<FollowTuning, 'ackWaitMs' | 'retryMs' | 'attemptsMax'>;
}

export interface FabricFigures extends DirectoryFigures {
  /** Steps committed here, by kind. */
  readonly commits: ReadonlyMap<string, number>;
  readonly effects: EffectFigures;
}

export interface Fabric {
  readonly contexts: Contexts;
  readonly directory: Directory<Delivery, Answer, DurableResident>;
  deliver(address: Address, delivery: Delivery): Promise<Answer>;
  readonly figures: () => FabricFigures;
  /** Calls back with what any node committed, as the bus tells it; returns what stops it. */
  onNews(heard: (event: AnyEvent) => void): () => void;
  close(): Promise<void>;
}

/** Opens the fabric and starts everything that reaches the actors. */
export async function openFabric(options: FabricOptions): Promise<Fabric> {
  const { store, clock, log } = options;
  const crash = options.crashPoint === undefined ? {} : { crashPoint: options.crashPoint };
  const commits = new Map<string, number>();
  const host = openDurableHost({
    kinds: options.kinds ?? durableKinds,
    store,
    clock,
    log,
    roots: options.roots,
    ...crash,
    onCommitted: ({ address, events, effects: left, dueAt }) => {
      commits.set(address.kind, (commits.get(address.kind) ?? 0) + 1);
      if (events > 0) options.onOutbox?.();
      if (left > 0) effects.nudge();
      if (dueAt !== null) ticker.expect(dueAt);
    },
  });
  const directory = openDirectory<Delivery, Answer, DurableResident>({
    open: (address) => host.open(address),
    clock,
    log,
    ...(options.residentsMax === undefined ? {} : { residentsMax: options.residentsMax }),
    ...(options.idleMs === undefined ? {} : { idleMs: options.idleMs }),
  });
  const { tracer } = options;
  const deliver = async (address: Address, delivery: Delivery): Promise<Answer> => {
    assertAddress(address, host.kinds);
    if (tracer === undefined) return directory.deliver(address, delivery);
    return traceDelivery(tracer, address, delivery, (traced) => directory.deliver(address, traced));
  };
  const parts = { store, deliver, clock, log, ...crash };
  const effects = startEffects({ ...parts, kinds: host.kinds, tracer, ...toEvery(options.effectEveryMs) });
  const lease = options.timerLeaseMs === undefined ? {} : { leaseMs: options.timerLeaseMs };
  const ticker = startTicker({ ...parts, ...toEvery(options.timerEveryMs), ...lease });
  const followings: Following[] = [];
  const listeners = new Set<(event: AnyEvent) => void>();
  if (options.wire !== undefined) {
    for (const kind of host.kinds.values()) {
      followings.push(await followKind(options.wire, kind, deliver, options));
    }
    followings.push(await followNews(options.wire, directory, listeners));
  }
  return {
    contexts: openContexts({ store, deliver, createRequestId: () => createId('event', clock) }),
    directory,
    deliver,
    figures: () => ({ ...directory.figures(), commits: new Map(commits), effects: effects.figures() }),
    onNews(heard) {
      listeners.add(heard);
      return () => listeners.delete(heard);
    },
    async close() {
      await Promise.all(followings.map(async (following) => following.stop()));
      await Promise.all([ticker.stop(), effects.stop()]);
      await directory.close();
    },
  };
}

function toEvery(everyMs: number | undefined): { readonly everyMs?: number } {
  return everyMs === undefined ? {} : { everyMs };
}

function assertAddress({ kind, id }: Address, kinds: ReadonlyMap<string, DurableKind>): void {
  if (!kinds.has(kind)) throw new DreyError('argument_invalid', `"${kind}" is no kind of durable actor`);
  if (Token.safeParse(id).success) return;
  throw new DreyError(
    'argument_invalid',
    `"${id.slice(0, 80)}" is no id; write 1 to 128 of a-z, 0-9, _ and -`,
  );
}

/** Commands of one kind; all nodes share them, and each actor gets its own in order. */
async function followKind(
  wire: Pick<Wire, 'followCommands'>,
  { kind }: DurableKind,
  deliver: (address: Address, delivery: Delivery) => Promise<Answer>,
  { log, durable = 'actors', followTuning = {} }: FabricOptions,
): Promise<Following> {
  const hand = async ({ command }: CommandDelivery): Promise<void> => {
    const { id, to, verb, data, correlation, traceparent } = command;
    const answer = await deliver(to, { from: 'command', id, verb, data, correlation, traceparent });
    // Nobody waits for an answer to a command; a refusal is the actor's last word on it.
    if (!answer.ok) log.info({ command: id, to, verb, code: answer.code }, 'an actor refused a command');
  };
  return wire.followCommands({
    ...followTuning,
    to: { kind },
    durable: `${durable}-${kind}`,
    onBatch: async (batch) => {
      const failures = (await Promise.allSettled(batch.map(hand))).flatMap((one) =>
        one.status === 'rejected' ? [one.reason as unknown] : [],
      );
      if (failures.length === 0) return;
      log.debug({ err: toPlainError(failures[0]) }, 'a command could not be handled yet');
      throw failures[0];
    },
  });
}

/** What other nodes committed: a copy that is older is forgotten, and the next message reads the actor anew. */
async function followNews(
  wire: Pick<Wire, 'follow'>,
  directory: Directory<Delivery, Answer, DurableResident>,
  listeners: ReadonlySet<(event: AnyEvent) => void>,
): Promise<Following> {
  const hear = (event: AnyEvent): void => {
    for (const heard of listeners) heard(event);
    const { namespace, actor } = event;
    const resident = directory.find({ namespace, ...actor });
    const copy = resident?.peek();
    if (copy === undefined) return;
    if (isNewer(event, toContext(copy.context), copy.value)) resident?.forget();
  };
  return wire.follow({
    filters: { kind: 'context', topic: 'context' },
    onBatch: async (batch) => {
      for (const { event } of batch) hear(event);
      return Promise.resolve();
    },
  });
}

function isNewer(event: AnyEvent, { version, access }: ContextContext, value: unknown): boolean {
  if (event.type === 'context.archived') return value !== 'archived';
  if (event.type === 'context.shared' || event.type === 'context.revoked')
    return event.data.accessVersion > access.version;
  const isChange = event.type === 'context.created' || event.type === 'context.updated';
  return isChange && event.data.version > version;
}
