/**
 * Results that are asked for again and again: what was asked for last is kept, up to so many characters of texts. What it
 * gives is what was computed.
 */

/** The function with a memory; texts of so many characters in all are known at most. */
export function remember<Result extends string | object>(
  compute: (text: string) => Result,
  charsMax: number,
): (this: void, text: string) => Result {
  // What was not asked for while one half filled goes with the other one.
  let recent = new Map<string, Result>();
  let before = new Map<string, Result>();
  let chars = 0;
  return (text) => {
    const found = recent.get(text);
    if (found !== undefined) return found;
    const result = before.get(text) ?? compute(text);
    if (chars + text.length > charsMax / 2) {
      before = recent;
      recent = new Map();
      chars = 0;
    }
    recent.set(text, result);
    chars += text.length;
    return result;
  };
}
