/**
 * A SOP in the words of the bridge tools and of REST. Only learned facts go out: lines, bindings, evidence ids.
 */
import { z } from 'zod';
import { limits } from '../../../machines/words/limits.ts';
import { Procedure } from '../../../machines/words/sops.ts';
import type { SopView } from '../needs.ts';

/** One SOP as it is answered. */
export const SopAnswer = z.object({
  sop_id: z.string().describe('Use it with acontext_record_feedback.'),
  trigger: z.string().describe('The kind of task it is for.'),
  steps: z.array(z.string()).describe('The procedure, one readable line a step.'),
  confidence: z.number().min(0).max(1).describe('The probability that this procedure is right for the task.'),
  occurrences: z.number().int().describe('Distinct successful tasks it was learned from.'),
  procedure: Procedure.describe('The same steps for programs: tools, and where each argument comes from.'),
  evidence: z.array(z.string()).describe('Ids of the calls that prove it.'),
  metadata: z.record(z.string(), z.unknown()),
});
export type SopAnswer = z.infer<typeof SopAnswer>;

/** Puts a SOP into the words of the answer. */
export function toSopAnswer(sop: SopView): SopAnswer {
  return {
    sop_id: sop.sopId,
    trigger: sop.trigger,
    steps: [...sop.steps],
    confidence: sop.confidence,
    occurrences: sop.occurrences,
    procedure: sop.procedure,
    evidence: sop.evidence.slice(-limits.evidenceAnsweredMax),
    metadata: {
      status: sop.status,
      version: sop.version,
      pitfalls: sop.pitfalls,
      first_seen_at: sop.firstSeenAt,
      last_seen_at: sop.lastSeenAt,
      ...sop.metadata,
    },
  };
}
