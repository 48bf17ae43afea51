/** The nearest raw episode by tf-idf over words: what a system without learning would show. */
import type { Sample } from './samples.ts';

/** The tools of the episode whose task is nearest. */
export function createNearest(samples: readonly Sample[]): (task: string) => string[] {
  const words = (text: string) => text.toLowerCase().match(/[a-z]+/g) ?? [];
  const count = (text: string) => {
    const counts = new Map<string, number>();
    for (const word of words(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
    return counts;
  };
  const documents = samples.map(({ episode }) => ({
    counts: count(episode.task),
    tools: episode.calls.map((call) => call.name),
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
