/** Recorded episodes for the benchmarks: how they are read and split. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Episode } from '../../machines/words/episodes.ts';
import type { Sample } from '../../src/learning/learning.ts';

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
function toEpisode(recorded: RecordedEpisode, at: number): Episode {
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

/** A recorded episode as a scorecard takes it. */
export const toSample = (recorded: RecordedEpisode, at: number): Sample => ({
  taskId: recorded.task_id,
  episode: toEpisode(recorded, at),
});

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
