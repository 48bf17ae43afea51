/**
 * How learning writes: procedures that changed and those that nothing supports any more, each with its event in the
 * outbox of the same transaction. What people hold is left as it is, and so is what learning did not make.
 */
import type { DreyEvent, EventData } from '../../../machines/words/events.ts';
import { eventVersion } from '../../../machines/words/events.ts';
import { toStableId } from '../../../machines/words/ids.ts';
import type { LearnedSop } from '../../../machines/words/sops.ts';
import type { SopEvent, Store, StoredSop, Trx } from '../../store/store.ts';
import { addToOutbox, getSop, learningCause, listSops, retireSop, saveSop } from '../../store/store.ts';
import type { Clock } from '../clock.ts';
import { toIso } from '../clock.ts';

export interface SopWriterOptions {
  readonly store: Store;
  readonly clock: Clock;
}

const sopsPerCommit = 50;
const sopsListed = 200;

/** Saves procedures in a few transactions; `saved` hears of each part once it is committed. */
export async function saveSops(
  { store, clock }: SopWriterOptions,
  namespace: string,
  sops: readonly LearnedSop[],
  saved: (some: readonly LearnedSop[]) => void,
): Promise<void> {
  for (const some of inParts(sops)) {
    await store.inNamespace(namespace, async (trx) => {
      for (const sop of some) await save(trx, sop, clock);
    });
    saved(some);
  }
}

/** Retires procedures that no episode supports any more; `retired` hears of each part once it is committed. */
export async function retireSops(
  { store, clock }: SopWriterOptions,
  namespace: string,
  sopIds: readonly string[],
  retired: (some: readonly string[]) => void,
): Promise<void> {
  for (const some of inParts(sopIds)) {
    await store.inNamespace(namespace, async (trx) => {
      for (const sopId of some) await retire(trx, sopId, clock);
    });
    retired(some);
  }
}

/** The procedures that learning made, whatever their status is now. */
export async function readLearned(trx: Trx): Promise<readonly StoredSop[]> {
  const sops: StoredSop[] = [];
  for (let offset = 0; ; offset += sopsListed) {
    const page = await listSops(trx, { learned: true, limit: sopsListed, offset });
    sops.push(...page);
    if (page.length < sopsListed) return sops;
  }
}

/** Whether only learning keeps it: it goes when it is derived no more. */
export function isOnlyLearned({ held, edited, status }: StoredSop): boolean {
  return !held && !edited && status !== 'retired' && status !== 'deprecated';
}

/** Lists of what one transaction may hold. */
function inParts<One>(list: readonly One[]): readonly (readonly One[])[] {
  const parts: One[][] = [];
  for (let from = 0; from < list.length; from += sopsPerCommit)
    parts.push(list.slice(from, from + sopsPerCommit));
  return parts;
}

async function save(trx: Trx, sop: LearnedSop, clock: Clock): Promise<void> {
  const saved = await saveSop(trx, sop, {
    cause: { by: learningCause, reason: 'derived from episodes', at: toIso(clock.now()) },
  });
  if (saved.event === undefined) return;
  await addToOutbox(trx, [toEvent(saved.event, sop, saved.version, saved.status, clock)]);
}

async function retire(trx: Trx, sopId: string, clock: Clock): Promise<void> {
  const sop = await getSop(trx, sopId);
  if (sop === undefined || !isOnlyLearned(sop)) return;
  const reason = 'no episode supports it any more';
  const cause = { by: learningCause, reason, at: toIso(clock.now()), holds: false };
  const done = await retireSop(trx, { sopId, cause });
  if (done?.event !== undefined)
    await addToOutbox(trx, [toEvent('sop.retired', sop, done.version, 'retired', clock)]);
}

function toEvent(type: SopEvent, sop: LearnedSop, version: number, status: string, clock: Clock): DreyEvent {
  const data: EventData<'sop.proposed'> = {
    trigger: sop.trigger,
    confidence: sop.confidence,
    occurrences: sop.occurrences,
    version,
    status,
  };
  return {
    id: toStableId('event', sop.namespace, sop.sopId, type, String(version)),
    type,
    at: toIso(clock.now()),
    namespace: sop.namespace,
    actor: { kind: 'sop', id: sop.sopId },
    version: eventVersion,
    data,
  };
}
