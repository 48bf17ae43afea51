/**
 * What the upstreams of a node offer besides tools: prompts, resources and templates, merged under names that clients
 * see, and the way back from such a name to its upstream. Lists are kept: an upstream that is away keeps what it offered
 * last, and one that is slow holds nobody up for longer than a bounded wait.
 */
import { toPlainError } from '../../../machines/words/errors.ts';
import type { CallOutcome, PassCommand } from '../../../machines/words/calls.ts';
import {
  listOffers,
  namePrompts,
  nameUris,
  parseUriTemplate,
  unqualifyUri,
} from '../../upstream/upstream.ts';
import type {
  ListedOffer,
  OfferEntry,
  OfferKind,
  PrefixMode,
  Upstream,
  UriPattern,
} from '../../upstream/upstream.ts';
import type { Clock, Log } from '../clock.ts';
import { passTo } from '../calls/pass-route.ts';
import { RecalledOffers, isSame } from './kept-offers.ts';
import type { Kept, KnownOffers } from './kept-offers.ts';
import type { Upstreams } from './upstreams.ts';

/** An upstream, and what it calls the thing itself. */
export interface Owner {
  readonly server: string;
  readonly own: string;
}

/** Abilities that are announced when any upstream has them, or may have them. */
export interface Abilities {
  readonly subscribe: boolean;
  readonly logging: boolean;
  readonly completions: boolean;
}

export interface OffersOptions {
  readonly upstreams: Pick<Upstreams, 'aliases' | 'behind' | 'onOpened'>;
  readonly prefix: PrefixMode;
  /** What they offered before the node was started; without it nothing is known of one that was not up since. */
  readonly known?: KnownOffers | undefined;
  readonly clock: Pick<Clock, 'monotonic' | 'schedule'>;
  readonly log: Log;
}

const none: OfferEntry['items'] = [];
const kinds: readonly OfferKind[] = ['prompts', 'resources', 'templates'];
/** How long an answer waits for lists that are being asked for. */
const waitMs = 2_000;
/** An upstream that never says that its lists change is asked again after this long. */
const keptMs = 5_000;

interface Offerer {
  upstream: Upstream;
  /** Kept, so that an upstream that is away goes on having them. */
  abilities: Upstream['capabilities'];
  readonly kept: Readonly<Record<OfferKind, Kept>>;
}

interface Awaited {
  readonly kept: Kept;
  readonly answer: Promise<void>;
}

interface Merged {
  readonly entries: readonly OfferEntry[];
  readonly byKey: ReadonlyMap<string, ListedOffer>;
}

/** The offers of all upstreams. */
export class Offers {
  readonly #options: OffersOptions;
  readonly #offerers = new Map<string, Offerer>();
  readonly #merged = new Map<OfferKind, Merged>();
  readonly #recalled: RecalledOffers;
  readonly #patterns = new Map<string, UriPattern | undefined>();
  readonly #changed = new Set<(kind: OfferKind) => void>();

  constructor(options: OffersOptions) {
    this.#options = options;
    this.#recalled = new RecalledOffers(options.known, (alias) => options.upstreams.behind(alias)?.config);
    options.upstreams.onOpened((alias, upstream) => this.#opened(alias, upstream));
  }

  /** What clients see of one kind; aliases of upstreams that are away or slow, or never told, come with it. */
  async list(kind: OfferKind): Promise<{
    readonly items: readonly ListedOffer[];
    readonly stale: readonly string[];
    readonly missing: readonly string[];
  }> {
    await this.#freshen(kind);
    const { entries, byKey } = this.#merge(kind);
    const stale = entries.filter((entry) => entry.stale && entry.items.length > 0).map(({ alias }) => alias);
    const missing = this.#aliases().filter((alias) => this.#itemsOf(alias, kind) === undefined);
    return { items: [...byKey.values()], stale, missing };
  }

  async prompt(name: string): Promise<Owner | undefined> {
    const known = this.#merge('prompts').byKey.get(name);
    if (known !== undefined) return known;
    await this.#freshen('prompts');
    return this.#merge('prompts').byKey.get(name);
  }

  /** Whose a URI, or a URI template, is: one owner where it is known, else all who have resources, to be asked in turn. */
  async resource(uri: string): Promise<readonly Owner[]> {
    const known = this.#ownerOf(uri);
    if (known !== undefined) return [known];
    await Promise.all([this.#freshen('resources'), this.#freshen('templates')]);
    const found = this.#ownerOf(uri);
    if (found !== undefined) return [found];
    return this.#aliases()
      .filter((alias) => this.#offerers.get(alias)?.abilities.resources !== undefined)
      .map((server) => ({ server, own: uri }));
  }

  /** Passes a request on to one upstream; never rejects. */
  async pass(server: string, command: PassCommand, namespace: string): Promise<CallOutcome> {
    const behind = this.#options.upstreams.behind(server);
    if (behind !== undefined) return passTo(behind, command, namespace, this.#options.clock);
    const message = `there is no upstream "${server}" any more`;
    return { outcome: 'refused', code: 'upstream_unavailable', message, retryAfterMs: undefined };
  }

  /** An upstream that was never up may have every ability. */
  abilities(): Abilities {
    const can = this.#aliases().map((alias) => this.#offerers.get(alias)?.abilities);
    return {
      subscribe: can.some((one) => one === undefined || one.resources?.subscribe === true),
      logging: can.some((one) => one === undefined || one.logging !== undefined),
      completions: can.some((one) => one === undefined || one.completions !== undefined),
    };
  }

  /** Calls back when clients would see another list; returns what stops it. */
  onChanged(heard: (kind: OfferKind) => void): () => void {
    this.#changed.add(heard);
    return () => void this.#changed.delete(heard);
  }

  #aliases(): readonly string[] {
    return this.#options.upstreams.aliases();
  }

  #opened(alias: string, upstream: Upstream): void {
    const kept = this.#offerers.get(alias)?.kept;
    this.#offerers.set(alias, {
      upstream,
      abilities: upstream.capabilities,
      kept: kept ?? this.#recalled.keep(alias),
    });
    upstream.onNotification((method) => {
      if (method === 'notifications/prompts/list_changed') this.#outdate(alias, ['prompts']);
      if (method === 'notifications/resources/list_changed') this.#outdate(alias, ['resources', 'templates']);
    });
    this.#outdate(alias, kinds);
  }

  #outdate(alias: string, outdated: readonly OfferKind[]): void {
    for (const kind of outdated) {
      const kept = this.#offerers.get(alias)?.kept[kind];
      if (kept !== undefined && kept.asking !== undefined) kept.isOutdated = true;
      else void this.#ask(alias, kind);
    }
  }

  /** Asks one upstream for one list; whoever asks meanwhile waits for the same answer. Never rejects. */
  #ask(alias: string, kind: OfferKind): Promise<void> {
    const offerer = this.#offerers.get(alias);
    if (offerer === undefined) return Promise.resolve();
    const kept = offerer.kept[kind];
    kept.asking ??= this.#take(alias, offerer, kind).finally(() => {
      kept.asking = undefined;
      kept.isSlow = false;
      if (!kept.isOutdated) return;
      kept.isOutdated = false;
      void this.#ask(alias, kind);
    });
    return kept.asking;
  }

  async #take(alias: string, { upstream, kept }: Offerer, kind: OfferKind): Promise<void> {
    const { clock, log } = this.#options;
    try {
      const { items, isCut } = await listOffers(upstream, kind);
      kept[kind].listedAt = clock.monotonic();
      this.#recalled.note(alias, kind, items);
      if (isCut)
        log.warn({ alias, kind }, 'an upstream offers more than may be listed; the rest is left out');
      if (JSON.stringify(items) === JSON.stringify(kept[kind].items)) return;
      kept[kind].items = items;
      this.#merged.delete(kind);
      this.#tell(kind);
    } catch (error) {
      log.warn({ alias, kind, err: toPlainError(error) }, 'what an upstream offers could not be listed');
    }
  }

  #tell(kind: OfferKind): void {
    for (const heard of this.#changed) {
      try {
        heard(kind);
      } catch (error) {
        this.#options.log.error({ err: toPlainError(error) }, 'a listener of the offers broke');
      }
    }
  }

  /** Waits, for a bounded time, for what is being asked for, and asks those again who announce no changes. */
  async #freshen(kind: OfferKind): Promise<void> {
    const asked = this.#aliases().flatMap((alias) => {
      const offerer = this.#offerers.get(alias);
      return offerer === undefined || this.#isAway(alias) ? [] : this.#renew(alias, offerer, kind);
    });
    if (asked.length === 0) return;
    let cancel = (): void => undefined;
    const bound = new Promise<void>((resolve) => {
      cancel = this.#options.clock.schedule(waitMs, () => {
        for (const { kept } of asked) kept.isSlow = kept.asking !== undefined;
        resolve();
      });
    });
    await Promise.race([Promise.all(asked.map(({ answer }) => answer)), bound]);
    cancel();
  }

  /** The list of one upstream that is worth waiting for, if any. */
  #renew(alias: string, { abilities, kept: all }: Offerer, kind: OfferKind): readonly Awaited[] {
    const kept = all[kind];
    if (kept.asking !== undefined) return kept.isSlow ? [] : [{ kept, answer: kept.asking }];
    const ability = kind === 'prompts' ? abilities.prompts : abilities.resources;
    const age = this.#options.clock.monotonic() - kept.listedAt;
    const isKept = ability === undefined || (ability.listChanged === true ? age < Infinity : age < keptMs);
    return isKept ? [] : [{ kept, answer: this.#ask(alias, kind) }];
  }

  #isAway(alias: string): boolean {
    return this.#options.upstreams.behind(alias)?.resource.current === undefined;
  }

  /** Undefined where nobody ever knew. */
  #itemsOf(alias: string, kind: OfferKind): OfferEntry['items'] | undefined {
    return this.#offerers.get(alias)?.kept[kind].items ?? this.#recalled.read(alias, kind);
  }

  #merge(kind: OfferKind): Merged {
    const entries = this.#aliases().map((alias): OfferEntry => {
      const kept = this.#offerers.get(alias)?.kept[kind];
      const stale = this.#isAway(alias) || kept?.asking !== undefined;
      return { alias, items: kept?.items ?? this.#recalled.read(alias, kind) ?? none, stale };
    });
    const known = this.#merged.get(kind);
    if (known !== undefined && isSame(known.entries, entries)) return known;
    const named =
      kind === 'prompts'
        ? namePrompts(entries, { prefix: this.#options.prefix })
        : nameUris(entries, kind === 'resources' ? 'uri' : 'uriTemplate');
    const merged = { entries, byKey: new Map(named.map((offer) => [offer.key, offer])) };
    this.#merged.set(kind, merged);
    if (kind === 'templates') this.#patterns.clear();
    return merged;
  }

  /** Listed as it is, qualified by its alias, or fitting a template: the most literal one, and of those the first. */
  #ownerOf(uri: string): Owner | undefined {
    const templates = this.#merge('templates').byKey;
    const listed = this.#merge('resources').byKey.get(uri) ?? templates.get(uri);
    if (listed !== undefined) return listed;
    const qualified = unqualifyUri(uri, this.#aliases());
    if (qualified !== undefined) return { server: qualified.alias, own: qualified.own };
    let best: { readonly server: string; readonly literals: number } | undefined;
    for (const { own, server } of templates.values()) {
      const pattern = this.#patternOf(own);
      if (pattern !== undefined && pattern.literals > (best?.literals ?? -1) && pattern.matches(uri))
        best = { server, literals: pattern.literals };
    }
    return best === undefined ? undefined : { server: best.server, own: uri };
  }

  #patternOf(template: string): UriPattern | undefined {
    if (!this.#patterns.has(template)) this.#patterns.set(template, parseUriTemplate(template));
    return this.#patterns.get(template);
  }
}
