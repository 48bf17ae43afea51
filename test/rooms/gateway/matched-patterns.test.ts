// Which tools patterns are asked about: those that are likely to be called, whatever each may be called for.
import { expect, it } from 'vitest';
import { findPatterns } from '../../../src/gateway/tools/matched-patterns.ts';

it('a tool is likely that several of the next steps call, each for something else', async () => {
  const asked: (readonly string[])[] = [];
  const needs: Parameters<typeof findPatterns>[0] = {
    matchPatterns: async ({ likely }) => {
      asked.push(likely);
      return [];
    },
  };
  const question = { namespace: 'acme', task: 'Clean up', recentSteps: [], topK: 3 };
  await findPatterns(needs, question, undefined, [
    { tool: 'gh__issue', ask: { action: 'close' }, probability: 0.35 },
    { tool: null, probability: 0.33 },
    { tool: 'gh__issue', ask: { action: 'label' }, probability: 0.3 },
    { tool: 'mail__send', probability: 0.02 },
  ]);
  expect(asked).toEqual([['gh__issue']]);
});
