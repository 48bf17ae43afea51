// A procedure that was learned, in a person's hands on a real node: out as files and in again, approved, retired, rolled back.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { until } from '../support/until.ts';
import { startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { connectNew } from './rig/clients.ts';
import { createPlace, runDrey } from './rig/place.ts';
import type { Ended, Place } from './rig/place.ts';

let place: Place;
let node: NodeProcess;
let learned: z.infer<typeof Sop>;
const task = 'Please refund the order 7741 for the customer';

const Sop = z.looseObject({
  sop_id: z.string(),
  occurrences: z.number(),
  metadata: z.looseObject({
    version: z.number(),
    wordings: z.array(z.string()),
    pitfalls: z.array(z.unknown()),
  }),
});
const Sops = z.object({ sops: z.array(Sop) });
const Taken = z.object({ sop_id: z.string(), version: z.number(), status: z.string() });

const step = (tool: string, args: object, result: unknown = 'ok', error = false) => ({
  tool,
  args,
  result,
  error,
});
const wordings = [
  'Refund the order {n} of a customer',
  'Please refund the order {n} for the customer',
  'Refund order {n} to the customer',
];

/** One task in three wordings, with something special at every step. */
function toLine(at: number): string {
  const order = String(4101 + at * 37);
  const payment = `pay-${Number(order) * 3}`;
  const lines = [`s-${at}1`, `s-${at}2`].map((sku) => ({ sku }));
  const failed = [step('shop__refund', { payment }, 'locked', true), step('shop__unlock', { payment })];
  const steps = [
    step('shop__find_order', { id: order }, { payment, customer: `c-${order}`, lines }),
    ...lines.map((line) => step('stock__take_back', line)),
    ...(at === 2 ? failed : []),
    at % 4 === 1
      ? step('shop__void', { payment })
      : step('shop__refund', { payment: at === 4 ? 'pay-other' : payment }),
    step('mail__send', { to: `c-${order}` }),
  ];
  const text = wordings[at % 3]?.replace('{n}', order);
  return JSON.stringify({ episode_id: `r-${at}`, task: text, agent: 'ada', success: true, steps });
}

function drey(...words: readonly string[]): Promise<Ended> {
  return runDrey(place, [...words, '--data', place.dataFolder]);
}

async function read<T>(answer: z.ZodType<T>, ...words: readonly string[]): Promise<T> {
  const ended = await drey(...words, '--json');
  expect(ended.code, ended.stderr).toBe(0);
  return answer.parse(JSON.parse(ended.stdout));
}

/** What an agent is served, without what is of its place: ids, proofs, and when and by whom. */
async function serve(namespace: string): Promise<unknown> {
  const agent = await connectNew(node.url, namespace);
  const { structured } = await agent.call('acontext_get_sops', { trigger_pattern: task });
  await agent.close();
  return Sops.parse(structured).sops.map(({ sop_id: _id, evidence: _evidence, metadata, ...sop }) => {
    const { wordings: worded, pitfalls, triggerFrom, relevance } = metadata;
    return { ...sop, metadata: { wordings: worded, pitfalls, triggerFrom, relevance } };
  });
}

beforeAll(async () => {
  place = await createPlace({ learning: { quietMs: 300 } });
  node = await startNodeProcess({ ...place });
  const file = join(place.folder, 'refunds.jsonl');
  await writeFile(file, Array.from({ length: 9 }, (_, at) => toLine(at)).join('\n'));
  const ended = await drey('import', file, '--namespace', 'here');
  if (ended.code !== 0) throw new Error(ended.stderr);
  learned = await until(
    'all of it is learned',
    async () => {
      const { sops } = Sops.parse(await node.get('/api/v1/sops?namespace=here'));
      return sops.find((sop) => sop.occurrences === 9);
    },
    60_000,
  );
}, 180_000);

afterAll(async () => {
  await node?.stop();
  await place?.remove();
});

describe('as a document', () => {
  const file = () => join(place.folder, 'procedure.json');

  it('is served elsewhere as it is here', async () => {
    // Without these there would be nothing to lose.
    expect(learned.metadata.wordings).toHaveLength(2);
    expect(learned.metadata.pitfalls).toMatchObject([{ tool: 'shop__refund', step: 3 }]);
    expect(learned['procedure']).toMatchObject([
      { args: { id: { from: 'task', selector: expect.any(String) } } },
      {},
      {},
      {
        alternatives: ['shop__void'],
        args: { payment: { against: 1, exceptions: [expect.any(String)] } },
        requires: expect.any(Array),
      },
      {},
    ]);

    const written = await drey('sops', 'export', learned.sop_id, '--namespace', 'here', '--out', file());
    expect(written.code, written.stderr).toBe(0);
    const taken = await read(Taken, 'sops', 'import', file(), '--namespace', 'there');
    expect(taken).toMatchObject({ version: 1, status: 'candidate' });
    expect((await drey('sops', 'approve', taken.sop_id, '--namespace', 'there')).code).toBe(0);
    const here = await serve('here');
    expect(here).toHaveLength(1);
    await until('it is served there', async () => {
      const there = await serve('there');
      return Array.isArray(there) && there.length > 0 ? true : undefined;
    });
    expect(await serve('there')).toEqual(here);
  }, 60_000);

  it('of an older format is taken in, and leaves what it does not say as it is', async () => {
    const {
      wordings: _wordings,
      pitfalls: _pitfalls,
      triggerFrom: _from,
      ...old
    } = JSON.parse(await readFile(file(), 'utf8')) as Record<string, unknown>;
    const oldFile = join(place.folder, 'old.json');
    await writeFile(oldFile, JSON.stringify({ ...old, formatVersion: 1, trigger: 'pay the order back' }));
    const fresh = await read(Taken, 'sops', 'import', oldFile, '--namespace', 'older');
    expect(fresh).toMatchObject({ version: 1, status: 'candidate' });
    const full = await read(Taken, 'sops', 'import', file(), '--namespace', 'older');
    const into = ['--into', full.sop_id, '--yes', '--namespace', 'older'];
    const changed = await read(Taken, 'sops', 'import', oldFile, ...into);
    expect(changed).toMatchObject({ sop_id: full.sop_id, version: 2 });
    const shown = await read(Sop, 'sops', 'show', full.sop_id, '--namespace', 'older');
    expect(shown['trigger']).toBe('pay the order back');
    expect(shown.metadata).toMatchObject({
      wordings: learned.metadata.wordings,
      pitfalls: learned.metadata.pitfalls,
    });
  }, 60_000);
});

describe('as a skill', () => {
  const write = (out: string) =>
    drey('sops', 'export', learned.sop_id, '--namespace', 'here', '--format', 'skill', '--out', out);

  it('is a folder of its own name with every file that it names', async () => {
    expect((await write('skills')).code).toBe(0);
    const [name = ''] = await readdir(join(place.folder, 'skills'));
    const folder = join(place.folder, 'skills', name);
    const text = await readFile(join(folder, 'SKILL.md'), 'utf8');
    expect(text).toContain(`\nname: ${name}\n`);
    const named = [...text.matchAll(/`([a-z]+\/[a-z.]+)`/g)].map(([, path = '']) => path);
    expect(named).toEqual(['references/procedure.json']);
    const companion = await readFile(join(folder, 'references/procedure.json'), 'utf8');
    expect(Sop.parse(JSON.parse(companion)).sop_id).toBe(learned.sop_id);
    expect(await write('skills')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('there already'),
    });
  });

  it('alone names no file that is not there', async () => {
    const shown = await drey('sops', 'export', learned.sop_id, '--namespace', 'here', '--format', 'skill');
    expect(shown.stdout).toMatch(/^---\nname: /);
    expect(shown.stdout).not.toContain('references/');
    expect((await write('REFUND.md')).code).toBe(0);
    expect(await readFile(join(place.folder, 'REFUND.md'), 'utf8')).toBe(shown.stdout);
  });
});

describe('by a word of a person', () => {
  const here = ['--namespace', 'here'] as const;
  const Versions = z.object({
    versions: z.array(
      z.object({
        version: z.number(),
        content: z.looseObject({ status: z.string() }),
        cause: z.looseObject({ by: z.string(), reason: z.string() }),
      }),
    ),
  });
  const standing = async () =>
    z
      .looseObject({ metadata: z.looseObject({ version: z.number(), status: z.string() }) })
      .parse(await node.get(`/api/v1/sops/${learned.sop_id}?namespace=here`)).metadata;

  it('is served no more once it is retired, and again once it is approved', async () => {
    const { version } = await standing();
    const retired = await drey('sops', 'retire', learned.sop_id, ...here, '--reason', 'the shop is gone');
    expect(retired).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`Version ${version + 1} of "`),
    });
    expect(retired.stdout).toContain(`"drey sops approve ${learned.sop_id}" brings it back`);
    await until(
      'it is served no more',
      async () => JSON.stringify(await serve('here')) === '[]' || undefined,
    );

    const late = await drey('sops', 'approve', learned.sop_id, ...here, '--at', String(version));
    expect(late).toMatchObject({ code: 75, stderr: expect.stringMatching(/at version \d+, not \d+/) });
    expect(await standing()).toMatchObject({ version: version + 1, status: 'retired' });

    const beginning = learned.sop_id.slice(0, 14);
    const back = await drey('sops', 'approve', beginning, ...here, '--at', String(version + 1));
    expect(back).toMatchObject({ code: 0, stdout: expect.stringContaining('is active') });
    await until('it is served again', async () => JSON.stringify(await serve('here')) !== '[]' || undefined);

    const listed = await drey('sops', 'versions', learned.sop_id, ...here);
    expect(listed.stdout).toMatch(/retired +the shop is gone\n/);
    const { versions } = await read(Versions, 'sops', 'versions', learned.sop_id, ...here, '--limit', '2');
    expect(versions).toMatchObject([
      {
        version: version + 2,
        content: { status: 'active' },
        cause: { by: 'local', reason: 'approved by hand' },
      },
      { version: version + 1, content: { status: 'retired' }, cause: { by: 'local' } },
    ]);
    const Diff = z.object({ differences: z.array(z.unknown()) });
    const { differences } = await read(Diff, 'sops', 'diff', learned.sop_id, ...here);
    expect(differences).toEqual([{ path: '/status', was: '"retired"', now: '"active"' }]);
  }, 60_000);

  it('is refused for what is not there', async () => {
    for (const word of ['approve', 'retire', 'versions'])
      expect(await drey('sops', word, 'p-00000000-0000-4000-8000-000000000000', ...here)).toMatchObject({
        code: 66,
        stderr: expect.stringContaining('"drey sops" and "drey patterns" show the ids'),
      });
  });
});
