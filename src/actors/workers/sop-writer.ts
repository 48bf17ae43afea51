/**
 * How learning writes: procedures that changed and those that nothing supports any more, each with its event in the
 * outbox of the same transaction. What people hold is left as it is, and so is what learning did not make.
 */
import { judge } from '../../../machines/sop-standing.ts';
import { isDreyError, toPlainError } from '../../../machines/words/errors.ts';
import type { LearnedSop } from '../../../machines/words/sops.ts';
import type { Store, StoredSop, Trx } from '../../store/store.ts';
import {
  addToOutbox,
  learningCause,
  listSops,
  lockStoredSop,
  retireSop,
  saveSop,
} from '../../store/store.ts';
import type { Clock, Log } from '../clock.ts';
import { toIso } from '../clock.ts';
import { toSopEvents } from '../sop.ts';

export interface SopWriterOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

const sopsPerCommit = 50;
const sopsListed = 200;

/** Saves procedures in a few transactions; `saved` hears of each part once it is committed or refused by the chart. */
export async function saveSops(
  options: SopWriterOptions,
  namespace: string,
  sops: readonly LearnedSop[],
  saved: (some: readonly LearnedSop[]) => void,
): Promise<void> {
  for (const some of inParts(sops)) {
    await writeAll(options, namespace, some, (trx, sop) => save(trx, sop, options.clock));
    saved(some);
  }
}

/** Retires procedures that no episode supports any more; `retired` hears of each part as `saved` does. */
export async function retireSops(
  options: SopWriterOptions,
  namespace: string,
  sopIds: readonly string[],
  retired: (some: readonly string[]) => void,
): Promise<void> {
  for (const some of inParts(sopIds)) {
    await writeAll(options, namespace, some, (trx, sopId) => retire(trx, sopId, options.clock));
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

/** Together in one commit; where the chart refuses one of them, each alone, and that one stays as it is. */
async function writeAll<One extends LearnedSop | string>(
  { store, log }: SopWriterOptions,
  namespace: string,
  some: readonly One[],
  write: (trx: Trx, one: One) => Promise<void>,
): Promise<void> {
  try {
    await store.inNamespace(namespace, async (trx) => {
      for (const one of some) await write(trx, one);
    });
    return;
  } catch (error) {
    if (!isRefused(error)) throw error;
  }
  for (const one of some) {
    try {
      await store.inNamespace(namespace, (trx) => write(trx, one));
    } catch (error) {
      if (!isRefused(error)) throw error;
      const sopId = typeof one === 'string' ? one : one.sopId;
      log.warn({ namespace, sopId, err: toPlainError(error) }, 'a procedure stays as it is');
    }
  }
}

function isRefused(error: unknown): boolean {
  return isDreyError(error) && error.code === 'transition_refused';
}

async function save(trx: Trx, sop: LearnedSop, clock: Clock): Promise<void> {
  const at = clock.now();
  // People's word matters to the reason only where something but plain evidence speaks.
  const isPlain = sop.reliability === undefined && sop.quorum === undefined;
  const before = isPlain ? undefined : await lockStoredSop(trx, sop.sopId);
  const reason = toReason(sop, before);
  const saved = await saveSop(trx, sop, { cause: { by: learningCause, reason, at: toIso(at) } });
  if (!saved.changed) return;
  const standing = { ...sop, status: saved.status };
  const by = saved.held && saved.status === 'active' ? 'approval' : 'evidence';
  const { was, version, isRewritten } = saved;
  await addToOutbox(trx, toSopEvents({ sop: standing, was, version, isRewritten, by, reason, at }));
}

/** Why it stands as it does, for the version, the audit log and the event. */
function toReason({ quorum, reliability }: LearnedSop, before: StoredSop | undefined): string {
  const approval = before?.approval;
  const { standing, reason } = judge(reliability, approval);
  if (standing !== 'trusted' && reason !== null) return reason;
  if (quorum !== undefined && approval === undefined)
    return 'a second principal’s success or an approval is missing in this shared namespace';
  return before?.status === 'quarantined' && reason !== null ? reason : 'derived from episodes';
}

async function retire(trx: Trx, sopId: string, clock: Clock): Promise<void> {
  // Locked before it is looked at: somebody may be approving it.
  const sop = await lockStoredSop(trx, sopId);
  if (sop === undefined || !isOnlyLearned(sop)) return;
  const reason = 'no episode supports it any more';
  const at = clock.now();
  const cause = { by: learningCause, reason, at: toIso(at), holds: false };
  const done = await retireSop(trx, { sopId, cause });
  if (done?.changed !== true) return;
  const { was, version } = done;
  const standing = { ...sop, status: 'retired' as const };
  await addToOutbox(trx, toSopEvents({ sop: standing, was, version, by: 'evidence', reason, at }));
}
