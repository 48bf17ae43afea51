/**
 * Things that are kept once as long as somebody has them: found by what they are, counted by who took them, and let go with
 * the last one. Two who have the same at one time have one thing, so that it may be told apart by identity.
 */
import { mix } from './foresight/hashing.ts';

/** What can be kept. */
export class Held {
  /** How many have it; 0 for what is not kept. */
  uses = 0;
  /** Another one that the same number finds. */
  next: Held | undefined = undefined;
}

/** How things are found. */
export interface Kind<Key, Thing extends Held> {
  /** Texts that tell keys apart well enough to find them. */
  readonly words: (key: Key) => readonly string[];
  readonly isSame: (thing: Thing, key: Key) => boolean;
  readonly keyOf: (thing: Thing) => Key;
  readonly make: (key: Key) => Thing;
  /** What comes beyond is for whoever asked alone. There are never more than are taken at once. */
  readonly max?: number;
}

export interface HeldOnce<Key, Thing extends Held> {
  /** How many things are kept. */
  readonly size: number;
  /** The thing of this key, for one more who has it. */
  take(this: void, key: Key): Thing;
  /** One more has it. */
  share(this: void, thing: Thing): Thing;
  /** One less has it. True where that was the last one. */
  release(this: void, thing: Thing): boolean;
}

/** Keeps nothing yet. */
export function createHeldOnce<Key, Thing extends Held>(kind: Kind<Key, Thing>): HeldOnce<Key, Thing> {
  const { words, isSame, keyOf, make, max = Infinity } = kind;
  const first = new Map<number, Thing>();
  let size = 0;

  function drop(thing: Thing): void {
    const at = toNumber(words(keyOf(thing)));
    size -= 1;
    const rest = thing.next as Thing | undefined;
    thing.next = undefined;
    let before: Held | undefined = first.get(at);
    if (before === thing) {
      if (rest === undefined) first.delete(at);
      else first.set(at, rest);
      return;
    }
    while (before !== undefined && before.next !== thing) before = before.next;
    if (before !== undefined) before.next = rest;
  }
  return {
    get size() {
      return size;
    },
    take(key) {
      const at = toNumber(words(key));
      const known = first.get(at);
      for (let found = known; found !== undefined; found = found.next as Thing | undefined) {
        if (!isSame(found, key)) continue;
        found.uses += 1;
        return found;
      }
      const made = make(key);
      if (size >= max) return made;
      made.uses = 1;
      made.next = known;
      first.set(at, made);
      size += 1;
      return made;
    },
    share(thing) {
      if (thing.uses > 0) thing.uses += 1;
      return thing;
    },
    release(thing) {
      if (thing.uses === 0) return false;
      thing.uses -= 1;
      if (thing.uses > 0) return false;
      drop(thing);
      return true;
    },
  };
}

/** Small enough to be no object of its own. */
function toNumber(words: readonly string[]): number {
  let number = words.length;
  for (const word of words) {
    let own = 0x811c9dc5;
    for (let at = 0; at < word.length; at += 1) own = Math.imul(own ^ word.charCodeAt(at), 0x01000193);
    number = mix(number, own);
  }
  return number | 0;
}
