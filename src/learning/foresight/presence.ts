/**
 * Which tools a task's words ask for: one logistic regression a tool over the words, and one weight they share, for words
 * that stand in the tool's own name.
 */
import { toNameWords, toStem } from '../terms.ts';
import type { Documents } from './documents.ts';
import { hashText, mix } from './hashing.ts';
import { DenseWeights } from './weights.ts';
import type { SparseWeights, Weights } from './weights.ts';
import type { Features } from './wording-features.ts';

export const presenceSettings = { bits: 17, epochs: 6, rate: 0.25, named: 2, toolsMax: 400 } as const;

/** A task with the tools it took and how often. */
export interface ToolUse {
  readonly features: Features;
  readonly uses: ReadonlyMap<string, number>;
}

export interface PresenceWeights {
  readonly words: SparseWeights;
  readonly named: number;
}

export interface Presence {
  readonly weights: PresenceWeights;
  readonly tools: readonly string[];
  /** For each tool the probability that the task takes it. */
  ask(features: Features): ReadonlyMap<string, number>;
}

interface Looked {
  readonly ids: readonly number[];
  readonly values: readonly number[];
  readonly known: ReadonlySet<number>;
}

/** Asks with weights that were learned before. */
export function createPresence(
  tools: readonly string[],
  documents: Documents,
  weights: PresenceWeights,
): Presence {
  const named = new Map(tools.map((tool) => [tool, toStems(tool)]));
  const salts = new Map(tools.map((tool) => [tool, mix(hashText(tool), 77)]));
  return {
    weights,
    tools,
    ask(features) {
      const looked = look(documents, features);
      return new Map(
        tools.map((tool) => {
          const salt = salts.get(tool) ?? 0;
          const overlap = toOverlap(looked, named.get(tool) ?? []);
          return [tool, toChance(weights.words, weights.named * overlap, looked, salt)];
        }),
      );
    },
  };
}

/** Learns which words ask for which tools; yields from time to time. */
export function* learnPresence(
  documents: Documents,
  examples: readonly ToolUse[],
): Generator<undefined, Presence> {
  const counts = new Map<string, number>();
  for (const { uses } of examples)
    for (const tool of uses.keys()) counts.set(tool, (counts.get(tool) ?? 0) + 1);
  const tools = [...counts]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, presenceSettings.toolsMax)
    .map(([tool]) => tool);
  const words = new DenseWeights(presenceSettings.bits);
  const squares = new Float32Array(words.values.length);
  const shared = { named: presenceSettings.named, square: 1 };
  const looks = examples.map(({ features }) => look(documents, features));
  const facts = tools.map((tool) => ({ tool, salt: mix(hashText(tool), 77), stems: toStems(tool) }));
  for (let epoch = 0; epoch < presenceSettings.epochs; epoch += 1) {
    for (const [at, { uses }] of examples.entries()) {
      const looked = looks[at];
      if (looked === undefined) continue;
      for (const { tool, salt, stems } of facts) {
        const overlap = toOverlap(looked, stems);
        const chance = toChance(words, shared.named * overlap, looked, salt);
        const gradient = (uses.get(tool) ?? 0) - chance;
        if (Math.abs(gradient) < 0.01) continue;
        learnWords(words.values, squares, looked, salt, gradient);
        shared.square += (gradient * overlap) ** 2;
        shared.named += (0.05 * gradient * overlap) / Math.sqrt(shared.square);
      }
      if (at % 16 === 15) yield;
    }
  }
  return createPresence(tools, documents, { words: words.settle(), named: shared.named });
}

function learnWords(
  words: Float32Array,
  squares: Float32Array,
  { ids, values }: Looked,
  salt: number,
  gradient: number,
): void {
  for (let at = 0; at < ids.length; at += 1) {
    const slot = toSlot(ids[at] ?? 0, salt);
    const step = gradient * (values[at] ?? 0);
    const square = (squares[slot] ?? 0) + step * step;
    squares[slot] = square;
    words[slot] = (words[slot] ?? 0) + (presenceSettings.rate * step) / Math.sqrt(square + 0.05);
  }
}

const bias = hashText('presence bias');

/** A text's words with what they weigh, the whole as long as 3. */
function look(documents: Documents, { ids, weights, words }: Features): Looked {
  const own = [...ids.subarray(0, words)];
  const raw = own.map((id, at) => (weights[at] ?? 0) * documents.weightOf(id, 0));
  const length = Math.sqrt(raw.reduce((sum, value) => sum + value * value, 0)) || 1;
  return {
    ids: [bias, ...own],
    values: [1, ...raw.map((value) => (value / length) * 3)],
    known: new Set(own),
  };
}

function toSlot(word: number, salt: number): number {
  return (word ^ salt) & ((1 << presenceSettings.bits) - 1);
}

function toChance(words: Weights, ofName: number, { ids, values }: Looked, salt: number): number {
  let sum = ofName - 1.5;
  for (let at = 0; at < ids.length; at += 1) sum += (values[at] ?? 0) * words.at(toSlot(ids[at] ?? 0, salt));
  return 1 / (1 + Math.exp(-sum));
}

function toStems(tool: string): number[] {
  return [...new Set(toNameWords(tool).map((word) => hashText(toStem(word))))];
}

/** The share of a tool's name that the text says. */
function toOverlap({ known }: Looked, stems: readonly number[]): number {
  return stems.length === 0 ? 0 : stems.filter((stem) => known.has(stem)).length / stems.length;
}
