/**
 * Bounded fan-out with ordered results: at most `inFlightMax` at a time, answers in the order of the questions, and
 * the first failure stops what has not begun.
 */
import pMap from 'p-map';

/** Maps with a bound on what is in flight; results come in the order of the items. */
export async function inOrder<T, R>(
  items: readonly T[],
  map: (item: T, index: number) => Promise<R>,
  options: { readonly inFlightMax: number },
): Promise<R[]> {
  // Begun in one step they leave in one write; one after the other, each is a write of its own.
  if (items.length <= options.inFlightMax)
    return Promise.all(items.map(async (item, index) => map(item, index)));
  return pMap(items, map, { concurrency: options.inFlightMax });
}
