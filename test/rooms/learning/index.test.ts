import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createIndex,
  createPackedIndex,
  type PackedSop,
  type RankQuery,
  type ServedSop,
} from '../../../src/learning/learning.ts';

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

/** What happens to an index, in short: a SOP comes or comes anew, one goes, somebody asks. */
type Happening =
  | { readonly what: 'put'; readonly id: number; readonly content: number; readonly sure: number }
  | { readonly what: 'remove'; readonly id: number }
  | { readonly what: 'ask'; readonly content: number };

const happenings: fc.Arbitrary<readonly Happening[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        what: fc.constant('put' as const),
        id: fc.nat(60),
        content: fc.nat(199),
        sure: fc.integer({ min: 1, max: 99 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ what: fc.constant('remove' as const), id: fc.nat(60) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant('ask' as const), content: fc.nat(199) }) },
  ),
  { minLength: 20, maxLength: 150, size: 'max' },
);

const toPacked = (sop: ServedSop): PackedSop => ({ ...sop, tools: sop.procedure.map(({ tool }) => tool) });

/** The two that must answer alike: one for what is served from memory whole, one for what is found and then read. */
const kinds = {
  index: () => createIndex([]),
  'packed index': () => {
    const packed = createPackedIndex();
    return {
      put: (sop: ServedSop) => packed.put(toPacked(sop)),
      remove: (sopId: string) => packed.remove(sopId),
      rank: (query: RankQuery) => packed.rank(query),
    };
  },
} as const;

const askFor =
  (index: { rank(query: RankQuery): ReturnType<ReturnType<typeof createPackedIndex>['rank']> }) =>
  (query: RankQuery) =>
    index.rank(query).map(({ sop, ...rest }) => ({ ...rest, id: sop.sopId }));

describe('index', () => {
  it.each(Object.entries(kinds))(
    '(%s) that was changed answers exactly as one that is made anew',
    (_kind, create) => {
      const samples = createSops(200);
      const tasks = [0, 40, 80, 120, 160].map((at) => samples[at]?.trigger ?? '');
      const askAll = (index: Parameters<typeof askFor>[0], minConfidence: number) =>
        tasks.map((task) => askFor(index)({ task, limit: 20, minConfidence }));
      fc.assert(
        fc.property(happenings, fc.constantFrom(0, 0.3, 0.7), (told, minConfidence) => {
          const index = create();
          const left = new Map<string, ServedSop>();
          for (const one of told) {
            if (one.what === 'ask') {
              index.rank({ task: samples[one.content]?.trigger ?? '', limit: 5, minConfidence: 0 });
              continue;
            }
            const sopId = `p-${one.id}`;
            left.delete(sopId);
            if (one.what === 'remove') {
              index.remove(sopId);
              continue;
            }
            const content = samples[one.content];
            if (content === undefined) continue;
            const sop = { ...content, sopId, confidence: one.sure / 100 };
            left.set(sopId, sop);
            index.put(sop);
          }
          const anew = askAll(createIndex([...left.values()].toReversed()), minConfidence);
          expect(askAll(index, minConfidence)).toEqual(anew);
        }),
        { numRuns: 25 },
      );
    },
  );

  it.each(Object.entries(kinds))(
    '(%s) that holds many alike answers exactly as one that is made anew',
    (_kind, create) => {
      // More of one wording than are compared, and more than are looked at to see what a word tells.
      const many = createSops(1_500).map((sop, n) =>
        n % 3 === 0 ? { ...sop, trigger: 'export the ledger' } : sop,
      );
      const changed = create();
      for (const sop of many.slice(0, 900)) changed.put(sop);
      changed.rank({ task: 'export the ledger', limit: 5, minConfidence: 0 });
      for (const { sopId } of many.slice(0, 300)) changed.remove(sopId);
      for (const sop of many.toReversed()) changed.put(sop);
      for (const { sopId } of many.slice(1_200)) changed.remove(sopId);
      const anew = createIndex(many.slice(0, 1_200));
      for (const task of ['export the ledger', many[7]?.trigger ?? '', many[800]?.wordings[0] ?? '']) {
        const asked = { task, limit: 40, minConfidence: 0 };
        expect(askFor(changed)(asked)).toEqual(askFor(anew)(asked));
      }
    },
  );

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

  it('that is packed counts what it takes, and gives room back to what comes after', () => {
    const sops = createSops(1_000).map(toPacked);
    const packed = createPackedIndex();
    for (const sop of sops) packed.put(sop);
    const { bytes } = packed;
    // Two wordings of ten words each: fifty places, and as many pairs of words that nobody else has.
    expect(bytes / sops.length).toBeGreaterThan(1_000);
    expect(bytes / sops.length).toBeLessThan(8_000);
    for (let round = 0; round < 5; round += 1) for (const sop of sops.toReversed()) packed.put(sop);
    expect(packed.size).toBe(1_000);
    expect(packed.bytes).toBe(bytes);
  });
});
