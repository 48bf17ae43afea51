/**
 * Takes imported episodes into a namespace: skips those the archive has already, announces the others, and lets the bus
 * keep up in between, so that an import of any size needs little memory and disk.
 */
import { DreyError } from '../../machines/words/errors.ts';
import type { ImportedEpisode } from '../../machines/words/episodes.ts';
import { limits } from '../../machines/words/limits.ts';
import type { DreyEvent } from '../../machines/words/events.ts';
import { announceImport, createAnnouncer, toImportedIds } from '../actors/actors.ts';
import type { Clock, Log } from '../actors/actors.ts';
import type { Redaction } from '../access/access.ts';
import type { Store } from '../store/store.ts';
import { readDrafts } from '../store/store.ts';

export interface ImportOptions {
  readonly namespace: string;
  readonly principal: string;
  readonly store: Store;
  /** Writes events to the node's log, all of them or it throws. */
  readonly appendAll: (events: readonly DreyEvent[]) => void;
  readonly redactor: Redaction;
  readonly clock: Clock;
  readonly log: Log;
  /** Events waiting for the bus. */
  readonly waiting: () => number;
  /** When episodes began whose source does not tell; shared by all imports of a node. */
  readonly instants?: () => number;
}

/**
 * Now, but each time later than the last: learning goes by the order of times, and a history of which nobody knows the times
 * has its order all the same. Of a fast import the last ones lie a little ahead.
 */
export function createInstants({ now }: Pick<Clock, 'now'>): () => number {
  let last = 0;
  return () => (last = Math.max(now(), last + 1));
}

export interface ImportReport {
  readonly episodes: number;
  readonly calls: number;
  /** Episodes that were here already, unchanged. */
  readonly duplicates: number;
}

const batchMax = 100;
/** Events waiting for the bus above which the import pauses: some 60 MB of log, and ten seconds of delay for live calls. */
const waitingMax = 50_000;
const pauseMs = 10;
/** How long a bus that takes nothing is waited for. */
const patienceMs = 60_000;

/** Imports a stream of episodes; throws `event_log_full`, and `bus_unavailable` when the bus takes nothing for a minute. */
export async function importEpisodes(
  episodes: AsyncIterable<ImportedEpisode>,
  options: ImportOptions,
): Promise<ImportReport> {
  const report = { episodes: 0, calls: 0, duplicates: 0 };
  let batch: ImportedEpisode[] = [];
  let events: DreyEvent[] = [];
  const announcer = createAnnouncer({ append: (event) => events.push(event), ...options });
  const clock = { now: options.instants ?? createInstants(options.clock) };
  const flush = async (): Promise<void> => {
    const known = await findKnown(batch, options);
    for (const episode of batch) {
      const { episodeId } = toImportedIds(options.namespace, episode);
      if (known.has(episodeId)) {
        report.duplicates += 1;
        continue;
      }
      report.episodes += 1;
      report.calls += announceImport(episode, { ...options, announcer, clock });
    }
    // Together, not one by one: that is half of what an import costs.
    options.appendAll(events);
    batch = [];
    events = [];
    await keepUp(options);
  };
  for await (const episode of episodes) {
    batch.push(episode);
    if (batch.length >= batchMax) await flush();
  }
  await flush();
  return report;
}

/** Episodes whose archive has all of their calls and their outcome; without the database none are known, and ids decide. */
async function findKnown(
  batch: readonly ImportedEpisode[],
  { namespace, store, log }: ImportOptions,
): Promise<ReadonlySet<string>> {
  if (batch.length === 0) return new Set();
  const ids = new Map(batch.map((episode) => [toImportedIds(namespace, episode).episodeId, episode]));
  try {
    const drafts = await store.inNamespace(namespace, (trx) =>
      readDrafts(trx, { sessions: [], episodeIds: [...ids.keys()] }),
    );
    const whole = drafts.filter((draft) => {
      const episode = ids.get(draft.episodeId);
      const callsKept = Math.min(episode?.calls.length ?? 0, limits.episodeCallsMax);
      return draft.calls >= callsKept && draft.outcome === episode?.outcome;
    });
    return new Set(whole.map((draft) => draft.episodeId));
  } catch (error) {
    log.warn(
      { err: String(error) },
      'an import goes on without looking for duplicates: the database is away',
    );
    return new Set();
  }
}

async function keepUp({ waiting, clock }: ImportOptions): Promise<void> {
  let least = waiting();
  let since = clock.monotonic();
  while (waiting() > waitingMax) {
    await new Promise<void>((resolve) => clock.schedule(pauseMs, resolve));
    if (waiting() < least) {
      least = waiting();
      since = clock.monotonic();
    } else if (clock.monotonic() - since > patienceMs) {
      throw new DreyError(
        'bus_unavailable',
        'The bus has taken nothing for a minute; what was imported so far is kept and goes on by itself. Run the import again later.',
      );
    }
  }
}
