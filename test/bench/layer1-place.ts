/**
 * The ground of the bench `layer1`: an embedded Postgres in a temporary folder, filled in one go with procedures of many
 * small namespaces and a big one. Filling goes past the walls, as the administrator; measuring never does.
 */
import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { defaultCacheFolder, startPostgres, unprivilegedUser } from '../../infra/servers/servers.ts';
import type { Clock } from '../../src/actors/actors.ts';
import { migrateStore, openStore } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import { quietLog } from '../support/quiet-log.ts';
import { temporaryFolder } from '../support/temporary.ts';
import type { Measure } from './measure.ts';

export interface Layer1Place {
  readonly url: string;
  readonly store: Store;
  readonly clock: Clock;
  /** Rows in all. */
  readonly rows: number;
  /** A small namespace of `smallRows`, one of `names`, and the one of `bigRows`. */
  readonly small: string;
  readonly names: readonly string[];
  readonly big: string;
  readonly smallRows: number;
  readonly bigRows: number;
  readonly quick: boolean;
  /** As the administrator, who passes every wall. */
  ask<Row extends object>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Words as they stand in procedures and memories, for questions. */
  question(n: number): string;
}

/** Rows in all, those of the big namespace (a tenth unless stated), and whether few repetitions will do. */
export interface Layer1Size {
  readonly rows: number;
  readonly bigRows?: number | undefined;
  readonly quick: boolean;
}

/** One part of the bench; its measures' names begin with the prefix. */
export type Layer1Part = (place: Layer1Place, prefix: string) => Promise<Measure[]>;

const smallRowsMax = 1_000;

export const benchClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => randomBytes(16),
  schedule: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Starts a server, fills it with so many rows, lets the work be done, and takes all of it away again. */
export async function withLayer1Place<T>(
  o: Layer1Size,
  work: (place: Layer1Place) => Promise<T>,
): Promise<T> {
  const folder = await temporaryFolder('drey-bench');
  const cacheDir = defaultCacheFolder(process.env, process.getuid?.());
  const postgres = await startPostgres({
    dataDir: folder.path,
    cacheDir,
    user: unprivilegedUser(),
    log: quietLog,
  });
  const { url } = postgres;
  const admin = new Client({ connectionString: url });
  let store: Store | undefined;
  try {
    await migrateStore({ url, log: quietLog });
    await admin.connect();
    store = await openStore({ url, log: quietLog, now: () => performance.now() });
    const bigRows = o.bigRows ?? Math.max(1_000, Math.floor(o.rows / 10));
    const smalls = Math.max(1, Math.floor((o.rows - bigRows) / smallRowsMax));
    const place: Layer1Place = {
      ...o,
      url,
      store,
      clock: benchClock,
      small: `n${Math.ceil(smalls / 2)}`,
      names: Array.from({ length: smalls }, (_, n) => `n${n + 1}`),
      big: 'big',
      smallRows: smallRowsMax,
      bigRows,
      ask: async <Row extends object>(sql: string, parameters: readonly unknown[] = []) =>
        (await admin.query<Row>(sql, [...parameters])).rows,
      question: toQuestion,
    };
    await filling(place, () => fillSops(place, smalls));
    return await work(place);
  } finally {
    await store?.close();
    await admin.end();
    await postgres.stop();
    await folder.remove();
  }
}

const verbs = words('deploy restart rotate archive import export approve refund invoice migrate', 10);
const nouns = words(made(40), 40);
const details = words(made(2_000), 2_000);

function toQuestion(n: number): string {
  const pick = (from: readonly string[], salt: number): string => from[(n * salt + salt) % from.length] ?? '';
  return `please ${pick(verbs, 7)} the ${pick(nouns, 11)} of ${pick(details, 31)} and ${pick(details, 127)} for me`;
}

function words(text: string, count: number): readonly string[] {
  return text.split(' ').slice(0, count);
}

/** Words that no stemmer changes much: consonants and vowels in turn. */
function made(count: number): string {
  const [hard, soft] = ['bdfgklmnprtv', 'aiou'];
  const syllable = (n: number): string => `${hard[n % 12] ?? 'b'}${soft[Math.floor(n / 12) % 4] ?? 'a'}`;
  return Array.from(
    { length: count },
    (_, n) => `${syllable(n)}${syllable(n * 7 + 3)}${syllable(Math.floor(n / 48))}k`,
  ).join(' ');
}

/**
 * Lets the server write without care while it is filled, and makes it careful again before anything is measured: then
 * nothing is left to be written behind the measuring, and connections that were given up meanwhile are there again.
 */
export async function filling(
  { ask, store }: Pick<Layer1Place, 'ask' | 'store'>,
  work: () => Promise<void>,
): Promise<void> {
  const careless = ['fsync = off', 'full_page_writes = off', 'autovacuum = off', `max_wal_size = '16GB'`];
  for (const setting of careless) await ask(`alter system set ${setting}`);
  await ask('select pg_reload_conf()');
  const startedAt = performance.now();
  await work();
  for (const setting of careless) await ask(`alter system reset ${setting.split(' ')[0] ?? ''}`);
  await ask('select pg_reload_conf()');
  await ask('checkpoint');
  process.stderr.write(`filled in ${Math.round((performance.now() - startedAt) / 1_000)} s\n`);
  await connectAll(store);
}

const connectAttemptsMax = 20;

/** On a busy machine a connection may take longer than a caller waits for it; the bench is not about that. */
async function connectAll(store: Store): Promise<void> {
  const callers = Array.from({ length: 10 }, async () => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await store.ping();
      } catch (error) {
        if (attempt >= connectAttemptsMax) throw error;
      }
    }
  });
  await Promise.all(callers);
}

/** All rows in one statement, without the search's index, which is made anew afterwards. */
async function fillSops({ ask, bigRows, smallRows }: Layer1Place, smalls: number): Promise<void> {
  await ask(`insert into namespaces (namespace, display_name)
    select 'n' || n, 'n' || n from generate_series(1, ${smalls}) n union all select 'big', 'big'`);
  // Indexes are made afterwards, and references need no check: they are right by the way the rows are made.
  const indexes = await ask<{ name: string; made: string }>(
    `select indexname as name, indexdef as made from pg_indexes
     where tablename = 'acontext_sops' and indexname <> 'acontext_sops_pkey'`,
  );
  for (const { name } of indexes) await ask(`drop index ${name}`);
  await ask('set session_replication_role = replica');
  await ask(
    `insert into acontext_sops (namespace, id, trigger, steps, procedure, status, confidence, occurrences, metadata)
     select g.namespace, gen_random_uuid(),
       v.w[1 + (g.n * 7) % 10] || ' the ' || o.w[1 + (g.n * 11) % 40] || ' of ' ||
         d.w[1 + (hashint4(g.n) & 2147483647) % 2000] || ' and ' || d.w[1 + (hashint4(g.n + 7) & 2147483647) % 2000],
       '["1. fs__read_file: path from the task", "2. tickets__update"]'::jsonb,
       jsonb_build_array(
         jsonb_build_object('tool', 'fs__read_' || o.w[1 + (g.n * 11) % 40], 'optional', false, 'repeated', false,
           'alternatives', '[]'::jsonb, 'support', 1, 'args', '{}'::jsonb),
         jsonb_build_object('tool', 'tickets__' || v.w[1 + (g.n * 7) % 10], 'optional', false, 'repeated', false,
           'alternatives', '[]'::jsonb, 'support', 1, 'args', '{}'::jsonb)),
       'active', 0.7 + (g.n % 300) / 1000.0, 3 + g.n % 50, '{"wordings": [], "pitfalls": []}'::jsonb
     from (
       select 'n' || s as namespace, n from generate_series(1, ${smalls}) s, generate_series(1, ${smallRows}) n
       union all select 'big', n from generate_series(1, ${bigRows}) n
     ) g, (select $1::text[] as w) v, (select $2::text[] as w) o, (select $3::text[] as w) d`,
    [verbs, nouns, details],
  );
  await ask(
    `insert into acontext_sop_versions (namespace, sop_id, version, digest, content)
     select namespace, id, 1, '', '{}'::jsonb from acontext_sops`,
  );
  await ask(`set maintenance_work_mem = '256MB'`);
  for (const { made: index } of indexes) await ask(index);
  await ask('set session_replication_role = origin');
  await ask('vacuum analyze acontext_sops, acontext_sop_versions');
}
