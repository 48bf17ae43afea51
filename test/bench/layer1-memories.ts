/**
 * Memories at size: how long storing and searching take in a big namespace beside many others, and the plans that
 * Postgres makes for it. Words are drawn by Zipf's law, so that most questions hold words that most memories have.
 */
import { Client } from 'pg';
import { createRedactor } from '../../src/access/access.ts';
import { Memories, createAnnouncer } from '../../src/actors/actors.ts';
import type { Store } from '../../src/store/store.ts';
import { quietLog } from '../support/quiet-log.ts';
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
}

export interface MemoriesFigures {
  readonly rows: number;
  readonly searchMs: { readonly p50: number; readonly p95: number };
  readonly storeMs: { readonly p50: number; readonly p95: number };
  /** Questions of which something was found. */
  readonly answered: number;
  /** Plans of the statements behind one search, as Postgres explains them. */
  readonly plans: readonly string[];
}

const vocabulary = 30_000;
const wordsPerMemory = 14;
const wordsPerQuestion = 7;
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
  });
  for (const plan of found.plans) process.stderr.write(`${plan}\n`);
  return [
    measure(`${prefix}.memory.search.p50_ms`, found.searchMs.p50, 'ms', 'lower'),
    measure(`${prefix}.memory.search.p95_ms`, found.searchMs.p95, 'ms', 'lower', 25),
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
    const rows = await fill(admin, options);
    const random = createRandom(seed);
    const memories = createMemories(options.store);
    const asker = { namespace: options.namespace, principal: { id: 'bench' } };
    const searches: number[] = [];
    let answered = 0;
    for (let n = 0; n < options.questions; n += 1) {
      const query =
        n % 10 === 9 ? toSlip(toText(random, wordsPerQuestion)) : toText(random, wordsPerQuestion);
      const startedAt = performance.now();
      const found = await memories.search({ ...asker, query, limit: 10 });
      searches.push(performance.now() - startedAt);
      if (found.length > 0) answered += 1;
    }
    const stores: number[] = [];
    for (let n = 0; n < options.stores; n += 1) {
      const content = `${toText(random, wordsPerMemory)} bench${n}`;
      const startedAt = performance.now();
      await memories.store({ ...asker, memory: { content, kind: 'fact' } });
      stores.push(performance.now() - startedAt);
    }
    const plans = await readPlans(admin, options.namespace, toText(random, wordsPerQuestion));
    return { rows, searchMs: toFigures(searches), storeMs: toFigures(stores), answered, plans };
  } finally {
    await admin.end();
  }
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

/** The database draws the words itself: a million memories never pass through here. */
async function fill(admin: Client, options: MemoriesBenchOptions): Promise<number> {
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
  // Triggers and the index would do one row's work a million times; both are done once, afterwards.
  const [index] = (
    await admin.query<{ made: string }>(
      `select indexdef as made from pg_indexes where indexname = 'memory_words_alike'`,
    )
  ).rows;
  if (index !== undefined) await admin.query('drop index memory_words_alike');
  await admin.query('set session_replication_role = replica');
  await admin.query(
    `insert into memories (namespace, id, principal, content, kind, terms, digest)
     select wanted.name, gen_random_uuid(), 'agent-' || n % 10, drawn.text, 'fact', drawn.text, md5(wanted.name || '/' || n)
     from unnest($1::text[], $2::int[]) as wanted (name, size)
       cross join lateral generate_series(
         1 + (select count(*)::int from memories m where m.namespace = wanted.name), wanted.size) n
       cross join lateral (
         select string_agg(($3::text[])[floor(exp(random() * ln(${vocabulary}::float8)))::int], ' ') as text
         from generate_series(1, $4::int) place where place + n > 0) drawn`,
    [sizes.map(({ name }) => name), sizes.map(({ size }) => size), words, wordsPerMemory],
  );
  await admin.query(
    `insert into memory_words (namespace, word)
     select distinct m.namespace, s.word from memories m, drey_spellable_words(m.terms) s on conflict do nothing`,
  );
  await admin.query('set session_replication_role = origin');
  if (index !== undefined) await admin.query(index.made);
  await admin.query('vacuum analyze memories, memory_words');
  const { rows } = await admin.query<{ n: number }>('select count(*)::int as n from memories');
  return rows[0]?.n ?? 0;
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
  await admin.query(`select * from drey_weigh_memory_words($1, $1, 400)`, [query]);
  const words = [...new Set(query.split(' '))];
  await admin.query(`select * from drey_search_memories($1, false, $1, 'bench', now(), null, 100)`, [
    words.slice(0, 2),
  ]);
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
