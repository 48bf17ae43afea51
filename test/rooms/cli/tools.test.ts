/** `drey tools` against a small node: what it asks for, prints, and exits with. */
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { cli } from '../../support/run-cli.ts';
import { sendJson, startSmallNode } from '../../support/small-node.ts';
import type { SmallNode } from '../../support/small-node.ts';

let node: SmallNode | undefined;
afterEach(() => node?.close());

const waiting = {
  name: 'files__read',
  server: 'files',
  tool: 'read',
  why: 'changed',
  sentence: 'the definition of "read" of "files" changed after it was pinned',
  hash: 'bbbbbbbbbbbb',
  was: 'aaaaaaaaaaaa',
  definition: { name: 'read', description: 'new' },
  differences: [
    { path: '/description', was: '"old"', now: '"new \\u{202e}\u001b[2J"' },
    { path: '/title', was: null, now: '"T"' },
  ],
  hidden: [{ path: '/description', characters: ['U+202E'] }],
};
const fresh = { ...waiting, tool: 'write', name: 'files__write', why: 'fresh', was: null, differences: [] };

async function open(tools: readonly object[], routes: Record<string, unknown> = {}): Promise<string> {
  const approve = (_req: unknown, res: ServerResponse, body: string) => {
    const asked = JSON.parse(body) as { server: string; tools: { tool: string; hash: string }[] };
    sendJson(res, { server: asked.server, approved: asked.tools, left: [] });
  };
  node = await startSmallNode({
    routes: { 'GET /api/v1/tools/review': { tools }, 'POST /api/v1/tools/approve': approve, ...routes },
  });
  return node.url;
}
const sent = () => node?.seen.filter(({ method }) => method === 'POST').map(({ body }) => JSON.parse(body));

describe('drey tools', () => {
  it('lists what clients get and what is held back, and says so when there is nothing', async () => {
    const listed = { name: 'files__list', server: 'files', tool: 'list', description: 'Lists.\nMore.' };
    const list = {
      tools: [
        { ...listed, stale: false, flags: [], pin: { status: 'pinned', approvedBy: null } },
        { ...listed, name: 'files__old', stale: true, flags: [], pin: null },
      ],
      held: [waiting],
    };
    const url = await open([], { 'GET /api/v1/tools': list });
    const { code, out } = await cli(['tools', '--url', url]);
    expect(code).toBe(0);
    expect(out).toMatch(/files__list +files +pinned +Lists\./);
    expect(out).toMatch(/files__old +files +stale/);
    expect(out).toMatch(/files__read +files +changed +the definition/);
    expect((await cli(['tools', 'review', '--url', url])).out).toBe(
      'Nothing to review: every tool is as it was pinned or approved.\n',
    );
  });

  it('shows a difference line by line, and nothing that a terminal would obey', async () => {
    const url = await open([waiting, fresh]);
    const { out } = await cli(['tools', 'review', 'files', '--url', url]);
    expect(node?.seen[0]?.path).toBe('/api/v1/tools/review?server=files');
    expect(out).toContain('fingerprint aaaaaaaa → bbbbbbbb');
    expect(out).toContain('  /description\n  - "old"\n  + "new \\u{202e}\\u001b[2J"\n  /title\n  + "T"');
    expect(out).toContain('hidden characters at /description: U+202E');
    expect(out).toContain('files write  waits for approval');
    expect(out).toContain('  +   "description": "new"');
    expect(out).toContain('drey tools approve files read@bbbbbbbb');
  });

  it('approves nothing where no tool is named, or some and all, and says which words are missing', async () => {
    for (const words of [[], ['read', '--all']]) {
      const { code, err } = await cli(['tools', 'approve', 'files', ...words]);
      expect(code).not.toBe(0);
      expect(err).toContain('Name the tools of "files" to approve (drey tools approve files TOOL...)');
    }
  });

  it('approves by name, by fingerprint, or all', async () => {
    const url = await open([waiting, fresh]);
    for (const words of [['read'], ['read@bbbb'], ['--all']])
      expect((await cli(['tools', 'approve', 'files', ...words, '--url', url])).code).toBe(0);
    const read = { tool: 'read', hash: waiting.hash };
    expect(sent()).toEqual([
      { server: 'files', tools: [read] },
      { server: 'files', tools: [read] },
      { server: 'files', tools: [read, { tool: 'write', hash: fresh.hash }] },
    ]);
    const { out } = await cli(['tools', 'approve', 'files', 'read', '--json', '--url', url]);
    expect(JSON.parse(out)).toEqual({ server: 'files', approved: [read], left: [] });
  });

  it('approves nothing that does not wait, changed meanwhile, or was not named', async () => {
    const url = await open([waiting]);
    const run = (...words: string[]) => cli(['tools', 'approve', 'files', ...words, '--url', url]);
    expect(await run('other')).toMatchObject({ code: 66, err: expect.stringContaining('These do: read.') });
    expect(await run('read@cccc')).toMatchObject({
      code: 77,
      err: expect.stringContaining('another definition'),
    });
    expect(await run()).toMatchObject({ code: 64 });
    expect(await run('read', '--all')).toMatchObject({ code: 64 });
    expect(sent()).toEqual([]);
    await node?.close();
    const left = await open([waiting], {
      'POST /api/v1/tools/approve': { server: 'files', approved: [], left: [{ tool: 'read', hash: 'b' }] },
    });
    const late = await cli(['tools', 'approve', 'files', 'read', '--url', left]);
    expect(late).toMatchObject({ code: 77, err: expect.stringContaining('changed again meanwhile') });
  });
});
