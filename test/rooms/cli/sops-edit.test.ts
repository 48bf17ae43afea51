/** `drey sops edit`: an editor over a procedure, a new version of what was made of it, and no edit that is lost. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli } from '../../support/run-cli.ts';
import { startSmallNode } from '../../support/small-node.ts';
import type { SmallNode } from '../../support/small-node.ts';
import { temporaryFolder } from '../../support/temporary.ts';
import type { TemporaryFolder } from '../../support/temporary.ts';

const sop = {
  sop_id: 'p-0123456789abcdef',
  trigger: 'Refund an order',
  steps: ['1. find the order', '2. refund it'],
  procedure: ['shop__find', 'shop__refund'].map((tool) => ({
    tool,
    optional: false,
    repeated: false,
    alternatives: [],
    support: 1,
    args: {},
  })),
  confidence: 0.9,
  occurrences: 4,
  evidence: [],
  metadata: { version: 3, status: 'active' },
};
const path = `/api/v1/sops/${sop.sop_id}`;

let node: SmallNode | undefined;
let folder: TemporaryFolder;

beforeEach(async () => {
  folder = await temporaryFolder('drey-edit');
});
afterEach(async () => {
  await node?.close();
  node = undefined;
  await folder.remove();
});

async function open(patched: unknown = { ...sop, metadata: { ...sop.metadata, version: 4 } }) {
  node = await startSmallNode({ routes: { [`GET ${path}`]: sop, [`PATCH ${path}`]: patched } });
  return { env: { DREY_URL: node.url, EDITOR: 'ed --wait' }, cwd: folder.path, columns: 100 };
}

/** An editor in which somebody makes this of the text. */
function editing(change: (text: string) => string, seen: string[] = []) {
  return async (words: readonly string[]): Promise<number> => {
    seen.push(...words);
    const file = words.at(-1) ?? '';
    await writeFile(file, change(await readFile(file, 'utf8')));
    return 0;
  };
}

describe('drey sops edit', () => {
  it('opens the editor, sends what was made of it over the version that was looked at, and leaves no file', async () => {
    const world = await open();
    const seen: string[] = [];
    const openEditor = editing((text) => text.replace('2. refund it', '2. refund it, and say so'), seen);
    const { code, out } = await cli(['sops', 'edit', sop.sop_id, '--reason', 'people ask'], {
      ...world,
      openEditor,
    });
    expect([code, out]).toEqual([
      0,
      'Version 4 stands. "drey sops diff p-0123456789abcdef" shows what changed.\n',
    ]);
    expect(seen.slice(0, 2)).toEqual(['ed', '--wait']);
    expect(existsSync(seen[2] ?? '')).toBe(false);
    const patch = node?.seen.find(({ method }) => method === 'PATCH');
    expect(JSON.parse(patch?.body ?? '')).toEqual({
      version: 3,
      reason: 'people ask',
      trigger: sop.trigger,
      steps: ['1. find the order', '2. refund it, and say so'],
      procedure: sop.procedure,
    });
  });

  it('sends nothing where nothing was changed, or the editor failed', async () => {
    const world = await open();
    const same = await cli(['sops', 'edit', sop.sop_id], { ...world, openEditor: editing((text) => text) });
    expect(same).toMatchObject({ code: 0, err: 'Nothing was changed.\n' });
    const failed = await cli(['sops', 'edit', sop.sop_id], { ...world, openEditor: async () => 1 });
    expect(failed.code).toBe(64);
    expect(failed.err).toContain('the editor (ed) ended with 1');
    expect(node?.seen.some(({ method }) => method === 'PATCH')).toBe(false);
  });

  it.each([
    ['is no JSON', (text: string) => text.slice(0, 40)],
    ['procedure/0/tool', (text: string) => text.replace('"tool": "shop__find"', '"tool": 7')],
    ['is not sound', (text: string) => text.replace('"trigger"', '"triger"')],
  ])('names what is wrong (%s) and where the edit lies', async (wrong, change) => {
    const world = await open();
    const seen: string[] = [];
    const { code, err } = await cli(['sops', 'edit', sop.sop_id], {
      ...world,
      openEditor: editing(change, seen),
    });
    expect(code).toBe(64);
    expect(err).toContain(wrong);
    expect(err).toContain(`--from ${seen[2]}`);
    expect(existsSync(seen[2] ?? '')).toBe(true);
    expect(node?.seen.some(({ method }) => method === 'PATCH')).toBe(false);
  });

  it('keeps an edit that the node refuses, and takes it from its file', async () => {
    const refuse = (
      _: unknown,
      res: { writeHead(code: number, headers: object): unknown; end(text: string): unknown },
    ) => {
      res.writeHead(409, { 'content-type': 'application/problem+json' });
      res.end(JSON.stringify({ code: 'revision_conflict', detail: 'version 4 stands by now', status: 409 }));
    };
    const world = await open(refuse);
    const seen: string[] = [];
    const openEditor = editing((text) => text.replace('Refund', 'Return'), seen);
    const { err } = await cli(['sops', 'edit', sop.sop_id], { ...world, openEditor });
    expect(err).toContain('version 4 stands by now');
    expect(err).toContain(`Your edit is kept in ${seen[2]}`);
  });

  it('takes a file in a script, and needs a terminal for an editor', async () => {
    const { columns: _columns, ...world } = await open();
    expect((await cli(['sops', 'edit', sop.sop_id], world)).err).toContain('An editor needs a terminal.');
    const { trigger: _trigger, ...rest } = { steps: sop.steps, procedure: sop.procedure, trigger: '' };
    await writeFile(join(folder.path, 'edit.json'), JSON.stringify({ trigger: 'Return an order', ...rest }));
    const { code } = await cli(['sops', 'edit', sop.sop_id, '--from', 'edit.json'], world);
    expect(code).toBe(0);
    expect(node?.seen.at(-1)?.body).toContain('Return an order');
  });
});

describe('a part of a command that there is not', () => {
  it('is named with those that there are', async () => {
    const { code, err } = await cli(['sops', 'edot', 'p-1']);
    expect(code).toBe(64);
    expect(err).toContain('"drey sops" has no "edot"; it has list, show, run, approve, retire, edit, export');
  });
});
