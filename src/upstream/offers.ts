/**
 * The names under which clients see prompts, resources and templates of several upstreams. Pure and deterministic: prompts
 * are named as tools are; a URI stays as it is and belongs to the first upstream that lists it, the others show theirs
 * with their alias in front of the scheme (`alias+file:///x`). That form always works, for every URI of every upstream.
 */
import { toDigest } from '../../machines/words/ids.ts';
import { buildCatalogue } from './catalogue.ts';
import type { CatalogueOptions } from './catalogue.ts';
import type { Offered } from './lists.ts';

export interface OfferEntry {
  readonly alias: string;
  readonly items: readonly Offered[];
  /** True when the upstream is away and this is what it offered last. */
  readonly stale: boolean;
}

/** One prompt, resource or template as clients see it. */
export interface ListedOffer {
  /** The name, URI or template that clients see. */
  readonly key: string;
  /** The upstream's alias. */
  readonly server: string;
  /** The upstream's own name, URI or template for it. */
  readonly own: string;
  /** The upstream's definition, with the name or URI replaced where it had to be. */
  readonly definition: Readonly<Record<string, unknown>>;
  readonly stale: boolean;
}

/** Names every prompt, as `buildCatalogue` names tools. */
export function namePrompts(entries: readonly OfferEntry[], options: CatalogueOptions): ListedOffer[] {
  const { tools } = buildCatalogue(
    entries.map(({ alias, items, stale }) => ({
      alias,
      stale,
      tools: items.map(({ key, definition }) => ({ name: key, definition })),
    })),
    options,
  );
  return tools.map(({ name, tool, ...rest }) => ({ key: name, own: tool, ...rest }));
}

/** Gives every URI or template its owner; `member` is where a definition holds it. */
export function nameUris(entries: readonly OfferEntry[], member: 'uri' | 'uriTemplate'): ListedOffer[] {
  const taken = new Set<string>();
  return entries.flatMap(({ alias, items, stale }) =>
    items.map(({ key: own, definition }): ListedOffer => {
      const key = taken.has(own) ? qualifyUri(alias, own) : own;
      taken.add(key);
      return {
        key,
        server: alias,
        own,
        definition: key === own ? definition : { ...definition, [member]: key },
        stale,
      };
    }),
  );
}

/** The URI with its upstream's alias in front of the scheme. */
export function qualifyUri(alias: string, uri: string): string {
  return `${toSchemePart(alias)}+${uri}`;
}

/** The upstream that a qualified URI names, and its own URI; undefined where no alias stands in front. */
export function unqualifyUri(
  uri: string,
  aliases: Iterable<string>,
): { readonly alias: string; readonly own: string } | undefined {
  for (const alias of aliases) {
    const front = `${toSchemePart(alias)}+`;
    if (uri.startsWith(front)) return { alias, own: uri.slice(front.length) };
  }
  return undefined;
}

/** An alias as it may stand in a URI's scheme; what had to be changed brings a hash, so that aliases stay different. */
function toSchemePart(alias: string): string {
  if (/^[a-z][a-z0-9.-]*$/.test(alias)) return alias;
  return `u${alias.toLowerCase().replaceAll(/[^a-z0-9.-]/g, '-')}-${toDigest(alias).slice(0, 6)}`;
}
