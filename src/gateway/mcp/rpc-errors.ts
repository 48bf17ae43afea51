/**
 * JSON-RPC error codes and error frames. Our own codes lie outside the ranges that JSON-RPC and MCP reserve and read
 * like the HTTP statuses people know; the exact cause is in `data.code`. No stack or query ever leaves through here.
 */
import { errorCodes, isDreyError, toPlainError } from '../../../machines/words/errors.ts';
import type { ErrorCode, Retry } from '../../../machines/words/errors.ts';

/** Codes of JSON-RPC 2.0 and of MCP 2026-07-28 that the gateway itself answers with. */
export const rpc = {
  parseError: -32_700,
  invalidRequest: -32_600,
  methodNotFound: -32_601,
  invalidParams: -32_602,
  internalError: -32_603,
  headerMismatch: -32_020,
  unsupportedVersion: -32_022,
  /** The code that SDK servers and clients use for a session that is not there. */
  sessionNotFound: -32_001,
} as const;

const ownCodes = new Map<string, number>([
  ['argument_invalid', rpc.invalidParams],
  ['tool_unknown', rpc.invalidParams],
  ['method_unknown', rpc.methodNotFound],
  ['body_malformed', rpc.parseError],
  ['body_too_large', 413],
  ['permission_denied', 403],
  ['principal_unknown', 401],
  ['tool_changed', 403],
  ['tool_unapproved', 403],
  ['limit_reached', 429],
  ['call_cancelled', 499],
  ['call_timeout', 504],
  ['upstream_failed', 502],
  ['unexpected', rpc.internalError],
]);

/** The JSON-RPC code of one of the house's error codes. */
export function toRpcCode(code: string): number {
  const own = ownCodes.get(code);
  if (own !== undefined) return own;
  if (!isErrorCode(code)) return rpc.internalError;
  const { kind } = errorCodes[code];
  if (kind === 'not_found') return 404;
  if (kind === 'dependency_failed') return 503;
  return code === 'node_draining' ? 503 : 409;
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCodes, code);
}

/** Whether trying again can help, by code. */
export function toRetry(code: string): Retry {
  return isErrorCode(code) ? errorCodes[code].retry : 'never';
}

export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** When to come back after a maximum was reached, where nobody knows better. */
export const comeBackMs = 1_000;

/** The structured error of a refusal or failure: what happened, and whether and when to try again. */
export function toRpcError(code: string, message: string, hintMs?: number): RpcError {
  const retryAfterMs = hintMs ?? (code === 'limit_reached' ? comeBackMs : undefined);
  const data = { code, retry: toRetry(code), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  return { code: toRpcCode(code), message, data };
}

/** The refusal of anything new while the node is ending. */
export function toDrainingError(): RpcError {
  return toRpcError('node_draining', 'the node is stopping; try again in a moment', 1_000);
}

/** The structured error of something thrown. What is not one of the house's own errors stays nameless. */
export function toThrownRpcError(error: unknown): RpcError {
  const plain = toPlainError(error);
  const message =
    plain.code === 'unexpected' ? 'the gateway failed unexpectedly; its log has the cause' : plain.message;
  return toRpcError(plain.code, message, toRetryAfterMs(error));
}

/** When to come back, where whoever refused knows it. */
export function toRetryAfterMs(error: unknown): number | undefined {
  const hint = isDreyError(error) ? error.details['retryAfterMs'] : undefined;
  return typeof hint === 'number' && Number.isFinite(hint) ? Math.max(1, Math.ceil(hint)) : undefined;
}

/** One JSON-RPC error message; `id` is JSON text, `null` where no id could be read. */
export function errorFrame(id: string, error: RpcError): string {
  return `{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify(error)}}`;
}
