/** What a REST resource is given and how it reads its query. Everything wrong is a DreyError with the field's name. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import type { Scope } from '../../../machines/words/scopes.ts';
import type { EndpointOptions } from '../mcp/exchange.ts';
import { parseMessage } from '../mcp/parse-message.ts';
import { readBody } from '../mcp/read-body.ts';
import type { Principal } from '../needs.ts';
import { parseArguments } from '../tools/tool.ts';

/** One admitted request. */
export interface RestRequest extends EndpointOptions {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly url: URL;
  readonly principal: Principal;
  readonly namespace: string;
  /** The event streams that are open on this node. */
  readonly followers: Set<ServerResponse>;
  /** What stands for `:id`, where the path has one. */
  readonly id: string;
  /** What stands for each `:name` of the path. */
  readonly ids: Readonly<Record<string, string>>;
}

/** What the OpenAPI document says of a resource; the schemas are the ones that check. */
export interface ResourceDocs {
  /** One line in the imperative. */
  readonly summary: string;
  /** What one has to know besides. */
  readonly description?: string;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Default `application/json`. */
  readonly bodyType?: string;
  /** Missing only where the answer is no JSON; then `answerType` says what it is. */
  readonly answer?: z.ZodType;
  readonly answerType?: string;
  /** Default 200. */
  readonly status?: number;
  /** Other successes with the same answer. */
  readonly alsoStatus?: number;
  /** A body that is taken as it stands. */
  readonly example?: unknown;
}

export interface Resource {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/api/v1`; `:id` stands for one part, and so does every other `:name`. */
  readonly path: string;
  /** Without it everybody who was let in may ask. */
  readonly scope?: Scope;
  /** What is needed beside it, whatever is asked for. */
  readonly alsoScope?: Scope;
  readonly docs?: ResourceDocs;
  answer(request: RestRequest): Promise<void>;
}

/**
 * Reads the query into the schema's shape; what is misspelled, or given twice, is told. Only where the schema wants a number is
 * a text read as one: a tag "1.10" is not 1.1, and a question may be a number that no float holds.
 */
export function parseQuery<S extends z.ZodObject>(
  schema: S,
  url: URL,
  known: readonly string[],
): z.output<S> {
  const query = new Map<string, unknown>();
  for (const [key, value] of url.searchParams) {
    if (key === 'namespace') continue;
    const shown = key.slice(0, 60);
    if (!known.includes(key)) {
      throw new DreyError(
        'argument_invalid',
        `the query has no "${shown}"; it knows ${known.join(', ')} and namespace`,
      );
    }
    if (query.has(key))
      throw new DreyError('argument_invalid', `the query has "${shown}" twice; say it once`);
    const isNumber = wantsNumber(schema.shape[key]) && /^-?\d+(\.\d+)?$/.test(value);
    query.set(key, isNumber ? Number(value) : value);
  }
  return parseArguments(schema, Object.fromEntries(query));
}

/** Whether a field holds a number, however it is wrapped. */
function wantsNumber(field: unknown): boolean {
  if (field instanceof z.ZodOptional || field instanceof z.ZodDefault || field instanceof z.ZodNullable)
    return wantsNumber(field.def.innerType);
  return field instanceof z.ZodNumber;
}

/** Bytes of a JSON body that REST reads. */
export const restBodyBytesMax = 64 * 1024;

/** Reads a JSON body into the schema's shape. */
export async function parseJsonBody<S extends z.ZodType>(
  schema: S,
  req: IncomingMessage,
  bytesMax = restBodyBytesMax,
): Promise<z.output<S>> {
  if (!(req.headers['content-type'] ?? '').startsWith('application/json')) {
    throw new DreyError('argument_invalid', 'Content-Type must be application/json');
  }
  const body = await readBody(req, bytesMax);
  if (!body.ok) throw new DreyError('body_too_large', `the body must be at most ${bytesMax} bytes`);
  const parsed = parseMessage(body.bytes);
  if (!parsed.ok) throw new DreyError('body_malformed', parsed.sentence);
  return parseArguments(schema, parsed.body);
}
