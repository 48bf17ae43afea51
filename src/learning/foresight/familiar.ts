/** Whether a task speaks of anything that learning knows. It chooses nothing. */
import type { Learned } from './training.ts';
import { type Features, toFeatures } from './wording-features.ts';

/** The share of the task's words that must be known, and the likeness of the nearest task: at least, and more for the sure. */
const familiar = { known: 0.1, knownMore: 0.36, near: 0.04, nearMore: 0.25 } as const;

/** False where a task speaks of things nobody spoke of before: then an answer would be a guess. */
export function isFamiliar(
  { knowledge }: Learned,
  features: Features,
  nearest: number,
  sure: number,
): boolean {
  const { ids, weights, words } = features;
  let all = 0;
  let known = 0;
  for (let at = 0; at < words; at += 1) {
    const weight = weights[at] ?? 0;
    all += weight * knowledge.documents.weightOf(ids[at] ?? 0);
    known += weight * knowledge.documents.weightOf(ids[at] ?? 0, 0);
  }
  const share = all === 0 ? 0 : known / all;
  return (
    nearest >= familiar.near + sure * familiar.nearMore && share >= familiar.known + sure * familiar.knownMore
  );
}

/**
 * True where a text speaks of things that were not among what was learned: a kind of task that came later, or so seldom
 * that no trace of it was kept. Then nothing is judged, and that says nothing against a procedure that is as strange.
 */
export function isStrange(learned: Learned, text: string, sure: number): boolean {
  const features = toFeatures(text);
  // Whoever is served by words alone asks this of every procedure: the nearest task and nothing else is looked for.
  const [nearest] = learned.knowledge.documents.near(features, 1);
  return !isFamiliar(learned, features, nearest?.likeness ?? 0, sure);
}
