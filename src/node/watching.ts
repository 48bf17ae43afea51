/**
 * What people look at: events as they come or as they are stored, live actors of this node and of its learner, dead
 * letters. It decides nothing; whoever changes a dead letter is told as an event.
 */
import { isDreyError } from '../../machines/words/errors.ts';
import type { AnyEvent } from '../../machines/words/events.ts';
import { systemNamespace } from '../../machines/words/ids.ts';
import type { Redaction } from '../access/access.ts';
import type { Announcer, Boards, Clock, Roots } from '../actors/actors.ts';
import type {
  ActorView,
  DeadLetterView,
  FollowEvents,
  Principal,
  WatchingNeeds,
} from '../gateway/gateway.ts';
import { appendAudit, ensureNamespace, listSopStates } from '../store/store.ts';
import type { Store } from '../store/store.ts';
import type { Wire } from '../wire/wire.ts';
import { toFilters } from '../wire/wire.ts';
import { createActorThen } from './actor-then.ts';
import { askEngine } from './learner/ask-engine.ts';
import { shareAnswer } from './shared-answer.ts';
import { toHealthFacts } from './telemetry/status.ts';

export interface WatchingOptions {
  readonly wire: Wire;
  readonly store: Pick<Store, 'inNamespace' | 'ping'>;
  readonly roots: Roots;
  readonly announcer: Announcer;
  readonly boards: Boards;
  readonly clock: Pick<Clock, 'now'>;
  readonly redactor: Pick<Redaction, 'in'>;
  /** Brings the boards up to date in what nobody tells by itself. */
  readonly refresh: () => Promise<void>;
}

/** Procedures shown among the actors: those that changed last. */
const sopsShownMax = 300;
/** How long the figures of the bus are given again: each asks all streams. */
const busKeptMs = 3_000;

/** Builds that part of the gateway's needs. */
export function createWatching(options: WatchingOptions): WatchingNeeds {
  const { wire, store, roots, boards, clock } = options;
  return {
    followEvents: (which, onEvent) => followEvents(wire, which, onEvent),
    readEvents: ({ from, ...which }, onEvent) =>
      wire.readEvents({ filters: toOwnAndSystem(wire, which), from, onEvent }),
    republishEvents: ({ namespaces, ...which }) =>
      wire.republish({ ...which, allows: ({ namespace }) => namespaces.includes(namespace) }),
    followHealth(heard) {
      const tell = (): void => heard(toHealthFacts(boards, clock));
      const stops = [boards.health.listen(tell), boards.catalogue.listen(tell)];
      tell();
      void options.refresh();
      return () => {
        for (const stop of stops) stop();
      };
    },
    async actors(namespace, which = {}) {
      const [engine, sops] = await Promise.all([askEngine(wire), readSops(options, namespace, which)]);
      const live = [...roots.views(), ...(engine?.actors ?? [])].filter(({ kind }) => kind !== 'sop');
      return [...live, ...sops].filter(
        (actor) => actor.namespace === namespace || actor.namespace === systemNamespace,
      );
    },
    actorThen: createActorThen(options),
    dead: createDead(options),
    bus: shareAnswer(() => wire.standing(), clock, busKeptMs),
    database: shareAnswer(() => store.ping(), clock, busKeptMs),
  };
}

/** A procedure's row is its actor at rest, whichever process moved it; without the database none is shown. */
async function readSops(
  { store }: WatchingOptions,
  namespace: string,
  { kind, id }: { readonly kind?: string | undefined; readonly id?: string | undefined },
): Promise<readonly ActorView[]> {
  if (namespace === systemNamespace || (kind !== undefined && kind !== 'sop')) return [];
  try {
    const rows = await store.inNamespace(namespace, (trx) =>
      listSopStates(trx, { sopId: id, limit: sopsShownMax }),
    );
    return rows.map(({ sopId, status, trigger }) => ({
      namespace,
      kind: 'sop',
      id: sopId,
      states: [status],
      name: trigger,
    }));
  } catch (error) {
    if (isDreyError(error) && error.kind === 'dependency_failed') return [];
    throw error;
  }
}

async function followEvents(
  wire: Wire,
  which: FollowEvents,
  onEvent: (event: AnyEvent, sequence: number) => void,
): Promise<{ stop(): void }> {
  const following = await wire.follow({
    filters: toOwnAndSystem(wire, which),
    from: which.from,
    onBatch: async (deliveries) => {
      for (const { event, sequence } of deliveries) onEvent(event, sequence);
    },
  });
  return { stop: () => void following.stop() };
}

/** A namespace's events, and the node's own where they are asked for. */
function toOwnAndSystem(
  wire: Wire,
  { namespace, topic, kind, id, types, withSystem = false }: Omit<FollowEvents, 'from'>,
): readonly string[] {
  const selection = {
    ...(topic === undefined ? {} : { topic }),
    ...(kind === undefined ? {} : { kind }),
    ...(id === undefined ? {} : { id }),
    ...(types === undefined ? {} : { types }),
  };
  const isBoth = withSystem && namespace !== systemNamespace;
  const namespaces = isBoth ? [namespace, systemNamespace] : [namespace];
  return namespaces.flatMap((one) => toFilters({ ...selection, namespace: one }, wire.root));
}

function createDead({ wire: { dead }, announcer, store }: WatchingOptions): WatchingNeeds['dead'] {
  /** Before it is done; what is the node's own stands in the log of whoever did it. */
  const writeDown = (action: string, letter: DeadLetterView, by: Principal): Promise<void> => {
    const { id, actor, code, subject } = letter;
    const own = actor.namespace === systemNamespace ? by.namespace : actor.namespace;
    return store.inNamespace(own, async (trx) => {
      await ensureNamespace(trx);
      await appendAudit(trx, {
        action,
        severity: 'MEDIUM',
        principal: by.id,
        object: `dead/${id}`,
        outcome: 'done',
        details: { code, subject },
      });
    });
  };
  const tell = (
    action: string,
    letter: { id: number; actor: { namespace: string } },
    by: { id: string },
  ): void => {
    const actor = { namespace: letter.actor.namespace, kind: 'node', id: 'n-dead' } as const;
    announcer.announce('user.acted', actor, { action, on: `dead/${letter.id}`, principal: by.id });
  };
  return {
    list: (which) => dead.list(which),
    get: (id) => dead.get(id),
    async retry(letter, by) {
      await writeDown('dead_letter_retried', letter, by);
      const { stream, sequence } = await dead.retry(letter.id);
      tell('dead.retried', letter, by);
      return { stream, sequence };
    },
    async drop(letter, by) {
      await writeDown('dead_letter_dropped', letter, by);
      const dropped = await dead.drop(letter.id);
      if (dropped) tell('dead.dropped', letter, by);
      return dropped;
    },
  };
}
