/**
 * The answer to a list: one page, what of it is stale, and which upstreams are not in it because nothing is known of them
 * yet. A list is never shorter without saying why.
 */
import type { GatewayNeeds } from '../needs.ts';
import { toPage } from './pages.ts';
import type { Listed } from './pages.ts';

/** Upstreams named in one answer. */
const missingMax = 10;

export interface ListAnswer {
  readonly items: readonly object[];
  /** Members of the result beside the list itself. */
  readonly rest: {
    readonly nextCursor?: string;
    readonly _meta?: Readonly<Record<string, unknown>>;
  };
}

/** What is to be said of a list. */
export interface ListSaid {
  readonly cursor: unknown;
  /** Upstreams whose part is what they offered last. */
  readonly stale?: readonly string[];
  /** Upstreams of which nobody knows what they offer, beside those of which nothing at all is known. */
  readonly missing?: readonly string[];
}

/** Puts it together; throws `argument_invalid` for a cursor that cannot be followed. */
export function toListAnswer(
  { unlisted }: Pick<GatewayNeeds, 'unlisted'>,
  items: readonly Listed[],
  { cursor, stale = [], missing = [] }: ListSaid,
): ListAnswer {
  const page = toPage(items, cursor);
  const told = toMissing(unlisted?.() ?? [], missing);
  const meta = {
    ...(stale.length === 0 ? {} : { 'drey/stale': [...new Set(stale)] }),
    ...(told.length === 0 ? {} : { 'drey/missing': told }),
  };
  return {
    items: page.items.map(({ definition }) => definition),
    rest: {
      ...(page.nextCursor === undefined ? {} : { nextCursor: page.nextCursor }),
      ...(Object.keys(meta).length === 0 ? {} : { _meta: meta }),
    },
  };
}

function toMissing(
  unlisted: readonly { readonly server: string; readonly sentence: string }[],
  missing: readonly string[],
): readonly { readonly upstream: string; readonly why: string }[] {
  const known = new Set(unlisted.map(({ server }) => server));
  const more = missing.filter((alias) => !known.has(alias));
  return [
    ...unlisted.map(({ server, sentence }) => ({ upstream: server, why: sentence })),
    ...more.map((upstream) => ({
      upstream,
      why: `what else than tools the upstream "${upstream}" offers is not known yet, since it was not up since this node was started`,
    })),
  ].slice(0, missingMax);
}
