/**
 * Which calls an earlier result asked for: its text names the tool, the task does not. What stands in a result is not
 * what people asked for, so such a call must never teach a step, nor may what an agent did for the first time after it.
 * Where results name most of the tools they are a catalogue to look tools up in, and nothing is held against it.
 */
import type { Episode, EpisodeCall } from '../../machines/words/episodes.ts';
import { bounds } from './bounds.ts';
import { toLeaves } from './leaves.ts';

/** A shorter name, or one of a single word, may stand in any text. */
const nameMin = 6;
/** From this share on results are a catalogue. */
const catalogueShare = 0.5;

/** The calls that results asked for. */
export function findLed({ task, calls }: Pick<Episode, 'task' | 'calls'>): ReadonlySet<EpisodeCall> {
  const looked = calls.slice(0, bounds.callsMax);
  const unseen = new Set(
    looked.map(({ name }) => name).filter((name) => isTelling(name) && !task.includes(name)),
  );
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
  return led.size > looked.length * catalogueShare ? new Set() : led;
}

const isTelling = (name: string) => name.length >= nameMin && /[^\p{L}]/u.test(name);

function noteNames(result: unknown, unseen: Set<string>, named: Set<string>): void {
  for (const { value } of toLeaves(result, bounds.resultLeavesMax)) {
    if (typeof value !== 'string') continue;
    const text = value.slice(0, bounds.resultTextMax);
    for (const name of unseen) {
      if (!text.includes(name)) continue;
      named.add(name);
      unseen.delete(name);
    }
  }
}
