/**
 * What is told of something thrown: an HTTP status, a problem and a JSON-RPC error with the same sentence. Unexpected
 * causes go to the log and nowhere else.
 */
import { isDreyError, toPlainError } from '../../machines/words/errors.ts';
import type { ErrorCode, PlainError } from '../../machines/words/errors.ts';
import type { Log } from './needs.ts';
import { toThrownRpcError } from './mcp/rpc-errors.ts';
import type { RpcError } from './mcp/rpc-errors.ts';

const statuses: Partial<Record<ErrorCode, number>> = {
  argument_invalid: 400,
  body_malformed: 400,
  body_too_large: 413,
  call_timeout: 504,
  envelope_invalid: 400,
  format_unknown: 400,
  limit_reached: 429,
  method_unknown: 405,
  node_draining: 503,
  principal_unknown: 401,
  upstream_failed: 502,
};

/** The HTTP status of one of the house's error codes. */
export function toStatus(error: PlainError): number {
  const own = statuses[error.code];
  if (own !== undefined) return own;
  if (error.kind === 'not_found') return 404;
  if (error.kind === 'permission_denied') return 403;
  if (error.kind === 'dependency_failed') return 503;
  return error.kind === 'unexpected' ? 500 : 409;
}

export interface Told {
  readonly status: number;
  readonly plain: PlainError;
  readonly rpcError: RpcError;
}

/** Everything that may be said of what was thrown. */
export function toThrownSentence(error: unknown, log: Log): Told {
  const plain = toPlainError(error);
  const told = { status: toStatus(plain), rpcError: toThrownRpcError(error) };
  if (isDreyError(error) && plain.code !== 'unexpected') return { ...told, plain };
  log.error({ err: error }, 'a request failed unexpectedly');
  return { ...told, plain: { ...plain, message: told.rpcError.message } };
}
