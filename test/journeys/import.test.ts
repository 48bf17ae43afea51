// `drey import` as users run it: what comes in, what is told of bad lines, and that a second time changes nothing.
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { packageRoot, startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { connectNew, getSops } from './rig/clients.ts';
import { createPlace, runDrey } from './rig/place.ts';
import type { Ended, Place } from './rig/place.ts';
import { untilLearned } from './rig/status.ts';
import { openTruth, readAddresses } from './rig/truth.ts';
import type { Truth } from './rig/truth.ts';

const recorded = join(packageRoot, '../shared/data/tau_bench.jsonl.gz');
const why = existsSync(recorded) ? '' : ' (left out: ../shared/data is not there)';

interface Summary {
  readonly files: number;
  readonly episodes: number;
  readonly calls: number;
  readonly duplicates: number;
  readonly badLines: number;
}

let place: Place;
let node: NodeProcess;
let truth: Truth;

beforeAll(async () => {
  place = await createPlace({ learning: { quietMs: 500 } });
  node = await startNodeProcess({ ...place });
  truth = await openTruth(await readAddresses(place.dataFolder));
});

afterAll(async () => {
  await truth?.close();
  await node?.stop();
  await place?.remove();
});

/** Three refunds that worked, another task that did not, and lines that are no episodes. */
function toLines(): string[] {
  const refund = (key: string, order: string, payment: string): string =>
    JSON.stringify({
      episode_id: key,
      task: `refund the order ${order} to the card it was paid with`,
      agent: 'ada',
      success: true,
      steps: [
        { tool: 'find_order', args: { order }, result: JSON.stringify({ payment }), error: false },
        { tool: 'refund', args: { payment }, result: 'True', error: false },
      ],
    });
  const failed = {
    episode_id: 'e-4',
    task: 'translate the manual',
    agent: 'bob',
    success: false,
    steps: [
      { tool: 'open_manual', args: { language: 'Welsh' }, result: 'no such language', error: true },
      { tool: 'open_manual', args: { language: 'Irish' }, result: 'no such language', error: true },
    ],
  };
  return [
    refund('e-1', 'A-17', 'pay_9'),
    '{"episode_id": "e-2", "task": ',
    refund('e-3', 'B-4', 'pay_11'),
    JSON.stringify(failed),
    '',
    refund('e-5', 'D-8', 'pay_13'),
    '[1, 2]',
  ];
}

async function importFile(file: string, namespace: string): Promise<Ended & { readonly summary: Summary }> {
  const words = ['import', file, '--json', '--namespace', namespace, '--data', place.dataFolder];
  const ended = await runDrey(place, words);
  expect(ended.code, ended.stderr).toBe(0);
  return { ...ended, summary: JSON.parse(ended.stdout) as Summary };
}

/** Every row that learning wrote for a namespace, in a fixed order. */
async function dump(namespace: string): Promise<string> {
  const tables = ['episodes', 'calls', 'acontext_sops', 'acontext_sop_versions', 'evidence'];
  const rows: string[] = [];
  for (const table of tables) {
    const found = await truth.rows<{ row: string }>(
      `select row_to_json(t)::text as row from ${table} t where namespace = $1 order by 1`,
      [namespace],
    );
    rows.push(...found.map(({ row }) => `${table} ${row}`));
  }
  return rows.join('\n');
}

function countOf(table: string, text: string): number {
  return text.split('\n').filter((line) => line.startsWith(`${table} `)).length;
}

describe('a call whose result is not there', () => {
  it('comes in with its episode, whether the result never came, or was too long to keep', async () => {
    const file = join(place.folder, 'unanswered.jsonl');
    const steps = [
      { tool: 'find_page', args: { name: 'garden' } },
      { tool: 'read_page', args: { name: 'garden' }, result: `[1, ${'"two", '.repeat(150_000)}` },
    ];
    const lines = ['u-1', 'u-2'].map((key) =>
      JSON.stringify({ episode_id: key, task: `read the page ${key}`, agent: 'ada', success: true, steps }),
    );
    await writeFile(file, lines.join('\n'));
    const { summary } = await importFile(file, 'unanswered');
    expect(summary).toMatchObject({ episodes: 2, calls: 4, badLines: 0 });
    await untilLearned(node);
    expect(countOf('calls', await dump('unanswered'))).toBe(4);
  });
});

describe('a file of episodes', () => {
  let file: string;
  let before: string;

  it('comes in whole; lines that are none are told with file and line, and counted', async () => {
    file = join(place.folder, 'refunds.jsonl');
    await writeFile(file, toLines().join('\n'));
    const { summary, stderr } = await importFile(file, 'shop');
    expect(summary).toMatchObject({ files: 1, episodes: 4, calls: 8, duplicates: 0, badLines: 2 });
    expect(stderr).toContain(`${file}:2: `);
    expect(stderr).toContain(`${file}:7: `);
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
    await untilLearned(node);
    before = await dump('shop');
    expect(countOf('episodes', before)).toBe(4);
    expect(countOf('calls', before)).toBe(8);
  });

  it('is learned from', async () => {
    const agent = await connectNew(node.url, 'shop');
    const [sop] = await until(
      'a procedure is served',
      async () => {
        const sops = await getSops(agent, 'please refund order Z-99 to the card');
        return sops.length > 0 ? sops : undefined;
      },
      30_000,
    );
    await agent.close();
    await until(
      'the question is in the archive as well: asking is how a task begins',
      async () => {
        const rows = await truth.rows(
          "select 1 from episodes where namespace = 'shop' and ended_by = 'open'",
        );
        return rows.length === 1;
      },
      20_000,
    );
    expect(sop?.steps.join('\n')).toMatch(/find_order[\s\S]*refund/);
    expect(sop?.occurrences).toBe(3);
    await untilLearned(node);
    before = await dump('shop');
  });

  it('a second time is all duplicates and changes nothing', async () => {
    const { summary } = await importFile(file, 'shop');
    expect(summary).toMatchObject({ episodes: 0, calls: 0, duplicates: 4, badLines: 2 });
    await untilLearned(node);
    expect(await dump('shop')).toBe(before);
    const calls = (await truth.calls()).filter(({ namespace }) => namespace === 'shop');
    expect(calls).toHaveLength(8);
  });

  it('packed by gzip is the same file', async () => {
    const packed = `${file}.gz`;
    await writeFile(packed, gzipSync(await readFile(file)));
    const { summary } = await importFile(packed, 'shop');
    expect(summary).toMatchObject({ episodes: 0, calls: 0, duplicates: 4 });
    await untilLearned(node);
    expect(await dump('shop')).toBe(before);
  });

  it('gives another namespace the same, and keeps the two apart', async () => {
    const { summary } = await importFile(`${file}.gz`, 'branch');
    expect(summary).toMatchObject({ episodes: 4, calls: 8, duplicates: 0 });
    await untilLearned(node);
    expect(await dump('shop')).toBe(before);
    expect(countOf('acontext_sops', await dump('branch'))).toBe(countOf('acontext_sops', before));
  });
});

describe('a file that cannot be imported', () => {
  it.each([
    ['is not there', 'none.jsonl', undefined, 66, /none\.jsonl cannot be read: there is no such file/],
    ['has no known format', 'poem.txt', 'Roses are red,\nviolets are blue.\n', 65, /known format/],
    ['is damaged', 'torn.jsonl.gz', gzipSync(toLines().join('\n')).subarray(0, 60), 66, /gzip/],
  ])('because it %s, is told in one sentence', async (_why, name, content, code, about) => {
    const file = join(place.folder, name);
    if (content !== undefined) await writeFile(file, content);
    const ended = await runDrey(place, ['import', file, '--data', place.dataFolder]);
    expect(ended.code).toBe(code);
    expect(ended.stderr).toMatch(about);
    expect(ended.stderr).not.toMatch(/\n\s+at /);
  });
});

describe(`recorded episodes of others${why}`, () => {
  it.skipIf(why !== '')(
    'come in at once, and procedures appear',
    async () => {
      const first = await importFile(recorded, 'tau');
      expect(first.summary.episodes).toBeGreaterThan(100);
      expect(first.summary.badLines).toBe(0);
      // Learning has what the rest of the machine leaves: on two busy cores that is little.
      await untilLearned(node, 90_000);
      const [counted] = await truth.rows<{ episodes: string; calls: string }>(
        `select (select count(*) from episodes where namespace = 'tau') as episodes,
              (select count(*) from calls where namespace = 'tau') as calls`,
      );
      expect(Number(counted?.episodes)).toBe(first.summary.episodes);
      expect(Number(counted?.calls)).toBe(first.summary.calls);
      const { sops } = await node.get<{ sops: readonly { confidence: number }[] }>(
        '/api/v1/sops?namespace=tau&min_confidence=0.7&limit=50',
      );
      expect(sops.length).toBeGreaterThan(0);
      const before = await dump('tau');
      const second = await importFile(recorded, 'tau');
      expect(second.summary).toMatchObject({ episodes: 0, duplicates: first.summary.episodes });
      await untilLearned(node);
      expect(await dump('tau')).toBe(before);
    },
    400_000,
  );
});
