// How good what is learned is, on a running node: backtests of its own history, patterns, lift and the report.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { connectOld } from './rig/clients.ts';
import { createPlace, runDrey } from './rig/place.ts';
import type { Place } from './rig/place.ts';
import { untilLearned } from './rig/status.ts';

const step = (tool: string, args: object, result: unknown, error = false) => ({ tool, args, result, error });
const names =
  'amber basil cedar dahlia elder fennel garnet hazel indigo juniper kelp lilac maple nutmeg opal'.split(' ');

/** Three kinds of task, each done the same way every time. */
const kinds = [
  (name: string, n: number) => ({
    task: `Refund the order of customer ${name} numbered A-${n}17`,
    steps: [
      step('shop__find_order', { number: `A-${n}17` }, { order: { payment: `pay_${n}${name}` } }),
      step('shop__refund_payment', { payment: `pay_${n}${name}` }, true),
    ],
  }),
  (name: string, n: number) => ({
    task: `Book a meeting room for the team ${name} this afternoon`,
    steps: [
      step('cal__list_rooms', { team: name }, { rooms: [{ id: `room-${n}` }] }),
      step('cal__book_room', { room: `room-${n}` }, 'booked'),
    ],
  }),
  (name: string) => ({
    task: `Restart the service ${name} because it does not answer`,
    steps: [
      step('ops__restart_service', { service: name }, 'the lock is held', true),
      step('ops__release_lock', { service: name }, 'released'),
      step('ops__restart_service', { service: name }, 'done'),
    ],
  }),
];

let place: Place;
let node: NodeProcess;
const drey = (...words: string[]) => runDrey(place, [...words, '--data', place.dataFolder]);

beforeAll(async () => {
  place = await createPlace({ learning: { quietMs: 300 } });
  node = await startNodeProcess({ ...place });
  const lines = names.flatMap((name, n) =>
    kinds.map((kind, at) =>
      JSON.stringify({ episode_id: `e-${at}-${n}`, agent: 'ada', success: true, ...kind(name, n) }),
    ),
  );
  const file = join(place.folder, 'many.jsonl');
  await writeFile(file, lines.join('\n'));
  const ended = await drey('import', file, '--namespace', 'default');
  if (ended.code !== 0) throw new Error(`the import failed: ${ended.stderr}`);
  await untilLearned(node);
}, 120_000);

afterAll(async () => {
  await node?.stop();
  await place?.remove();
});

describe('drey backtest', () => {
  it('measures the imported history and draws it', async () => {
    const plot = join(place.folder, 'honest.svg');
    const ended = await drey('backtest', '--json', '--plot', plot);
    expect([ended.code, ended.stderr]).toEqual([0, `The diagram is in ${plot}.\n`]);
    const report = JSON.parse(ended.stdout);
    expect(report).toMatchObject({ state: 'done', namespace: 'default', episodes: 45, error: null });
    expect(report.cards.map((card: { split: string }) => card.split)).toEqual(['time', 'task']);
    const [time] = report.cards;
    expect(time.taught + time.held_out).toBe(45);
    expect(time.scores.next1).toBeGreaterThan(time.baselines.bigram.next1);
    expect(await readFile(plot, 'utf8')).toContain('<circle');
  });

  it('is nobody’s business in another namespace', async () => {
    const ended = await drey('backtest', '--json', '--namespace', 'empty');
    const { backtest_id: id, cards } = JSON.parse(ended.stdout);
    expect(cards).toEqual([]);
    const elsewhere = await fetch(`${node.url}/api/v1/backtests/${id}?namespace=default`);
    expect([elsewhere.status, await elsewhere.json()]).toMatchObject([404, { code: 'backtest_unknown' }]);
  });
});

interface Pattern {
  readonly pattern_id: string;
  readonly pattern_type: string;
  readonly action: Readonly<Record<string, unknown>>;
  readonly confidence: number;
  readonly applied_count: number;
  readonly success_count: number;
  readonly effectiveness: number;
}
const listPatterns = async (...words: string[]): Promise<readonly Pattern[]> => {
  const { patterns } = JSON.parse((await drey('patterns', 'list', '--json', ...words)).stdout);
  return patterns as readonly Pattern[];
};

describe('patterns', () => {
  it('are found in what was imported, and shown', async () => {
    const found = await until(
      'the recovery is found',
      async () => (await listPatterns('--type', 'failure_recovery'))[0],
      30_000,
    );
    expect(found).toMatchObject({ action: { call: 'ops__release_lock' }, applied_count: 0 });
    const all = await listPatterns();
    expect(new Set(all.map((one) => one.pattern_type))).toEqual(
      new Set(['context_injection', 'proactive_search', 'failure_recovery', 'precondition']),
    );
    const { stdout } = await drey('patterns', 'show', found.pattern_id);
    expect(stdout).toContain('When ops__restart_service fails, ops__release_lock gets things going again.');
    // It may have been found while the import was still going on; figures that hardly move are not written again.
    expect(stdout).toMatch(/Seen in (\d+) of \1 episodes in which it could be seen, \d/);
    expect((await drey('patterns')).stdout).toContain('Call shop__find_order before shop__refund_payment.');
  });

  it('reach an agent when they fit, count as applied when it follows them, and are weighed by what it says', async () => {
    const agent = await connectOld(node.url);
    const inject = async (task: string, steps: readonly object[]) => {
      const asked = { current_task: task, recent_memories: [], recent_steps: steps };
      const { structured } = await agent.call('acontext_inject_context', asked);
      const { injected_context: injected } = structured as {
        injected_context: readonly { type: string; content: string; pattern_id?: string }[];
      };
      return injected.filter(({ type }) => type === 'pattern');
    };
    const task = 'Restart the service quartz because it does not answer';
    const failed = { tool: 'ops__restart_service', args: { service: 'quartz' }, error: 'locked' };
    const [pattern] = await inject(task, [failed]);
    expect(pattern?.content).toContain('ops__release_lock gets things going again');
    expect(await inject('Paint the fence green', [])).toEqual([]);
    const id = pattern?.pattern_id ?? '';
    const told = await agent.call('acontext_record_feedback', { pattern_id: id, helpful: true });
    expect(told.structured).toMatchObject({ pattern_id: id, applied_count: 1, success_count: 1 });
    await agent.close();
    const [now] = await listPatterns('--type', 'failure_recovery');
    expect(now).toMatchObject({ pattern_id: id, applied_count: 1, effectiveness: 1 });
  });
});

it('drey report counts it, beside the aims', async () => {
  const report = JSON.parse((await drey('report', '--json')).stdout);
  expect(report).toMatchObject({
    namespace: 'default',
    sops: { discovered: expect.any(Number) },
    feedback: { reports: 1, helpful: 1, share: 1 },
    patterns: { applied: 1 },
    hold_out: { share: 0, held_out: { tasks: 0 } },
  });
  expect(report.sops.discovered).toBeGreaterThanOrEqual(3);
  expect(report.injections.served).toBeGreaterThanOrEqual(1);
  expect(report.aims.map((one: { name: string; aim: number }) => [one.name, one.aim])).toEqual([
    ['sops_discovered', 50],
    ['sops_applied', 100],
    ['injections_served', 200],
    ['positive', 0.75],
    ['helpful', 0.8],
    ['availability', 0.99],
  ]);
  const { code, stdout } = await drey('report', '--since', '2026-01-01');
  expect([code, stdout]).toEqual([
    0,
    expect.stringMatching(/reported as helpful\s+100 %\s+> 80 %\s+reached/),
  ]);
  expect((await drey('report', '--since', 'yesterday')).code).toBe(64);
});
