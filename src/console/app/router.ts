/** Which page is open: the address behind `#/`, so that the node serves one file and links can be sent around. */
import { useSyncExternalStore } from 'react';

export interface Route {
  readonly page: string;
  /** What stands behind the page's name, for instance the id of what is shown. */
  readonly id: string;
  readonly query: URLSearchParams;
}

const listen = (changed: () => void): (() => void) => {
  addEventListener('hashchange', changed);
  return () => removeEventListener('hashchange', changed);
};

/** The open page; it changes with the address. */
export function useRoute(): Route {
  return parseRoute(useSyncExternalStore(listen, () => location.hash));
}

/** Reads an address; what is none is the first page. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [page = '', ...rest] = path.split('/');
  return { page: page === '' ? 'now' : page, id: decode(rest.join('/')), query: new URLSearchParams(query) };
}

/** The address of a page. */
export function toHref(page: string, id?: string, query?: Readonly<Record<string, string>>): string {
  const asked = query === undefined ? '' : `?${new URLSearchParams(query).toString()}`;
  return `#/${page}${id === undefined ? '' : `/${encodeURIComponent(id)}`}${asked}`;
}

/** Opens a page. */
export function go(href: string): void {
  location.hash = href;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
