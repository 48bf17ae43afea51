/**
 * Weights of the memory graph: each joint use moves a link towards one, and what is not used fades by half in a month.
 * Pure: the moments are handed in.
 */

/** Half of a weight is gone after this long without use. */
export const halfLifeMs = 30 * 24 * 60 * 60_000;
/** How far one joint use moves a weight towards one. */
export const useGain = 0.2;
/** What has faded below this is no link any more. */
export const weightMin = 0.01;

/** What is left of a weight; a clock that went back takes nothing away. */
export function fade(weight: number, updatedAtMs: number, nowMs: number): number {
  return weight * 0.5 ** (Math.max(0, nowMs - updatedAtMs) / halfLifeMs);
}

/** The weight after one more joint use, always below one. */
export function strengthen(weight: number, updatedAtMs: number, nowMs: number): number {
  const left = fade(weight, updatedAtMs, nowMs);
  return left + (1 - left) * useGain;
}

/** A link as the search for ways reads it. */
export interface Link {
  readonly from: string;
  readonly to: string;
  readonly weight: number;
}

/**
 * The way between two nodes whose weights multiply to the most, through what `linksOf` tells of a layer of nodes; at
 * most `stepsMax` links and `nodesMax` nodes are looked at. Undefined where there is none.
 */
export async function findWay(
  from: string,
  to: string,
  o: {
    readonly stepsMax: number;
    readonly nodesMax: number;
    readonly linksOf: (nodes: readonly string[]) => Promise<readonly Link[]>;
  },
): Promise<readonly string[] | undefined> {
  const best = new Map<string, { readonly strength: number; readonly before: string | undefined }>([
    [from, { strength: 1, before: undefined }],
  ]);
  let layer = [from];
  for (let step = 0; step < o.stepsMax && layer.length > 0 && best.size < o.nodesMax; step += 1) {
    const reached = new Set<string>();
    // What this layer may use is what was known before it: a way never grows by two links in one step.
    const known = new Map(layer.map((node) => [node, best.get(node)?.strength ?? 0]));
    for (const { from: one, to: other, weight } of await o.linksOf(layer)) {
      for (const [near, far] of [
        [one, other],
        [other, one],
      ] as const) {
        const strength = (known.get(near) ?? 0) * weight;
        const isFull = best.size >= o.nodesMax && !best.has(far);
        if (strength <= (best.get(far)?.strength ?? 0) || isFull) continue;
        best.set(far, { strength, before: near });
        reached.add(far);
      }
    }
    layer = [...reached];
  }
  return best.has(to) ? toWay(best, to) : undefined;
}

function toWay(
  best: ReadonlyMap<string, { readonly before: string | undefined }>,
  to: string,
): readonly string[] {
  const way: string[] = [];
  // A better way to a node found later never passes through that node, so this ends.
  for (let node: string | undefined = to; node !== undefined; node = best.get(node)?.before)
    way.unshift(node);
  return way;
}
