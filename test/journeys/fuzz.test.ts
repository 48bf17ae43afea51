/**
 * Everything that a real node says it can be asked, asked wrongly: its document and its tools say what would be right,
 * and one place of it is broken. The node answers each time, in time, with a code and a sentence; what it refused left
 * nothing behind, and the next good question is answered.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { doDeed, listDeeds, readRefusal } from './rig/fuzzing.ts';
import type { Deed, Done } from './rig/fuzzing.ts';
import { openNeighbours } from './rig/neighbours.ts';
import type { Neighbour, Neighbours } from './rig/neighbours.ts';

/** Deeds for each operation and tool. */
const many = Number(process.env['DREY_TEST_RUNS'] ?? 30);
const seed = Number(process.env['DREY_TEST_SEED'] ?? 7);
const atOnce = 6;
/** On a machine that others use as well. */
const answerMsMax = 10_000;
const quietMs = 3_000;

/**
 * Tables that tell of requests, not of what they wanted: the log of refusals, the session in which they came, when the
 * key was last used, and how much of a rate was.
 */
const ofRequests = new Set(['audit_log', 'sessions', 'api_keys', 'rate_limits', 'outbox', 'inbox']);
/** What no caller is to read: statements, places in our code, names of what we are made of. */
const inner =
  /\b(?:select|insert into|update|delete from)\b.+\b(?:from|values|set|where)\b|violates|relation "|syntax error at|\bat \S+ \(|\.[jt]s:\d+|node_modules|kysely|ECONNRE|invalid byte sequence|invalid input syntax|out of range for type|Cannot read prop|is not a function|undefined/i;

let house: Neighbours;
let fuzzer: Neighbour;
let quiet: Neighbour;
const refused: Deed[] = [];

beforeAll(async () => {
  house = await openNeighbours({ learning: { quietMs: 500 } });
  fuzzer = await house.move('fuzzed', 'fuzzer');
  quiet = await house.move('quiet', 'fuzzer');
}, 120_000);
afterAll(() => house?.stop(), 60_000);

async function inTurns(deeds: readonly Deed[], take: (deed: Deed) => Promise<void>): Promise<void> {
  const waiting = [...deeds];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await take(next);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

const show = (deed: Deed, done: Done): string =>
  `${deed.method} ${deed.path.slice(0, 300)} ${deed.what} ${String(deed.body).slice(0, 500)} answered ${done.status} after ${Math.round(done.ms)} ms: ${done.text.slice(0, 500)}`;

/** What is wrong with an answer, if anything. */
function findFault(deed: Deed, done: Done): string | undefined {
  const refusal = readRefusal(done);
  if (done.status >= 500) return `a 5xx: ${show(deed, done)}`;
  if (done.ms > answerMsMax) return `too late: ${show(deed, done)}`;
  if (refusal === undefined) return done.status < 400 ? undefined : `no reason: ${show(deed, done)}`;
  const { code, sentence } = refusal;
  if (code === '' || code === '-32603' || sentence.length < 10)
    return `no code or sentence: ${show(deed, done)}`;
  // What the caller said itself may come back, shortened.
  return inner.test(sentence.replaceAll(/'; drop table memories; --|"[^"]*"/g, ''))
    ? `inner workings: ${show(deed, done)}`
    : undefined;
}

async function isWell(who: Neighbour): Promise<void> {
  const kept = await who.call('memory', { action: 'store', content: 'the next good question is answered' });
  expect(kept.status, kept.text).toBe(200);
  const listed = await who.ask('GET', '/memories?limit=1');
  expect(listed.status, listed.text).toBe(200);
}

/** The namespace's rows but those of requests, once nothing changes any more. */
async function readRows(namespace: string): Promise<Record<string, string>> {
  let last = '';
  let since = 0;
  return until(
    `nothing changes in ${namespace}`,
    async () => {
      const rows = Object.fromEntries(
        Object.entries(await house.digest(namespace)).filter(([table]) => !ofRequests.has(table)),
      );
      const now = JSON.stringify(rows);
      if (now !== last) since = performance.now();
      last = now;
      return performance.now() - since > quietMs ? rows : undefined;
    },
    60_000,
  );
}

describe('a node that is asked wrongly', { timeout: 240_000 }, () => {
  it('answers each time with a code and a sentence, and the next good question', async () => {
    const faults: string[] = [];
    const taken = new Set<string>();
    const turned = new Set<string>();
    await inTurns(listDeeds(house, many, seed), async (deed) => {
      const done = await doDeed(house.node.url, fuzzer, deed).catch((error: unknown): Done => ({
        status: 599,
        type: '',
        text: String(error),
        ms: 0,
      }));
      const fault = findFault(deed, done);
      if (fault !== undefined) faults.push(fault);
      const isRefused = readRefusal(done) !== undefined;
      (isRefused ? turned : taken).add(deed.what);
      if (isRefused) refused.push(deed);
    });
    expect(faults.slice(0, 30)).toEqual([]);
    await isWell(fuzzer);
    // Whatever was let in can be listed and read.
    for (const { method, path } of house.operations.filter(({ path: one }) => !one.includes('{'))) {
      if (method !== 'GET') continue;
      const { status, text } = await fuzzer.ask('GET', path);
      expect(status === 400 ? readRefusalOf(text) : status, `${path}: ${text.slice(0, 300)}`).toBeLessThan(
        400,
      );
    }
    const asked = house.operations.length + house.tools.length;
    expect(turned.size).toBeGreaterThan(asked * 0.7);
    expect(taken.size).toBeGreaterThan(asked * 0.3);
  });

  it('keeps nothing of what it refused', async () => {
    // In a namespace where nothing else happens; what is let in there is asked no second time.
    const again: Deed[] = [];
    await inTurns(refused, async (deed) => {
      const isRefused = readRefusal(await doDeed(house.node.url, quiet, deed)) !== undefined;
      if (isRefused && !isBusy(deed)) again.push(deed);
    });
    expect(again.length).toBeGreaterThan(refused.length * 0.8);
    const before = await readRows('quiet');
    const letIn: string[] = [];
    await inTurns(again, async (deed) => {
      const done = await doDeed(house.node.url, quiet, deed);
      if (readRefusal(done) === undefined) letIn.push(show(deed, done));
    });
    expect(letIn).toEqual([]);
    expect(await readRows('quiet')).toEqual(before);
    await isWell(quiet);
  });
});

/** Whether it is let in depends on what else the learner is doing. */
const isBusy = ({ what }: Deed): boolean => what === 'POST /relearn';

/** A list that needs a question answers that it does. */
const readRefusalOf = (text: string): number => (text.includes('argument_invalid') ? 200 : 400);
