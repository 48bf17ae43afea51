/**
 * A waiting line that is fair between namespaces: within one the first comes first, and between them turns are taken.
 * It sets no maximum of its own; who owns the line does.
 */

/** Items that wait, by key. */
export class FairLine<T> {
  /** The order of the keys is the order of their turns. */
  readonly #lines = new Map<string, Set<T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The keys with somebody waiting, and how many. */
  *counts(): Generator<readonly [key: string, count: number]> {
    for (const [key, line] of this.#lines) yield [key, line.size];
  }

  countOf(key: string): number {
    return this.#lines.get(key)?.size ?? 0;
  }

  push(key: string, item: T): void {
    const line = this.#lines.get(key);
    if (line === undefined) this.#lines.set(key, new Set([item]));
    else line.add(item);
    this.#size += 1;
  }

  /** Takes one out of the line, wherever it stands; false when it is not there. */
  remove(key: string, item: T): boolean {
    const line = this.#lines.get(key);
    if (line === undefined || !line.delete(item)) return false;
    if (line.size === 0) this.#lines.delete(key);
    this.#size -= 1;
    return true;
  }

  /** Takes the next one whose key may be served; a key that may not keeps its turn. */
  take(mayServe: (key: string) => boolean = always): T | undefined {
    for (const [key, line] of this.#lines) {
      if (!mayServe(key)) continue;
      for (const item of line) {
        line.delete(item);
        this.#size -= 1;
        this.#lines.delete(key);
        if (line.size > 0) this.#lines.set(key, line);
        return item;
      }
    }
    return undefined;
  }

  /** Empties the line, in turn. */
  takeAll(): T[] {
    const all: T[] = [];
    for (let item = this.take(); item !== undefined; item = this.take()) all.push(item);
    return all;
  }
}

const always = (): boolean => true;
