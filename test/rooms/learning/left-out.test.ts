/** What learning cannot put beside the rest, or derive, is left out and told of; the rest is as if it had never been there. */
import { expect, test } from 'vitest';
import { toCase } from '../../../src/learning/case.ts';
import { createCases } from '../../../src/learning/cases.ts';
import { createGrouping } from '../../../src/learning/group.ts';
import { createSequenceBook } from '../../../src/learning/likeness.ts';
import { createProcedures } from '../../../src/learning/procedures.ts';
import type { Fault } from '../../../src/learning/learning.ts';
import { createTelling } from '../../../src/learning/telling.ts';
import { readNotes, toEpisode } from './episodes.ts';

const sendMail = (n: number) =>
  toEpisode(n, `Tell ada-${n} that the build is done`, [
    { tool: 'dir__find', args: { name: `ada-${n}` }, result: { mail: `ada-${n}@example.com` } },
    { tool: 'mail__send', args: { to: `ada-${n}@example.com` } },
  ]);
const episodes = [1, 2, 3].flatMap((n) => [readNotes(n, `week-${n}.md`), sendMail(n + 10)]);

/** Tells them all to a grouping, in which the cases of some episodes cannot be compared. */
function tell(broken: ReadonlySet<string>, failed?: (fault: Fault) => void) {
  const book = createSequenceBook();
  const cases = createCases(1_000, () => undefined);
  const grouping = createGrouping(book);
  for (const episode of episodes) {
    const one = toCase(episode, book);
    if (broken.has(episode.episodeId))
      Object.defineProperty(one, 'terms', {
        get: () => {
          throw new RangeError('too deep');
        },
      });
    cases.add(episode.episodeId, [one]);
  }
  const telling = createTelling(cases, grouping, failed);
  while (telling.work());
  const procedures = (failing?: (fault: Fault) => void) =>
    createProcedures(grouping.clusters, { namespace: 'acme', book, failed: failing });
  return { grouping, procedures };
}

test('a case that cannot be told is passed over, and the rest is grouped as without it', () => {
  const faults: Fault[] = [];
  const { grouping } = tell(new Set(['e-2']), (fault) => void faults.push(fault));
  expect(faults).toMatchObject([{ what: 'episode', episodeId: 'e-2', error: new RangeError('too deep') }]);
  const members = [...grouping.clusters.values()].map((one) => one.members.map((two) => two.episodeId));
  expect(members).toEqual([
    ['e-1', 'e-3'],
    ['e-11', 'e-12', 'e-13'],
  ]);
  expect(() => tell(new Set(['e-2']))).toThrow('too deep');
});

test('a procedure that cannot be derived takes no other with it', () => {
  const { grouping, procedures } = tell(new Set());
  const [first] = [...grouping.clusters.values()];
  Object.defineProperty(first?.members[1], 'calls', {
    get: () => {
      throw new TypeError('no');
    },
  });
  const faults: Fault[] = [];
  const some = procedures((fault) => void faults.push(fault));
  for (const at of grouping.clusters.keys()) some.refresh(at, false);
  expect(faults).toMatchObject([{ what: 'procedure', episodeId: 'e-1' }]);
  expect(some.toList().map(({ trigger }) => trigger)).toEqual([expect.stringContaining('build is done')]);
  expect(() => procedures().refresh(first?.at ?? 0, false)).toThrow('no');
});
