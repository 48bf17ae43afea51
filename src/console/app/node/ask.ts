/**
 * Questions to the node over REST: the one place that knows paths, the namespace that is looked at and the key, which
 * stays in this tab. Answers are our own node's; an error is always a sentence that can be shown.
 */
const answerMs = 15_000;

/** What a request failed of, in the node's own words. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, sentence: string) {
    super(sentence);
    this.status = status;
    this.code = code;
  }
}

const keyName = 'key';
const namespaceName = 'namespace';

/** The key and the namespace of this tab. */
export const asked = {
  key: () => sessionStorage.getItem(keyName) ?? '',
  namespace: () => sessionStorage.getItem(namespaceName) ?? '',
  set(key: string, namespace: string): void {
    if (key !== '') sessionStorage.setItem(keyName, key);
    sessionStorage.setItem(namespaceName, namespace);
  },
  forgetKey: () => sessionStorage.removeItem(keyName),
};

/** An id in a path that a browser takes for a way to another path. */
const climbs = /\/\.{1,2}(?:\/|$)/;

/** Sends a request; throws `Problem`. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  if (climbs.test(path.split('?', 1)[0] ?? ''))
    throw new Problem(0, 'invalid_id', 'Nothing has “.” or “..” as its id. Open it from its list.');
  const url = new URL(path.startsWith('/inspector/') ? path : `/api/v1${path}`, location.href);
  const namespace = asked.namespace();
  if (namespace !== '' && !url.searchParams.has('namespace')) url.searchParams.set('namespace', namespace);
  const headers = new Headers(init.headers);
  const key = asked.key();
  if (key !== '') headers.set('authorization', `Bearer ${key}`);
  const answer = await fetch(url, { ...init, headers, cache: 'no-store' }).catch((cause: unknown) => {
    if (init.signal?.aborted === true) throw cause;
    throw new Problem(0, 'unreachable', 'The node cannot be reached at the moment.');
  });
  if (answer.ok) return answer;
  const told = (await answer.json().catch(() => ({}))) as { code?: string; detail?: string };
  throw new Problem(
    answer.status,
    told.code ?? 'unexpected',
    told.detail ?? `The node answered ${answer.status}.`,
  );
}

/** Asks for a JSON answer. */
export async function ask<T>(path: string, signal?: AbortSignal): Promise<T> {
  const bound = AbortSignal.timeout(answerMs);
  const either = signal === undefined ? bound : AbortSignal.any([signal, bound]);
  return (await (await request(path, { signal: either })).json()) as T;
}

/** Changes something; `body` goes as JSON. */
export async function send<T>(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const json =
    body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  return (await (await request(path, { method, ...json })).json()) as T;
}

/** A path's part made of somebody's text. */
export const part = (text: string): string => encodeURIComponent(text);

/** A query of what is set. */
export function toQuery(fields: Readonly<Record<string, string | number | undefined>>): string {
  const set = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)]],
  );
  return set.length === 0 ? '' : `?${new URLSearchParams(set).toString()}`;
}
