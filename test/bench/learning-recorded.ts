/** Recorded episodes for the benchmarks: how they are read, split, marked, and what a system without learning would show. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Episode } from '../../machines/words/episodes.ts';

/** One call of a recorded episode. */
export interface RecordedStep {
  readonly tool: string;
  readonly args: unknown;
  readonly result: unknown;
  readonly error: boolean;
}

/** One line of a recorded set. */
export interface RecordedEpisode {
  readonly dataset: string;
  readonly episode_id: string;
  readonly task_id: string;
  readonly task: string;
  readonly agent: string;
  readonly success: boolean | null;
  readonly steps: readonly RecordedStep[];
  readonly meta?: Readonly<Record<string, unknown>> | null;
}

/** Reads a gzipped file of recorded episodes. */
export function readRecorded(file: string): RecordedEpisode[] {
  const lines = gunzipSync(readFileSync(file)).toString('utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as RecordedEpisode);
}

/** A recorded episode as learning wants it; times follow its place in the file. */
export function toEpisode(recorded: RecordedEpisode, at: number): Episode {
  const time = (second: number) =>
    new Date(Date.UTC(2024, 0, 1) + at * 60_000 + second * 1_000).toISOString();
  return {
    episodeId: `e-${recorded.dataset}-${at}`,
    namespace: 'bench',
    principal: recorded.agent,
    session: `s-${at}`,
    task: recorded.task,
    outcome: recorded.success === true ? 'success' : recorded.success === false ? 'failure' : 'unknown',
    end: 'import',
    startedAt: time(0),
    endedAt: time(recorded.steps.length),
    calls: recorded.steps.map((step, n) => ({
      callId: `k-${at}-${n}`,
      server: '',
      tool: step.tool,
      name: step.tool,
      args: step.args,
      result: step.result,
      error: step.error,
      at: time(n),
    })),
  };
}

/** Connected components over task id and normalised text: what hangs together falls on one side. */
export function toGroups(episodes: readonly RecordedEpisode[]): string[] {
  const parent = new Map<string, string>();
  const find = (key: string): string => {
    let root = key;
    while ((parent.get(root) ?? root) !== root) root = parent.get(root) ?? root;
    parent.set(key, root);
    return root;
  };
  const textOf = (each: RecordedEpisode) =>
    `text:${each.task
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim()}`;
  for (const each of episodes) {
    const [a, b] = [find(`task:${each.task_id}`), find(textOf(each))].sort();
    if (a !== undefined && b !== undefined) parent.set(b, a);
  }
  return episodes.map((each) => find(`task:${each.task_id}`));
}

/** A text's place between 0 and 1.  */
export const toHash = (text: string) =>
  Number.parseInt(createHash('sha1').update(text).digest('hex').slice(0, 8), 16) / 2 ** 32;

interface Mark {
  readonly f1: number;
  readonly nlcs: number;
}

/** Set-F1 and longest common subsequence over the longer length. */
export function mark(served: readonly string[], real: readonly string[]): Mark {
  if (served.length === 0 || real.length === 0) return { f1: 0, nlcs: 0 };
  const [left, right] = [new Set(served), new Set(real)];
  const both = [...left].filter((tool) => right.has(tool)).length;
  let row = Array.from({ length: real.length + 1 }, () => 0);
  for (const tool of served) {
    const next = [0];
    real.forEach((other, at) => {
      next.push(tool === other ? (row[at] ?? 0) + 1 : Math.max(row[at + 1] ?? 0, next[at] ?? 0));
    });
    row = next;
  }
  return {
    f1: (2 * both) / (left.size + right.size),
    nlcs: (row.at(-1) ?? 0) / Math.max(served.length, real.length),
  };
}

/** The nearest raw episode by tf-idf over words: what a system without learning would show. */
export function createBaseline(episodes: readonly RecordedEpisode[]): (task: string) => string[] {
  const words = (text: string) => text.toLowerCase().match(/[a-z]+/g) ?? [];
  const count = (text: string) => {
    const counts = new Map<string, number>();
    for (const word of words(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
    return counts;
  };
  const documents = episodes.map((each) => ({
    counts: count(each.task),
    tools: each.steps.map((step) => step.tool),
  }));
  const frequency = new Map<string, number>();
  for (const { counts } of documents)
    for (const word of counts.keys()) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  const idf = (word: string) => Math.log((documents.length + 1) / ((frequency.get(word) ?? 0) + 1));
  const postings = new Map<string, [number, number][]>();
  documents.forEach(({ counts }, at) => {
    const norm = Math.sqrt([...counts].reduce((sum, [word, n]) => sum + (n * idf(word)) ** 2, 0)) || 1;
    for (const [word, n] of counts) {
      const list = postings.get(word) ?? [];
      list.push([at, (n * idf(word)) / norm]);
      postings.set(word, list);
    }
  });
  return (task) => {
    const scores = new Map<number, number>();
    for (const [word, n] of count(task)) {
      for (const [at, weight] of postings.get(word) ?? [])
        scores.set(at, (scores.get(at) ?? 0) + n * idf(word) * weight);
    }
    const best = [...scores].sort((a, b) => b[1] - a[1] || a[0] - b[0])[0];
    return best === undefined ? [] : (documents[best[0]]?.tools ?? []);
  };
}
