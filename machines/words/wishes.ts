/**
 * What the client of a session wants to hear without asking: which resources it watches, and from which level on it hears
 * logs. It belongs to the session, so it outlives the node that was told.
 */
import { toLogRank } from './log-levels.ts';

export interface Wishes {
  /** The least level of logs; undefined where none was ever named. */
  readonly level?: string | undefined;
  /** URIs as the client names them, oldest first. */
  readonly watched: readonly string[];
}

/** One change of them. */
export type WishChange =
  | { readonly what: 'level'; readonly level: string }
  | { readonly what: 'watch' | 'unwatch'; readonly uri: string };

/** Resources that a session remembers; the oldest go first, and are lost only where the node is. */
export const wishesWatchedMax = 200;
/** Characters of one such URI; one that is longer is watched, and forgotten with the node. */
export const wishUriCharactersMax = 2_048;
/** Characters of all wishes as they are written; the row's column has the same bound. */
export const wishesCharactersMax = 16_384;

export const noWishes: Wishes = { watched: [] };

/** The wishes after a change; the same ones where it changes nothing. */
export function changeWishes(wishes: Wishes, change: WishChange): Wishes {
  if (change.what === 'level')
    return change.level === wishes.level ? wishes : { ...wishes, level: change.level };
  const { uri } = change;
  if (uri.length > wishUriCharactersMax) return wishes;
  const isWatched = wishes.watched.includes(uri);
  if (change.what === 'watch')
    return isWatched ? wishes : { ...wishes, watched: [...wishes.watched, uri].slice(-wishesWatchedMax) };
  return isWatched ? { ...wishes, watched: wishes.watched.filter((one) => one !== uri) } : wishes;
}

/** As a row holds them; '' where there are none. What is too long loses its oldest resources. */
export function writeWishes(wishes: Wishes): string {
  if (wishes.level === undefined && wishes.watched.length === 0) return '';
  let left = wishesCharactersMax - JSON.stringify({ ...wishes, watched: [] }).length;
  const kept: string[] = [];
  for (const uri of wishes.watched.toReversed()) {
    left -= JSON.stringify(uri).length + 1;
    if (left < 0) break;
    kept.unshift(uri);
  }
  return JSON.stringify({ ...wishes, watched: kept });
}

/** What a row says; none where it says nothing, or nothing that can be read. */
export function readWishes(text: string): Wishes {
  if (text === '') return noWishes;
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read !== 'object' || read === null) return noWishes;
    const { level, watched } = read as Readonly<Record<string, unknown>>;
    const uris = Array.isArray(watched) ? watched.filter((uri) => typeof uri === 'string') : [];
    const kept = { watched: uris.slice(-wishesWatchedMax) };
    return typeof level === 'string' && toLogRank(level) !== -1 ? { ...kept, level } : kept;
  } catch {
    return noWishes;
  }
}
