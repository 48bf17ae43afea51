/**
 * One namespace's copy on the shelf: the most certain SOPs with their index, what of them is news, and those that were
 * looked up besides. It is changed one SOP after the other, so that whoever asks meanwhile gets whole ones.
 */
import type { SopStatus } from '../../../machines/words/sops.ts';
import { createIndex } from '../../learning/learning.ts';
import type { SopIndex } from '../../learning/learning.ts';
import type { SopStamp, StoredSop, Trx } from '../../store/store.ts';
import { getSops, listSopStamps, readRetiredParts } from '../../store/store.ts';

const pageMax = 200;
/** SOPs kept of one namespace, the most certain first; where there are more, further ones are looked up when needed. */
const sopsMax = 2_000;
/** Those that were looked up and stay until the next fresh copy. */
const strayMax = 1_000;
/** SOPs that go into an index before calls get their turn: one of them takes up to a millisecond. */
const putsPerTurn = 8;

export interface Copy {
  readonly index: SopIndex;
  readonly sops: Map<string, StoredSop>;
  /** What each row was when it was read. */
  readonly stamps: Map<string, string>;
  /** Procedures do not refer to these any more, whatever their rows say. */
  retiredParts: ReadonlySet<string>;
  /** On the monotonic clock. */
  readAt: number;
  stale: boolean;
  /** The store failed: not asked again before then. */
  restsUntil: number;
  /** True where the namespace holds more than this copy. */
  isPartial: boolean;
  /** Those that were looked up, the oldest first. */
  readonly strays: Set<string>;
}

/** What a namespace holds, and of those that are not as they were known the first page: `readMissing` has the others. */
export interface News {
  readonly stamps: readonly SopStamp[];
  readonly changed: readonly StoredSop[];
  readonly retiredParts: ReadonlySet<string>;
  readonly isPartial: boolean;
}

/** What may be served; the rest is as good as gone. */
const servable = ['active', 'candidate'] as const satisfies readonly SopStatus[];

/** Reads what is not as it is known, the most certain ones of it: a copy serves as soon as it has these. */
export async function readNews(trx: Trx, known: ReadonlyMap<string, string>): Promise<News> {
  const all = await listSopStamps(trx, { statuses: servable, limit: sopsMax + 1 });
  const stamps = all.slice(0, sopsMax);
  const changed = await readPage(trx, toMissing(stamps, known));
  const retiredParts = await readRetiredParts(trx);
  return { stamps, changed, retiredParts, isPartial: all.length > sopsMax };
}

/** Reads one page of what a copy does not have as the news has it; only ids that were not `sought` before. */
export async function readMissing(
  trx: Trx,
  { stamps }: News,
  known: ReadonlyMap<string, string>,
  sought: Set<string>,
): Promise<readonly StoredSop[]> {
  const ids = toMissing(stamps, known).filter((sopId) => !sought.has(sopId));
  for (const sopId of ids.slice(0, pageMax)) sought.add(sopId);
  return readPage(trx, ids);
}

/** True while there are such ids. */
export function isMissing(
  { stamps }: News,
  known: ReadonlyMap<string, string>,
  sought: Set<string>,
): boolean {
  return toMissing(stamps, known).some((sopId) => !sought.has(sopId));
}

function toMissing(stamps: readonly SopStamp[], known: ReadonlyMap<string, string>): readonly string[] {
  return stamps.flatMap(({ sopId, stamp }) => (known.get(sopId) === stamp ? [] : [sopId]));
}

/** Between two questions one may have been retired; its event is on the way. */
async function readPage(trx: Trx, ids: readonly string[]): Promise<readonly StoredSop[]> {
  return ids.length === 0 ? [] : (await getSops(trx, ids.slice(0, pageMax))).filter(isServable);
}

function isServable({ status }: StoredSop): boolean {
  return servable.some((one) => one === status);
}

/** What was looked up joins the copy until the next fresh one; of many the oldest go. */
export function bringStrays({ index, sops, strays }: Copy, found: readonly StoredSop[]): void {
  for (const sop of found.filter(isServable)) {
    if (sops.has(sop.sopId)) continue;
    sops.set(sop.sopId, sop);
    strays.add(sop.sopId);
    index.put(sop);
  }
  for (const sopId of strays) {
    if (strays.size <= strayMax) return;
    strays.delete(sopId);
    sops.delete(sopId);
    index.remove(sopId);
  }
}

/** An empty one. */
export function createCopy(): Copy {
  return {
    index: createIndex([]),
    sops: new Map(),
    stamps: new Map(),
    retiredParts: new Set(),
    readAt: 0,
    stale: false,
    restsUntil: 0,
    isPartial: false,
    strays: new Set(),
  };
}

/** Whoever asks in between gets some SOPs as they were and some as they are: each of them is whole. */
export async function bringUpToDate(copy: Copy, news: News): Promise<void> {
  const { index, sops, stamps, strays } = copy;
  copy.retiredParts = news.retiredParts;
  const now = new Map(news.stamps.map(({ sopId, stamp }) => [sopId, stamp]));
  let changes = 0;
  const breathe = async (): Promise<void> => {
    changes += 1;
    if (changes % putsPerTurn === 0) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  for (const sopId of [...sops.keys()].filter((known) => !now.has(known))) {
    index.remove(sopId);
    sops.delete(sopId);
    stamps.delete(sopId);
    strays.delete(sopId);
    await breathe();
  }
  for (const sop of news.changed) {
    const before = sops.get(sop.sopId);
    sops.set(sop.sopId, sop);
    stamps.set(sop.sopId, now.get(sop.sopId) ?? '');
    strays.delete(sop.sopId);
    if (before !== undefined && isRankedAlike(before, sop)) continue;
    index.put(sop);
    await breathe();
  }
}

/** What ranking looks at moves with the time of the last change; figures that do not are served all the same. */
function isRankedAlike(before: StoredSop, now: StoredSop): boolean {
  return (
    before.updatedAt === now.updatedAt &&
    before.version === now.version &&
    before.confidence === now.confidence &&
    before.occurrences === now.occurrences
  );
}
