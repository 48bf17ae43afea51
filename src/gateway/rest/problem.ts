/**
 * REST answers: JSON, and errors as RFC 9457 problems with the house's code. A problem says what was wrong in one
 * sentence; it never carries a stack, a query or another namespace's facts.
 */
import { STATUS_CODES } from 'node:http';
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { errorCodes } from '../../../machines/words/errors.ts';
import { toRetry } from '../mcp/rpc-errors.ts';

/** Sends a value as JSON. */
export function sendValue(res: ServerResponse, status: number, value: unknown): void {
  send(res, status, 'application/json', JSON.stringify(value));
}

export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly sentence: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a problem's `type` begins with; the code follows, and a GET of it says what the code means. */
export const problemTypePrefix = '/api/v1/problems/';

const problem = z.object({
  type: z.string().describe('A reference that stays the same for a code; a GET of it says what it means.'),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string().describe('What was wrong, and what would be right.'),
  code: z.enum(Object.keys(errorCodes) as [string, ...string[]]).describe('For programs; stable.'),
  retry: z.enum(['now', 'later', 'never']).describe('Whether the same request can succeed at another time.'),
});

/** The schema of every problem. */
export function toProblemSchema(): Readonly<Record<string, unknown>> {
  const { $schema: _dialect, additionalProperties: _growing, ...schema } = z.toJSONSchema(problem);
  return schema;
}

/** Sends a problem; does nothing when an answer has begun. */
export function sendProblem(res: ServerResponse, { status, code, sentence, headers }: Problem): void {
  const title = STATUS_CODES[status] ?? 'Error';
  const type = `${problemTypePrefix}${code}`;
  const body = { type, title, status, detail: sentence, code, retry: toRetry(code) };
  send(res, status, 'application/problem+json', JSON.stringify(body), headers);
}

function send(
  res: ServerResponse,
  status: number,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  res.end(body);
}
