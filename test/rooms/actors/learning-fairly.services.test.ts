/** Namespaces learn by turns: what an import brought to one of them keeps no other waiting, and comes on as well. */
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import type { Episode } from '../../../machines/words/episodes.ts';
import { startExtractor } from '../../../src/actors/workers/extractor.ts';
import { ensureNamespace, listSops, saveCalls, saveEpisode } from '../../../src/store/store.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { episode as archived } from '../../support/store-rows.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';
import { readNotes } from '../learning/episodes.ts';
import { clock, noteDue, openSource } from './learning-stage.ts';

let database: TestStore;
beforeAll(async () => {
  database = await openTestStore(inject('postgresUrl'));
});
afterAll(() => database.close());

const many = 1_000;
const archive = (namespace: string, episodes: readonly Episode[]) =>
  database.store.inNamespace(namespace, async (trx) => {
    await ensureNamespace(trx);
    for (const one of episodes) {
      await saveEpisode(trx, one);
      await saveCalls(
        trx,
        one.calls.map((call, position) => ({ ...call, episodeId: one.episodeId, position })),
      );
    }
  });
const countActive = async (namespace: string): Promise<number> =>
  (await database.store.inNamespace(namespace, (trx) => listSops(trx, { limit: 10 }))).filter(
    ({ status }) => status === 'active',
  ).length;

/** An extractor, and how much waited each time that procedures were written. */
function start() {
  const written: { readonly waiting: number; readonly active: Promise<number> }[] = [];
  const extractor = startExtractor({
    store: database.store,
    source: openSource(database.store),
    clock,
    log,
    quietMs: 100,
    isShared: () => false,
    written: () => void written.push({ waiting: extractor.waiting, active: countActive('little') }),
    park: async () => undefined,
    broke: (error) => expect.unreachable(String(error)),
  });
  onTestFinished(() => extractor.stop());
  const untilLittle = () =>
    until(
      'the little one has its procedure',
      async () => {
        for (const { waiting, active } of written) if ((await active) > 0) return { waiting };
        return false;
      },
      60_000,
    );
  return { extractor, untilLittle };
}

test('three successes become a procedure before a thousand episodes of somebody else are learned', async () => {
  await archive('much', []);
  await archive('little', []);
  const { extractor, untilLittle } = start();
  await until('both are read', () => extractor.waiting === 0, 10_000);
  const much = Array.from({ length: many }, (_, n) => archived(`e-${n}`, { calls: 2, minute: n % 60 }));
  const little = [1, 2, 3].map((n) => readNotes(n, `week-${n}.md`));
  await archive('much', much);
  await archive('little', little);
  const toIds = (episodes: readonly Episode[]) => episodes.map(({ episodeId }) => episodeId);
  await noteDue(database.store, 'much', ...toIds(much));
  await noteDue(database.store, 'little', ...toIds(little));
  extractor.nudge('much');
  extractor.nudge('little');
  const { waiting } = await untilLittle();
  expect(waiting).toBeGreaterThan(many / 2);
  // The other one had its turns, too.
  expect(waiting).toBeLessThan(many);
  await until('the other one comes on', () => extractor.waiting < waiting, 20_000);
  await extractor.stop();
});
