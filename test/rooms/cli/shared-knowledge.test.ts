/** `drey contexts` and `drey memory` as users type them, against a small node: what is asked, what is printed, how they end. */
import { afterEach, expect, it } from 'vitest';
import { cli } from '../../support/run-cli.ts';
import { startSmallNode } from '../../support/small-node.ts';
import type { SmallNode } from '../../support/small-node.ts';

let node: SmallNode | undefined;
afterEach(async () => {
  await node?.close();
  node = undefined;
});

const release = {
  context_id: 'c-1111',
  name: 'release',
  version: 3,
  keys: 1,
  status: 'active',
  creator: 'ann@acme',
  changed_by: 'bob@acme',
  created_at: '2026-11-21T10:00:00.000Z',
  updated_at: '2026-11-21T10:05:00.000Z',
  permissions: ['read', 'write'],
};
const access = {
  creator: 'ann@acme',
  everyone: ['read'],
  grants: [{ principal: 'bob@acme', permissions: ['write'] }],
};
const memory = {
  memory_id: 'm-1111',
  content: `otter\u001b[2J is the staging server ${'of billing '.repeat(20)}`,
  kind: 'fact',
  visibility: 'namespace',
  importance: 0.5,
  tags: ['billing'],
  auto_tags: { tags: ['deployment'] },
  metadata: {},
  author: 'ann@acme',
  version: 2,
  stated: 3,
  created_at: '2026-11-21T10:00:00.000Z',
  updated_at: '2026-11-21T10:05:00.000Z',
  expires_at: null,
};
const edge = {
  from: { kind: 'memory', id: 'm-1111' },
  to: { kind: 'tool', id: 'files__read' },
  relation: 'used_with',
  weight: 0.75,
  updated_at: '2026-11-21T10:05:00.000Z',
};
const routes = {
  'GET /api/v1/contexts': { contexts: [release, { ...release, context_id: 'c-1122', name: 'other' }] },
  'POST /api/v1/contexts': { context_id: 'c-3333', version: 1, created: true },
  'GET /api/v1/contexts/c-1111': { ...release, values: { stage: 'test' }, access, stale: false },
  'PATCH /api/v1/contexts/c-1111': { outcome: 'stored', request_id: 'v-1', version: 4 },
  'GET /api/v1/contexts/c-1111/versions': {
    versions: [
      {
        version: 3,
        values: { stage: 'test' },
        removed: ['old'],
        changed_by: 'bob@acme',
        at: '2026-11-21T10:05:00.000Z',
      },
    ],
  },
  'POST /api/v1/contexts/c-1111/rollback': { version: 5 },
  'PUT /api/v1/contexts/c-1111/access': access,
  'GET /api/v1/memories': { memories: [{ ...memory, relevance: 0.8, contradicts: ['m-2222'] }] },
  'POST /api/v1/memories': { memory, merged: false, contradicts: ['m-2222'] },
  'GET /api/v1/memories/m-1111': memory,
  'DELETE /api/v1/memories/m-1111': { forgotten: 'm-1111' },
  'GET /api/v1/graph/m-1111/neighbours': { neighbours: [edge] },
  'GET /api/v1/graph/m-1111/path': { path: [edge.from, edge.to] },
};

async function run(...words: readonly string[]) {
  node = await startSmallNode({ routes });
  const ended = await cli(words, { env: { DREY_URL: node.url, NO_COLOR: '1' }, columns: 80 });
  const last = node.seen.at(-1);
  return {
    ...ended,
    asked: `${last?.method ?? ''} ${last?.path ?? ''}`.replace('/api/v1', ''),
    body: last?.body ?? '',
  };
}

it.each([
  [['contexts'], 'GET /contexts', /^NAME +VERSION[^]*release +3 +1 +2026-11-21 10:05/],
  [
    ['contexts', 'show', 'release'],
    'GET /contexts/c-1111',
    /stage +"test"\nIt is ann@acme's; everyone may read; bob@acme may write/,
  ],
  [['contexts', 'show', 'c-111', '--namespace', 'acme'], 'GET /contexts/c-1111?namespace=acme', /version 3/],
  [
    ['contexts', 'history', 'release', '--limit', '5'],
    'GET /contexts/c-1111/versions?limit=5',
    /3 +2026-11-21 10:05 +bob@acme +stage="test" -old/,
  ],
  [
    ['contexts', 'rollback', 'release', '2'],
    'POST /contexts/c-1111/rollback',
    /as version 2 was; that is version 5 now/,
  ],
  [
    ['memory', 'search', 'which', 'server'],
    'GET /memories?query=which+server',
    /m-1111 +0\.80 +fact +\(disputed\) otter/,
  ],
  [['memory', 'search', '--kind', 'fact', '--tag', 'x'], 'GET /memories?kind=fact&tag=x', /m-1111/],
  [
    ['memory', 'show', 'm-1111'],
    'GET /memories/m-1111',
    /fact, shared, .* said 3 times\ntags: billing, deployment/,
  ],
  [['memory', 'forget', 'm-1111'], 'DELETE /memories/m-1111', /m-1111 is forgotten/],
  [
    ['memory', 'graph', 'm-1111', '--relation', 'used_with'],
    'GET /graph/m-1111/neighbours?relation=used_with',
    /0\.75 +used_with +tool +files__read/,
  ],
  [
    ['memory', 'graph', 'm-1111', '--to', 'files__read', '--to-kind', 'tool'],
    'GET /graph/m-1111/path?to=files__read&to_kind=tool',
    /memory m-1111\n→ tool files__read/,
  ],
] as const)('drey %j asks and shows', async (words, asked, shown) => {
  const ended = await run(...words);
  expect(ended).toMatchObject({ code: 0, asked });
  expect(ended.out).toMatch(shown);
  expect(ended.out).not.toContain('\u001b[2J');
});

it.each([
  [
    [
      'contexts',
      'set',
      'release',
      'stage=test',
      'count=3',
      'who=a=b',
      '--remove',
      'old',
      '--expect-version',
      '3',
    ],
    { set: { stage: 'test', count: 3, who: 'a=b' }, remove: ['old'], expected_version: 3 },
  ],
  [['contexts', 'set', 'new', 'stage=test', '--make'], { name: 'new', values: { stage: 'test' } }],
  [['contexts', 'share', 'release', '*', 'read,write'], { principal: '*', permissions: ['read', 'write'] }],
  [['contexts', 'share', 'release', 'bob@acme', 'none'], { principal: 'bob@acme', permissions: [] }],
  [
    [
      'memory',
      'store',
      'otter',
      'is',
      'staging',
      '--kind',
      'fact',
      '--tags',
      'a,b',
      '--private',
      '--ttl',
      '2h',
      '--importance',
      '0.9',
    ],
    {
      content: 'otter is staging',
      kind: 'fact',
      tags: ['a', 'b'],
      importance: 0.9,
      visibility: 'private',
      ttl_seconds: 7_200,
    },
  ],
] as const)('drey %j tells the node', async (words, body) => {
  const ended = await run(...words);
  expect(ended.code).toBe(0);
  expect(JSON.parse(ended.body)).toEqual(body);
});

it.each([
  [['contexts', 'show', 'c-11'], 64, /2 contexts are meant by "c-11"/],
  [['contexts', 'set', 'release'], 64, /what to set \(key=value\)/],
  [['contexts', 'set', 'release', 'stage'], 64, /a key and a value/],
  [['contexts', 'share', 'release', '*', 'fly'], 64, /some of read, write, execute, administer, or none/],
  [['memory', 'store', 'x', '--ttl', 'soon'], 64, /such as 90d, 12h or 30m/],
] as const)('drey %j is refused', async (words, code, sentence) => {
  const ended = await run(...words);
  expect(ended.code).toBe(code);
  expect(ended.err).toMatch(sentence);
});

it.each(
  [['contexts'], ['contexts', 'show', 'release'], ['memory', 'search'], ['memory', 'graph', 'm-1111']].map(
    (words) => [words],
  ),
)('drey %j --json prints what the node said', async (words) => {
  const ended = await run(...words, '--json');
  expect(ended.code).toBe(0);
  expect(Object.keys(JSON.parse(ended.out) as object).length).toBeGreaterThan(0);
});
