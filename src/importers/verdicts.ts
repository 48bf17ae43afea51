/**
 * What an evaluation says about a whole task. Most evaluations judge something else (tone, relevance, cost), so only
 * those count whose name speaks of the task's success; a label decides before a score.
 */
import type { Outcome } from '../../machines/words/episodes.ts';

const ofTheTask =
  /success|correct|complet|resolv|achiev|accompl|outcome|goal|pass|task|thumbs|user[\s_.-]?(?:score|feedback|rating)/i;
const good =
  /^(?:pass(?:ed)?|success(?:ful)?|correct|complete[d]?|resolved|achieved|yes|true|good|positive|y|thumbs[\s_-]?up)$/i;
const bad =
  /^(?:fail(?:ed|ure)?|unsuccessful|incorrect|incomplete|unresolved|no|false|wrong|bad|negative|n|thumbs[\s_-]?down|error)$/i;

/** The outcome an evaluation stands for; undefined where it says nothing about the task as a whole. */
export function toVerdict(name: unknown, label: unknown, score: unknown): Outcome | undefined {
  if (typeof name !== 'string' || !ofTheTask.test(name.slice(0, 200))) return undefined;
  const said = typeof label === 'string' ? label.trim() : '';
  if (good.test(said)) return 'success';
  if (bad.test(said)) return 'failure';
  if (typeof score === 'boolean') return score ? 'success' : 'failure';
  // On a scale from 0 to 1, as all of these formats have it; other scales say nothing without their bounds.
  if (typeof score !== 'number' || !(score >= 0 && score <= 1)) return undefined;
  return score >= 0.5 ? 'success' : 'failure';
}
