/**
 * What went wrong at the database, recognised in this one place and turned into an error of the house. Sentences name
 * host, port, rule and table, never a password, an SQL statement or a row's values; those stay in `cause`.
 */
import { DreyError, isDreyError } from '../../machines/words/errors.ts';
import type { ErrorCode } from '../../machines/words/errors.ts';

const brokenConnection = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);
/** pg's own sentences; these errors carry no code. */
const brokenSentences = [
  'connection terminated',
  'timeout exceeded when trying to connect',
  'query read timeout',
  'connection error',
  'not queryable',
  'client was closed',
  'after calling end on the pool',
];

/** Postgres's states, and classes of states, that mean "not now": shut down, starting, out of room, time is up. */
const notNow = new Set(['08', '53', '57', '58', '25P03', '25P04', 'XX000', '55P03']);
const collided = new Set(['40001', '40P01', '23P01']);
const refusedLogin = new Set(['28000', '28P01', '3D000']);
const unprepared = new Set(['42P01', '42883', '42703', '42704']);

/** True when the connection itself can no longer be trusted and must not go back to the pool. */
export function isConnectionBroken(error: unknown): boolean {
  if (!(error instanceof Error)) return true;
  const code = codeOf(error);
  if (code === undefined) return true;
  if (brokenConnection.has(code)) return true;
  return code.startsWith('08') || code.startsWith('57P') || code === '25P03' || code === '25P04';
}

/** True when a pooled connection turned out to be dead on its first use: the server went away and may be back. */
export function isStale(failure: unknown): boolean {
  const error = isDreyError(failure) ? failure.cause : failure;
  const code = codeOf(error);
  if (code !== undefined) return code === 'ECONNRESET' || code === 'EPIPE' || code.startsWith('57P');
  return (
    error instanceof Error && /connection terminated|not queryable|connection error/i.test(error.message)
  );
}

/** Any failure as an error of the house; `target` is host and port, for the sentence. */
export function toStoreError(error: unknown, target: string): DreyError {
  if (isDreyError(error)) return error;
  const code = codeOf(error);
  const [errorCode, sentence] = describe(error, code, target);
  return new DreyError(errorCode, sentence, {
    cause: error,
    ...(code === undefined ? {} : { details: { state: code } }),
  });
}

function describe(error: unknown, code: string | undefined, target: string): [ErrorCode, string] {
  if (code === undefined) return describeWithoutCode(error, target);
  if (brokenConnection.has(code)) {
    return ['database_unavailable', `the database at ${target} is not reachable (${code})`];
  }
  if (code === '57014') return ['database_unavailable', `the database at ${target} took too long to answer`];
  if (notNow.has(code) || notNow.has(code.slice(0, 2))) {
    return ['database_unavailable', `the database at ${target} cannot work at the moment (${code})`];
  }
  if (collided.has(code)) {
    return ['revision_conflict', 'two changes of the same rows collided; trying again helps'];
  }
  if (refusedLogin.has(code)) {
    return ['config_invalid', `the database at ${target} refused user, password or database name of its URL`];
  }
  if (unprepared.has(code) || (code === '22023' && isRoleMissing(error))) {
    return ['migration_failed', unpreparedSentence(target)];
  }
  return describeRefusal(error, code);
}

const unpreparedSentence = (target: string): string =>
  `the database at ${target} is not prepared for this version; migrate it first`;

/** What a database without the tables is answered with. */
export function unpreparedError(target: string): DreyError {
  return new DreyError('migration_failed', unpreparedSentence(target));
}

/** A server that never saw a migration does not know the role that connections begin as. */
function isRoleMissing(error: unknown): boolean {
  return error instanceof Error && error.message.includes('"drey_');
}

function describeWithoutCode(error: unknown, target: string): [ErrorCode, string] {
  const message = error instanceof Error ? error.message : '';
  if (brokenSentences.some((sentence) => message.toLowerCase().includes(sentence))) {
    return ['database_unavailable', `the database at ${target} is not reachable (${message.slice(0, 100)})`];
  }
  return ['unexpected', 'something unforeseen happened while working with the database'];
}

function describeRefusal(error: unknown, code: string): [ErrorCode, string] {
  const rule = partOf(error, 'constraint');
  const table = partOf(error, 'table');
  const place = table === undefined ? 'the table' : table;
  if (code === '42501') {
    return [
      'permission_denied',
      `${place} refused the row: it belongs to another namespace, or is not to be changed`,
    ];
  }
  if (code === '23503' && rule?.endsWith('_namespace_fkey') === true) {
    return ['namespace_unknown', 'the namespace does not exist; create it before anything is stored in it'];
  }
  if (code.startsWith('22') || code.startsWith('23') || code.startsWith('54')) {
    return [
      'argument_invalid',
      `a value does not fit ${place}${rule === undefined ? '' : ` (rule ${rule})`}`,
    ];
  }
  return ['unexpected', `the database refused a statement (${code})`];
}

/** The error's own code, or the first one inside: a name with several addresses fails as an AggregateError. */
function codeOf(error: unknown): string | undefined {
  const code = partOf(error, 'code');
  if (code !== undefined) return code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return undefined;
}

function partOf(error: unknown, key: 'code' | 'constraint' | 'table'): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, key);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
