/**
 * Answers against the OpenAPI document that a node serves: each is looked for by method and path, and held against the
 * schema that is documented. What is documented is all there may be: a field that is not told is a difference.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as formats from 'ajv-formats';

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, { readonly content?: Content; readonly $ref?: string }>>;
}
type Content = Readonly<Record<string, { readonly schema?: object }>>;

export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

export interface Answered {
  readonly method: string;
  /** Below `/api/v1`, without the query. */
  readonly path: string;
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

export interface Documented {
  /** Ids of all operations, and of those that a success was seen of. */
  readonly operations: ReadonlySet<string>;
  readonly met: ReadonlySet<string>;
  /** What the answer differs in from its documentation, as sentences; none when it keeps its word. */
  check(answered: Answered): readonly string[];
}

/** Reads a document; throws where one of its schemas is none. */
export function readDocument(document: OpenApiDocument): Documented {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default.default(ajv);
  ajv.addSchema({ $id: 'drey', components: close(document.components) });
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      pattern: new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`),
      literal: !path.includes('{'),
      id: operation.operationId,
      answers: Object.entries(operation.responses).map(([status, response]) => {
        const content: Content = response.content ?? {
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        };
        const [type = '', { schema } = {}] = Object.entries(content)[0] ?? [];
        return {
          status,
          type,
          validate: schema === undefined ? undefined : ajv.compile(close(toOwn(schema)) as object),
        };
      }),
    })),
  );
  const met = new Set<string>();
  return {
    operations: new Set(operations.map(({ id }) => id)),
    met,
    check({ method, path, status, type, text }) {
      const fitting = operations.filter((one) => one.method === method && one.pattern.test(path));
      const operation = fitting.find(({ literal }) => literal) ?? fitting[0];
      if (operation === undefined) return [`${method} ${path} is not documented`];
      const { answers, id } = operation;
      const answer =
        answers.find((one) => one.status === String(status)) ??
        answers.find((one) => one.status === 'default');
      if (answer === undefined || (answer.status === 'default' && status < 400))
        return [`${id} answers ${status}, which is not documented`];
      if (!type.startsWith(answer.type)) return [`${id} answers ${status} as ${type}, not ${answer.type}`];
      if (status < 400) met.add(id);
      const { validate } = answer;
      if (validate === undefined || validate(JSON.parse(text))) return [];
      return (validate.errors ?? []).map(
        ({ instancePath, message = '', params }) =>
          `${id} ${status}: ${instancePath} ${message} ${JSON.stringify(params)}`,
      );
    },
  };
}

/** References inside the document lead into the schema that holds its components. */
function toOwn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toOwn);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === '$ref' && typeof item === 'string' ? item.replace(/^#/, 'drey#') : toOwn(item),
    ]),
  );
}

/** Objects have the fields that are told and no others, unless they say so. */
function close(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(close);
  if (typeof value !== 'object' || value === null) return value;
  const closed = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, close(item)]));
  const isObject = closed.type === 'object' && 'properties' in closed;
  return isObject && !('additionalProperties' in closed)
    ? { ...closed, additionalProperties: false }
    : closed;
}
