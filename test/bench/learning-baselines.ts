/** What one gets without learning procedures: the most frequent sequence, the nearest raw episode, a bigram of tools. */
import { createBaseline, type RecordedEpisode } from './learning-recorded.ts';
import type { Guess, System } from './learning-system.ts';

const stop = '\n';

/** The sequence most tasks were done by, for every task. */
export function teachMostFrequent(episodes: readonly RecordedEpisode[]): System {
  const tasks = new Map<string, Set<string>>();
  for (const { task_id: task, steps } of episodes) {
    const key = steps.map((step) => step.tool).join('\n');
    tasks.set(key, (tasks.get(key) ?? new Set<string>()).add(task));
  }
  const [best] = [...tasks].sort((a, b) => b[1].size - a[1].size || (a[0] < b[0] ? -1 : 1));
  const tools = best === undefined ? [] : best[0].split('\n');
  return { serve: () => [{ tools, confidence: 0 }] };
}

/** The tools of the nearest raw episode by tf-idf over words. */
export function teachNearest(episodes: readonly RecordedEpisode[]): System {
  const nearest = createBaseline(episodes);
  return { serve: (task) => [{ tools: nearest(task), confidence: 0 }] };
}

/** What followed the last tool most often; each task weighs 1. */
export function teachBigram(episodes: readonly RecordedEpisode[]): System {
  const runs = new Map<string, number>();
  for (const { task_id: task } of episodes) runs.set(task, (runs.get(task) ?? 0) + 1);
  const counts = new Map<string, Map<string, number>>();
  for (const { task_id: task, steps } of episodes) {
    const line = ['', ...steps.map((step) => step.tool), stop];
    for (let at = 1; at < line.length; at += 1) {
      const next = counts.get(line[at - 1] ?? '') ?? new Map<string, number>();
      counts.set(line[at - 1] ?? '', next);
      next.set(line[at] ?? '', (next.get(line[at] ?? '') ?? 0) + 1 / (runs.get(task) ?? 1));
    }
  }
  const next = (_: string, steps: readonly { readonly tool: string }[]): Guess[] => {
    const found = [...(counts.get(steps.at(-1)?.tool ?? '') ?? [])].sort((a, b) => b[1] - a[1]);
    const total = found.reduce((sum, [, count]) => sum + count, 0);
    return found.map(([tool, count]) => ({
      tool: tool === stop ? null : tool,
      probability: count / total,
    }));
  };
  return { serve: () => [], next };
}
