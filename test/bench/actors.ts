/**
 * What an actor costs: activating a live session, keeping ten thousand of them, and committing a durable context's
 * step, beside the bare transaction that the promise needs at least, on the same Postgres in the same run.
 */
import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { Client } from 'pg';
import { assign, setup } from 'xstate';
import type { EventObject } from 'xstate';

import { startPostgres, unprivilegedUser, defaultCacheFolder } from '../../infra/servers/servers.ts';
import { sessionEdges, sessionMachine } from '../../machines/session.machine.ts';
import { createUuid } from '../../machines/words/ids.ts';
import { toTimerSource } from '../../src/actors/actors.ts';
import type { Clock } from '../../src/actors/actors.ts';
import { createContextKind } from '../../src/actors/context/context.ts';
import { openDirectory } from '../../src/actors/directory.ts';
import type { DurableKind, Step } from '../../src/actors/durable/durable-kind.ts';
import { openFabric } from '../../src/actors/durable/fabric.ts';
import type { Fabric } from '../../src/actors/durable/fabric.ts';
import { openLive } from '../../src/actors/live.ts';
import type { LiveResident } from '../../src/actors/live.ts';
import { ensureNamespace, migrateStore, openStore } from '../../src/store/store.ts';
import { createDatabase } from '../support/database.ts';
import { quietLog } from '../support/quiet-log.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { measure, quantile } from './measure.ts';
import type { Bench, Measure } from './measure.ts';

const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => randomBytes(16),
  schedule: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

export const actorsBench: Bench = {
  name: 'actors',
  about: 'activation, memory and durable commits, beside a bare transaction',
  async run({ quick }) {
    return [
      ...(await measureSessions(quick ? 2_000 : 10_000)),
      ...(await measureCommits(quick ? 100 : 1_000)),
    ];
  },
};

/** Live sessions through the directory. */
async function measureSessions(sessions: number): Promise<Measure[]> {
  const collect = toCollector();
  const directory = openDirectory<EventObject, void, LiveResident>({
    clock,
    log: quietLog,
    residentsMax: sessions,
    open: ({ id }, ended) =>
      openLive({
        machine: sessionMachine,
        edges: sessionEdges,
        input: { sessionId: id, settings: { callsMax: 64, idleMs: 600_000, drainMs: 5_000 } },
        clock: toTimerSource(clock),
        log: quietLog,
        onEdge: () => {},
        ended,
      }),
  });
  const send = async (n: number, event: EventObject): Promise<number> => {
    const from = performance.now();
    await directory.deliver({ namespace: 'bench', kind: 'session', id: `s-${n}` }, event);
    return performance.now() - from;
  };
  const before = collect();
  const activations: number[] = [];
  for (let n = 0; n < sessions; n += 1) activations.push(await send(n, { type: 'opened' }));
  const heap = (collect() - before) / sessions;
  const sends: number[] = [];
  for (let n = 0; n < sessions; n += 1) sends.push(await send((n * 7_919) % sessions, { type: 'resume' }));
  const [first, last] = [activations.slice(0, 1_000), activations.slice(-1_000)];
  await directory.close();
  return [
    measure('actors.sessions', sessions, 'sessions', 'higher', sessions),
    measure('actors.activation.p50_ms', quantile(activations, 0.5), 'ms', 'lower', 1),
    measure('actors.activation.p95_ms', quantile(activations, 0.95), 'ms', 'lower'),
    measure(
      'actors.activation.last_to_first',
      quantile(last, 0.5) / quantile(first, 0.5),
      'ratio',
      'lower',
      2,
    ),
    measure('actors.deliver.p50_ms', quantile(sends, 0.5), 'ms', 'lower'),
    measure('actors.session.heap_kb', heap / 1_024, 'KiB', 'lower', 8),
  ];
}

/** A context's commits, turn by turn with the bare transaction, then both as fast as eight of each can. */
async function measureCommits(commits: number): Promise<Measure[]> {
  const folder = await temporaryFolder('drey-bench');
  const cacheDir = defaultCacheFolder(process.env, process.getuid?.());
  const postgres = await startPostgres({
    dataDir: folder.path,
    cacheDir,
    user: unprivilegedUser(),
    log: quietLog,
  });
  const adminUrl = new URL(postgres.url);
  adminUrl.pathname = '/postgres';
  const { url, drop } = await createDatabase(adminUrl.href);
  await migrateStore({ url, log: quietLog });
  const store = await openStore({ url, log: quietLog, now: () => performance.now() });
  await store.inNamespace('bench', (trx) => ensureNamespace(trx, 'bench'));
  const fabric = await openFabric({
    store,
    clock,
    log: quietLog,
    kinds: [createContextKind(), counterKind],
    timerEveryMs: 60_000,
    effectEveryMs: 60_000,
  });
  const clients: Client[] = [];
  try {
    while (clients.length < 8) clients.push(await openBare(url));
    return await compare(fabric, clients, commits);
  } finally {
    await Promise.all(clients.map(async (client) => client.end()));
    await fabric.close();
    await store.close();
    await drop();
    await postgres.stop();
    await folder.remove();
  }
}

async function compare(fabric: Fabric, clients: readonly Client[], commits: number): Promise<Measure[]> {
  const [client] = clients;
  if (client === undefined) return [];
  const context = async (actor: number, n: number): Promise<void> => {
    const changes = { [`key${n % 10}`]: `value ${n}`, at: n };
    await fabric.contexts.commit({ namespace: 'bench', contextId: `c-${actor}`, changes });
  };
  const durable = async (actor: number): Promise<void> => {
    const address = { namespace: 'bench', kind: 'run', id: `u-${actor}` } as const;
    await fabric.deliver(address, { from: 'command', id: createUuid(clock), verb: 'count' });
  };
  const times = {
    bare: [] as number[],
    durable: [] as number[],
    context: [] as number[],
    cold: [] as number[],
  };
  const timed = async (into: number[], work: () => Promise<void>): Promise<void> => {
    const from = performance.now();
    await work();
    into.push(performance.now() - from);
  };
  // Both sides run warm; what is measured comes turn by turn, since the machine is shared.
  const warm = Math.ceil(commits / 2);
  for (let n = 1; n <= warm + commits; n += 1) {
    const skipped = n <= warm ? ([] as number[]) : undefined;
    await timed(skipped ?? times.bare, async () => commitBare(client, 0, n));
    await timed(skipped ?? times.durable, async () => durable(0));
    await timed(skipped ?? times.context, async () => context(0, n));
  }
  for (let n = 1; n <= commits / 10; n += 1) {
    await fabric.directory.passivate({ namespace: 'bench', kind: 'run', id: 'u-0' });
    await timed(times.cold, async () => durable(0));
  }
  const each = Math.ceil(commits / 4);
  const rate = async (work: (actor: number, n: number) => Promise<void>): Promise<number> => {
    const from = performance.now();
    const runOne = async (actor: number): Promise<void> => {
      for (let n = 1; n <= each; n += 1) await work(actor, n);
    };
    await Promise.all(clients.map(async (_, actor) => runOne(actor)));
    return (clients.length * each * 1_000) / (performance.now() - from);
  };
  const start = (actor: number): number => (actor === 0 ? warm + commits : 0);
  const bareRate = await rate(async (actor, n) =>
    commitBare(clients[actor] ?? client, actor, start(actor) + n),
  );
  const durableRate = await rate(durable);
  const contextRate = await rate(context);
  const p50 = (of: keyof typeof times): number => quantile(times[of], 0.5);
  const p95 = (of: keyof typeof times): number => quantile(times[of], 0.95);
  return [
    measure('actors.bare.p50_ms', p50('bare'), 'ms', 'lower'),
    measure('actors.bare.p95_ms', p95('bare'), 'ms', 'lower'),
    measure('actors.bare.per_s', bareRate, 'per s', 'higher'),
    measure('actors.commit.p50_ms', p50('durable'), 'ms', 'lower'),
    measure('actors.commit.p95_ms', p95('durable'), 'ms', 'lower'),
    measure('actors.commit.per_s', durableRate, 'per s', 'higher'),
    measure('actors.commit.ratio', p50('durable') / p50('bare'), 'ratio', 'lower', 1.5),
    measure('actors.commit.cold_p50_ms', p50('cold'), 'ms', 'lower'),
    measure('actors.context.p50_ms', p50('context'), 'ms', 'lower'),
    measure('actors.context.p95_ms', p95('context'), 'ms', 'lower'),
    measure('actors.context.per_s', contextRate, 'per s', 'higher'),
    measure('actors.context.ratio', p50('context') / p50('bare'), 'ratio', 'lower'),
  ];
}

const counterMachine = setup({
  types: { context: {} as { count: number }, events: {} as { type: 'count' } },
  actions: { count: assign({ count: ({ context }) => context.count + 1 }), tell: () => {} },
}).createMachine({
  id: 'counter',
  context: { count: 0 },
  on: { count: { actions: ['count', 'tell'] } },
});

/** The least a durable actor can be: one number, one event a step. */
const counterKind: DurableKind = {
  kind: 'run',
  machine: counterMachine,
  version: 1,
  edges: {},
  toInput: () => undefined,
  toEvent: () => ({ type: 'count' }),
  actions: {
    tell: (_: unknown, step: Step) =>
      step.tell('run.stepped', { from: 'counting', to: 'counting', cause: { type: 'count' } }),
  },
  effects: {},
};

/** A connection with the bare tables: a row with a revision, and an outbox. */
async function openBare(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`
    create table if not exists bare_actors (id int primary key, revision bigint not null, snapshot json not null);
    create table if not exists bare_outbox (id text primary key, position bigint generated always as identity, event json not null);
    insert into bare_actors select n, 1, '{}' from generate_series(0, 7) as n on conflict do nothing`);
  return client;
}

async function commitBare(client: Client, actor: number, revision: number): Promise<void> {
  const snapshot = JSON.stringify({
    machine: { value: { active: 'clean' }, context: { version: revision } },
  });
  const event = JSON.stringify({
    id: `${actor}/${revision}`,
    type: 'context.updated',
    data: { at: revision },
  });
  await client.query('begin');
  const { rowCount } = await client.query(
    'update bare_actors set revision = revision + 1, snapshot = $1 where id = $2 and revision = $3',
    [snapshot, actor, revision],
  );
  if (rowCount !== 1) throw new Error(`the bare actor ${actor} is not at revision ${revision}`);
  await client.query('insert into bare_outbox (id, event) values ($1, $2)', [`${actor}/${revision}`, event]);
  await client.query('commit');
}

/** Collects garbage and answers how much is used. */
function toCollector(): () => number {
  setFlagsFromString('--expose_gc');
  const collect: unknown = runInNewContext('gc');
  return () => {
    for (let n = 0; n < 3; n += 1) if (typeof collect === 'function') Reflect.apply(collect, undefined, []);
    return process.memoryUsage().heapUsed;
  };
}
