/**
 * Shared contexts as agents use them: looked up and committed through the face that tools and REST use, by a lone caller,
 * by several at a time, and by a thousand whose changes come at a rate of their own. The store is whoever's bench this is
 * part of; so is its namespace.
 */
import { Client } from 'pg';
import { createRedactor } from '../../src/access/access.ts';
import type { NodeContexts } from '../../src/actors/context/open-contexts.ts';
import { openContextsOf } from '../../src/actors/context/open-contexts.ts';
import { openFabric } from '../../src/actors/durable/fabric.ts';
import { quietLog } from '../support/quiet-log.ts';
import { withCost } from './layer1-cost.ts';
import type { Layer1Part, Layer1Place } from './layer1-place.ts';
import { measure, quantile } from './measure.ts';
import type { Measure } from './measure.ts';

/** Contexts that live at the same time; every caller works on one of its own. */
const contextsMax = 1_000;
/** Callers of the closed loop: each begins when its last one ended, so what they wait is mostly each other. */
const parallel = 8;
/** Changes a second of all contexts together, each at its intended moment, whether the ones before are done or not. */
const openRate = 100;

const by = { principal: 'bench', isAdmin: false };

interface Ground {
  readonly contexts: NodeContexts;
  readonly namespace: string;
  readonly ids: readonly string[];
  readonly versions: Map<string, number>;
}

/** Lookups from the node's copies, lookups that ask the database, and commits beside a bare transaction. */
export const measureContexts: Layer1Part = async (place, prefix) => {
  const { store, clock, small: namespace, quick } = place;
  const fabric = await openFabric({ store, clock, log: quietLog });
  const redactor = createRedactor({ key: 'bench' });
  const contexts = openContextsOf({ fabric, redactor, rulesFor: () => undefined, clock, log: quietLog });
  try {
    const ids: string[] = [];
    await closed([''], contextsMax, parallel, async () => {
      const values = { n: ids.length, title: 'a context', steps: ['read', 'change', 'write'] };
      ids.push((await contexts.create({ namespace, by, values })).contextId);
    });
    const ground = { contexts, namespace, ids, versions: new Map(ids.map((id) => [id, 1])) };
    const count = quick ? contextsMax / 2 : contextsMax;
    const look = (fresh: boolean) => (contextId: string) =>
      contexts.get({ namespace, by, contextId, fresh }).then(() => undefined);
    const commit = (contextId: string): Promise<void> => change(ground, contextId);
    const cold = await closed(ids, count, 1, look(true));
    const coldTogether = await closed(ids, count, parallel, look(true));
    const warm = await closed(ids, count, 1, look(false));
    // Statements are planned and code is compiled once; nobody waits for that twice.
    await closed(ids, count, parallel, commit);
    const bare = await measureBare(place, count);
    const [lone, cost] = await withCost(place, { name: `${prefix}.context.commit`, count }, () =>
      closed(ids, count, 1, commit),
    );
    const together = await closed(ids, count, parallel, commit);
    const open = await atRate(ids, quick ? count : count * 3, commit);
    const failed = open.filter((one) => one.failed).length / open.length;
    const openMs = open.map(({ ms }) => ms);
    return [
      ...toMeasures(`${prefix}.context.lookup_database`, cold, 20),
      ...toMeasures(`${prefix}.context.lookup_database_callers${parallel}`, coldTogether),
      ...toMeasures(`${prefix}.context.lookup`, warm, 20),
      ...toMeasures(`${prefix}.context.commit`, lone, 5),
      cost,
      ...toMeasures(`${prefix}.context.commit_callers${parallel}`, together),
      ...toMeasures(`${prefix}.context.commit_open${openRate}`, openMs, 5),
      measure(`${prefix}.context.commit_open${openRate}.failed`, failed, 'fraction', 'lower', 0),
      ...toMeasures(`${prefix}.bare_commit`, bare),
      measure(
        `${prefix}.context.commit_to_bare`,
        quantile(lone, 0.5) / quantile(bare, 0.5),
        'ratio',
        'lower',
      ),
    ];
  } finally {
    await contexts.close();
    await fabric.close();
  }
};

async function change({ contexts, namespace, versions }: Ground, contextId: string): Promise<void> {
  const version = versions.get(contextId) ?? 1;
  const changes = { n: version };
  await contexts.change({ namespace, by, contextId, changes, expectedVersion: version });
  versions.set(contextId, version + 1);
}

/** What each of so many took, by callers of whom each begins when its last one ended. */
async function closed(
  ids: readonly string[],
  count: number,
  callers: number,
  work: (contextId: string) => Promise<void>,
): Promise<number[]> {
  const took: number[] = [];
  let next = 0;
  const call = async (): Promise<void> => {
    for (let n = next; n < count; n = next) {
      next += 1;
      const begunAt = performance.now();
      await work(ids[n % ids.length] ?? '');
      took.push(performance.now() - begunAt);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return took;
}

/**
 * What each of so many took from the moment it was meant to begin: whoever is late has waited, too. On a machine that is
 * too slow for the rate some find no connection in time; they are counted, and end nothing.
 */
async function atRate(
  ids: readonly string[],
  count: number,
  work: (contextId: string) => Promise<void>,
): Promise<readonly { readonly ms: number; readonly failed: boolean }[]> {
  const startedAt = performance.now();
  return Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const intendedAt = startedAt + (n * 1_000) / openRate;
      await new Promise<void>((resolve) => {
        setTimeout(resolve, intendedAt - performance.now());
      });
      const failed = await work(ids[n % ids.length] ?? '').then(
        () => false,
        () => true,
      );
      return { ms: performance.now() - intendedAt, failed };
    }),
  );
}

/** A bare transaction on a connection of its own that writes as many rows and bytes, beside which a commit is read. */
async function measureBare({ url, ask }: Layer1Place, count: number): Promise<number[]> {
  await ask('create table if not exists bare (id int primary key, revision int, state text)');
  await ask('create table if not exists bare_log (id bigint generated always as identity, entry text)');
  const client = new Client({ connectionString: url });
  await client.connect();
  const took: number[] = [];
  try {
    for (let n = 0; n < count; n += 1) {
      const begunAt = performance.now();
      await client.query({
        name: 'bare',
        text: `with one as (insert into bare values ($1, 1, $2) on conflict (id)
            do update set revision = bare.revision + 1, state = excluded.state returning id)
          insert into bare_log (entry) select e from one, unnest($3::text[]) e`,
        values: [n, 'x'.repeat(400), ['x'.repeat(400), 'x'.repeat(120), 'x'.repeat(120), 'x'.repeat(80)]],
      });
      took.push(performance.now() - begunAt);
    }
  } finally {
    await client.end();
  }
  return took;
}

function toMeasures(name: string, took: readonly number[], target?: number): Measure[] {
  return [
    measure(`${name}.p50_ms`, quantile(took, 0.5), 'ms', 'lower'),
    measure(`${name}.p95_ms`, quantile(took, 0.95), 'ms', 'lower', target),
  ];
}
