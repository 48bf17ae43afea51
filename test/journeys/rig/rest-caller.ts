/** Speaks REST with a real node, and holds every answer against the document that the node serves. */
import { readDocument } from '../../support/documented.ts';
import type { Documented, OpenApiDocument } from '../../support/documented.ts';

export interface Said {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  json(): any; // oxlint-disable-line typescript/no-explicit-any -- a test looks at what it likes
}

export interface RestCaller {
  readonly documented: Documented;
  /** What answers differed in from their documentation. */
  readonly differences: string[];
  say(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Said>;
  /** Ids of all operations that were not met with a success. */
  unmet(): readonly string[];
}

/** Reads the document and stays ready. */
export async function openRestCaller(url: string): Promise<RestCaller> {
  const document = (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as OpenApiDocument;
  const documented = readDocument(document);
  const differences: string[] = [];
  return {
    documented,
    differences,
    async say(method, path, body, headers = {}) {
      const isText = typeof body === 'string';
      const type = isText ? 'application/x-ndjson' : 'application/json';
      const answer = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': type }), ...headers },
        ...(body === undefined ? {} : { body: isText ? body : JSON.stringify(body) }),
      });
      const text = await answer.text();
      differences.push(
        ...documented.check({
          method,
          path: path.split('?', 1)[0] ?? '',
          status: answer.status,
          type: answer.headers.get('content-type') ?? '',
          text,
        }),
      );
      return {
        status: answer.status,
        headers: answer.headers,
        text,
        json: () => JSON.parse(text) as unknown,
      };
    },
    unmet: () => [...documented.operations].filter((id) => !documented.met.has(id)).toSorted(),
  };
}
