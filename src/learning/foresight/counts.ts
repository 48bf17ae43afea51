/** Counts of what came next in a context: tables keyed by numbers, each task weighing the same whatever its runs. */

/** What followed one context. */
export interface Followers {
  total: number;
  readonly counts: Map<number, number>;
}

/** One table for each kind of context. */
export class CountTables {
  readonly #tables: readonly Map<number, Followers>[];

  constructor(kinds: number) {
    this.#tables = Array.from({ length: kinds }, () => new Map<number, Followers>());
  }

  add(kind: number, context: number, next: number, weight: number): void {
    const table = this.#tables[kind];
    if (table === undefined) return;
    let found = table.get(context);
    if (found === undefined) table.set(context, (found = { total: 0, counts: new Map() }));
    found.total += weight;
    found.counts.set(next, (found.counts.get(next) ?? 0) + weight);
  }

  get(kind: number, context: number): Followers | undefined {
    return this.#tables[kind]?.get(context);
  }
}
