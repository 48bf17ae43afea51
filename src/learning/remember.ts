/** Results that are asked for again and again: kept up to a number, then all let go. What it gives is what was computed. */

/** The function with a memory of so many results. */
export function remember<Result>(
  compute: (text: string) => Result,
  max: number,
): (this: void, text: string) => Result {
  const known = new Map<string, Result>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    if (known.size >= max) known.clear();
    const result = compute(text);
    known.set(text, result);
    return result;
  };
}
