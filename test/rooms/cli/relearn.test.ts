/** `drey relearn` against a small node: what it orders, how it waits, what it prints and exits with. */
import { afterEach, describe, expect, it } from 'vitest';
import { cli } from '../../support/run-cli.ts';
import { sendJson, sendProblem, startSmallNode } from '../../support/small-node.ts';
import type { Route, SmallNode } from '../../support/small-node.ts';

let node: SmallNode | undefined;
afterEach(() => node?.close());

const counts = {
  namespaces: 2,
  episodes: 14,
  calls: 1,
  mended: 0,
  same: 3,
  changed: 0,
  new: 0,
  gone: 0,
  kept: 0,
};
const done = {
  relearn_id: 'l-1',
  state: 'done',
  from: 'archive',
  dry_run: false,
  differs: false,
  counts,
  differences: [],
  error: null,
};

async function open(report: object): Promise<string> {
  let asked = 0;
  const orders: Route = (_req, res) => sendJson(res, { ...done, ...report, state: 'running' }, 202);
  const reports: Route = (_req, res) =>
    sendJson(res, (asked += 1) < 2 ? { ...done, ...report, state: 'running' } : { ...done, ...report });
  node = await startSmallNode({
    routes: { 'POST /api/v1/relearn': orders, 'GET /api/v1/relearn/l-1': reports },
  });
  return node.url;
}

describe('drey relearn', () => {
  it('orders it of every namespace from the archive, waits for the end and tells it', async () => {
    const url = await open({});
    expect(await cli(['relearn', '--url', url])).toEqual({
      code: 0,
      err: '',
      out:
        '14 episodes with 1 call of 2 namespaces from the archive.\n' +
        '3 same, 0 changed, 0 new, 0 gone.\n' +
        'The content is the same.\n',
    });
    expect(node?.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /api/v1/relearn',
      'GET /api/v1/relearn/l-1',
      'GET /api/v1/relearn/l-1',
    ]);
    expect(JSON.parse(node?.seen[0]?.body ?? '')).toEqual({ from: 'archive', dry_run: false });
  });

  it('tells what would differ, safe for a terminal', async () => {
    const url = await open({
      from: 'stream',
      dry_run: true,
      differs: true,
      counts: { ...counts, changed: 1, new: 1, gone: 0, kept: 1, mended: 1 },
      differences: [
        {
          namespace: 'acme',
          sop_id: 'p-1',
          trigger: 'Refund\u001b[2J it',
          difference: 'changed',
          parts: ['steps', 'confidence'],
        },
      ],
    });
    const words = ['relearn', '--from', 'stream', '--namespace', 'acme', '--dry-run', '--url', url];
    const { code, out } = await cli(words);
    expect(code).toBe(0);
    expect(out).not.toContain('\u001b');
    expect(out.split('\n').slice(1)).toEqual([
      '3 same, 1 changed, 1 new, 0 gone; 1 held by people stay as they are, 1 episode put back into the archive.',
      'The content differs. Nothing was written.',
      expect.stringMatching(/^ {2}changed {2}acme {2}p-1 {2}Refund.* it {2}\(steps, confidence\)$/),
      '  ... and 1 more',
      '',
    ]);
    expect(node?.seen[0]).toMatchObject({ path: '/api/v1/relearn?namespace=acme' });
    expect(JSON.parse(node?.seen[0]?.body ?? '')).toEqual({ from: 'stream', dry_run: true });
  });

  it('prints the report as it came', async () => {
    const url = await open({});
    const { out } = await cli(['relearn', '--json', '--url', url]);
    expect(JSON.parse(out)).toEqual(done);
  });

  it('fails with what failed', async () => {
    const error = { code: 'namespace_unknown', message: 'There is no namespace nobodys.' };
    const failed = await cli(['relearn', '--url', await open({ state: 'failed', error })]);
    expect([failed.code, failed.err]).toEqual([
      66,
      expect.stringContaining('There is no namespace nobodys.'),
    ]);
    await node?.close();
    node = await startSmallNode({
      routes: {
        'POST /api/v1/relearn': ((_req, res) =>
          sendProblem(res, 503, 'resource_unavailable', 'No learner runs.')) satisfies Route,
      },
    });
    expect((await cli(['relearn', '--url', node.url])).code).toBe(69);
    expect((await cli(['relearn', '--from', 'memory', '--url', node.url])).code).toBe(64);
  });
});
