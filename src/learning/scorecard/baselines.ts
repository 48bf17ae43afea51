/** What one gets without learning procedures: the most frequent sequence, the nearest raw episode, a bigram of tools. */
import { createNearest } from './nearest.ts';
import type { Sample } from './samples.ts';
import type { Guess, System } from './system.ts';

const stop = '\n';

/** The sequence most tasks were done by, for every task. */
export function teachMostFrequent(samples: readonly Sample[]): System {
  const tasks = new Map<string, Set<string>>();
  for (const { taskId, episode } of samples) {
    const key = episode.calls.map((call) => call.name).join('\n');
    tasks.set(key, (tasks.get(key) ?? new Set<string>()).add(taskId));
  }
  const [best] = [...tasks].sort((a, b) => b[1].size - a[1].size || (a[0] < b[0] ? -1 : 1));
  const tools = best === undefined ? [] : best[0].split('\n');
  return { serve: () => [{ tools, confidence: 0 }] };
}

/** The tools of the nearest raw episode by tf-idf over words. */
export function teachNearest(samples: readonly Sample[]): System {
  const nearest = createNearest(samples);
  return { serve: (task) => [{ tools: nearest(task), confidence: 0 }] };
}

/** What followed the last tool most often; each task weighs 1. */
export function teachBigram(samples: readonly Sample[]): System {
  const runs = new Map<string, number>();
  for (const { taskId } of samples) runs.set(taskId, (runs.get(taskId) ?? 0) + 1);
  const counts = new Map<string, Map<string, number>>();
  for (const { taskId, episode } of samples) {
    const line = ['', ...episode.calls.map((call) => call.name), stop];
    for (let at = 1; at < line.length; at += 1) {
      const next = counts.get(line[at - 1] ?? '') ?? new Map<string, number>();
      counts.set(line[at - 1] ?? '', next);
      next.set(line[at] ?? '', (next.get(line[at] ?? '') ?? 0) + 1 / (runs.get(taskId) ?? 1));
    }
  }
  const next = (_: string, calls: readonly { readonly name: string }[]): Guess[] => {
    const found = [...(counts.get(calls.at(-1)?.name ?? '') ?? [])].sort((a, b) => b[1] - a[1]);
    const total = found.reduce((sum, [, count]) => sum + count, 0);
    return found.map(([tool, count]) => ({
      tool: tool === stop ? null : tool,
      probability: count / total,
    }));
  };
  return { serve: () => [], next };
}
