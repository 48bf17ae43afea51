/**
 * The wall between two namespaces as their principals meet it: whatever one of them asks, of every resource and every
 * own tool there is, nothing of the other appears or changes, and what is not yours answers like what does not exist.
 */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromSchema } from '../support/from-schema.ts';
import { until } from '../support/until.ts';
import { openNeighbours } from './rig/neighbours.ts';
import type { Answer, Neighbour, Neighbours, Operation } from './rig/neighbours.ts';
import { findIds, idPattern, request, withoutNamespace } from './rig/requests.ts';

const canary = 'zqxcanary';
const words = 'rotate the ledger keys';
/** How long nothing may have changed before it counts as quiet: the learner comes back after its own pause. */
const quietMs = 8_000;

let house: Neighbours;
let mine: Neighbour;
let theirs: Neighbour;
/** Ids that the other one was given. */
let theirIds: string[] = [];
/** Ids that this one has put in at some time: they come back, as anything that was said. */
const said = new Set<string>();

beforeAll(async () => {
  house = await openNeighbours();
  theirs = await house.move('theirs', `${canary}-agent`);
  mine = await house.move('mine', 'builder');
  theirIds = await settle(theirs);
  await untilQuiet('theirs');
}, 300_000);
afterAll(() => house?.stop(), 60_000);

/** Fills a namespace through every door that takes something, and gives back the ids that came out. */
async function settle(who: Neighbour): Promise<string[]> {
  const ids = new Set<string>();
  const told: string[] = [];
  const note = ({ status, text }: Answer): void => {
    if (status < 300) for (const id of findIds(text)) ids.add(id);
    told.push(`${status}`);
  };
  for (const args of [
    { operation: 'store', content: `${canary} ${words}`, action: 'store' },
    { action: 'start', task: `${canary} ${words}` },
  ]) {
    for (const { name } of house.tools) note(await who.call(name, args));
  }
  for (let round = 0; round < 2; round += 1) {
    const pool = [`${canary} ${words}`, `${canary}-x`, canary, ...[...ids].slice(0, 20)];
    const world = { pool, schemas: house.schemas };
    for (const operation of house.operations) {
      if (isOfKeys(operation) || operation.path === '/relearn') continue;
      const { example } = operation;
      if (example !== undefined)
        note(await request(who, operation, { ids: pool, query: '', body: withCanary(example) }));
      const [body] = fc.sample(fromSchema(operation.body, world), { numRuns: 1, seed: round });
      note(await request(who, operation, { ids: [...ids], query: '', body }));
    }
    for (const tool of house.tools) {
      const samples = fc.sample(fromSchema(tool.inputSchema, world), { numRuns: 6, seed: round });
      for (const args of samples) note(await who.call(tool.name, withoutNamespace(args)));
    }
  }
  expect(told.filter((status) => status === '500')).toEqual([]);
  return [...ids];
}

/** Making keys of one's own is tried by the one who tries; the other one keeps the key that it has. */
const isOfKeys = ({ path }: Operation): boolean => path.startsWith('/keys') || path.startsWith('/agents');

/** Says something that can be recognised in every text for people. */
function withCanary(value: unknown): unknown {
  if (typeof value === 'string') return value.includes(' ') ? `${canary} ${value}` : value;
  if (Array.isArray(value)) return value.map(withCanary);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withCanary(inner)]));
}

async function untilQuiet(namespace: string): Promise<void> {
  let last = '';
  let since = 0;
  await until(
    `nothing changes in ${namespace}`,
    async () => {
      const now = JSON.stringify(await house.digest(namespace));
      if (now !== last) since = performance.now();
      last = now;
      return performance.now() - since > quietMs;
    },
    120_000,
  );
}

/** One thing that somebody asks for: what it is called, what was put in, and how it is done. */
interface Deed {
  readonly what: string;
  readonly input: string;
  run(): Promise<Answer>;
}

function deeds(): fc.Arbitrary<Deed> {
  const pool = ['theirs', 'mine', 'local', words, 'deploy', 'anything', ...theirIds];
  const world = { pool, schemas: house.schemas };
  const namespaces = fc.constantFrom('', '', 'namespace=theirs', 'namespace=nowhere', 'namespace=_system');
  const ofRest = house.operations.map((operation) =>
    fc
      .record({
        ids: fc.array(fc.constantFrom(...pool), { minLength: 1, maxLength: 2 }),
        namespace: namespaces,
        asked: fc.record(
          Object.fromEntries(operation.query.map(({ name, schema }) => [name, fromSchema(schema, world)])),
          { requiredKeys: [] },
        ),
        body: operation.body === undefined ? fc.constant(undefined) : fromSchema(operation.body, world),
      })
      .map(({ ids, namespace, asked, body }): Deed => {
        const given = Object.entries(asked).map(
          ([name, value]) => `${name}=${encodeURIComponent(String(value))}`,
        );
        const query = [namespace, ...given].filter((part) => part !== '').join('&');
        const filled = { ids, query: query === '' ? '' : `?${query}`, body };
        return {
          what: `${operation.method} ${operation.path}`,
          input: JSON.stringify(filled),
          run: () => request(mine, operation, filled),
        };
      }),
  );
  const ofTools = house.tools.map(({ name, inputSchema }) =>
    fromSchema(inputSchema, world).map((args): Deed => ({
      what: name,
      input: JSON.stringify(args),
      run: () => mine.call(name, args as Record<string, unknown>),
    })),
  );
  return fc.oneof(...ofRest, ...ofTools);
}

/** Nothing that only the other one can have said or been given. */
function assertOwn({ what, input }: Deed, { status, text }: Answer): void {
  for (const id of findIds(input)) said.add(id);
  const seen = `${what} ${input} answered ${status}: ${text.slice(0, 600)}`;
  expect(text.includes(canary), seen).toBe(false);
  for (const id of findIds(text)) {
    if (!said.has(id)) expect(theirIds.includes(id), seen).toBe(false);
  }
  expect(status, seen).not.toBe(500);
}

describe('two namespaces on one node', () => {
  it('have something to hide, in every place where something is kept', async () => {
    expect(theirIds.length).toBeGreaterThan(5);
    const digest = await house.digest('theirs');
    const filled = Object.entries(digest).flatMap(([table, text]) => (text.startsWith('0 ') ? [] : [table]));
    expect(filled).toEqual(
      expect.arrayContaining(['acontext_sops', 'acontext_patterns', 'audit_log', 'memories', 'tasks']),
    );
  });

  it('answer alike for what is not yours and for what does not exist', { timeout: 300_000 }, async () => {
    const missing = (id: string): string => id.slice(0, -12) + (id.endsWith('0') ? '1' : '0').repeat(12);
    const masked = ({ status, text }: Answer): string =>
      `${status} ${status < 300 ? '' : text.replaceAll(idPattern, 'ID')}`;
    // What is missing is asked for before and after: some deeds, such as finishing a task, are done once.
    const assertAlike = async (what: string, id: string, run: (id: string) => Promise<Answer>) => {
      said.add(id);
      const before = masked(await run(missing(id)));
      const notMine = masked(await run(id));
      expect([before, masked(await run(missing(id)))], `${what} ${id}`).toContain(notMine);
    };
    const kinds = new Map(theirIds.map((id) => [id.charAt(1) === '-' ? id.charAt(0) : '', id]));
    for (const operation of house.operations.filter(({ path }) => path.includes('{'))) {
      const [body] = fc.sample(fromSchema(operation.body, { pool: [words], schemas: house.schemas }), 1);
      for (const id of kinds.values()) {
        const filled = (ids: string[]) => ({ ids, query: '', body: operation.example ?? body });
        await assertAlike(`${operation.method} ${operation.path}`, id, (one) =>
          request(mine, operation, filled([one])),
        );
      }
    }
    for (const { name, inputSchema } of house.tools) {
      for (const id of kinds.values()) {
        const forms = fc.sample(fromSchema(inputSchema, { pool: ['ID'] }), { numRuns: 5, seed: 7 });
        for (const form of forms) {
          const withId = (one: string) =>
            JSON.parse(
              JSON.stringify(withoutNamespace(form)).replaceAll('"ID"', JSON.stringify(one)),
            ) as Record<string, unknown>;
          await assertAlike(`${name} ${JSON.stringify(form)}`, id, (one) => mine.call(name, withId(one)));
        }
      }
    }
  });

  it('show and change nothing of each other, whatever one of them asks', { timeout: 600_000 }, async () => {
    const before = await house.digest('theirs');
    const met = new Map<string, number>();
    const property = fc.asyncProperty(fc.array(deeds(), { minLength: 1, maxLength: 4 }), async (asked) => {
      for (const deed of asked) {
        const answer = await deed.run();
        assertOwn(deed, answer);
        if (answer.status < 300) met.set(deed.what, (met.get(deed.what) ?? 0) + 1);
      }
    });
    await fc.assert(property, { numRuns: Number(process.env['DREY_TEST_RUNS'] ?? 150), endOnFailure: true });
    expect(await house.digest('theirs')).toEqual(before);
    // A property that is refused everything proves nothing.
    expect(met.size).toBeGreaterThan(house.operations.length / 4);
  });

  it('refuse to be named by each other: 403, and a CRITICAL row in the log of who tried', async () => {
    const before = await house.digest('theirs');
    const refused = await mine.ask('GET', '/sops?namespace=theirs');
    const nowhere = await mine.ask('GET', '/sops?namespace=there-is-none');
    expect(refused.status).toBe(403);
    expect(refused.text.replaceAll('theirs', 'X')).toBe(nowhere.text.replaceAll('there-is-none', 'X'));
    const byTool = await mine.call('acontext_get_sops', { trigger_pattern: words, namespace: 'theirs' });
    expect(byTool.status).toBe(400);
    const log = await until('both attempts are written down', async () => {
      const { text } = await mine.ask('GET', '/audit?action=acontext_namespace_mismatch&limit=500');
      const { entries } = JSON.parse(text) as {
        entries: { object: string; details: object; severity: string }[];
      };
      const named = entries.filter(({ details }) => JSON.stringify(details).includes('"theirs"'));
      return named.length > 0 ? named : undefined;
    });
    expect(log[0]).toMatchObject({
      severity: 'CRITICAL',
      details: { claimed_namespace: 'theirs', verified_namespace: 'mine' },
    });
    expect(await house.digest('theirs')).toEqual(before);
  });
});
