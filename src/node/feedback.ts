/**
 * What principals report on procedures and patterns: stored, weighed and announced in one transaction, before the reply.
 * It must never tell a report that is not stored.
 */
import { DreyError } from '../../machines/words/errors.ts';
import { eventVersion } from '../../machines/words/events.ts';
import type { DreyEvent } from '../../machines/words/events.ts';
import { createId } from '../../machines/words/ids.ts';
import type { Redaction } from '../access/access.ts';
import { toIso, toReportFacts } from '../actors/actors.ts';
import type { Clock, Relay } from '../actors/actors.ts';
import type { GatewayNeeds } from '../gateway/gateway.ts';
import { addToOutbox, ensureNamespace, getSop, recordFeedback } from '../store/store.ts';
import type { Store } from '../store/store.ts';

interface FeedbackOptions {
  readonly store: Store;
  readonly redactor: Redaction;
  readonly relay: Pick<Relay, 'nudge'>;
  readonly clock: Clock;
  /** A procedure of this namespace is more or less certain now. */
  readonly changed: (namespace: string) => void;
}

type Feedback = Parameters<GatewayNeeds['feedback']>[0];

/** Stored and announced in one transaction, before the reply. */
export async function storeFeedback(
  { store, redactor, relay, clock, changed }: FeedbackOptions,
  report: Feedback,
): ReturnType<GatewayNeeds['feedback']> {
  const { namespace, principal, patternId, helpful } = report;
  const notes =
    report.notes === undefined
      ? {}
      : { notes: redactor.in(namespace).redactText(report.notes).slice(0, 2_000) };
  const figures = await store.inNamespace(namespace, async (trx) => {
    await ensureNamespace(trx);
    const recorded = await recordFeedback(trx, { patternId, principal: principal.id, helpful, ...notes });
    if (recorded === undefined)
      throw new DreyError('sop_unknown', `There is no procedure or pattern ${patternId} in this namespace.`);
    const at = clock.now();
    const sop = recorded.kind === 'sop' ? await getSop(trx, recorded.patternId) : undefined;
    const event: DreyEvent<'feedback.recorded'> = {
      id: createId('event', clock),
      type: 'feedback.recorded',
      at: toIso(at),
      namespace,
      actor: { kind: recorded.kind, id: recorded.patternId },
      ...(report.traceparent === undefined ? {} : { traceparent: report.traceparent }),
      version: eventVersion,
      data: {
        patternId: recorded.patternId,
        helpful,
        principal: principal.id,
        ...notes,
        ...(sop === undefined ? {} : toReportFacts(sop, { who: principal.id, helpful, at })),
      },
    };
    await addToOutbox(trx, [event]);
    return recorded;
  });
  relay.nudge();
  if (figures.kind === 'sop') changed(namespace);
  return {
    pattern_id: figures.patternId,
    new_effectiveness: figures.newEffectiveness,
    applied_count: figures.appliedCount,
    success_count: figures.successCount,
  };
}
