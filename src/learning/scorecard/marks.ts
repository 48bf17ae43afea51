/** How near a served procedure comes to what was really done. */

/** Two ways of looking at it, each from 0 to 1. */
export interface Mark {
  readonly f1: number;
  readonly nlcs: number;
}

/** Set-F1 and longest common subsequence over the longer length. */
export function mark(served: readonly string[], real: readonly string[]): Mark {
  if (served.length === 0 || real.length === 0) return { f1: 0, nlcs: 0 };
  const [left, right] = [new Set(served), new Set(real)];
  const both = [...left].filter((tool) => right.has(tool)).length;
  let row = Array.from({ length: real.length + 1 }, () => 0);
  for (const tool of served) {
    const next = [0];
    real.forEach((other, at) => {
      next.push(tool === other ? (row[at] ?? 0) + 1 : Math.max(row[at + 1] ?? 0, next[at] ?? 0));
    });
    row = next;
  }
  return {
    f1: (2 * both) / (left.size + right.size),
    nlcs: (row.at(-1) ?? 0) / Math.max(served.length, real.length),
  };
}
