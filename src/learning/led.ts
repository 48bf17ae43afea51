/**
 * Which calls an earlier result asked for: its text names the tool, the task does not. What stands in a result is not
 * what people asked for, so such a call must never teach a step, nor may what an agent did for the first time after it.
 * Where results name many tools, and most of what was called, they are a catalogue to look tools up in, and nothing is
 * held against it; an order for two or three calls is none, however short the episode.
 */
import type { Episode, EpisodeCall } from '../../machines/words/episodes.ts';
import { bounds } from './bounds.ts';
import { toLeaves } from './leaves.ts';

/** A shorter name, or one of a single word, may stand in any text. */
const nameMin = 6;
/** From this share of the calls on, and this many tools, results are a catalogue. */
const catalogue = { share: 0.5, toolsMin: 4 } as const;

/** Found once for each episode, although several steps of learning ask. */
const found = new WeakMap<
  readonly EpisodeCall[],
  { readonly task: string; readonly led: ReadonlySet<EpisodeCall> }
>();

/** The calls that results asked for. */
export function findLed({ task, calls }: Pick<Episode, 'task' | 'calls'>): ReadonlySet<EpisodeCall> {
  const known = found.get(calls);
  if (known?.task === task) return known.led;
  const led = search(task, calls);
  found.set(calls, { task, led });
  return led;
}

function search(task: string, calls: readonly EpisodeCall[]): ReadonlySet<EpisodeCall> {
  const looked = calls.slice(0, bounds.callsMax);
  const unseen = new Map<string, readonly string[]>();
  for (const { name, tool } of looked) {
    if (unseen.has(name)) continue;
    // A text may leave out whose tool it is.
    const forms = [...new Set([name, tool])].filter((form) => isTelling(form));
    if (forms.length > 0 && !forms.some((form) => task.includes(form))) unseen.set(name, forms);
  }
  const named = new Set<string>();
  const led = new Set<EpisodeCall>();
  const before = new Set<string>();
  for (const call of looked) {
    if (named.has(call.name) || (led.size > 0 && !before.has(call.name))) led.add(call);
    // What was called before a text named it was called for another reason.
    else before.add(call.name);
    unseen.delete(call.name);
    if (unseen.size > 0) noteNames(call.result, unseen, named);
  }
  const isCatalogue = named.size >= catalogue.toolsMin && led.size > looked.length * catalogue.share;
  return isCatalogue ? new Set() : led;
}

const isTelling = (name: string) => name.length >= nameMin && /[^\p{L}]/u.test(name);

function noteNames(result: unknown, unseen: Map<string, readonly string[]>, named: Set<string>): void {
  for (const { value } of toLeaves(result, bounds.resultLeavesMax)) {
    if (typeof value !== 'string') continue;
    const text = value.slice(0, bounds.resultTextMax);
    for (const [name, forms] of unseen) {
      if (!forms.some((form) => text.includes(form))) continue;
      named.add(name);
      unseen.delete(name);
    }
  }
}
