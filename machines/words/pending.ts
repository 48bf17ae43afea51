/**
 * What is under way, by its id: a map of things that live briefly. It is no `Map`: V8 leaves each table that a `Map` or
 * `Set` has outgrown pointing at the next one, and whatever was in it lives on with it until a full collection. Where
 * entries come and go with every call, that keeps all that belonged to them, and most of the collector's work is that.
 */

/** A map of what is under way; it iterates in the order in which things began. */
export class Pending<T extends object> {
  #byId: Record<string, T> = Object.create(null);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(id: string): boolean {
    return this.#byId[id] !== undefined;
  }

  get(id: string): T | undefined {
    return this.#byId[id];
  }

  set(id: string, one: T): void {
    if (this.#byId[id] === undefined) this.#size += 1;
    this.#byId[id] = one;
  }

  /** False when there was none. */
  delete(id: string): boolean {
    if (this.#byId[id] === undefined) return false;
    this.#size -= 1;
    return delete this.#byId[id];
  }

  entries(): [string, T][] {
    return Object.entries(this.#byId);
  }

  values(): T[] {
    return Object.values(this.#byId);
  }

  clear(): void {
    this.#byId = Object.create(null);
    this.#size = 0;
  }
}
