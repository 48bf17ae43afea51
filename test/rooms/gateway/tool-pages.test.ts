// A catalogue that is longer than a page: real clients of both eras see all of it, and an outdated place is told as such.
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { pageItemsMax } from '../../../src/gateway/mcp/pages.ts';
import { connectNew, connectOld } from '../../support/connect.ts';
import { startGateway } from '../../support/gateway-server.ts';

const toTool = (n: number) => ({
  name: `far__t${n}`,
  server: 'far',
  tool: `t${n}`,
  definition: { name: `far__t${n}`, inputSchema: { type: 'object' } },
  stale: false,
});
const many = pageItemsMax * 2 + 500;

/** The list changes when `tools` is replaced. */
async function start() {
  const board = { tools: Array.from({ length: many }, (_, n) => toTool(n)) };
  const at = await startGateway((needs) => ({ ...needs, catalogue: () => board }));
  onTestFinished(() => at.close());
  return { at, board };
}

/** Follows the cursor as clients do that page. */
async function walk(client: OldClient): Promise<{ names: string[]; pages: number }> {
  const names: string[] = [];
  let pages = 0;
  for (let cursor: string | undefined; ;) {
    const page = await client.listTools(cursor === undefined ? undefined : { cursor });
    pages += 1;
    names.push(...page.tools.map(({ name }) => name));
    cursor = page.nextCursor;
    if (cursor === undefined) return { names, pages };
  }
}
const theirs = (names: readonly string[]) => names.filter((name) => name.startsWith('far__'));
const expected = Array.from({ length: many }, (_, n) => `far__t${n}`);

describe.each(['http', 'stream'] as const)('over %s', (way) => {
  it('a client of the older era that follows the cursor sees every tool once', async () => {
    const { at } = await start();
    const { names, pages } = await walk(await connectOld(at, { way }));
    expect(theirs(names)).toEqual(expected);
    expect(pages).toBe(3);
  });

  it('a client of the newer era sees every tool once', async () => {
    const { at } = await start();
    const { tools } = await (await connectNew(at, { way })).listTools();
    expect(theirs(tools.map(({ name }) => name))).toEqual(expected);
  });

  it('a cursor goes on after a change, and is refused where what came last is gone', async () => {
    const { at, board } = await start();
    const client = await connectOld(at, { way });
    const { nextCursor = '', tools } = await client.listTools();
    const last = tools.at(-1)?.name;
    board.tools = board.tools.filter(({ name }) => name !== 'far__t3');
    const next = await client.listTools({ cursor: nextCursor });
    expect(next.tools[0]?.name).toBe(`far__t${Number(last?.slice('far__t'.length)) + 1}`);
    board.tools = board.tools.filter(({ name }) => name !== last);
    const refused = { code: -32_602, message: expect.stringContaining('list anew') };
    await expect(client.listTools({ cursor: nextCursor })).rejects.toMatchObject(refused);
    await expect(client.listTools({ cursor: 'made up' })).rejects.toMatchObject(refused);
  });
});
