/**
 * One list of one upstream as it is kept: what it offered last, and whether it is being asked for. And what a data folder
 * remembers of all of them, so that an upstream that has not been up since the node's start keeps its prompts and resources.
 */
import type { OfferEntry, OfferKind, Offered } from '../../upstream/upstream.ts';

/** What upstreams offered last, when they were configured in just this way. */
export interface KnownOffers {
  read(alias: string, config: object, kind: OfferKind): readonly Offered[] | undefined;
  /** Never throws. */
  write(alias: string, config: object, kind: OfferKind, items: readonly Offered[]): void;
}

export interface Kept {
  items: OfferEntry['items'];
  listedAt: number;
  /** The list being asked for now, if any. */
  asking: Promise<void> | undefined;
  /** Said to have changed while it was being asked for. */
  isOutdated: boolean;
  /** Somebody has waited for it in vain: nobody waits for this answer again. */
  isSlow: boolean;
}

/** A list that was not asked for yet. */
function createKept(items: OfferEntry['items'] = []): Kept {
  return { items, listedAt: -Infinity, asking: undefined, isOutdated: false, isSlow: false };
}

type Lists = Readonly<Record<OfferKind, OfferEntry['items'] | undefined>>;

/** What is remembered of each upstream, read once for each of its configurations. */
export class RecalledOffers {
  readonly #known: KnownOffers | undefined;
  readonly #configOf: (alias: string) => object | undefined;
  readonly #read = new Map<string, { readonly config: object; readonly lists: Lists }>();

  constructor(known: KnownOffers | undefined, configOf: (alias: string) => object | undefined) {
    this.#known = known;
    this.#configOf = configOf;
  }

  /** Undefined where nobody ever knew. */
  read(alias: string, kind: OfferKind): OfferEntry['items'] | undefined {
    return this.#lists(alias)?.[kind];
  }

  /** The lists of an upstream that came up: what it offered before counts until it says otherwise. */
  keep(alias: string): Readonly<Record<OfferKind, Kept>> {
    const lists = this.#lists(alias);
    return {
      prompts: createKept(lists?.prompts),
      resources: createKept(lists?.resources),
      templates: createKept(lists?.templates),
    };
  }

  note(alias: string, kind: OfferKind, items: OfferEntry['items']): void {
    const config = this.#configOf(alias);
    if (config !== undefined) this.#known?.write(alias, config, kind, items);
  }

  #lists(alias: string): Lists | undefined {
    const config = this.#configOf(alias);
    if (config === undefined) return undefined;
    const found = this.#read.get(alias);
    if (found?.config === config) return found.lists;
    const read = (kind: OfferKind) => this.#known?.read(alias, config, kind);
    const lists = { prompts: read('prompts'), resources: read('resources'), templates: read('templates') };
    this.#read.set(alias, { config, lists });
    return lists;
  }
}

/** Whether clients would see the same. */
export function isSame(now: readonly OfferEntry[], then: readonly OfferEntry[]): boolean {
  return (
    now.length === then.length &&
    now.every((one, index) => {
      const other = then[index];
      return one.alias === other?.alias && one.items === other.items && one.stale === other.stale;
    })
  );
}
