/**
 * In which order things may be brought up: each after what it needs. A circle is found when its last link is
 * registered, and told as the path it is.
 */

/** What each one needs, by name. */
export type Needs = ReadonlyMap<string, readonly string[]>;

/** The circle that leads from a name back to itself, as a path (`a`, `b`, `a`), or undefined. */
export function findCircle(needs: Needs, from: string): readonly string[] | undefined {
  const seen = new Set<string>();
  const walk = (name: string, path: readonly string[]): readonly string[] | undefined => {
    for (const next of needs.get(name) ?? []) {
      if (next === from) return [...path, next];
      if (seen.has(next)) continue;
      seen.add(next);
      const circle = walk(next, [...path, next]);
      if (circle !== undefined) return circle;
    }
    return undefined;
  };
  return walk(from, [from]);
}

/** Everything a name needs, near and far. */
export function toAllNeeds(needs: Needs, from: string): ReadonlySet<string> {
  const all = new Set<string>();
  const walk = (name: string): void => {
    for (const next of needs.get(name) ?? []) {
      if (all.has(next)) continue;
      all.add(next);
      walk(next);
    }
  };
  walk(from);
  return all;
}
