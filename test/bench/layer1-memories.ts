/**
 * Memories at size: how long storing and searching take in a big namespace beside many others, and the plans that
 * Postgres makes for it. Words are drawn by Zipf's law, so that most questions hold words that most memories have.
 */
import { Client } from 'pg';
import { createRedactor } from '../../src/access/access.ts';
import { Memories, createAnnouncer } from '../../src/actors/actors.ts';
import type { Store } from '../../src/store/store.ts';
import { quietLog } from '../support/quiet-log.ts';
import { withCost } from './layer1-cost.ts';
import { filling } from './layer1-place.ts';
import type { Layer1Part } from './layer1-place.ts';
import { measure, quantile } from './measure.ts';

export interface MemoriesBenchOptions {
  readonly store: Store;
  /** The same database for an administrator, who fills it and reads plans. */
  readonly adminUrl: string;
  /** The namespace that is asked, and its size. */
  readonly namespace: string;
  readonly memories: number;
  /** Namespaces beside it, and the size of each. */
  readonly others: { readonly names: readonly string[]; readonly memories: number };
  readonly questions: number;
  readonly stores: number;
  /** What is done around the filling, on a server that is the bench's own. */
  readonly filling?: (work: () => Promise<void>) => Promise<void>;
}

export interface MemoriesFigures {
  readonly rows: number;
  /** Of a lone caller, and of several of whom each asks again when it was answered. */
  readonly searchMs: { readonly p50: number; readonly p95: number };
  readonly searchCpuMs: number;
  readonly togetherMs: { readonly p50: number; readonly p95: number };
  readonly storeMs: { readonly p50: number; readonly p95: number };
  /** Questions of which something was found. */
  readonly answered: number;
  /** Plans of the statements behind one search, as Postgres explains them. */
  readonly plans: readonly string[];
}

const vocabulary = 30_000;
const wordLetters = 9;
const wordsPerMemory = 14;
const wordsPerQuestion = 7;
const callersTogether = 8;
const seed = 7_333;

/** Memories of the bench `layer1`: as many as there are procedures, in the same namespaces. */
export const measureMemoriesPart: Layer1Part = async (place, prefix) => {
  const { store, url, big, bigRows, names, smallRows, quick } = place;
  const others = { names, memories: smallRows };
  const counts = { questions: quick ? 100 : 500, stores: quick ? 50 : 300 };
  const found = await measureMemories({
    store,
    adminUrl: url,
    namespace: big,
    memories: bigRows,
    others,
    ...counts,
    filling: (work) => filling(place, work),
  });
  for (const plan of found.plans) process.stderr.write(`${plan}\n`);
  return [
    measure(`${prefix}.memory.search.p50_ms`, found.searchMs.p50, 'ms', 'lower'),
    measure(`${prefix}.memory.search.p95_ms`, found.searchMs.p95, 'ms', 'lower', 25),
    measure(`${prefix}.memory.search.cpu_ms`, found.searchCpuMs, 'ms', 'lower'),
    measure(`${prefix}.memory.search_callers${callersTogether}.p50_ms`, found.togetherMs.p50, 'ms', 'lower'),
    measure(`${prefix}.memory.search_callers${callersTogether}.p95_ms`, found.togetherMs.p95, 'ms', 'lower'),
    measure(`${prefix}.memory.answered`, found.answered / counts.questions, 'fraction', 'higher'),
    measure(`${prefix}.memory.store.p50_ms`, found.storeMs.p50, 'ms', 'lower'),
    measure(`${prefix}.memory.store.p95_ms`, found.storeMs.p95, 'ms', 'lower', 50),
  ];
};

/** Fills what is missing, asks and stores, and answers the figures. */
export async function measureMemories(options: MemoriesBenchOptions): Promise<MemoriesFigures> {
  const admin = new Client({ connectionString: options.adminUrl });
  await admin.connect();
  try {
    const { filling: around = (work) => work() } = options;
    await around(() => fill(admin, options));
    const { rows: counted } = await admin.query<{ n: number }>('select count(*)::int as n from memories');
    const rows = counted[0]?.n ?? 0;
    const random = createRandom(seed);
    const memories = createMemories(options.store);
    const asker = { namespace: options.namespace, principal: { id: 'bench' } };
    const questions = Array.from({ length: options.questions }, (_, n) => {
      const text = toText(random, wordsPerQuestion);
      return n % 10 === 9 ? toSlip(text) : text;
    });
    let answered = 0;
    const ask = async (query: string): Promise<void> => {
      if ((await memories.search({ ...asker, query, limit: 10 })).length > 0) answered += 1;
    };
    const admins = { ask: async <Row extends object>(text: string) => (await admin.query<Row>(text)).rows };
    const [searches, searchCost] = await withCost(
      admins,
      { name: 'memory.search', count: questions.length },
      () => timesOf(questions, 1, ask),
    );
    const together = await timesOf(questions, callersTogether, ask);
    const stores: number[] = [];
    for (let n = 0; n < options.stores; n += 1) {
      const content = `${toText(random, wordsPerMemory)} bench${n}`;
      const startedAt = performance.now();
      await memories.store({ ...asker, memory: { content, kind: 'fact' } });
      stores.push(performance.now() - startedAt);
    }
    const plans = await readPlans(admin, options.namespace, toText(random, wordsPerQuestion));
    return {
      rows,
      searchMs: toFigures(searches),
      searchCpuMs: searchCost.value,
      togetherMs: toFigures(together),
      storeMs: toFigures(stores),
      answered: answered / 2,
      plans,
    };
  } finally {
    await admin.end();
  }
}

/** What each question took, asked by so many callers. */
async function timesOf(
  questions: readonly string[],
  callers: number,
  ask: (question: string) => Promise<void>,
): Promise<number[]> {
  const took: number[] = [];
  const left = questions.values();
  const call = async (): Promise<void> => {
    for (const question of left) {
      const startedAt = performance.now();
      await ask(question);
      took.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return took;
}

function toFigures(values: readonly number[]): { p50: number; p95: number } {
  return { p50: quantile(values, 0.5), p95: quantile(values, 0.95) };
}

function createMemories(store: Store): Memories {
  const random = createRandom(seed + 1);
  const clock = {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    random: () => Uint8Array.from({ length: 16 }, () => Math.floor(random() * 256)),
    schedule: (delayMs: number, callback: () => void) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
  };
  return new Memories({
    store,
    redactor: createRedactor({ key: 'bench' }),
    announcer: createAnnouncer({ append: () => undefined, clock, log: quietLog }),
    clock,
    log: quietLog,
    committed: () => undefined,
  });
}

/** Namespaces that are filled with one statement: a million rows in one would be one long transaction. */
const namespacesPerFill = 100;

/** Words are cut out of one run of bytes: the elements of an array of texts are looked for from its beginning each time. */
const fillOne = `insert into memories (namespace, id, principal, content, kind, terms, digest)
  select wanted.name, gen_random_uuid(), 'agent-' || n % 10, drawn.text, 'fact', drawn.text, md5(wanted.name || '/' || n)
  from unnest($1::text[], $2::int[], $3::int[]) as wanted (name, there, size)
    cross join lateral generate_series(wanted.there + 1, wanted.size) n
    cross join lateral (
      select string_agg(convert_from(substr($4::bytea,
        1 + ${wordLetters} * (floor(exp(random() * ln(${vocabulary}::float8)))::int - 1), ${wordLetters}), 'UTF8'), ' ') as text
      from generate_series(1, $5::int) place where place + n > 0) drawn`;

/** The database draws the words itself: a million memories never pass through here. */
async function fill(admin: Client, options: MemoriesBenchOptions): Promise<void> {
  const { namespace, others } = options;
  await admin.query('select setseed(0.7333)');
  const sizes = [
    { name: namespace, size: options.memories },
    ...others.names.map((name) => ({ name, size: others.memories })),
  ];
  await admin.query(
    'insert into namespaces (namespace, display_name) select n, n from unnest($1::text[]) n on conflict do nothing',
    [sizes.map(({ name }) => name)],
  );
  // Triggers and indexes would do one row's work a million times; all of it is done once, afterwards.
  const { rows: indexes } = await admin.query<{ name: string; made: string }>(
    `select indexname as name, indexdef as made from pg_indexes
     where tablename in ('memories', 'memory_words') and indexname not like '%_pkey'`,
  );
  const { rows: there } = await admin.query<{ name: string; n: number }>(
    'select namespace as name, count(*)::int as n from memories group by 1',
  );
  const known = new Map(there.map(({ name, n }) => [name, n]));
  for (const { name } of indexes) await admin.query(`drop index ${name}`);
  await admin.query('set session_replication_role = replica');
  await admin.query(`set work_mem = '256MB'`);
  for (let from = 0; from < sizes.length; from += namespacesPerFill) {
    const some = sizes.slice(from, from + namespacesPerFill);
    await admin.query(fillOne, [
      some.map(({ name }) => name),
      some.map(({ name }) => known.get(name) ?? 0),
      some.map(({ size }) => size),
      Buffer.from(words.join('')),
      wordsPerMemory,
    ]);
  }
  await admin.query(
    `insert into memory_words (namespace, word)
     select distinct m.namespace, s.word from memories m, drey_spellable_words(m.terms) s on conflict do nothing`,
  );
  await admin.query('set session_replication_role = origin');
  await admin.query(`set maintenance_work_mem = '256MB'`);
  for (const { made } of indexes) await admin.query(made);
  await admin.query('vacuum analyze memories, memory_words');
}

/** Statements inside functions are explained only by the server itself, as notices. */
async function readPlans(admin: Client, namespace: string, query: string): Promise<readonly string[]> {
  const plans: string[] = [];
  admin.on('notice', ({ message }) => {
    if (message?.includes('plan:') === true) plans.push(message);
  });
  await admin.query(`load 'auto_explain'`);
  await admin.query(
    `begin; set local auto_explain.log_min_duration = 0; set local auto_explain.log_analyze = on;
     set local auto_explain.log_nested_statements = on; set local client_min_messages = log;
     set local drey.namespace = '${namespace}'`,
  );
  await admin.query(`select * from drey_look_for_memories($1, $1, null, 'bench', now(), null, 100)`, [query]);
  await admin.query('rollback');
  return plans;
}

function toText(random: () => number, count: number): string {
  const draw = (): string => words[Math.floor(Math.exp(random() * Math.log(vocabulary))) - 1] ?? '';
  return Array.from({ length: count }, draw).join(' ');
}

/** Words that no stemmer changes much, so far apart that none is a slip of another: consonants and vowels in turn. */
const words: readonly string[] = Array.from({ length: vocabulary }, (_, n) => {
  const mixed = (n * 7_919 + 104_729) % 12_960_000;
  const syllable = (at: number): string => {
    const part = Math.floor(mixed / 60 ** at) % 60;
    return `${'bdfgklmnprtv'[part % 12] ?? 'b'}${'aiouy'[Math.floor(part / 12)] ?? 'a'}`;
  };
  return `${syllable(0)}${syllable(1)}${syllable(2)}${syllable(3)}k`;
});

/** The same with its last word misspelt. */
function toSlip(text: string): string {
  return `${text.slice(0, -2)}${text.slice(-1)}`;
}

/** A small generator, so that every run asks the same (mulberry32). */
function createRandom(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
