/** Requests made of what a node says of itself: an operation of its document, filled with ids, a query and a body. */
import type { Answer, Neighbour, Operation } from './neighbours.ts';

export const idPattern = /\b(?:[a-z]-)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;

/** Every id that is written in a text. */
export const findIds = (text: string): string[] => text.match(idPattern) ?? [];

export interface Filled {
  /** What stands in the path, one after the other. */
  readonly ids: readonly string[];
  /** With its question mark. */
  readonly query: string;
  /** A text is sent as it is. */
  readonly body: unknown;
}

/** Asks it. */
export function request(
  who: Pick<Neighbour, 'ask'>,
  operation: Operation,
  { ids, query, body }: Filled,
): Promise<Answer> {
  let at = 0;
  const path = operation.path.replace(/\{\w+\}/g, () => {
    at += 1;
    return encodeURIComponent(ids[(at - 1) % Math.max(1, ids.length)] ?? 'nothing');
  });
  const content = operation.bodyType?.includes('ndjson') === true ? `${JSON.stringify(body)}\n` : body;
  return who.ask(
    operation.method,
    path + query,
    operation.body === undefined && operation.method === 'GET' ? undefined : (content ?? {}),
    operation.bodyType,
  );
}

/** Arguments that do not say whose they are. */
export const withoutNamespace = (args: unknown): Record<string, unknown> => {
  const { namespace: _namespace, ...rest } = args as Record<string, unknown>;
  return rest;
};
