/**
 * Catalogues of namespaces that hold more procedures than the shelf keeps: all of them, packed, ranked in memory. One is
 * filled beside the questions, which are answered from the database until it is whole, and kept true by what changed since.
 * Where there is no room for it the database goes on answering. It shows nothing: what is found is read by its id.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { toPlainError } from '../../../machines/words/errors.ts';
import { createPackedIndex, type PackedIndex } from '../../learning/learning.ts';
import { listSopDigests, readSopHorizon } from '../../store/store.ts';
import type { SopDigest, Store, StoredSop, Trx } from '../../store/store.ts';
import type { Clock, Log } from '../clock.ts';

export interface CataloguesOptions {
  readonly store: Pick<Store, 'inNamespace'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
}

export interface Catalogue {
  readonly index: PackedIndex;
  /** Procedures that were found and read, the one that was asked for longest ago first; until the next look at what changed. */
  readonly kept: Map<string, StoredSop>;
}

interface Filled extends Catalogue {
  /** All that was committed before is in it. */
  horizon: string;
  isWhole: boolean;
}

export const catalogueBounds = {
  /** What the catalogues of a node may take; 100,000 procedures of one wording take half of it. */
  bytesMax: 128 * 1024 * 1024,
  /** A namespace that found no room, or whose filling failed, is not tried again before then. */
  restMs: 60_000,
  /** Procedures that were read and are kept, a catalogue. */
  keptMax: 1_000,
} as const;

/** Digests read at once, and of these how many go into the index before calls get their turn. */
const pageMax = 500;
const putsPerTurn = 16;

export class Catalogues {
  readonly #options: CataloguesOptions;
  readonly #bytesMax: number;
  readonly #all = new Map<string, Filled>();
  readonly #restsUntil = new Map<string, number>();

  constructor(options: CataloguesOptions, bytesMax: number = catalogueBounds.bytesMax) {
    this.#options = options;
    this.#bytesMax = bytesMax;
  }

  /** The whole catalogue of a namespace, undefined as long as there is none. */
  get(namespace: string): Catalogue | undefined {
    const known = this.#all.get(namespace);
    return known?.isWhole === true ? known : undefined;
  }

  /** Brings in what changed; where there is no catalogue one is begun, which is not waited for. */
  async bringUpToDate(namespace: string): Promise<void> {
    const known = this.#all.get(namespace);
    if (known === undefined) {
      if ((this.#restsUntil.get(namespace) ?? 0) <= this.#options.clock.monotonic())
        void this.#fill(namespace);
      return;
    }
    if (!known.isWhole) return;
    await this.#bringChanges(namespace, known);
    known.kept.clear();
    if (this.#bytes() > this.#bytesMax) this.#rest(namespace);
  }

  /** The namespace is small again, or nobody asks. */
  drop(namespace: string): void {
    this.#all.delete(namespace);
    this.#restsUntil.delete(namespace);
  }

  async #fill(namespace: string): Promise<void> {
    const { log } = this.#options;
    const made: Filled = { index: createPackedIndex(), kept: new Map(), horizon: '0', isWhole: false };
    this.#all.set(namespace, made);
    try {
      made.horizon = await this.#read(namespace, readSopHorizon);
      for (let after: SopDigest | undefined; ;) {
        const page = await this.#read(namespace, (trx) => listSopDigests(trx, { after, limit: pageMax }));
        await putAll(made.index, page);
        if (this.#all.get(namespace) !== made) return;
        if (this.#bytes() > this.#bytesMax) {
          log.warn(
            { namespace },
            'a namespace has more procedures than fit into memory: the database finds them',
          );
          this.#rest(namespace);
          return;
        }
        after = page.at(-1);
        if (page.length < pageMax) break;
      }
      await this.#bringChanges(namespace, made);
      made.isWhole = true;
    } catch (error) {
      const err = toPlainError(error);
      log.warn(
        { namespace, err },
        'procedures could not be read for ranking: the database finds them meanwhile',
      );
      if (this.#all.get(namespace) === made) this.#rest(namespace);
    }
  }

  /** The horizon is read before what changed, so that nothing is ever between two of them. */
  async #bringChanges(namespace: string, catalogue: Filled): Promise<void> {
    const { horizon: since } = catalogue;
    const next = await this.#read(namespace, readSopHorizon);
    for (let after: SopDigest | undefined; ;) {
      const page = await this.#read(namespace, (trx) =>
        listSopDigests(trx, { since, after, limit: pageMax }),
      );
      await putAll(catalogue.index, page);
      after = page.at(-1);
      if (page.length < pageMax) break;
    }
    catalogue.horizon = next;
  }

  #rest(namespace: string): void {
    this.#all.delete(namespace);
    this.#restsUntil.set(namespace, this.#options.clock.monotonic() + catalogueBounds.restMs);
  }

  #bytes(): number {
    let bytes = 0;
    for (const { index } of this.#all.values()) bytes += index.bytes;
    return bytes;
  }

  #read<T>(namespace: string, work: (trx: Trx) => Promise<T>): Promise<T> {
    return this.#options.store.inNamespace(namespace, work);
  }
}

/** What may not be served is as good as gone. */
async function putAll(index: PackedIndex, page: readonly SopDigest[]): Promise<void> {
  for (const [at, digest] of page.entries()) {
    const isServable = (digest.status === 'active' || digest.status === 'candidate') && !digest.isPart;
    if (isServable) index.put(digest);
    else index.remove(digest.sopId);
    if (at % putsPerTurn === putsPerTurn - 1) await turn();
  }
}

/** Keeps what was read; of many those go that were asked for longest ago. */
export function keepRead({ kept }: Catalogue, sop: StoredSop): void {
  kept.delete(sop.sopId);
  kept.set(sop.sopId, sop);
  for (const sopId of kept.keys()) {
    if (kept.size <= catalogueBounds.keptMax) return;
    kept.delete(sopId);
  }
}
