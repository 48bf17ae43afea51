/**
 * Episodes that wait to be learned from: ended ones at once, open ones when they are quiet or have waited long enough. The
 * store holds all of them; a bounded part is here. Nothing leaves it unlearned.
 */
import type { DueOfNamespace, DueRow, Store } from '../../store/store.ts';
import { dropDue, readDue } from '../../store/store.ts';
import type { Clock } from '../clock.ts';

export interface DueEpisode extends DueRow {
  /** When it was first seen here, and when it is to be learned from. */
  readonly since: number;
  readonly at: number;
}

export interface DueEpisodes {
  /** Those that wait here, and those that are not fetched yet. */
  readonly size: number;
  /** Something may be due in this namespace. */
  nudge(namespace: string): void;
  /** Fetches what is due of the namespaces that were nudged or have more; of those that are somebody else's, nothing. */
  fetch(isMine: (namespace: string) => boolean): Promise<void>;
  /** Whether anything of this namespace waits here, or may. */
  has(namespace: string): boolean;
  /**
   * Those whose time has come, at most so many, one of each namespace in turn: what an import brought keeps nobody else
   * waiting. They stay until they are done.
   */
  takeRounds(max: number): readonly (readonly DueEpisode[])[];
  /** Namespaces of which something could be learned from now. */
  findReady(): ReadonlySet<string>;
  /** They were learned from, and go; what was touched again meanwhile stays. One commit a namespace: each waits for the disk. */
  done(learned: readonly DueEpisode[]): Promise<void>;
  /** Forgets what waits here of a namespace; the store does not. */
  drop(namespace: string): void;
}

/** An episode that is never quiet is learned from after this many quiet times anyway. */
const patience = 3;
/** Of one namespace, fetched at a time and kept here at most; the rest stays in the store until there is room. */
const fetchedMax = 500;
const keptMax = 2 * fetchedMax;

interface Waiting {
  readonly episodes: Map<string, DueEpisode>;
  /** What the store has beyond them, when it was last asked. */
  left: number;
}

export interface DueEpisodesOptions {
  readonly store: Pick<Store, 'inNamespace' | 'inSystem'>;
  readonly clock: Clock;
  readonly quietMs: number;
}

/** Holds nothing yet. */
export function createDueEpisodes(options: DueEpisodesOptions): DueEpisodes {
  return new LiveDueEpisodes(options);
}

class LiveDueEpisodes implements DueEpisodes {
  readonly #options: DueEpisodesOptions;
  readonly #waiting = new Map<string, Waiting>();
  readonly #nudged = new Set<string>();

  constructor(options: DueEpisodesOptions) {
    this.#options = options;
  }

  get size(): number {
    let size = this.#nudged.size;
    for (const { episodes, left } of this.#waiting.values()) size += episodes.size + left;
    return size;
  }

  nudge(namespace: string): void {
    this.#nudged.add(namespace);
  }

  async fetch(isMine: (namespace: string) => boolean): Promise<void> {
    for (const [namespace, { episodes, left }] of this.#waiting)
      if (left > 0 && episodes.size < fetchedMax / 2) this.#nudged.add(namespace);
    const wanted = [...this.#nudged].filter(isMine);
    this.#nudged.clear();
    if (wanted.length === 0) return;
    try {
      const found = await this.#options.store.inSystem((trx) => readDue(trx, wanted, fetchedMax));
      for (const namespace of wanted) this.#note(namespace, found.get(namespace));
    } catch (error) {
      for (const namespace of wanted) this.#nudged.add(namespace);
      throw error;
    }
  }

  has(namespace: string): boolean {
    return this.#waiting.has(namespace) || this.#nudged.has(namespace);
  }

  takeRounds(max: number): readonly (readonly DueEpisode[])[] {
    const now = this.#options.clock.monotonic();
    const groups = [...this.#waiting.values()].map(({ episodes }) =>
      [...episodes.values()].filter(({ at }) => at <= now).slice(0, max),
    );
    const rounds: (readonly DueEpisode[])[] = [];
    let left = max;
    while (left > 0) {
      const round = groups.flatMap((group) => group[rounds.length] ?? []);
      if (round.length === 0) break;
      rounds.push(round);
      left -= round.length;
    }
    return rounds;
  }

  findReady(): ReadonlySet<string> {
    const now = this.#options.clock.monotonic();
    const isReady = ({ episodes }: Waiting): boolean => [...episodes.values()].some(({ at }) => at <= now);
    return new Set([...this.#waiting].filter(([, one]) => isReady(one)).map(([namespace]) => namespace));
  }

  async done(learned: readonly DueEpisode[]): Promise<void> {
    for (const namespace of new Set(learned.map((one) => one.namespace))) {
      const some = learned.filter((one) => one.namespace === namespace);
      await this.#options.store.inNamespace(namespace, (trx) => dropDue(trx, some));
      for (const one of some) this.#forget(one);
    }
  }

  drop(namespace: string): void {
    this.#waiting.delete(namespace);
    this.#nudged.delete(namespace);
  }

  #forget(one: DueEpisode): void {
    const waiting = this.#waiting.get(one.namespace);
    if (waiting?.episodes.get(one.episodeId) !== one) return;
    waiting.episodes.delete(one.episodeId);
    if (waiting.episodes.size > 0) return;
    this.#waiting.delete(one.namespace);
    if (waiting.left > 0) this.#nudged.add(one.namespace);
  }

  #note(namespace: string, due: DueOfNamespace = { rows: [], total: 0 }): void {
    const waiting = this.#waiting.get(namespace) ?? { episodes: new Map(), left: 0 };
    for (const row of due.rows) this.#add(waiting, row);
    waiting.left = Math.max(0, due.total - waiting.episodes.size);
    if (waiting.episodes.size > 0) this.#waiting.set(namespace, waiting);
    else this.#waiting.delete(namespace);
  }

  #add({ episodes }: Waiting, row: DueRow): void {
    const known = episodes.get(row.episodeId);
    if (known?.revision === row.revision || (known === undefined && episodes.size >= keptMax)) return;
    const { clock, quietMs } = this.#options;
    const now = clock.monotonic();
    const since = known?.since ?? now;
    const at = row.open ? Math.min(now + quietMs, since + quietMs * patience) : now;
    episodes.set(row.episodeId, { ...row, since, at });
  }
}
