/**
 * The extractor worker: keeps one learner per namespace, feeds it episodes from the archive and writes the SOPs that
 * changed, each with its event in the outbox of the same transaction. Everything it holds in memory comes from the
 * archive and is rebuilt from there after a restart.
 */
import type { EventData } from '../../../machines/words/events.ts';
import { eventVersion } from '../../../machines/words/events.ts';
import type { DreyEvent } from '../../../machines/words/events.ts';
import { isDreyError, toPlainError } from '../../../machines/words/errors.ts';
import { toDigest, toStableId } from '../../../machines/words/ids.ts';
import type { LearnedSop } from '../../../machines/words/sops.ts';
import { createLearner } from '../../learning/learning.ts';
import type { Learner } from '../../learning/learning.ts';
import type { EpisodeCursor, SopEvent, Store, Trx } from '../../store/store.ts';
import {
  addToOutbox,
  getEpisode,
  getSop,
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
  /** The worker cannot go on; whoever supervises it decides. A database that is away is waited for instead. */
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
/** Pause while the database is away. */
const awayMs = 1_000;
/** An episode that is never quiet is learned from after this many quiet times anyway. */
const patience = 3;
const episodesPerStep = 200;
const sopsPerCommit = 50;
const sopsListed = 200;

interface Shelf {
  readonly learner: Learner;
  /** What is stored of each SOP, as a digest. */
  readonly stored: Map<string, string>;
}

interface Due extends Touched {
  /** When it was first noticed, and when it is to be learned from. */
  readonly since: number;
  readonly at: number;
}

/** Rebuilds every namespace from the archive, then goes on from what the intake notices. */
export function startExtractor(options: ExtractorOptions): Extractor {
  const extractor = new LiveExtractor(options);
  extractor.turn();
  return extractor;
}

class LiveExtractor implements Extractor {
  lastRunAt: string | null = null;
  readonly #options: ExtractorOptions;
  readonly #shelves = new Map<string, Shelf>();
  /** Episodes to learn from; keyed by namespace and id. */
  readonly #due = new Map<string, Due>();
  /** Namespaces in which something was learned that is not written yet. */
  readonly #unwritten = new Set<string>();
  /** The learner gives the same object for a procedure that did not change. */
  readonly #digests = new WeakMap<LearnedSop, string>();
  /** Namespaces whose archive is still to be read; undefined until they are known. */
  #unread: string[] | undefined;
  #stopped = false;
  #cancel = (): void => undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ExtractorOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#due.size + this.#unwritten.size + (this.#unread === undefined ? 1 : this.#unread.length);
  }

  notice(touched: readonly Touched[]): void {
    const { clock, quietMs } = this.#options;
    const now = clock.monotonic();
    for (const one of touched) {
      const key = `${one.namespace}/${one.episodeId}`;
      const since = this.#due.get(key)?.since ?? now;
      const at = one.open ? Math.min(now + quietMs, since + quietMs * patience) : now;
      this.#due.set(key, { ...one, since, at });
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#running;
  }

  turn(): void {
    this.#running = this.#step();
  }

  async #step(): Promise<void> {
    const { store, clock, log, broke } = this.#options;
    let pauseMs = tickMs;
    try {
      this.#unread ??= (await store.inSystem(listNamespaces)).map((row) => row.namespace);
      await this.#readArchive(this.#unread);
      await this.#learnDue();
      await this.#writeAll();
    } catch (error) {
      if (this.#stopped) return;
      if (!isAway(error)) {
        broke(error);
        return;
      }
      pauseMs = awayMs;
      log.debug({ err: toPlainError(error) }, 'learning waits for the database');
    }
    if (!this.#stopped) this.#cancel = clock.schedule(pauseMs, () => this.turn());
  }

  async #readArchive(unread: string[]): Promise<void> {
    for (let [namespace] = unread; namespace !== undefined; [namespace] = unread) {
      if (this.#stopped) return;
      await this.#rebuild(namespace);
      unread.shift();
    }
  }

  async #rebuild(namespace: string): Promise<void> {
    if (this.#shelves.has(namespace)) return;
    const { store, isShared } = this.#options;
    const learner = createLearner({ namespace, sharedNamespace: isShared(namespace) });
    const stored = await store.inNamespace(namespace, readStored);
    let after: EpisodeCursor | undefined;
    do {
      const from = after === undefined ? {} : { after };
      const page = await store.inNamespace(namespace, (trx) =>
        readEpisodes(trx, { ...from, limit: episodesPerStep }),
      );
      for (const episode of page.episodes) learner.learn(episode);
      after = page.next;
      // What is derived from a part of the archive would retire whatever the rest supports.
      if (this.#stopped) return;
    } while (after !== undefined);
    this.#shelves.set(namespace, { learner, stored });
    this.#unwritten.add(namespace);
  }

  async #learnDue(): Promise<void> {
    const { store, clock } = this.#options;
    const now = clock.monotonic();
    const ready = [...this.#due].filter(([, one]) => one.at <= now).slice(0, episodesPerStep);
    for (const [key, one] of ready) {
      const shelf = this.#shelves.get(one.namespace);
      if (shelf === undefined) await this.#rebuild(one.namespace);
      else {
        const episode = await store.inNamespace(one.namespace, (trx) => getEpisode(trx, one.episodeId));
        if (episode === undefined) shelf.learner.forget(one.episodeId);
        else shelf.learner.learn(episode);
        this.#unwritten.add(one.namespace);
      }
      if (this.#stopped) return;
      // What was touched again meanwhile has a new entry and stays.
      if (this.#due.get(key) === one) this.#due.delete(key);
    }
  }

  async #writeAll(): Promise<void> {
    for (const namespace of this.#unwritten) {
      const shelf = this.#shelves.get(namespace);
      if (this.#stopped) return;
      if (shelf !== undefined) await this.#write(namespace, shelf);
      this.#unwritten.delete(namespace);
    }
  }

  async #write(namespace: string, { learner, stored }: Shelf): Promise<void> {
    const { store, clock, log, written } = this.#options;
    const { sops } = learner.derive();
    const changed = sops.filter((sop) => stored.get(sop.sopId) !== this.#digestOf(sop));
    const kept = new Set(sops.map((sop) => sop.sopId));
    const gone = [...stored.keys()].filter((sopId) => !kept.has(sopId));
    for (const some of inParts(changed)) {
      await store.inNamespace(namespace, async (trx) => {
        for (const sop of some) await write(trx, sop, clock);
      });
      for (const sop of some) stored.set(sop.sopId, this.#digestOf(sop));
    }
    for (const some of inParts(gone)) {
      await store.inNamespace(namespace, (trx) => retire(trx, some, clock));
      for (const sopId of some) stored.delete(sopId);
    }
    this.lastRunAt = toIso(clock.now());
    if (changed.length + gone.length === 0) return;
    log.debug({ namespace, changed: changed.length, retired: gone.length }, 'procedures were written');
    written();
  }

  #digestOf(sop: LearnedSop): string {
    const digest = this.#digests.get(sop) ?? toDigest(JSON.stringify(sop));
    this.#digests.set(sop, digest);
    return digest;
  }
}

/** Lists of what one transaction may hold. */
function inParts<One>(list: readonly One[]): readonly (readonly One[])[] {
  const parts: One[][] = [];
  for (let from = 0; from < list.length; from += sopsPerCommit)
    parts.push(list.slice(from, from + sopsPerCommit));
  return parts;
}

/** The SOPs that learning has stored; what they hold is compared when they are derived. */
async function readStored(trx: Trx): Promise<Map<string, string>> {
  const stored = new Map<string, string>();
  for (let offset = 0; ; offset += sopsListed) {
    const statuses = ['candidate', 'shadow', 'active', 'quarantined'] as const;
    const page = await listSops(trx, { statuses, limit: sopsListed, offset });
    for (const sop of page) if (!sop.held) stored.set(sop.sopId, '');
    if (page.length < sopsListed) return stored;
  }
}

async function write(trx: Trx, sop: LearnedSop, clock: Clock): Promise<void> {
  const saved = await saveSop(trx, sop, {
    cause: { by: 'learning', reason: 'derived from episodes', at: toIso(clock.now()) },
  });
  if (saved.event === undefined) return;
  await addToOutbox(trx, [toEvent(saved.event, sop, saved.version, saved.status, clock)]);
}

async function retire(trx: Trx, sopIds: readonly string[], clock: Clock): Promise<void> {
  for (const sopId of sopIds) {
    const sop = await getSop(trx, sopId);
    if (sop === undefined || sop.held || sop.status === 'retired') continue;
    const at = toIso(clock.now());
    const done = await retireSop(trx, {
      sopId,
      cause: { by: 'learning', reason: 'no episode supports it any more', at, holds: false },
    });
    if (done?.event !== undefined)
      await addToOutbox(trx, [toEvent('sop.retired', sop, done.version, 'retired', clock)]);
  }
}

/** A dependency that will be back; what is in memory stays right meanwhile. */
function isAway(error: unknown): boolean {
  return isDreyError(error) && error.kind === 'dependency_failed' && error.retry !== 'never';
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
