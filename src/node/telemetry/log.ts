/** The process's log: one JSON line a record on stderr (stdout belongs to protocols and answers), through pino. */
import { pino } from 'pino';
import type { Logger, LoggerOptions } from 'pino';
import { createLineFilter } from '../sealing.ts';

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** A file instead of stderr. */
  readonly file?: string | undefined;
}

/** Every line goes through redaction as a whole: names, sentences, causes and stacks. */
function toSettings(level: LogOptions['level']): LoggerOptions {
  return {
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    hooks: { streamWrite: createLineFilter() },
  };
}

/** Opens the log; no secret gets into a line. */
export function openLog({ level, file }: LogOptions): Logger {
  const destination = pino.destination({ dest: file ?? 2, sync: true, mkdir: true });
  return pino(toSettings(level), destination);
}

export interface HeldLog {
  readonly log: Logger;
  /** Writes what was kept, in order, and everything from now on at once. */
  release(): void;
}

/** Lines kept of a start; a start that says more is not held any longer. */
const heldMax = 1_000;

/** A log that keeps its lines until it is released: a start that fails says its one sentence and nothing else. */
export function openHeldLog({ level, file }: LogOptions): HeldLog {
  const destination = pino.destination({ dest: file ?? 2, sync: true, mkdir: true });
  let held: string[] | undefined = [];
  const release = (): void => {
    for (const line of held ?? []) destination.write(line);
    held = undefined;
  };
  const write = (line: string): void => {
    if (held === undefined) destination.write(line);
    else if (held.push(line) > heldMax) release();
  };
  return { log: pino(toSettings(level), { write }), release };
}
