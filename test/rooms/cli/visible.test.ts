/** `drey replay`, `drey dead` and `drey inspect` against a small node: what they ask for, print, and exit with. */
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { toOpenWords } from '../../../src/cli/terminal/open-address.ts';
import { cli, startCli } from '../../support/run-cli.ts';
import { sendJson, sendProblem, startSmallNode } from '../../support/small-node.ts';
import type { SmallNode } from '../../support/small-node.ts';

let node: SmallNode | undefined;
afterEach(() => node?.close());

const times = { openMs: 300, backoff: 1, openMaxMs: null, halfOpenMaxMs: null };
const edges = [
  {
    sequence: 26,
    type: 'breaker.opened',
    data: {
      from: 'closed',
      to: 'open',
      cause: { type: 'trip', at: 1_000, failureRate: 100, slowRate: 0 },
      input: { breakerId: 'b-fs', times },
    },
  },
  {
    sequence: 36,
    type: 'breaker.probing',
    data: { from: 'open', to: 'halfOpen', cause: { type: 'probe', at: 1_400 } },
  },
  {
    sequence: 43,
    type: 'breaker.closed',
    data: { from: 'halfOpen', to: 'closed', cause: { type: 'probes.passed', at: 1_500 } },
  },
].map((edge) => ({ id: `v-${edge.sequence}`, at: '2026-01-01T00:00:00.000Z', ...edge }));

async function open(
  events: readonly object[],
  live: readonly string[] | null,
  routes: Record<string, unknown> = {},
): Promise<string> {
  node = await startSmallNode({
    routes: {
      'GET /api/v1/events': (_req: unknown, res: ServerResponse) => {
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const event of events) res.write(`data: ${JSON.stringify(event)}\n\n`);
        res.end(': that is all\n\n');
      },
      'GET /api/v1/actors': { actors: live === null ? [] : [{ namespace: '_system', states: live }] },
      ...routes,
    },
  });
  return node.url;
}

describe('drey replay', () => {
  it('prints every transition with time and cause, and that the live actor agrees', async () => {
    const url = await open(edges, ['closed']);
    const run = await cli(['replay', 'breaker/b-fs', '--url', url]);
    expect([run.code, run.err]).toEqual([0, '']);
    expect(run.out).toContain('closed → open (a new life)');
    expect(run.out).toContain('trip  failureRate=100  slowRate=0');
    expect(run.out).toContain('3 transitions; the replay ends in closed.');
    expect(run.out).toContain('The live actor is in the same state.');
    expect(node?.seen[0]?.path).toBe('/api/v1/events?kind=breaker&id=b-fs&until=now');
  });

  it('says so and fails when live state and replay differ, after having looked more than once', async () => {
    const url = await open(edges, ['open']);
    const run = await cli(['replay', '_system/breaker/b-fs', '--url', url]);
    expect(run.code).toBe(70);
    expect(run.out).toContain('The live actor is in open: replay and live state differ.');
    expect(node?.seen.filter(({ path }) => path.includes('/events?'))).toHaveLength(6);
  });

  it('folds up to a place and shows from a place, as JSON, too', async () => {
    const url = await open(edges, ['closed']);
    const run = await cli(['replay', 'breaker/b-fs', '--url', url, '--from', '30', '--to', '40', '--json']);
    const { transitions, states, live, agrees, differences } = JSON.parse(run.out);
    expect(transitions.map(({ sequence }: { sequence: number }) => sequence)).toEqual([36]);
    expect({ states, live, agrees, differences }).toEqual({
      states: ['halfOpen'],
      live: null,
      agrees: null,
      differences: [],
    });
  });

  it('tells of an event that is missing, and fails', async () => {
    const url = await open(edges.toSpliced(1, 1), null);
    const run = await cli(['replay', 'breaker/b-fs', '--url', url]);
    expect(run.code).toBe(70);
    expect(run.out).toContain(
      'At 43 (breaker.closed): the record says it was halfOpen, the machine says open.',
    );
    expect(run.out).toContain('does not live on this node');
  });

  it.each([
    ['b-fs', 64],
    ['chair/b-fs', 64],
    ['a/b/breaker/b-fs', 64],
    ['breaker/B*', 64],
    ['memory/m-1', 64],
    ['breaker/b-nobody', 66],
  ])('refuses %s with exit code %i', async (actor, code) => {
    const url = await open([], null);
    expect((await cli(['replay', actor, '--url', url])).code).toBe(code);
  });
});

describe('drey events replay', () => {
  it('sends a range on its way, and takes its options for its own', async () => {
    const bodies: unknown[] = [];
    const url = await open(edges, null, {
      'POST /api/v1/events/replay': (_req: unknown, res: ServerResponse, body: string) => {
        const asked = JSON.parse(body) as { sequences: number[] };
        bodies.push(asked);
        sendJson(res, { published: asked.sequences.length });
      },
    });
    const words = [
      'events',
      'replay',
      '--subject',
      'replay.mine',
      '--from',
      '30',
      '--to',
      '50',
      '--url',
      url,
    ];
    const run = await cli(words);
    expect([run.code, run.err, run.out]).toEqual([0, '', '2 events were published on replay.mine.\n']);
    expect(bodies).toEqual([{ subject: 'replay.mine', sequences: [36, 43] }]);
    expect((await cli(['events', 'replay', '--url', url])).code).toBe(64);
  });
});

describe('drey dead', () => {
  const letter = {
    id: 12,
    reason: 'not \u001b[31mtoday',
    code: 'unexpected',
    stream: 'DREY_EVENTS',
    sequence: 40,
    subject: 'drey.event.acme.session.s-1.task.started',
    by: 'learning',
    attempts: 5,
    at: '2026-01-01T00:00:00.000Z',
    body: '{"a":1}',
  };

  it('lists, shows, sends again and drops', async () => {
    const url = await open([], null, {
      'GET /api/v1/dead': { letters: [letter], total: 7 },
      'GET /api/v1/dead/12': letter,
      'POST /api/v1/dead/12/retry': { id: 12, stream: 'DREY_EVENTS', sequence: 99 },
      'POST /api/v1/dead/12/drop': { id: 12, dropped: true },
    });
    const list = await cli(['dead', '--url', url, '--limit', '1']);
    expect(list.out).toContain('drey.event.acme.session.s-1.task.started');
    expect(list.out).toContain('1 of 7');
    expect(list.out).not.toContain('\u001b');
    const show = await cli(['dead', 'show', '12', '--url', url]);
    expect(show.out).toContain('by learning after 5 tries');
    expect(show.out).toContain('{"a":1}');
    expect((await cli(['dead', 'retry', '12', '--url', url])).out).toBe(
      'Sent again; it is 99 in DREY_EVENTS.\n',
    );
    expect((await cli(['dead', 'drop', '12', '--url', url])).out).toBe('Dead letter 12 is dropped.\n');
  });

  it('says that there are none, and of an unknown one so', async () => {
    const url = await open([], null, {
      'GET /api/v1/dead': (_req: unknown, res: ServerResponse) => sendJson(res, { letters: [], total: 0 }),
      'GET /api/v1/dead/9': (_req: unknown, res: ServerResponse) =>
        sendProblem(res, 404, 'dead_letter_unknown', 'there is no dead letter 9'),
    });
    expect((await cli(['dead', 'list', '--url', url])).out).toBe('No dead letters.\n');
    expect((await cli(['dead', 'show', '9', '--url', url])).code).toBe(66);
    expect((await cli(['dead', 'show', 'x', '--url', url])).code).toBe(64);
  });
});

describe('drey inspect', () => {
  it('prints the address of the page with its filter', async () => {
    const url = await open([], null, { 'GET /api/v1/status': {} });
    const run = await cli(['inspect', '--kind', 'breaker', '--namespace', 'acme', '--url', url]);
    expect([run.code, run.out]).toEqual([0, `${url}/inspector?namespace=acme&kind=breaker\n`]);
    expect(JSON.parse((await cli(['inspect', '--url', url, '--json'])).out)).toEqual({
      url: `${url}/inspector`,
    });
  });

  it('opens the page for a person at a terminal, and for nobody else', async () => {
    const url = await open([], null, { 'GET /api/v1/status': {} });
    const inspect = async (words: readonly string[], columns?: number): Promise<readonly string[]> => {
      const run = startCli(['inspect', '--url', url, ...words], columns === undefined ? {} : { columns });
      expect((await run.ended).code).toBe(0);
      return run.opened;
    };
    expect(await inspect([], 80)).toEqual([`${url}/inspector`]);
    expect(await inspect([])).toEqual([]);
    expect(await inspect(['--no-open'], 80)).toEqual([]);
    expect(await inspect(['--json'], 80)).toEqual([]);
  });

  it('opens it by the means of the desktop, or of the person’s choice', () => {
    const url = 'http://127.0.0.1:7333/inspector';
    expect([
      toOpenWords('linux', { DISPLAY: ':0' }, url),
      toOpenWords('linux', {}, url),
      toOpenWords('darwin', {}, url),
      toOpenWords('win32', {}, url),
      toOpenWords('linux', { BROWSER: 'my-browser --new' }, url),
    ]).toEqual([
      ['xdg-open', url],
      undefined,
      ['open', url],
      ['rundll32', 'url.dll,FileProtocolHandler', url],
      ['my-browser', '--new', url],
    ]);
  });
});
