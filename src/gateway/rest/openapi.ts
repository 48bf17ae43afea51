/**
 * The OpenAPI 3.1 document, made of the resources' own schemas: what is documented is what checks. It is made once for
 * each process. It describes; it never decides who may ask.
 */
import { z } from 'zod';
import { problemTypePrefix, sendValue, toProblemSchema } from './problem.ts';
import type { Resource, ResourceDocs } from './resource.ts';

/** Where the document is served, below `/api/v1`. */
export const openApiPath = '/openapi.json';

type Json = Readonly<Record<string, unknown>>;

/** Creates the resource that answers the document; `list` are all resources, this one included. */
export function createOpenApi(list: () => readonly Resource[]): Resource {
  let document: Json | undefined;
  return {
    method: 'GET',
    path: openApiPath,
    docs: {
      summary: 'Get this document',
      description: 'It needs what every other request needs: on loopback nothing, anywhere else a key.',
      answer: z.looseObject({ openapi: z.string(), info: z.looseObject({}), paths: z.looseObject({}) }),
    },
    answer: ({ needs, res }) => {
      document ??= toOpenApi(list(), needs.version);
      sendValue(res, 200, document);
      return Promise.resolve();
    },
  };
}

/** The document of these resources. */
export function toOpenApi(resources: readonly Resource[], version: string): Json {
  const schemas: Record<string, unknown> = { Problem: toProblemSchema() };
  const paths: Record<string, Record<string, unknown>> = {};
  const tags = new Set<string>();
  for (const resource of resources) {
    const path = resource.path.replace(/:(\w+)/g, '{$1}');
    tags.add(toTag(resource));
    paths[path] = { ...paths[path], [resource.method.toLowerCase()]: toOperation(resource, schemas) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Drey',
      version,
      summary: 'An MCP gateway that learns procedures.',
      description:
        'Every answer belongs to one namespace: the caller’s own, or the one that the query names, for those who may ' +
        'name it. Errors are problems (RFC 9457) with a code; `retry` says whether trying again can help.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/api/v1', description: 'This node' }],
    tags: [...tags].sort().map((name) => ({ name })),
    paths,
    components: {
      schemas,
      parameters: {
        namespace: {
          name: 'namespace',
          in: 'query',
          description: 'The namespace it is about; leave it out for your own.',
          schema: { type: 'string', pattern: '^[a-z0-9_-]{1,255}$' },
        },
      },
      responses: {
        Problem: {
          description: `A problem; its type is ${problemTypePrefix} and the code.`,
          headers: {
            'Retry-After': {
              description: 'Seconds to wait, where a limit was reached.',
              schema: { type: 'integer' },
            },
          },
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'A key of `drey keys create`, the node’s token, or an access token.',
        },
      },
    },
  };
}

/** `GET /dead/:id/retry` is `getDeadByIdRetry`: unique, since method and path are. */
export function toOperationId({ method, path }: Pick<Resource, 'method' | 'path'>): string {
  const words = path.replace(/:(\w+)/g, 'by-$1').split(/[^A-Za-z0-9]+/);
  const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
  return method.toLowerCase() + words.map(capital).join('');
}

function toTag({ path }: Resource): string {
  return path.split('/')[1]?.replace(/\..*$/, '') ?? '';
}

function toOperation(resource: Resource, schemas: Record<string, unknown>): Json {
  const { docs, scope, alsoScope, path } = resource;
  const operationId = toOperationId(resource);
  const toSchema = (schema: z.ZodType, io: 'input' | 'output'): Json =>
    toJsonSchema(schema, io, { name: operationId, schemas });
  const named = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => toPathParameter(name));
  const asked = docs?.query === undefined ? [] : toQueryParameters(toSchema(docs.query, 'input'));
  // Without a scope everybody who was let in may ask; the empty one is the local principal on loopback.
  const security = [{ bearer: [scope, alsoScope].filter((one) => one !== undefined) }, {}];
  return {
    operationId,
    tags: [toTag(resource)],
    summary: docs?.summary ?? operationId,
    ...(docs?.description === undefined ? {} : { description: docs.description }),
    security,
    parameters: [...named, ...asked, { $ref: '#/components/parameters/namespace' }],
    ...(docs?.body === undefined ? {} : { requestBody: toRequestBody(docs, docs.body, toSchema) }),
    responses: {
      [String(docs?.status ?? 200)]: toAnswer(docs, toSchema),
      ...(docs?.alsoStatus === undefined ? {} : { [docs.alsoStatus]: toAnswer(docs, toSchema) }),
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

type ToSchema = (schema: z.ZodType, io: 'input' | 'output') => Json;

function toRequestBody(docs: ResourceDocs, body: z.ZodType, toSchema: ToSchema): Json {
  const { bodyType = 'application/json', example } = docs;
  const content = { schema: toSchema(body, 'input'), ...(example === undefined ? {} : { example }) };
  return { required: true, content: { [bodyType]: content } };
}

function toAnswer(docs: ResourceDocs | undefined, toSchema: ToSchema): Json {
  const type = docs?.answerType ?? 'application/json';
  const schema = docs?.answer === undefined ? {} : { schema: toSchema(docs.answer, 'output') };
  return { description: docs?.summary ?? 'The answer', content: { [type]: schema } };
}

function toPathParameter(name: string): Json {
  return { name, in: 'path', required: true, schema: { type: 'string', minLength: 1 } };
}

function toQueryParameters({ properties, required }: Json): readonly Json[] {
  if (typeof properties !== 'object' || properties === null) return [];
  const needed: readonly unknown[] = Array.isArray(required) ? required : [];
  return Object.entries(properties)
    .filter(([name]) => name !== 'namespace')
    .map(([name, schema]: [string, Json]) => {
      const { description, ...rest } = schema;
      // What is read from text in any case has no type of its own.
      const isTyped = 'type' in rest || 'enum' in rest || 'anyOf' in rest || 'const' in rest;
      return {
        name,
        in: 'query',
        ...(needed.includes(name) ? { required: true } : {}),
        ...(description === undefined ? {} : { description }),
        schema: isTyped ? rest : { type: 'string', ...rest },
      };
    });
}

interface Place {
  readonly name: string;
  /** Takes the parts that a schema names. */
  readonly schemas: Record<string, unknown>;
}

/** A schema as JSON Schema 2020-12, its named parts among the components; objects may grow fields later. */
function toJsonSchema(schema: z.ZodType, io: 'input' | 'output', { name, schemas }: Place): Json {
  const { $schema: _dialect, ...whole } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  const { $defs, ...rest } = relocate(whole, name, io === 'output') as Json;
  for (const [part, defined] of Object.entries($defs ?? {})) schemas[toPartName(name, part)] = defined;
  return rest;
}

function toPartName(name: string, part: string): string {
  return `${name}${part.replace(/[^A-Za-z0-9]/g, '')}`;
}

/** Leads references to the components, and lets answers have fields that are not told yet. */
function relocate(value: unknown, name: string, isAnswer: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => relocate(item, name, isAnswer));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      if (key === 'additionalProperties' && item === false && isAnswer) return [];
      if (key === '$ref' && typeof item === 'string')
        return [[key, item.replace(/^#\/\$defs\/(.+)$/, (_, part: string) => toReference(name, part))]];
      return [[key, relocate(item, name, isAnswer)]];
    }),
  );
}

function toReference(name: string, part: string): string {
  return `#/components/schemas/${toPartName(name, part)}`;
}
