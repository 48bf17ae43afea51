/** What of a long sequence counts: a loop that runs on teaches nothing more, and work on one sequence stays bounded. */
import { bounds } from './bounds.ts';

/** Positions of a sequence that count: runs cut to `runMax`, the whole to `sequenceMax`. */
export function squeeze(symbols: readonly string[]): number[] {
  const kept: number[] = [];
  let run = 0;
  for (let at = 0; at < symbols.length && kept.length < bounds.sequenceMax; at += 1) {
    run = at > 0 && symbols[at] === symbols[at - 1] ? run + 1 : 1;
    if (run <= bounds.runMax) kept.push(at);
  }
  return kept;
}
