/**
 * Edits of procedures by people: a new version and its event in one commit, held against learning. The version that was
 * looked at has to be the one that stands.
 */
import { hideInSop } from '../../machines/sop-hiding.ts';
import { DreyError } from '../../machines/words/errors.ts';
import { mayDo } from '../../machines/words/scopes.ts';
import type { LearnedSop, SopApproval } from '../../machines/words/sops.ts';
import { toIso, toSopEvents } from '../actors/actors.ts';
import type { KnowledgeNeed } from '../gateway/gateway.ts';
import type { Trx } from '../store/store.ts';
import { addToOutbox, appendAudit, getSopVersion, reviseSop } from '../store/store.ts';
import { toShownSops } from './shown-sops.ts';
import { commitChange } from './write-back.ts';
import type { WriteBackOptions } from './write-back.ts';

type Editing = Pick<KnowledgeNeed, 'editSop' | 'rollBackSop'>;
type Order = Omit<Parameters<KnowledgeNeed['rollBackSop']>[0], 'to'>;

/** Creates it. */
export function createSopEditing(options: WriteBackOptions): Editing {
  const { redactor } = options;
  return {
    editSop: (order) =>
      revise(options, order, async () => hideInSop(order.change, (value) => redactor.redact(value))),
    rollBackSop: (order) =>
      revise(options, order, async (trx) => {
        const found = await getSopVersion(trx, { sopId: order.sopId, version: order.to });
        if (found === undefined)
          throw new DreyError(
            'sop_unknown',
            `no SOP has this id and a version ${order.to} in this namespace`,
          );
        // The column holds what a version was saved as: the whole procedure of then.
        const { trigger, triggerFrom, steps, procedure, pitfalls, wordings } = found.content as LearnedSop;
        return { trigger, triggerFrom, steps, procedure, pitfalls, wordings };
      }),
  };
}

async function revise(
  options: WriteBackOptions,
  { namespace, principal, sopId, version, reason }: Order,
  toChange: (trx: Trx) => Promise<Partial<LearnedSop>>,
): ReturnType<KnowledgeNeed['editSop']> {
  const at = toIso(options.clock.now());
  return commitChange(options, namespace, async (trx) => {
    const change = await toChange(trx);
    const cause = { by: principal.id, reason: options.redactor.redactText(reason), at };
    const mayActivate = mayDo(principal, 'sop:activate');
    const done = await reviseSop(trx, { sopId, version, change: () => change, mayActivate, cause });
    if (done === undefined) return undefined;
    const { was, version: now } = done.saved;
    const { approval } = done.sop;
    const approves = approval !== undefined && !isSameApproval(approval, done.before.approval);
    // Whoever alone stands behind the evidence may do so, and it is to be seen.
    const isOwn = done.before.quorum?.principal === principal.id;
    await appendAudit(trx, {
      action: change.status === undefined ? 'acontext_sop_edited' : 'acontext_sop_status_changed',
      severity: 'MEDIUM',
      principal: principal.id,
      object: done.sop.sopId,
      outcome: 'done',
      details: {
        sop_id: done.sop.sopId,
        version: now,
        status: done.sop.status,
        parts: Object.keys(change),
        ...(approves ? { approved_version: approval.version, ...(isOwn ? { self: true } : {}) } : {}),
      },
    });
    const move = {
      sop: done.sop,
      was,
      version: now,
      by: 'approval',
      who: principal.id,
      // A version that is new although nothing differs is told too: an older release may have stored another digest.
      isRewritten: done.isRewritten || (done.saved.changed && was === done.sop.status),
      approved: approves ? approval.version : undefined,
      reason: cause.reason,
      at: Date.parse(at),
    } as const;
    await addToOutbox(trx, toSopEvents(move));
    return (await toShownSops(trx, [done.sop]))[0];
  });
}

/** Two may approve within one millisecond. */
function isSameApproval(one: SopApproval, other: SopApproval | undefined): boolean {
  return other !== undefined && one.at === other.at && one.by === other.by && one.version === other.version;
}
