/**
 * Makes cases anew whose calls have other symbols now, since a key was found that tells the calls of their tools apart, or
 * no longer does. Slice by slice, so that others get their turn; what comes out is what their episodes would give by these keys.
 */
import { bounds } from './bounds.ts';
import { type Case, releaseRemade, remake, teachesSteps } from './case.ts';
import type { Cases } from './cases.ts';
import type { KeyBook } from './keys/key-book.ts';
import type { SequenceBook } from './likeness.ts';
import { releaseCuts } from './parts/cut.ts';

/** Counts what a case says of keys, or takes it back. What was done without a stated task is a wording of its own each time. */
export function countKeys(keys: KeyBook, one: Case, sign: 1 | -1): void {
  if (one.tried !== undefined) keys.callers.note(one.tried.line.symbols, one.episodeId, sign);
  if (!teachesSteps(one)) return;
  const wording = one.stated ? String(one.wordingKey) : one.episodeId;
  keys.count(one.chosen, { principal: one.principal, wording }, sign);
}

/** Gives what does a slice, and says whether more is left. */
export function createRenaming(
  cases: Pick<Cases, 'known' | 'replace'>,
  keys: KeyBook,
  book: SequenceBook,
): (shared: boolean) => boolean {
  const left = new Set<string>();

  function rename(before: Case): void {
    const one = remake(before, book, keys);
    cases.replace(one);
    releaseRemade(before, one, book);
    releaseCuts(before, book);
  }
  return (shared) => {
    const tools = keys.review(shared);
    if (tools.size > 0)
      for (const id of keys.callers.of(tools) ?? cases.known.keys()) {
        const one = cases.known.get(id);
        if (one !== undefined && hasCalled(one, tools)) left.add(id);
      }
    let slice: number = bounds.renamedPerSlice;
    for (const id of left) {
      if (slice === 0) return true;
      slice -= 1;
      left.delete(id);
      const one = cases.known.get(id);
      if (one !== undefined) rename(one);
    }
    return false;
  };
}

/** Whether any of these tools was called with a word that may be part of its symbol. */
function hasCalled({ tried }: Case, tools: ReadonlySet<string>): boolean {
  return tried?.line.symbols.some(({ tool }) => tools.has(tool)) === true;
}
