/**
 * The extractor worker: keeps one learner per namespace, feeds it episodes from the archive and writes the SOPs that
 * changed, each with its event in the outbox of the same transaction. Everything it holds in memory comes from the
 * archive and is rebuilt from there after a restart.
 */
import type { EventData } from '../../../machines/words/events.ts';
import { eventVersion } from '../../../machines/words/events.ts';
import type { DreyEvent } from '../../../machines/words/events.ts';
import { toDigest, toStableId } from '../../../machines/words/ids.ts';
import type { LearnedSop } from '../../../machines/words/sops.ts';
import { createLearner } from '../../learning/learning.ts';
import type { Learner } from '../../learning/learning.ts';
import type { SopEvent, Store, Trx } from '../../store/store.ts';
import {
  addToOutbox,
  getEpisode,
  listNamespaces,
  listSops,
  readEpisodes,
  retireSop,
  saveSop,
} from '../../store/store.ts';
import type { Clock, Log } from '../clock.ts';
import { toIso } from '../clock.ts';
import type { Touched } from './intake.ts';

export interface ExtractorOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Quiet time after which an open episode is learned from. */
  readonly quietMs: number;
  readonly isShared: (namespace: string) => boolean;
  /** Hears that SOPs were committed. */
  readonly written: () => void;
  /** The worker cannot go on; whoever supervises it decides. */
  readonly broke: (error: unknown) => void;
}

export interface Extractor {
  /** Episodes that changed; learned from when they are ended or quiet. */
  notice(touched: readonly Touched[]): void;
  /** Episodes waiting to be learned from. */
  readonly waiting: number;
  readonly lastRunAt: string | null;
  stop(): Promise<void>;
}

const tickMs = 100;
const episodesPerStep = 200;
const sopsPerCommit = 50;
const sopsListed = 200;

interface Shelf {
  readonly learner: Learner;
  /** What is stored of each SOP, as a digest. */
  readonly stored: Map<string, string>;
}

/** Rebuilds every namespace from the archive, then goes on from what the intake notices. */
export function startExtractor(options: ExtractorOptions): Extractor {
  const { store, clock, log } = options;
  const shelves = new Map<string, Shelf>();
  /** Episodes to learn from, and when; keyed by namespace and id. */
  const due = new Map<string, Touched & { readonly at: number }>();
  let rebuilding: string[] | undefined;
  let lastRunAt: string | null = null;
  let stopped = false;
  let cancel = (): void => undefined;

  const derive = async (namespace: string, shelf: Shelf): Promise<void> => {
    const { sops } = shelf.learner.derive();
    const changed = sops
      .map((sop) => ({ sop, digest: toDigest(JSON.stringify(sop)) }))
      .filter(({ sop, digest }) => shelf.stored.get(sop.sopId) !== digest);
    const kept = new Set(sops.map((sop) => sop.sopId));
    const gone = [...shelf.stored.keys()].filter((sopId) => !kept.has(sopId));
    for (let from = 0; from < changed.length; from += sopsPerCommit) {
      const some = changed.slice(from, from + sopsPerCommit);
      await store.inNamespace(namespace, async (trx) => {
        for (const { sop } of some) await write(trx, sop, clock);
      });
      for (const { sop, digest } of some) shelf.stored.set(sop.sopId, digest);
    }
    if (gone.length > 0) await store.inNamespace(namespace, (trx) => retire(trx, gone, clock));
    for (const sopId of gone) shelf.stored.delete(sopId);
    lastRunAt = toIso(clock.now());
    if (changed.length + gone.length > 0) {
      log.debug({ namespace, changed: changed.length, retired: gone.length }, 'procedures were written');
      options.written();
    }
  };

  const rebuild = async (namespace: string): Promise<void> => {
    const learner = createLearner({ namespace, sharedNamespace: options.isShared(namespace) });
    const shelf: Shelf = { learner, stored: new Map() };
    await store.inNamespace(namespace, async (trx) => {
      for (let offset = 0; ; offset += sopsListed) {
        const page = await listSops(trx, {
          statuses: ['candidate', 'shadow', 'active', 'quarantined'],
          limit: sopsListed,
          offset,
        });
        for (const sop of page) if (!sop.held) shelf.stored.set(sop.sopId, '');
        if (page.length < sopsListed) return;
      }
    });
    let after: { startedAt: string; episodeId: string } | undefined;
    do {
      const from = after;
      const page = await store.inNamespace(namespace, (trx) =>
        readEpisodes(trx, { ...(from === undefined ? {} : { after: from }), limit: episodesPerStep }),
      );
      for (const episode of page.episodes) learner.learn(episode);
      after = page.next;
    } while (after !== undefined && !stopped);
    shelves.set(namespace, shelf);
    await derive(namespace, shelf);
  };

  const learnDue = async (): Promise<void> => {
    const now = clock.monotonic();
    const ready = [...due.entries()].filter(([, one]) => one.at <= now).slice(0, episodesPerStep);
    const namespaces = new Set<string>();
    for (const [key, one] of ready) {
      const shelf = shelves.get(one.namespace);
      if (shelf === undefined) {
        await rebuild(one.namespace);
      } else {
        const episode = await store.inNamespace(one.namespace, (trx) => getEpisode(trx, one.episodeId));
        if (episode !== undefined) shelf.learner.learn(episode);
        namespaces.add(one.namespace);
      }
      // What was touched again meanwhile has a new entry and stays.
      if (due.get(key) === one) due.delete(key);
    }
    for (const namespace of namespaces) {
      const shelf = shelves.get(namespace);
      if (shelf !== undefined) await derive(namespace, shelf);
    }
  };

  const step = async (): Promise<void> => {
    rebuilding ??= (await store.inSystem(listNamespaces)).map((row) => row.namespace);
    for (
      let namespace = rebuilding.shift();
      namespace !== undefined && !stopped;
      namespace = rebuilding.shift()
    ) {
      if (!shelves.has(namespace)) await rebuild(namespace);
    }
    await learnDue();
  };

  let running: Promise<void> = Promise.resolve();
  const loop = (): void => {
    running = step().then(
      () => {
        if (!stopped) cancel = clock.schedule(tickMs, loop);
      },
      (error: unknown) => {
        if (!stopped) options.broke(error);
      },
    );
  };
  loop();

  return {
    notice(touched) {
      const now = clock.monotonic();
      for (const one of touched) {
        const quiet = one.open ? options.quietMs : 0;
        due.set(`${one.namespace}/${one.episodeId}`, { ...one, at: now + quiet });
      }
    },
    get waiting() {
      return due.size + (rebuilding === undefined ? 1 : rebuilding.length);
    },
    get lastRunAt() {
      return lastRunAt;
    },
    async stop() {
      stopped = true;
      cancel();
      await running;
    },
  };
}

async function write(trx: Trx, sop: LearnedSop, clock: Clock): Promise<void> {
  const saved = await saveSop(trx, sop, {
    cause: { by: 'learning', reason: 'derived from episodes', at: toIso(clock.now()) },
  });
  if (saved.event === undefined) return;
  await addToOutbox(trx, [toEvent(saved.event, sop, saved.version, saved.status, clock)]);
}

async function retire(trx: Trx, sopIds: readonly string[], clock: Clock): Promise<void> {
  const page = await listSops(trx, { limit: sopsListed });
  for (const sop of page.filter((one) => sopIds.includes(one.sopId) && one.status !== 'retired')) {
    const at = toIso(clock.now());
    const done = await retireSop(trx, {
      sopId: sop.sopId,
      cause: { by: 'learning', reason: 'no episode supports it any more', at, holds: false },
    });
    if (done?.event !== undefined)
      await addToOutbox(trx, [toEvent('sop.retired', sop, done.version, 'retired', clock)]);
  }
}

function toEvent(type: SopEvent, sop: LearnedSop, version: number, status: string, clock: Clock): DreyEvent {
  const data: EventData<'sop.proposed'> = {
    trigger: sop.trigger,
    confidence: sop.confidence,
    occurrences: sop.occurrences,
    version,
    status,
  };
  return {
    id: toStableId('event', sop.namespace, sop.sopId, type, String(version)),
    type,
    at: toIso(clock.now()),
    namespace: sop.namespace,
    actor: { kind: 'sop', id: sop.sopId },
    version: eventVersion,
    data,
  };
}
