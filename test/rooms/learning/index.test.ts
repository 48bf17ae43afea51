import { describe, expect, it } from 'vitest';
import { createIndex, type ServedSop } from '../../../src/learning/learning.ts';

/** Words without meaning, the first ones common: the same for the same number. */
function createWords(seed: number): () => string {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    let place = Math.floor(3_000 * (state / 2_147_483_648) ** 3) + 1;
    let word = '';
    for (; place > 0; place = Math.floor(place / 60)) {
      word += 'bdfgklmnprst'.charAt(place % 12) + 'aeiou'.charAt(Math.floor(place / 12) % 5);
    }
    return `${word}m`;
  };
}

function createSops(count: number): ServedSop[] {
  const next = createWords(7);
  const sentence = () => Array.from({ length: 10 }, next).join(' ');
  return Array.from({ length: count }, (_, n) => ({
    sopId: `p-${n}`,
    trigger: sentence(),
    triggerFrom: 'task',
    steps: [],
    procedure: [0, 1, 2].map((at) => ({
      tool: `s__tool_${(n * (at + 1)) % 50}`,
      optional: false,
      repeated: false,
      alternatives: [],
      support: 1,
      args: {},
    })),
    confidence: 0.8,
    occurrences: 3,
    wordings: [sentence()],
  }));
}

describe('index', () => {
  it('answers right after every put and remove, while it is being filled', () => {
    const index = createIndex([]);
    const sops = createSops(1_200);
    sops.forEach((sop, n) => {
      index.put(sop);
      if (n % 100 !== 99) return;
      for (const known of [sop, sops[n >> 1], sops[0]]) {
        const ranked = index.rank({ task: known?.trigger ?? '', limit: 5, minConfidence: 0.7 });
        expect(ranked.map((each) => each.sop.sopId)).toContain(known?.sopId);
      }
    });
    expect(index.size).toBe(1_200);
    for (const sop of sops.slice(0, 600)) index.remove(sop.sopId);
    const task = sops[3]?.trigger ?? '';
    expect(index.rank({ task, limit: 50, minConfidence: 0 }).map((each) => each.sop.sopId)).not.toContain(
      'p-3',
    );
    expect(index.size).toBe(600);
  });

  it('is empty again when everything was removed', () => {
    const sops = createSops(40);
    const index = createIndex(sops);
    for (const sop of sops) index.remove(sop.sopId);
    expect(index.size).toBe(0);
    expect(index.rank({ task: sops[0]?.trigger ?? '', limit: 5, minConfidence: 0 })).toEqual([]);
  });
});
