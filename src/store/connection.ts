/**
 * How connections are made: from a URL to pg's settings, with every wait bounded, and values read in the house's
 * forms (moments as ISO 8601, counts as numbers). The URL's password never leaves this file.
 */
import { types } from 'pg';
import type { PoolConfig } from 'pg';
import { DreyError } from '../../machines/words/errors.ts';

export interface ConnectionOptions {
  readonly url: string;
  readonly poolMax: number;
  /** The role that connections are from their first moment; undefined means the URL's own user. */
  readonly role?: string;
  readonly statementTimeoutMs: number;
  /** The server is to notice within seconds that this side is gone, even where nothing says so (a cable, a power cut). */
  readonly isMissedSoon?: boolean;
}

export const waits = {
  connectMs: 5_000,
  /** The application's statements; the client waits a little longer than the server works. */
  statementMs: 10_000,
  clientExtraMs: 2_000,
  idleInTransactionMs: 30_000,
  idleConnectionMs: 60_000,
  /** A migration may wait for another node's. */
  migrationMs: 120_000,
  closeMs: 5_000,
} as const;

/** Half a minute until a connection that nobody answers on is closed; the system's own default is two hours. */
const keepalives = ['-c tcp_keepalives_idle=10', '-c tcp_keepalives_interval=5', '-c tcp_keepalives_count=4'];

/** The settings of a pool. */
export function toPoolConfig(options: ConnectionOptions): PoolConfig {
  const url = parseUrl(options.url);
  const ownOptions = url.searchParams.get('options');
  url.searchParams.delete('options');
  const settings = [
    ...(ownOptions === null ? [] : [ownOptions]),
    '-c search_path=public',
    ...(options.role === undefined ? [] : [`-c role=${options.role}`]),
    ...(options.isMissedSoon === true ? keepalives : []),
  ];
  return {
    connectionString: url.toString(),
    options: settings.join(' '),
    application_name: 'drey',
    max: options.poolMax,
    connectionTimeoutMillis: waits.connectMs,
    idleTimeoutMillis: waits.idleConnectionMs,
    statement_timeout: options.statementTimeoutMs,
    query_timeout: options.statementTimeoutMs + waits.clientExtraMs,
    idle_in_transaction_session_timeout: waits.idleInTransactionMs,
    keepAlive: true,
    // A statement may be sent before the one ahead of it is answered; see `commitWith`.
    pipeline: true,
    types: { getTypeParser },
  };
}

/** Host and port of a database URL, for sentences; never user or password. */
export function toTarget(text: string): string {
  const url = parseUrl(text);
  const host = url.searchParams.get('host') ?? (url.hostname || 'localhost');
  return host.startsWith('/') ? host : `${host}:${url.port || url.searchParams.get('port') || '5432'}`;
}

function parseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^postgres(?:ql)?:$/.test(url.protocol)) return url;
  throw new DreyError(
    'config_invalid',
    'the database URL is malformed; write postgres://user:password@host:port/database',
  );
}

type TypeId = Parameters<typeof types.getTypeParser>[0];
const int8 = types.builtins.INT8;
const timestamptz = types.builtins.TIMESTAMPTZ;

type TypeParser = (text: string) => unknown;

/** Counts and positions stay far below 2^53; moments are kept to the millisecond. */
function getTypeParser(oid: TypeId, format?: 'text' | 'binary'): TypeParser {
  if (format !== 'binary' && oid === int8) return Number;
  const own: unknown = types.getTypeParser(oid, format ?? 'text');
  // pg's own table gives functions of text in text format, whatever its declaration says.
  const parse = own as TypeParser;
  if (format === 'binary' || oid !== timestamptz) return parse;
  return (text) => {
    const moment = parse(text);
    return moment instanceof Date ? moment.toISOString() : moment;
  };
}
