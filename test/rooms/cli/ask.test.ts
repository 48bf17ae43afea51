/** `drey ask` against a small node: what an agent would be told, what was rejected and why, and hostile words in it. */
import { afterEach, expect, it } from 'vitest';
import { cli } from '../../support/run-cli.ts';
import { startSmallNode } from '../../support/small-node.ts';
import type { SmallNode } from '../../support/small-node.ts';

let node: SmallNode | undefined;
afterEach(() => node?.close());

const rejected = (at: number, more: object = {}) => ({
  sop_id: `p-${at}`,
  trigger: `refund order ${at}`,
  status: 'candidate',
  confidence: 0.41,
  relevance: 0.8,
  reason: 'below_bar',
  why: 'it is 41 % likely to be right, and the bar is 70 %',
  ...more,
});

async function askFor(answer: object, ...words: string[]): Promise<string> {
  node = await startSmallNode({
    routes: { 'POST /api/v1/ask': { sops: [], injected_context: [], reasoning: 'nothing fits', ...answer } },
  });
  const { code, out } = await cli(['ask', 'refund', 'order', ...words, '--url', node.url]);
  expect(code).toBe(0);
  return out;
}

it('tells what was rejected, and why', async () => {
  const out = await askFor({ rejected: [rejected(1)], bar: 0.7 });
  expect(out).toBe(
    [
      'nothing fits',
      '',
      'rejected  the bar is 70 % likely to be right',
      '  refund order 1',
      '    p-1  candidate  fits 80 %, right 41 %',
      '    it is 41 % likely to be right, and the bar is 70 %',
      '',
    ].join('\n'),
  );
});

it('shows the nearest five of many, and where the others are', async () => {
  const out = await askFor({ rejected: Array.from({ length: 9 }, (_, at) => rejected(at)), bar: 0.7 });
  expect(out).toContain('refund order 4');
  expect(out).not.toContain('refund order 5');
  expect(out).toContain('and 4 more: --json shows all');
});

it('says that a task is held out', async () => {
  expect(await askFor({ held_out: true })).toContain('an agent gets nothing for it');
});

it('shows an older node’s answer, and nobody’s commands to the terminal', async () => {
  const out = await askFor({ rejected: [rejected(1, { trigger: '\u001b[2Jgone', why: 'a\u0007b' })] });
  expect(out).not.toContain('\u001b');
  expect(out).not.toContain('\u0007');
  await node?.close();
  expect(await askFor({})).toBe('nothing fits\n');
});
