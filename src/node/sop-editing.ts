/**
 * Edits of procedures by people: a new version and its event in one commit, held against learning. The version that was
 * looked at has to be the one that stands.
 */
import { DreyError } from '../../machines/words/errors.ts';
import type { LearnedSop } from '../../machines/words/sops.ts';
import { toIso, toShelved } from '../actors/actors.ts';
import type { KnowledgeNeed } from '../gateway/gateway.ts';
import type { Trx } from '../store/store.ts';
import { addToOutbox, appendAudit, getSopVersion, reviseSop } from '../store/store.ts';
import { commitChange, toSopEvent } from './write-back.ts';
import type { WriteBackOptions } from './write-back.ts';

type Editing = Pick<KnowledgeNeed, 'editSop' | 'rollBackSop'>;
type Order = Omit<Parameters<KnowledgeNeed['rollBackSop']>[0], 'to'>;

/** Creates it. */
export function createSopEditing(options: WriteBackOptions): Editing {
  const { redactor } = options;
  return {
    editSop: (order) =>
      // Redaction keeps the shape.
      revise(options, order, async () => redactor.redact(order.change) as typeof order.change),
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
    const done = await reviseSop(trx, { sopId, version, change: () => change, cause });
    if (done === undefined) return undefined;
    const { event, version: now } = done.saved;
    await appendAudit(trx, {
      action: change.status === undefined ? 'acontext_sop_edited' : 'acontext_sop_status_changed',
      severity: 'MEDIUM',
      principal: principal.id,
      object: done.sop.sopId,
      outcome: 'done',
      details: { sop_id: done.sop.sopId, version: now, status: done.sop.status, parts: Object.keys(change) },
    });
    if (event !== undefined) await addToOutbox(trx, [toSopEvent(event, done.sop, { version: now, at })]);
    return toShelved(done.sop);
  });
}
