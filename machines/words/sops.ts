/**
 * A standard operating procedure as it is stored, served and shown. Every step names the tool that was really
 * called; every binding says where its value came from; support is a fraction of the evidence.
 */
import { z } from 'zod';

/** Where an argument's value comes from when the procedure is followed. */
export const Binding = z.object({
  from: z.enum(['constant', 'task', 'result', 'argument', 'ask']),
  /** The constant's value. */
  value: z.unknown().optional(),
  /** 0-based index into the procedure: the step whose result or argument is used. */
  step: z.number().int().nonnegative().optional(),
  /** RFC 6901 pointer into that result or argument. */
  path: z.string().optional(),
  /** Which element of a list, or which part of the task's text. */
  selector: z.string().optional(),
  support: z.number().min(0).max(1),
});
export type Binding = z.infer<typeof Binding>;

export const ProcedureStep = z.object({
  /** The tool as it was called: `alias__tool`, or an imported name unchanged. */
  tool: z.string(),
  optional: z.boolean(),
  repeated: z.boolean(),
  alternatives: z.array(z.string()),
  support: z.number().min(0).max(1),
  /** Keys are leaf paths inside the arguments (`path`, `edits/0/oldText`). */
  args: z.record(z.string(), Binding),
});
export type ProcedureStep = z.infer<typeof ProcedureStep>;

export const Procedure = z.array(ProcedureStep);
export type Procedure = z.infer<typeof Procedure>;

export const SopStatus = z.enum(['candidate', 'shadow', 'active', 'quarantined', 'deprecated', 'retired']);
export type SopStatus = z.infer<typeof SopStatus>;

/** What went wrong at a step and what recovered it. */
export const Pitfall = z.object({
  tool: z.string(),
  failedTimes: z.number().int().positive(),
  /** The tool that succeeded afterwards; null when nothing did. */
  recoveredBy: z.string().nullable(),
});
export type Pitfall = z.infer<typeof Pitfall>;

/** What learning derives; ids come from namespace and founding episode, times from events. */
export interface LearnedSop {
  readonly sopId: string;
  readonly namespace: string;
  readonly trigger: string;
  /** Readable lines, one a step. */
  readonly steps: readonly string[];
  readonly procedure: Procedure;
  readonly status: SopStatus;
  readonly confidence: number;
  /** Distinct successful episodes behind it. */
  readonly occurrences: number;
  /** Call ids that prove it, newest last. */
  readonly evidence: readonly string[];
  readonly pitfalls: readonly Pitfall[];
  /** Whether the trigger came from a stated task or was made of tool and argument names. */
  readonly triggerFrom: 'task' | 'calls';
  /** Other wordings of the same task, for ranking. */
  readonly wordings: readonly string[];
  readonly firstSeenAt: string;
  readonly lastSeenAt: string;
}
