// How good what is learned is, on a running node: backtests of its own history, patterns, lift and the report.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
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
