/**
 * REST answers: JSON, and errors as RFC 9457 problems with the house's code. A problem says what was wrong in one
 * sentence; it never carries a stack, a query or another namespace's facts.
 */
import { STATUS_CODES } from 'node:http';
import type { ServerResponse } from 'node:http';
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

/** Sends a problem; does nothing when an answer has begun. */
export function sendProblem(res: ServerResponse, problem: Problem): void {
  const { status, code, sentence, headers } = problem;
  const title = STATUS_CODES[status] ?? 'Error';
  const body = { type: 'about:blank', title, status, detail: sentence, code, retry: toRetry(code) };
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
