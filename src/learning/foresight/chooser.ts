/** The chooser of what was learned: made when it is first asked for, and as long there as what was learned. */
import { Chooser } from './choosing.ts';
import type { Learned } from './training.ts';

const choosers = new WeakMap<Learned, Chooser>();

/** The one chooser of what was learned. */
export function toChooser(learned: Learned): Chooser {
  const chooser = choosers.get(learned) ?? new Chooser(learned.knowledge, learned.presence);
  choosers.set(learned, chooser);
  return chooser;
}
