/** The process's log: one JSON line a record on stderr (stdout belongs to protocols and answers), through pino. */
import { pino } from 'pino';
import type { Logger } from 'pino';

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** A file instead of stderr. */
  readonly file?: string | undefined;
}

/** Opens the log; nothing that is logged may hold a secret (redaction happens before). */
export function openLog({ level, file }: LogOptions): Logger {
  const destination = pino.destination({ dest: file ?? 2, sync: true, mkdir: true });
  return pino({ level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}
