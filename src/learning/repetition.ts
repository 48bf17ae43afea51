/**
 * Finds in a line of symbols where one and the same procedure begins over and over. What proves it are whole runs of
 * exactly the same steps; a few other steps may stand between those. A run that differs a little proves nothing, but is
 * taken in between such. Chance must never be taken for habit: it has to be unlikely that calls which are drawn as
 * often as they occur fall together like this. What was found in a line is found in a longer one, too, unless a
 * repetition that began earlier is proved only there.
 */

/** What counts as repetition, and how far is looked. */
export const repetition = {
  /** Two steps are a loop more often than a habit: they need more runs, back to back and of other arguments each. */
  stepsMin: 2,
  stepsMax: 30,
  timesMin: 3,
  pairTimesMin: 6,
  /** How unlikely chance has to be, in bits, for runs that nothing comes before or between. */
  bitsMin: 5.4,
  /** Between two whole runs: so many that differ, and so many other steps on top of theirs. */
  differingMax: 2,
  straysMax: 2,
  /** By so large a part more of the runs have to hang together if they are to begin elsewhere. */
  linkedMin: 0.5,
} as const;

export interface Repetition {
  /** The place of each run's first step. */
  readonly starts: readonly number[];
  /** Behind the last whole run. */
  readonly end: number;
  /** Behind the run by which it was proved. */
  readonly proved: number;
  readonly steps: readonly string[];
}

/** What is known of a line's calls beside their symbols. */
export interface Look {
  /** Whether repeats of a symbol were taken out of the line. */
  readonly isSqueezed: boolean;
  /** Whether the steps at these places are so many different things, and not one thing over and over. */
  differ(starts: readonly number[], steps: number): boolean;
  /** Values of the call before a place, or of its result, that the call there uses. */
  shared(at: number): readonly string[];
}

/** The first repetition of a line: of those that begin there the one that is proved first. */
export function findRepetition(symbols: readonly string[], look: Look): Repetition | undefined {
  const alike = toAlike(symbols);
  for (let from = 0; from + repetition.stepsMin * repetition.timesMin <= symbols.length; from += 1) {
    let first: Proof | undefined;
    for (let steps = repetition.stepsMin; steps <= repetition.stepsMax; steps += 1) {
      const proof = prove({ symbols, look, alike, from, steps }, first?.end ?? symbols.length);
      if (proof !== undefined) first = proof;
    }
    if (first !== undefined)
      return toRepetition(symbols, alike, turn({ symbols, look, alike, from, steps: first.steps }, first));
  }
  return undefined;
}

/**
 * Where a session begins in the middle of a run, all runs seem to. Calls of one run work on the same things: if most calls
 * that seem to begin a run use what the call before it did, and others do not, those begin it.
 */
function turn(question: Question, found: Proof): Proof {
  const linked = ({ starts }: Proof) => {
    const inner = starts.filter((start) => start > 0).map((start) => new Set(question.look.shared(start)));
    const isOwn = (value: string) => inner.filter((values) => values.has(value)).length === 1;
    return inner.filter((values) => [...values].some(isOwn)).length / inner.length;
  };
  const most = linked(found) - repetition.linkedMin;
  if (most < 0) return found;
  for (let by = 1; by < found.steps; by += 1) {
    const turned = prove({ ...question, from: question.from + by }, found.end + found.steps);
    if (turned !== undefined && linked(turned) <= most) return turned;
  }
  return found;
}

/** Whole runs by which a repetition is proved. */
interface Proof {
  readonly starts: readonly number[];
  readonly steps: number;
  readonly end: number;
}

interface Question {
  readonly symbols: readonly string[];
  readonly look: Look;
  readonly alike: Alike;
  readonly from: number;
  readonly steps: number;
}

/** The whole runs of so many steps from there on, as soon as they prove anything, and if that is before `until`. */
function prove(question: Question, until: number): Proof | undefined {
  const { symbols, look, alike, from, steps } = question;
  const isPair = steps === repetition.stepsMin;
  const timesMin = isPair ? repetition.pairTimesMin : repetition.timesMin;
  if (isLoop(symbols, from, steps)) return undefined;
  const starts = [from];
  for (let at = from; ;) {
    const next = findNext(alike, at, steps, isPair ? 0 : toOthersMax(steps));
    if (next === undefined || next + steps > until) return undefined;
    at = next;
    starts.push(at);
    if (starts.length < timesMin || isPartOfMore(symbols, starts, steps)) continue;
    if (toBits(question, starts) < repetition.bitsMin) continue;
    if (!isPair || look.differ(starts, steps)) return { starts, steps, end: at + steps };
  }
}

/** All runs, also those after the proof and those that differ a little. */
function toRepetition(
  symbols: readonly string[],
  alike: Alike,
  { starts: proof, steps, end }: Proof,
): Repetition {
  const from = proof[0] ?? 0;
  const once = symbols.slice(from, from + steps);
  const starts: number[] = [];
  let last = from;
  for (let at: number | undefined = from; at !== undefined;) {
    starts.push(at);
    last = at + steps;
    at = findNext(alike, at, steps, toOthersMax(steps));
    if (at !== undefined) starts.push(...findOthers(symbols, last, at, once));
  }
  const strays = starts.slice(0, -1).flatMap((start, run) => {
    return starts[run + 1] === start + steps ? [] : [symbols[start + steps]];
  });
  // What came after an earlier run is no stray where it comes after the last one.
  const hasMore = last < symbols.length && symbols[last] !== once[0] && strays.includes(symbols[last]);
  return { starts, end: hasMore ? last + 1 : last, proved: end, steps: once };
}

/** Where runs begin between two whole ones: where the first step comes again, if half of the steps follow. Other steps are strays. */
function findOthers(symbols: readonly string[], from: number, to: number, once: readonly string[]): number[] {
  const begins = [from];
  for (let at = from + 1; at < to; at += 1) if (symbols[at] === once[0]) begins.push(at);
  const own = new Set(once);
  return begins.filter((begin, at) => {
    const done = new Set(symbols.slice(begin, begins[at + 1] ?? to).filter((symbol) => own.has(symbol)));
    return done.size * 2 >= own.size && done.size >= repetition.stepsMin;
  });
}

/** How many symbols from a place on are the same as those so far behind it, up to so many. */
type Alike = (at: number, distance: number) => number;

/** Counted once for all places and distances, so that no steps are compared twice. */
function toAlike(symbols: readonly string[]): Alike {
  const { length } = symbols;
  const width = repetition.stepsMax + toOthersMax(repetition.stepsMax) + 1;
  const table = new Uint16Array((length + 1) * width);
  for (let at = length - 1; at >= 0; at -= 1)
    for (let distance = 1; distance < width && at + distance < length; distance += 1)
      if (symbols[at] === symbols[at + distance])
        table[at * width + distance] = (table[(at + 1) * width + distance] ?? 0) + 1;
  return (at, distance) => table[at * width + distance] ?? 0;
}

const toOthersMax = (steps: number) => repetition.differingMax * steps + repetition.straysMax;

/** Where the same steps stand again, with at most so many others before. */
function findNext(alike: Alike, at: number, steps: number, othersMax: number): number | undefined {
  for (let distance = steps; distance <= steps + othersMax; distance += 1)
    if (alike(at, distance) >= steps) return at + distance;
  return undefined;
}

/** Whether more runs than not are followed by the same other step: then that is a step of theirs. */
function isPartOfMore(symbols: readonly string[], starts: readonly number[], steps: number): boolean {
  const followers = new Map<string, number>();
  starts.slice(0, -1).forEach((start) => {
    const follower = symbols[start + steps];
    // The first step again is a run that differs.
    if (follower === undefined || follower === symbols[starts[0] ?? 0]) return;
    followers.set(follower, (followers.get(follower) ?? 0) + 1);
  });
  return Math.max(0, ...followers.values()) * 2 > starts.length - 1;
}

/** How unlikely it is that chance repeated these steps, less for where it might have begun and been interrupted. */
function toBits({ symbols, from, steps, look }: Question, starts: readonly number[]): number {
  const to = (starts.at(-1) ?? 0) + steps;
  const counts = new Map<string, number>();
  for (const symbol of symbols.slice(0, to)) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
  const often = (at: number) => counts.get(symbols[at] ?? '') ?? 0;
  let once = 0;
  for (let at = from + steps; at < from + 2 * steps; at += 1) {
    // Where repeats are taken out, chance has one tool less to draw from.
    const before = look.isSqueezed ? often(from + ((at - from - 1) % steps)) : 0;
    once += Math.log2((to - before) / often(from + ((at - from) % steps)));
  }
  const breaks = starts.filter((start, at) => at > 0 && start !== (starts[at - 1] ?? 0) + steps).length;
  const between = breaks * Math.log2(2 * (1 + toOthersMax(steps)));
  const before = from === 0 ? 0 : 2 * Math.log2(2 * (1 + from));
  return (starts.length - 1) * once - between - before;
}

/** Whether steps are fewer steps, several times. */
function isLoop(symbols: readonly string[], from: number, steps: number): boolean {
  for (let fewer = 1; fewer * 2 <= steps; fewer += 1) {
    if (steps % fewer !== 0) continue;
    let at = from + fewer;
    while (at < from + steps && symbols[at] === symbols[at - fewer]) at += 1;
    if (at === from + steps) return true;
  }
  return false;
}
