/** Searches stay cheap where words are common: a small run of the bench, whose plans must use the index. */
import { expect, inject, it } from 'vitest';
import { measureMemories } from '../../../bench/layer1-memories.ts';
import { openTestStore } from '../../../support/store.ts';

it('a search in a full namespace looks at few rows, through the index', async () => {
  const opened = await openTestStore(inject('postgresUrl'));
  const size = Number(process.env['DREY_MEMORIES'] ?? '4000');
  const figures = await measureMemories({
    store: opened.store,
    adminUrl: opened.url,
    namespace: 'big',
    memories: size,
    others: {
      names: Array.from({ length: Math.ceil(size / 1_000) }, (_, n) => `beside-${n}`),
      memories: 500,
    },
    questions: 60,
    stores: 10,
  });
  await opened.close();
  if (process.env['DREY_MEMORIES'] !== undefined)
    console.log(JSON.stringify(figures, null, 1).replaceAll('\\n', '\n'));
  expect(figures.rows).toBe(size + Math.ceil(size / 1_000) * 500);
  expect(figures.answered).toBeGreaterThan(50);
  expect(figures.plans.join('\n')).toContain('memories_words');
  expect(figures.plans.join('\n')).toContain('memories_lot');
}, 600_000);
