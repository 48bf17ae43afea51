/** Slips: what one finger does wrong is one, whatever the word; another word is none. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSlip, isSpellable } from '../../../src/memory/memory.ts';

const word = fc.stringMatching(/^[a-z]{4,20}$/);

describe('a slip', () => {
  it.each([
    ['stagign', 'staging'],
    ['kuberentes', 'kubernetes'],
    ['postgers', 'postgres'],
    ['biling', 'billing'],
    ['kubernets', 'kubernetes'],
  ])('is %j for %j', (asked, meant) => expect(isSlip(asked, meant)).toBe(true));

  it.each([
    ['release', 'relearn'],
    ['test', 'task'],
    ['deploy', 'destroy'],
    ['staging', 'staging'],
  ])('is not %j for %j', (asked, other) => expect(isSlip(asked, other)).toBe(false));

  it('is one letter missing, doubled or changed with its neighbour, in both directions', () => {
    fc.assert(
      fc.property(word, fc.nat(), (meant, place) => {
        const at = place % (meant.length - 1);
        const swapped = meant.slice(0, at) + meant[at + 1] + meant[at] + meant.slice(at + 2);
        const cases = [
          meant.slice(0, at) + meant.slice(at + 1),
          meant.slice(0, at) + meant[at] + meant.slice(at),
          swapped,
        ];
        for (const asked of cases.filter((one) => one !== meant)) {
          expect(isSlip(asked, meant), asked).toBe(true);
          expect(isSlip(meant, asked)).toBe(true);
        }
      }),
    );
  });

  it('is told of words only, not of numbers and names', () => {
    expect(['billing', 'größe', 'port8080', 'a_b_c', 'api', 'x'.repeat(41)].map(isSpellable)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});
