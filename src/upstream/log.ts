/** Where this room writes what nobody asked for. It keeps nothing. */

/** A log; pino fits. */
export interface Log {
  debug(fields: object, sentence: string): void;
  info(fields: object, sentence: string): void;
  warn(fields: object, sentence: string): void;
  error(fields: object, sentence: string): void;
}
