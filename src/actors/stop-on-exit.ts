/**
 * Takes things down before the process goes, whatever the friendly reason: a signal, or an error that nobody caught.
 * `kill -9` gives no chance, so nothing may depend on this having run.
 */
import { toPlainError } from '../../machines/words/errors.ts';
import type { Log } from './clock.ts';

/** What is needed of the process. */
export interface ExitSource {
  on(reason: ExitReason, listener: (cause: unknown) => void): unknown;
  off(reason: ExitReason, listener: (cause: unknown) => void): unknown;
}

export type ExitReason = 'SIGTERM' | 'SIGINT' | 'uncaughtException' | 'unhandledRejection';

const signals = ['SIGTERM', 'SIGINT'] as const;
const errors = ['uncaughtException', 'unhandledRejection'] as const;

export interface StopOnExitOptions {
  readonly stop: () => Promise<unknown>;
  readonly source: ExitSource;
  readonly exit: (code: number) => void;
  readonly log: Log;
}

/** Stops once, then exits: with 0 after a signal, with 70 after an error. Returns the way to stop listening. */
export function stopOnExit({ stop, source, exit, log }: StopOnExitOptions): () => void {
  let isStopping = false;
  const leave = (code: number): void => {
    if (isStopping) return;
    isStopping = true;
    stop().then(
      () => exit(code),
      (error: unknown) => {
        log.error({ err: toPlainError(error) }, 'stopping failed');
        exit(70);
      },
    );
  };
  const onSignal = (): void => leave(0);
  const onError = (error: unknown): void => {
    log.error({ err: toPlainError(error) }, 'an error that nobody caught; everything is taken down');
    leave(70);
  };
  for (const reason of signals) source.on(reason, onSignal);
  for (const reason of errors) source.on(reason, onError);
  return () => {
    for (const reason of signals) source.off(reason, onSignal);
    for (const reason of errors) source.off(reason, onError);
  };
}
