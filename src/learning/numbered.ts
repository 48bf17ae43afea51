/** Things that are kept once and known by a number. Nothing is ever let go; beyond the maximum a thing stands for itself. */

export interface Numbered<Thing> {
  pack(this: void, thing: Thing): number | Thing;
  unpack(this: void, packed: number | Thing): Thing;
}

/** Keeps nothing yet, and never more than `max`. Things are JSON, and no numbers themselves. */
export function createNumbered<Thing extends object | string>(max: number): Numbered<Thing> {
  const things: Thing[] = [];
  const numbers = new Map<string, number>();
  return {
    pack(thing) {
      const key = JSON.stringify(thing);
      const found = numbers.get(key);
      if (found !== undefined) return found;
      if (things.length >= max) return thing;
      numbers.set(key, things.length);
      // What is read back is the thing without what its texts were cut out of.
      return things.push(JSON.parse(key) as Thing) - 1;
    },
    unpack(packed) {
      const found = typeof packed === 'number' ? things[packed] : packed;
      if (found === undefined) throw new RangeError('this was never packed');
      return found;
    },
  };
}
