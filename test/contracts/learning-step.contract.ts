/**
 * What every step of learning promises, whatever it does: the same input gives the same output and is left unchanged,
 * the output stays within a bound, names no tool that was not seen, and shows nothing that was redacted.
 */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Episode } from '../../machines/words/episodes.ts';
import { episodeLists } from '../rooms/learning/odd-episodes.ts';

/** A step under contract: what it makes of episodes, as plain data. */
export interface LearningStep {
  readonly run: (episodes: readonly Episode[]) => unknown;
  /** The tools the output names. */
  readonly toolsIn: (output: unknown) => readonly string[];
  /** The most characters the output may have, as JSON, for so many calls. */
  readonly sizeMax: (calls: number) => number;
}

/** Runs the contract over one step. */
export function learningStepContract(step: LearningStep): void {
  it('gives the same output for the same input, and leaves the input as it was', () => {
    fc.assert(
      fc.property(episodeLists, (episodes) => {
        const before = JSON.stringify(episodes);
        const first = JSON.stringify(step.run(episodes));
        expect(JSON.stringify(step.run(structuredClone(episodes)))).toBe(first);
        expect(JSON.stringify(episodes)).toBe(before);
      }),
      { numRuns: 15 },
    );
  });

  it('never invents a tool', () => {
    fc.assert(
      fc.property(episodeLists, (episodes) => {
        const seen = new Set(episodes.flatMap((episode) => episode.calls.map((call) => call.name)));
        for (const tool of step.toolsIn(step.run(episodes))) expect(seen).toContain(tool);
      }),
      { numRuns: 15 },
    );
  });

  it('stays within its bound and shows nothing that was redacted', () => {
    fc.assert(
      fc.property(episodeLists, (episodes) => {
        const output = JSON.stringify(step.run(episodes)) ?? '';
        const calls = episodes.reduce((sum, episode) => sum + episode.calls.length, 0);
        expect(output.length).toBeLessThanOrEqual(step.sizeMax(calls));
        expect(output).not.toContain('[redacted');
      }),
      { numRuns: 15 },
    );
  });
}
