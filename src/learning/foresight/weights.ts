/**
 * Weights by hashed slot. Learning needs the whole table; what was learned touches few of its slots, and a namespace of
 * ten tasks must not cost, in memory or in its row, what one of ten thousand does. A slot that nothing touched weighs 0.
 */
import { fromBytes, toBytes } from './packing.ts';

/** What serving needs. */
export interface Weights {
  /** The weight of a slot, 0 where nothing was learned. */
  at(slot: number): number;
}

/** A table that is learned. */
export class DenseWeights implements Weights {
  readonly values: Float32Array;

  constructor(bits: number) {
    this.values = new Float32Array(1 << bits);
  }

  at(slot: number): number {
    return this.values[slot] ?? 0;
  }

  /** The same weights, to be read only. */
  settle(): SparseWeights {
    const slots: number[] = [];
    for (let slot = 0; slot < this.values.length; slot += 1) if (this.values[slot] !== 0) slots.push(slot);
    return new SparseWeights(
      slots,
      Float32Array.from(slots, (slot) => this.values[slot] ?? 0),
    );
  }
}

const free = -1;

/** What was learned and nothing else: open addressing, at most half full. */
export class SparseWeights implements Weights {
  readonly #slots: Int32Array;
  readonly #values: Float32Array;
  readonly #mask: number;

  /** Each slot once, with its weight. */
  constructor(slots: ArrayLike<number>, values: ArrayLike<number>) {
    let size = 2;
    while (size < slots.length * 2) size *= 2;
    this.#mask = size - 1;
    this.#slots = new Int32Array(size).fill(free);
    this.#values = new Float32Array(size);
    for (let at = 0; at < slots.length; at += 1) {
      const place = this.#find(slots[at] ?? 0);
      this.#slots[place] = slots[at] ?? 0;
      this.#values[place] = values[at] ?? 0;
    }
  }

  at(slot: number): number {
    return this.#values[this.#find(slot)] ?? 0;
  }

  /** Slots in their order, with their weights. */
  entries(): readonly (readonly [slot: number, weight: number])[] {
    const found: [number, number][] = [];
    this.#slots.forEach((slot, place) => {
      if (slot !== free) found.push([slot, this.#values[place] ?? 0]);
    });
    return found.sort((a, b) => a[0] - b[0]);
  }

  /** Where a slot is, or would be. */
  #find(slot: number): number {
    // Fibonacci hashing: neighbouring slots must not crowd one place.
    let place = (Math.imul(slot, 0x9e3779b1) >>> 7) & this.#mask;
    for (;;) {
      const known = this.#slots[place];
      if (known === slot || known === free) return place;
      place = (place + 1) & this.#mask;
    }
  }
}

/** Weights as text: the way from each slot to the next, and whole levels of the greatest weight. */
export interface PackedWeights {
  readonly gaps: string;
  readonly levels: string;
  readonly scale: number;
}

const levelsMax = 32_767;
const gapMax = 65_535;

/** Packs them; a weight too small for a level is left out. */
export function packWeights(weights: SparseWeights): PackedWeights {
  const entries = weights.entries();
  const most = entries.reduce((greatest, [, weight]) => Math.max(greatest, Math.abs(weight)), 1e-6);
  const gaps: number[] = [];
  const levels: number[] = [];
  let last = 0;
  for (const [slot, weight] of entries) {
    const level = Math.round((weight / most) * levelsMax);
    if (level === 0) continue;
    // A way too long for one number is walked in several, over slots that weigh nothing.
    for (; slot - last > gapMax; last += gapMax) {
      gaps.push(gapMax);
      levels.push(0);
    }
    gaps.push(slot - last);
    levels.push(level);
    last = slot;
  }
  return {
    gaps: toBytes(Uint16Array.from(gaps)),
    levels: toBytes(Int16Array.from(levels)),
    scale: most / levelsMax,
  };
}

/** The weights that were packed. */
export function unpackWeights({ gaps, levels, scale }: PackedWeights): SparseWeights {
  const ways = fromBytes(gaps, Uint16Array);
  const steps = fromBytes(levels, Int16Array);
  const slots: number[] = [];
  const values: number[] = [];
  let slot = 0;
  for (let at = 0; at < ways.length; at += 1) {
    slot += ways[at] ?? 0;
    if (steps[at] === 0) continue;
    slots.push(slot);
    values.push((steps[at] ?? 0) * scale);
  }
  return new SparseWeights(slots, values);
}
