/**
 * A standard operating procedure as it is stored, served and shown. Every step names the tool that was really
 * called; every binding says where its value came from; support is a fraction of the evidence.
 */
import { z } from 'zod';

/** Calls named that speak against a binding. */
const exceptionsMax = 10;

/** Where an argument's value comes from when the procedure is followed. */
export const Binding = z.object({
  from: z.enum(['constant', 'task', 'result', 'argument', 'ask']),
  /** The constant's value. */
  value: z.unknown().optional(),
  /** 0-based index into the procedure: the step whose result or argument is used. */
  step: z.number().int().nonnegative().optional(),
  /** RFC 6901 pointer into that result or argument. */
  path: z.string().optional(),
  /**
   * Which part of the task's text, or which element of a list: `only`, `first`, `last`, `unused` (the first that no earlier
   * call was given), `mentioned` (of which the task says something), `joined` (of which an earlier call was given something
   * else); `any` and `part of text` name a place without saying which.
   */
  selector: z.string().optional(),
  support: z.number().min(0).max(1),
  against: z
    .number()
    .int()
    .nonnegative()
    .optional()
    .describe(
      'In how many of the episodes looked at the place was there and this did not give the value that was used; missing where in none.',
    ),
  exceptions: z
    .array(z.string())
    .max(exceptionsMax)
    .optional()
    .describe('Ids of the calls of the newest of these.'),
});
export type Binding = z.infer<typeof Binding>;

/** What one step may require. */
const requirementsMax = 60;

/** An earlier step without which this one was rarer or went wrong: more than mere order. */
export const Requirement = z.object({
  /** 0-based index into the procedure, of an earlier step. */
  step: z.number().int().nonnegative(),
  /** Share of the successful episodes with this step in which the other came first; each wording weighs the same. */
  support: z.number().min(0).max(1),
  /** How many times likelier this step went well after the other one than without it. */
  lift: z.number().nonnegative(),
  /** Successful episodes that did this step without the other before it. */
  against: z.number().int().nonnegative(),
});
export type Requirement = z.infer<typeof Requirement>;

/** Characters of a part's name. */
const partNameMax = 200;

/** The part that a step belongs to: a procedure of its own, which other procedures go through as well. */
export const PartReference = z.object({
  sop_id: z.string().regex(/^[a-z]-[0-9a-f-]{36}$/),
  name: z.string().max(partNameMax),
  /** 0-based: which step of the part it is. */
  step: z.number().int().nonnegative(),
});
export type PartReference = z.infer<typeof PartReference>;

export const ProcedureStep = z.object({
  /** The tool as it was called: `alias__tool`, or an imported name unchanged. */
  tool: z.string(),
  optional: z.boolean(),
  repeated: z.boolean(),
  alternatives: z.array(z.string()),
  support: z.number().min(0).max(1),
  /** Keys are leaf paths inside the arguments (`path`, `edits/0/oldText`). */
  args: z.record(z.string(), Binding),
  /** What has to be done before; missing where nothing is known. What follows from another one is left out. */
  requires: z.array(Requirement).max(requirementsMax).optional(),
  /** The step stands here whole; this says besides where else it is known. */
  part: PartReference.optional(),
});

export type ProcedureStep = z.infer<typeof ProcedureStep>;

export const Procedure = z.array(ProcedureStep);
export type Procedure = z.infer<typeof Procedure>;

export const SopStatus = z.enum(['candidate', 'shadow', 'active', 'quarantined', 'deprecated', 'retired']);
export type SopStatus = z.infer<typeof SopStatus>;

/** What went wrong at a step and what recovered it. */
export const Pitfall = z.object({
  tool: z.string(),
  /** Of a shell-like tool, the program that failed, as in `npm test`. */
  program: z.string().optional(),
  failedTimes: z.number().int().positive(),
  /** The tool that succeeded afterwards; null when nothing did. */
  recoveredBy: z.string().nullable(),
  recoveredProgram: z.string().optional(),
  /** 0-based index into the procedure: the step at which it went wrong; missing where what failed and what helped is no step. */
  step: z.number().int().nonnegative().optional(),
});
export type Pitfall = z.infer<typeof Pitfall>;

/** One silent prediction: an episode that ended, and whether the procedure that its task matched was what was done. */
export const SopCheck = z.object({
  episodeId: z.string(),
  principal: z.string(),
  at: z.string(),
  hit: z.boolean(),
});
export type SopCheck = z.infer<typeof SopCheck>;

/** `returning` predicts in silence again: a miss (of two principals where several share) throws it back, enough hits make it trusted. */
export const SopStanding = z.enum(['trusted', 'drifted', 'returning']);
export type SopStanding = z.infer<typeof SopStanding>;

/** What the checks say that came after some moment: all those that began before `until` give the same. */
export const SopStandingSince = z.object({
  /** When the last check was made from which on this is what is said. */
  until: z.string(),
  standing: SopStanding,
  reason: z.string().nullable(),
});
export type SopStandingSince = z.infer<typeof SopStandingSince>;

/** Moments that are told apart. */
const sinceMax = 32;

/** How a procedure did when nobody was looking. */
export const SopReliability = z.object({
  /** Finished episodes whose task it matched since it was first proven, and those it was right about. */
  checked: z.number().int().nonnegative(),
  hits: z.number().int().nonnegative(),
  /** The newest ones, newest last. */
  recent: z.array(SopCheck).max(100),
  /** What all of them say, and why; null while it is trusted and never was anything else. */
  standing: SopStanding,
  reason: z.string().nullable(),
  /** The same for what came since any moment, oldest first; missing where it never drifted, and so since no moment either. */
  since: z.array(SopStandingSince).max(sinceMax).optional(),
  /** Of how many principals the misses have to be before they are drift. */
  principalsMin: z.number().int().positive(),
});
export type SopReliability = z.infer<typeof SopReliability>;

/** What is proven but for a second principal: who stands alone, and the confidence that it has once somebody agrees. */
export const SopQuorum = z.object({ confidence: z.number().min(0).max(1), principal: z.string().optional() });
export type SopQuorum = z.infer<typeof SopQuorum>;

/** Who made a procedure active, and which version was looked at. */
export const SopApproval = z.object({ by: z.string(), version: z.number().int().positive(), at: z.string() });
export type SopApproval = z.infer<typeof SopApproval>;

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
  /** Missing where nothing was predicted yet: nobody states such tasks, or it is not proven. */
  readonly reliability?: SopReliability;
  /** True while fewer than two principals of a shared namespace stand behind it, proven or not; it is not stored. */
  readonly alone?: boolean;
  /** There while a shared namespace waits for a second principal, or for somebody's approval. */
  readonly quorum?: SopQuorum;
  /**
   * There for what recurs inside other procedures: some of the ids of those that refer to it. A part is no answer to a
   * task, so it is served by reference only.
   */
  readonly partOf?: readonly string[];
}
