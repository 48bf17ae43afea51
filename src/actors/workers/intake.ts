/**
 * The intake worker: takes events from the bus in order, assembles episodes and writes them to the archive. Inbox rows,
 * archive rows and what is due to be learned from are committed together, so an event that is delivered twice has its
 * effect once, and whichever learner has the namespace finds it. It derives nothing.
 */
import type { AnyEvent, EventType } from '../../../machines/words/events.ts';
import type { Tracer } from '../../../machines/words/traces.ts';
import type { Store, Trx } from '../../store/store.ts';
import {
  addDue,
  ensureNamespace,
  excludeFromLearning,
  holdLearning,
  readDrafts,
  readLearningRules,
  saveCalls,
  saveEpisode,
  takeInbox,
} from '../../store/store.ts';
import type { EpisodeDraft } from '../../store/store.ts';
import type { Delivery, Following, Wire } from '../../wire/wire.ts';
import { toEpisodeId } from '../session/imports.ts';
import { createAssembly } from './assemble.ts';
import { createSieve, toExcludableIds } from './learnable.ts';
import { traceTaking } from './traced-taking.ts';

/** The durable under which the bus remembers what the learner has taken, and the name in the inbox. */
export const intakeDurable = 'learner';

/** The events that episodes are made of. */
export const episodeTypes = [
  'task.started',
  'task.finished',
  'call.finished',
  'call.failed',
  'call.refused',
  'session.closed',
  'session.expired',
  'episode.forgotten',
  'episode.retried',
] as const satisfies readonly EventType[];

const batchMax = 500;
const waitMs = 100;

/** An episode that has changed and is to be learned from. */
export interface Touched {
  readonly namespace: string;
  readonly episodeId: string;
  /** Open episodes are learned from after a quiet while, ended ones at once. */
  readonly open: boolean;
  /** It was left out, and somebody wants it tried again. */
  readonly isRetried: boolean;
}

export interface IntakeOptions {
  readonly wire: Pick<Wire, 'follow'>;
  readonly store: Store;
  /** Resolves while the intake may go on; holding it back is the engine's way to say that it is pressed. */
  readonly gate: () => Promise<void>;
  /** Hears what was committed. */
  readonly committed: (touched: readonly Touched[]) => void;
  /** Only where traces are collected. */
  readonly tracer?: Tracer | undefined;
}

/** Starts taking; resolves once the consumer stands. */
export async function startIntake(options: IntakeOptions): Promise<Following> {
  const { wire, store, gate, committed, tracer } = options;
  return wire.follow({
    durable: intakeDurable,
    filters: { types: episodeTypes },
    strays: true,
    from: 'all',
    batchMax,
    waitMs,
    gate,
    onBatch: async (deliveries) => {
      for (const [namespace, events] of byNamespace(deliveries)) {
        const take = () => store.inNamespace(namespace, (trx) => archive(trx, events));
        committed(await (tracer === undefined ? take() : traceTaking(tracer, events, take)));
      }
    },
  });
}

/** Writes one namespace's events; the order within it is the stream's. */
async function archive(trx: Trx, events: readonly AnyEvent[]): Promise<readonly Touched[]> {
  await ensureNamespace(trx);
  const fresh = await takeInbox(
    trx,
    intakeDurable,
    events.map((event) => event.id),
  );
  const once = new Set<string>();
  const taken = events.filter((event) => fresh.has(event.id) && !once.has(event.id) && once.add(event.id));
  if (taken.length === 0) return [];
  await holdLearning(trx);
  const sieve = createSieve(await readLearningRules(trx, toExcludableIds(taken)));
  const learnable = taken.filter((event) => sieve.isLearnable(event));
  await excludeFromLearning(trx, sieve.cut);
  const assembly = createAssembly(await readDrafts(trx, toPlaces(learnable)));
  for (const event of learnable) assembly.apply(event);
  for (const episode of assembly.episodes) await saveEpisode(trx, episode);
  await saveCalls(trx, assembly.calls);
  const touched = [...assembly.episodes.map(toTouched), ...taken.flatMap(toNamed)];
  await addDue(trx, touched);
  return touched;
}

function toPlaces(events: readonly AnyEvent[]): { sessions: string[]; episodeIds: string[] } {
  const sessions = new Set(events.map((event) => event.actor.id));
  const episodeIds = new Set<string>();
  for (const { data } of events) {
    if ('taskId' in data && data.taskId !== null) episodeIds.add(toEpisodeId(data.taskId));
  }
  return { sessions: [...sessions], episodeIds: [...episodeIds] };
}

function toTouched({ namespace, episodeId, end }: EpisodeDraft): Touched {
  return { namespace, episodeId, open: end === 'open', isRetried: false };
}

/** What was taken out of the archive is to be unlearned, and what was left out is to be tried again. */
function toNamed(event: AnyEvent): readonly Touched[] {
  if (event.type !== 'episode.forgotten' && event.type !== 'episode.retried') return [];
  const { namespace } = event;
  const isRetried = event.type === 'episode.retried';
  return event.data.episodes.map((episodeId) => ({ namespace, episodeId, open: false, isRetried }));
}

function byNamespace(deliveries: readonly Delivery[]): Map<string, AnyEvent[]> {
  const groups = new Map<string, AnyEvent[]>();
  for (const { event } of deliveries) {
    const group = groups.get(event.namespace);
    if (group === undefined) groups.set(event.namespace, [event]);
    else group.push(event);
  }
  return groups;
}
