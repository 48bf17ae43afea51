/**
 * The one error class of the house and the table of its codes. Errors are told apart by `code`, never by
 * `instanceof`: they cross process borders. Expected refusals travel as values; a throw means a broken world or a bug.
 */

export type ErrorKind =
  | 'operation_failed'
  | 'not_found'
  | 'permission_denied'
  | 'dependency_failed'
  | 'unexpected';

/** Whether trying the same thing again can help. */
export type Retry = 'now' | 'later' | 'never';

interface CodeEntry {
  readonly kind: ErrorKind;
  readonly retry: Retry;
  /** Exit code of the CLI, after sysexits(3). */
  readonly exit: number;
}

const entry = (kind: ErrorKind, retry: Retry, exit: number): CodeEntry => ({ kind, retry, exit });

/** Every code with its kind, whether retrying helps, and the CLI's exit code. infra/README.md has a line for each. */
export const errorCodes = {
  actor_unknown: entry('not_found', 'never', 66),
  agent_unknown: entry('not_found', 'never', 66),
  argument_invalid: entry('operation_failed', 'never', 64),
  audit_broken: entry('unexpected', 'never', 70),
  backtest_unknown: entry('not_found', 'never', 66),
  body_malformed: entry('operation_failed', 'never', 65),
  body_too_large: entry('operation_failed', 'never', 65),
  breaker_open: entry('dependency_failed', 'later', 75),
  bus_unavailable: entry('dependency_failed', 'later', 69),
  call_cancelled: entry('operation_failed', 'now', 75),
  call_timeout: entry('dependency_failed', 'later', 75),
  config_invalid: entry('operation_failed', 'never', 78),
  context_unknown: entry('not_found', 'never', 66),
  run_unknown: entry('not_found', 'never', 66),
  data_folder_locked: entry('operation_failed', 'later', 73),
  data_folder_unusable: entry('operation_failed', 'never', 73),
  database_unavailable: entry('dependency_failed', 'later', 69),
  dead_letter_unknown: entry('not_found', 'never', 66),
  download_corrupt: entry('dependency_failed', 'later', 69),
  envelope_invalid: entry('operation_failed', 'never', 65),
  episode_unknown: entry('not_found', 'never', 66),
  event_log_full: entry('operation_failed', 'later', 74),
  file_unreadable: entry('not_found', 'never', 66),
  format_unknown: entry('operation_failed', 'never', 65),
  key_unknown: entry('not_found', 'never', 66),
  limit_reached: entry('operation_failed', 'later', 75),
  memory_unknown: entry('not_found', 'never', 66),
  method_unknown: entry('not_found', 'never', 64),
  migration_failed: entry('dependency_failed', 'never', 70),
  namespace_unknown: entry('not_found', 'never', 66),
  nats_server_missing: entry('dependency_failed', 'never', 69),
  node_draining: entry('operation_failed', 'later', 75),
  node_unreachable: entry('dependency_failed', 'later', 69),
  permission_denied: entry('permission_denied', 'never', 77),
  port_in_use: entry('operation_failed', 'later', 73),
  postgres_missing: entry('dependency_failed', 'never', 69),
  principal_unknown: entry('permission_denied', 'never', 77),
  process_failed: entry('dependency_failed', 'later', 69),
  relearn_unknown: entry('not_found', 'never', 66),
  replay_differs: entry('unexpected', 'never', 70),
  resource_unavailable: entry('dependency_failed', 'later', 69),
  revision_conflict: entry('operation_failed', 'now', 75),
  session_unknown: entry('not_found', 'never', 66),
  sop_unknown: entry('not_found', 'never', 66),
  task_unknown: entry('not_found', 'never', 66),
  tool_changed: entry('permission_denied', 'never', 77),
  tool_unapproved: entry('permission_denied', 'later', 77),
  tool_unknown: entry('not_found', 'never', 66),
  transition_refused: entry('operation_failed', 'never', 65),
  unexpected: entry('unexpected', 'never', 70),
  upstream_failed: entry('dependency_failed', 'later', 69),
  upstream_unauthorized: entry('permission_denied', 'never', 77),
  upstream_unavailable: entry('dependency_failed', 'later', 69),
  worker_failed: entry('dependency_failed', 'later', 70),
} as const satisfies Record<string, CodeEntry>;

export type ErrorCode = keyof typeof errorCodes;

/** An error as plain data: what snapshots, events and answers carry. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly message: string;
  readonly retry: Retry;
}

export interface DreyErrorOptions {
  readonly cause?: unknown;
  /** Facts for programs (field, allowed range, retryAfterMs); never secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A failure with a code, one sentence for people, and its cause. */
export class DreyError extends Error {
  readonly isDreyError = true;
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, sentence: string, options: DreyErrorOptions = {}) {
    super(sentence, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DreyError';
    this.code = code;
    this.details = options.details ?? {};
  }

  get kind(): ErrorKind {
    return errorCodes[this.code].kind;
  }

  get retry(): Retry {
    return errorCodes[this.code].retry;
  }

  get exit(): number {
    return errorCodes[this.code].exit;
  }
}

/** True for errors of this class, also when they come from another copy of the package. */
export function isDreyError(error: unknown): error is DreyError {
  return error instanceof Error && 'isDreyError' in error;
}

/** A dependency that will be back; what is in memory stays right meanwhile. */
export function isAway(error: unknown): boolean {
  return isDreyError(error) && error.kind === 'dependency_failed' && error.retry !== 'never';
}

/** Wraps anything thrown; what is a DreyError already passes through unchanged. */
export function toDreyError(error: unknown, code: ErrorCode = 'unexpected'): DreyError {
  if (isDreyError(error)) return error;
  const sentence = error instanceof Error ? error.message : String(error);
  return new DreyError(code, sentence, { cause: error });
}

/** The plain form for snapshots and events (an Error itself would persist as `{}`). */
export function toPlainError(error: unknown, code: ErrorCode = 'unexpected'): PlainError {
  const known = toDreyError(error, code);
  return { code: known.code, kind: known.kind, message: known.message, retry: known.retry };
}
