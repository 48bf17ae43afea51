/** `drey backtest` against a small node: what it orders, how it waits, what it prints and draws. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { cli } from '../../support/run-cli.ts';
import { sendJson, startSmallNode } from '../../support/small-node.ts';
import type { Route, SmallNode } from '../../support/small-node.ts';
import { temporaryFolder } from '../../support/temporary.ts';

let node: SmallNode | undefined;
afterEach(() => node?.close());

const bins = Array.from({ length: 10 }, (_, at) => ({ said: at / 10, right: at / 10, weight: at }));
const card = {
  split: 'time',
  taught: 70,
  held_out: 30,
  tasks: 12,
  sops: 4,
  scores: { sop1_f1: 0.91, next1: 0.8, next_ece: 0.031, sop_ece: 0.05, sop_coverage: 0.4 },
  baselines: {
    most_frequent: { sop1_f1: 0.2, sop_coverage: 0 },
    nearest: { sop1_f1: 0.77 },
    bigram: { next1: 0.4 },
  },
  reliability: { procedures: bins, next_steps: bins },
};
const done = {
  backtest_id: 'l-1',
  namespace: 'support',
  state: 'done',
  started_at: '',
  ended_at: '',
  episodes: 100,
  cards: [card, { ...card, split: 'task' }],
  error: null,
};

async function newFolder(): Promise<string> {
  const folder = await temporaryFolder();
  onTestFinished(() => folder.remove());
  return folder.path;
}

async function open(report: object = {}): Promise<string> {
  let asked = 0;
  const order: Route = (_req, res) => sendJson(res, { ...done, state: 'waiting', cards: [] }, 202);
  const read: Route = (_req, res) =>
    sendJson(res, (asked += 1) < 2 ? { ...done, state: 'running', cards: [] } : { ...done, ...report });
  node = await startSmallNode({
    routes: { 'POST /api/v1/backtests': order, 'GET /api/v1/backtests/l-1': read },
  });
  return node.url;
}

describe('drey backtest', () => {
  it('waits for the end and puts what is learned beside doing without', async () => {
    const { code, out, err } = await cli(['backtest', '--namespace', 'support', '--url', await open()]);
    expect([code, err]).toEqual([0, '']);
    const lines = out.split('\n');
    expect(lines[0]).toBe('The past teaches, the newer part is asked');
    expect(lines[1]).toBe('learned from 70 episodes (4 SOPs), asked about 30 of 12 tasks');
    expect(lines[2]?.trim().split(/\s{2,}/)).toEqual(['DREY', 'NEAREST', 'MOST FREQUENT', 'BIGRAM']);
    const figures = (words: string) =>
      lines
        .find((line) => line.startsWith(words))
        ?.split(/\s{2,}/)
        .slice(1);
    expect(figures('right tools in the procedure')).toEqual(['0.91', '0.77', '0.20', '–']);
    expect(figures('next step right at first')).toEqual(['0.80', '–', '–', '0.40']);
    expect(figures('tasks served with confidence')).toEqual(['0.40', '–', '–', '–']);
    expect(lines).toContain('No task stands on both sides');
    expect(node?.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /api/v1/backtests?namespace=support',
      'GET /api/v1/backtests/l-1?namespace=support',
      'GET /api/v1/backtests/l-1?namespace=support',
    ]);
  });

  it('draws the diagram into a file, and prints the report as it came', async () => {
    const file = join(await newFolder(), 'honest.svg');
    const { out, err } = await cli(['backtest', '--json', '--plot', file, '--url', await open()]);
    expect(JSON.parse(out)).toEqual(done);
    expect(err).toBe(`The diagram is in ${file}.\n`);
    const svg = await readFile(file, 'utf8');
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    // Two panels, each with two series of nine bins that hold something, and two dots in the legend.
    expect(svg.match(/<circle/g)).toHaveLength(2 * (2 * 9 + 2));
    expect(svg).toContain('next steps, gap 0.031');
  });

  it('says so where the history is too short, and draws that as well', async () => {
    const file = join(await newFolder(), 'empty.svg');
    const url = await open({ cards: [], episodes: 3 });
    const { code, out } = await cli(['backtest', '--plot', file, '--url', url]);
    expect([code, out.split('\n')[0]]).toEqual([
      0,
      '3 episodes in support: too few to learn from one part and ask about another.',
    ]);
    expect(await readFile(file, 'utf8')).toContain('too short');
  });

  it('fails with what failed, also where the diagram cannot be written', async () => {
    const error = { code: 'process_failed', message: 'the backtest ended early' };
    const failed = await cli(['backtest', '--url', await open({ state: 'failed', error })]);
    expect([failed.code, failed.err]).toEqual([69, expect.stringContaining('the backtest ended early')]);
    await node?.close();
    const nowhere = await cli(['backtest', '--plot', '/nowhere/at/all.svg', '--url', await open()]);
    expect([nowhere.code, nowhere.err]).toEqual([64, expect.stringContaining('/nowhere/at/all.svg')]);
  });
});
