/** A set of mostly one thing: as long as it has no more than that, it takes no room for others. In order of arrival. */
export class Few<Thing extends object> implements Iterable<Thing> {
  #one: Thing | undefined;
  #all: Set<Thing> | undefined;

  get size(): number {
    return this.#all?.size ?? (this.#one === undefined ? 0 : 1);
  }

  add(thing: Thing): void {
    if (this.#all !== undefined) this.#all.add(thing);
    else if (this.#one === undefined) this.#one = thing;
    else if (this.#one !== thing) {
      this.#all = new Set([this.#one, thing]);
      this.#one = undefined;
    }
  }

  delete(thing: Thing): void {
    if (this.#all !== undefined) this.#all.delete(thing);
    else if (this.#one === thing) this.#one = undefined;
  }

  *[Symbol.iterator](): Iterator<Thing> {
    if (this.#all !== undefined) yield* this.#all;
    else if (this.#one !== undefined) yield this.#one;
  }
}
