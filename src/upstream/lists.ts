/**
 * What an upstream offers besides tools: prompts, resources and resource templates, asked for to the last page. It keeps
 * nothing, and what it cannot read it leaves out.
 */
import { isDreyError } from '../../machines/words/errors.ts';
import { limits } from '../../machines/words/limits.ts';
import type { Connection } from './connection.ts';
import { toObject } from './request-error.ts';

export type OfferKind = 'prompts' | 'resources' | 'templates';

/** One prompt, resource or template; `definition` is what the upstream sent, untouched. */
export interface Offered {
  /** Its name, URI or URI template. */
  readonly key: string;
  readonly definition: Readonly<Record<string, unknown>>;
}

const shapes = {
  prompts: { method: 'prompts/list', member: 'prompts', key: 'name', capability: 'prompts' },
  resources: { method: 'resources/list', member: 'resources', key: 'uri', capability: 'resources' },
  templates: {
    method: 'resources/templates/list',
    member: 'resourceTemplates',
    key: 'uriTemplate',
    capability: 'resources',
  },
} as const;

/** Pages of one list; more are a server that does not come to an end. */
const pagesMax = 500;
/** One page: a list is worth less waiting than a call. */
const pageMs = 30_000;
const methodUnknown = -32_601;

export interface Offering {
  readonly items: readonly Offered[];
  /** True when there is more than may be listed. */
  readonly isCut: boolean;
}

/** Lists one kind; an upstream without that ability offers nothing. Rejects with the upstream's error. */
export async function listOffers(
  upstream: Pick<Connection, 'capabilities' | 'request'>,
  kind: OfferKind,
): Promise<Offering> {
  const { method, member, key, capability } = shapes[kind];
  if (upstream.capabilities[capability] === undefined) return { items: [], isCut: false };
  const items = new Map<string, Offered>();
  let cursor: unknown;
  for (let page = 0; page < pagesMax && items.size <= limits.upstreamOffersMax; page += 1) {
    const answer = await ask(upstream, method, cursor);
    const listed = answer[member];
    for (const item of Array.isArray(listed) ? listed : []) {
      const definition = toObject(item);
      const name = definition[key];
      // Listed twice, the first one counts.
      if (typeof name === 'string' && !items.has(name)) items.set(name, { key: name, definition });
    }
    const next = answer['nextCursor'];
    if (typeof next !== 'string' || next === cursor) {
      const isCut = items.size > limits.upstreamOffersMax;
      return { items: [...items.values()].slice(0, limits.upstreamOffersMax), isCut };
    }
    cursor = next;
  }
  return { items: [...items.values()].slice(0, limits.upstreamOffersMax), isCut: true };
}

/** A server may have resources and no word for their templates. */
async function ask(
  upstream: Pick<Connection, 'request'>,
  method: string,
  cursor: unknown,
): Promise<Record<string, unknown>> {
  try {
    const params = cursor === undefined ? undefined : { cursor };
    return toObject(await upstream.request(method, params, { timeoutMs: pageMs }));
  } catch (error) {
    if (isDreyError(error) && toObject(error.details['error'])['code'] === methodUnknown) return {};
    throw error;
  }
}
