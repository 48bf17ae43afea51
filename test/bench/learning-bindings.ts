/**
 * Bindings on recorded episodes: the true tools are given, the SOP served for the task says where each argument comes
 * from; is the value found there the one that was used? Every argument leaf counts, also those nothing is said about.
 */
import type { Binding } from '../../machines/words/sops.ts';
import type { ServedSop } from '../../src/learning/learning.ts';
import { toLeaves, toPointer, type Leaf } from '../../src/learning/leaves.ts';
import { readTask } from '../../src/learning/task-words.ts';
import { holds, toComparable } from '../../src/learning/texts.ts';
import type { RecordedEpisode } from './learning-recorded.ts';

export interface BindingCount {
  leaves: number;
  said: number;
  right: number;
}

/** Adds one episode's arguments to the count: what is said with support of at least `least`, and whether it is right. */
export function countBindings(
  into: BindingCount,
  episode: RecordedEpisode,
  sop: ServedSop | undefined,
  least: number,
): void {
  const places = layOut(episode, sop);
  episode.steps.forEach((step, at) => {
    if (step.error) return;
    const planned = places.indexOf(at);
    const seen = new Set<string>();
    for (const leaf of toLeaves(step.args, 200)) {
      const path = toPointer(leaf.path).slice(1);
      const general = path.replace(/\/\d+/g, '/*');
      if (seen.has(general)) continue;
      seen.add(general);
      into.leaves += 1;
      const binding = sop?.procedure[planned]?.args[path];
      if (binding === undefined || binding.support < least || binding.from === 'ask') continue;
      const value = resolve(binding, episode, places);
      if (value === undefined) continue;
      into.said += 1;
      if (toComparable(toText(value)) === toComparable(toText(leaf.value))) into.right += 1;
    }
  });
}

const toText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

/** For each step of the procedure the call that takes it: the next one of its tool. */
function layOut(episode: RecordedEpisode, sop: ServedSop | undefined): number[] {
  const taken = new Set<number>();
  return (sop?.procedure ?? []).map(({ tool }) => {
    const at = episode.steps.findIndex((step, n) => !taken.has(n) && !step.error && step.tool === tool);
    if (at >= 0) taken.add(at);
    return at;
  });
}

function resolve(binding: Binding, episode: RecordedEpisode, places: readonly number[]): unknown {
  const { from, selector = '', path = '', step = -1 } = binding;
  if (from === 'constant') return binding.value;
  if (from === 'task') return readTask(episode.task, selector);
  const call = episode.steps[places[step] ?? -1];
  if (call === undefined) return undefined;
  const leaves = toLeaves(from === 'argument' ? call.args : call.result, 400);
  if (from === 'argument') return leaves.find((leaf) => toPointer(leaf.path) === path)?.value;
  const general = (leaf: Leaf) => toPointer(leaf.path.map((part) => (/^\d+$/.test(part) ? '0' : part)));
  return choose(
    leaves.filter((leaf) => general(leaf) === path),
    selector,
    episode.task,
  )?.value;
}

function choose(fitting: readonly Leaf[], selector: string, task: string): Leaf | undefined {
  if (selector === 'last') return fitting.at(-1);
  if (selector === 'only') return fitting.length === 1 ? fitting[0] : undefined;
  if (selector === 'mentioned') return fitting.find((leaf) => isMentioned(leaf, task));
  return selector === 'any' || selector === 'part of text' ? undefined : fitting[0];
}

function isMentioned(leaf: Leaf, task: string): boolean {
  const text = toComparable(task);
  return toLeaves(leaf.place?.element, 40).some(({ value }) => {
    const comparable = toComparable(String(value));
    return comparable.length >= 3 && holds(text, comparable);
  });
}
