/** `drey top --plot` against a small node: what it asks for, and the picture that it draws of calls. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it, onTestFinished } from 'vitest';
import { cli } from '../../support/run-cli.ts';
import { startSmallNode } from '../../support/small-node.ts';
import type { Route, SmallNode } from '../../support/small-node.ts';
import { temporaryFolder } from '../../support/temporary.ts';

let node: SmallNode | undefined;
afterEach(() => node?.close());

async function draw(events: readonly object[]): Promise<{ svg: string; out: string; asked: URL }> {
  const stored: Route = (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.end(`${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}: that is all\n\n`);
  };
  node = await startSmallNode({ routes: { 'GET /api/v1/events': stored } });
  const folder = await temporaryFolder();
  onTestFinished(() => folder.remove());
  const file = join(folder.path, 'latency.svg');
  const { code, out } = await cli(['top', '--plot', file, '--namespace', 'support', '--url', node.url]);
  expect(code).toBe(0);
  const asked = new URL(node.seen.at(-1)?.path ?? '', node.url);
  return { svg: await readFile(file, 'utf8'), out, asked };
}

const call = (type: string, durationMs: number, data: object = {}) => ({
  id: `v-${durationMs}`,
  type,
  at: new Date(Date.now() - 60_000).toISOString(),
  namespace: 'support',
  actor: { kind: 'session', id: 's-1' },
  version: 1,
  data: { durationMs, ...data },
});

it('draws the calls that are stored, and neither imports nor refusals', async () => {
  const { svg, out, asked } = await draw([
    ...Array.from({ length: 18 }, () => call('call.finished', 20)),
    call('call.finished', 900, { isError: true }),
    call('call.failed', 4_000),
    call('call.refused', 1),
    call('call.finished', 9_999_999, { imported: true }),
    { type: 'task.started', at: 'never' },
  ]);
  expect(out).toMatch(/^How long 20 calls took is in /);
  expect(Object.fromEntries(asked.searchParams)).toMatchObject({
    namespace: 'support',
    topic: 'tool',
    until: 'now',
  });
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  expect(svg).toContain('How long 20 calls took');
  expect(svg).toContain('half: 20 ms');
  expect(svg).toContain('95 of 100: 4 s');
  expect(svg).toContain('2 failed');
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});

it('says so where there was no call', async () => {
  const { svg, out } = await draw([]);
  expect(out).toMatch(/^How long 0 calls took/);
  expect(svg).toContain('No call was made');
});

it('replaces no file that is there, and says what failed', async () => {
  const folder = await temporaryFolder();
  onTestFinished(() => folder.remove());
  const file = join(folder.path, 'mine.svg');
  await writeFile(file, 'mine');
  const stored: Route = (_req, res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.end(': that is all\n\n');
  };
  node = await startSmallNode({ routes: { 'GET /api/v1/events': stored } });
  const there = await cli(['top', '--plot', file, '--url', node.url]);
  expect([there.code, there.err]).toEqual([64, expect.stringContaining('it is there already')]);
  expect(await readFile(file, 'utf8')).toBe('mine');
  const nowhere = await cli(['top', '--plot', join(file, 'x.svg'), '--url', node.url]);
  expect([nowhere.code, nowhere.err]).toEqual([64, expect.stringContaining('was not written')]);
});
