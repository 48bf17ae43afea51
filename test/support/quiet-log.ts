/** A log for tests that keeps nothing; warnings and errors can be read back from `recordingLog`. */
import type { Log } from '../../infra/servers/servers.ts';

const nothing = (): void => undefined;

/** Says nothing. */
export const quietLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** Keeps the sentences, so that a test can ask what was said. */
export function recordingLog(): { readonly log: Log; readonly sentences: string[] } {
  const sentences: string[] = [];
  const keep = (_fields: object, sentence: string): void => void sentences.push(sentence);
  return { log: { debug: keep, info: keep, warn: keep, error: keep }, sentences };
}
