/**
 * What an import would bring, without bringing it: the tasks of each file as they were told apart, and what each would
 * teach. Texts are redacted as the node would redact them. A bounded number of tasks is kept; all of them are counted.
 */
import { randomUUID } from 'node:crypto';
import type { ImportedEpisode } from '../../../machines/words/episodes.ts';
import { createRedactor } from '../../access/access.ts';
import { judgeEpisode } from '../../learning/learning.ts';
import type { Verdict } from '../../learning/learning.ts';
import type { Deliver } from './import-files.ts';

/** Tasks that are shown one by one. */
const tasksMax = 1_000;
/** Tools named of one task. */
const toolsMax = 20;

/** One task as it was found. */
export interface FoundTask {
  readonly file: string;
  readonly format: string;
  readonly key: string;
  readonly task: string;
  readonly started_at: string | null;
  readonly outcome: ImportedEpisode['outcome'];
  /** What learning would make of it: a success that was told or implied, a failure told, or stuck in an error. */
  readonly verdict: Verdict;
  readonly calls: number;
  readonly errors: number;
  /** Tools in the order of their first call. */
  readonly tools: readonly string[];
}

export interface LookThrough {
  readonly deliver: Deliver;
  readonly tasks: readonly FoundTask[];
  readonly verdicts: () => Readonly<Record<Verdict, number>>;
}

/** Looks at episodes instead of sending them. */
export function createLookThrough(): LookThrough {
  const redactor = createRedactor({ key: randomUUID() });
  const tasks: FoundTask[] = [];
  const verdicts = { told: 0, implied: 0, failed: 0, stuck: 0 };
  return {
    tasks,
    verdicts: () => verdicts,
    deliver: async (file, episodes, hooks) => {
      for await (const episode of episodes) {
        const verdict = judgeEpisode(episode);
        verdicts[verdict] += 1;
        if (tasks.length < tasksMax)
          tasks.push({
            ...toFound(episode, verdict, (text) => redactor.redactText(text)),
            file: file.name,
            format: file.format,
          });
        hooks.onSent(episode);
        hooks.onCounted({ episodes: 1, calls: episode.calls.length, duplicates: 0 });
      }
    },
  };
}

function toFound(
  episode: ImportedEpisode,
  verdict: Verdict,
  redact: (text: string) => string,
): Omit<FoundTask, 'file' | 'format'> {
  const names = episode.calls.map(({ server, tool }) => (server === undefined ? tool : `${server}__${tool}`));
  return {
    key: episode.key,
    task: redact(episode.task),
    started_at: episode.startedAt ?? null,
    outcome: episode.outcome,
    verdict,
    calls: episode.calls.length,
    errors: episode.calls.filter((call) => call.error).length,
    tools: [...new Set(names)].slice(0, toolsMax),
  };
}
