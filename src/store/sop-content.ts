/**
 * What of a procedure is its content and what is its figures. Content makes versions: trigger, steps, tools, bindings,
 * status. Figures move with every episode and make none: confidence, occurrences, support, counts.
 */
import { DreyError } from '../../machines/words/errors.ts';
import { toDigest } from '../../machines/words/ids.ts';
import { limits } from '../../machines/words/limits.ts';
import type { LearnedSop } from '../../machines/words/sops.ts';
import { toBoundedText, toCanonicalJson, toJsonb, toStorableText } from './text.ts';

/** Whose name stands in the cause of what learning writes. */
export const learningCause = 'learning';

/** Who changed a procedure and why; kept with the version. */
export interface SopCause {
  /** `learningCause`, or the principal. */
  readonly by: string;
  readonly reason: string;
  /** ISO 8601; the database's clock where it is missing. */
  readonly at?: string;
  /** True when a person set the status: learning will not change it any more. */
  readonly holds?: boolean;
  /** True when a person changed the content: learning goes on counting and no longer rewrites it. */
  readonly edits?: boolean;
}

/** Throws `argument_invalid` for what the table would refuse, in words for people. */
export function assertStorableSop(namespace: string, sop: LearnedSop): void {
  const refuse = (sentence: string, field: string): never => {
    throw new DreyError('argument_invalid', sentence, { details: { field } });
  };
  if (sop.namespace !== namespace) refuse('a SOP is saved in its own namespace only', 'namespace');
  if (!(sop.confidence >= 0 && sop.confidence <= 1)) {
    refuse(`a SOP's confidence is a number between 0 and 1, got ${sop.confidence}`, 'confidence');
  }
  if (!Number.isSafeInteger(sop.occurrences) || sop.occurrences < 1 || sop.occurrences > 2_147_483_647) {
    refuse(`a SOP's occurrences are a whole number from 1 on, got ${sop.occurrences}`, 'occurrences');
  }
  if (sop.trigger.length > limits.taskTextMax && Array.from(sop.trigger).length > limits.taskTextMax) {
    refuse(`a SOP's trigger has ${limits.taskTextMax} characters at most`, 'trigger');
  }
}

/**
 * The columns of a procedure; `held` says that a person has set its status, `derived` what learning alone would say of it
 * where reports have moved its confidence.
 */
export function toColumns(sop: LearnedSop, held: boolean, derived?: number) {
  return {
    trigger: toBoundedText(sop.trigger, limits.taskTextMax),
    steps: toJsonb(sop.steps),
    procedure: toJsonb(sop.procedure),
    status: sop.status,
    confidence: sop.confidence,
    occurrences: sop.occurrences,
    metadata: toJsonb({
      wordings: sop.wordings,
      pitfalls: sop.pitfalls,
      triggerFrom: sop.triggerFrom,
      firstSeenAt: sop.firstSeenAt,
      lastSeenAt: sop.lastSeenAt,
      held,
      reliability: sop.reliability ?? null,
      quorum: sop.quorum ?? null,
      ...(sop.partOf === undefined ? {} : { partOf: sop.partOf }),
      ...(derived === undefined ? {} : { derivedConfidence: derived }),
    }),
  };
}

/** The content alone, without anything that moves from episode to episode. */
export function toContent(sop: LearnedSop): unknown {
  return {
    trigger: toStorableText(sop.trigger),
    triggerFrom: sop.triggerFrom,
    status: sop.status,
    steps: sop.steps,
    // What else a step is part of follows from other procedures, and makes no version of this one.
    procedure: sop.procedure.map(({ support: _support, part: _part, requires, args, ...step }) => ({
      ...step,
      ...(requires === undefined ? {} : { requires: requires.map((each) => each.step) }),
      args: Object.fromEntries(
        Object.entries(args).map(([key, { support: _bindingSupport, ...binding }]) => [key, binding]),
      ),
    })),
    pitfalls: sop.pitfalls.map(({ failedTimes: _times, step: _step, ...named }) => named),
  };
}

/** The digest by which two contents are told apart; the order of keys does not matter. */
export function toDigestOf(content: unknown): string {
  return toDigest(toCanonicalJson(content));
}

/**
 * Everything that learning derives of a procedure, part by part, as text that is equal where what is stored is. The
 * parts are named one by one: a stored procedure has facts of its own besides.
 */
export function toParts(sop: LearnedSop): ReadonlyMap<string, string> {
  const { status, confidence, occurrences, triggerFrom, steps, procedure, pitfalls, wordings } = sop;
  const parts = {
    trigger: toBoundedText(sop.trigger, limits.taskTextMax),
    triggerFrom,
    steps,
    procedure,
    status,
    confidence,
    occurrences,
    // Only the newest ones are read back.
    evidence: [...new Set(sop.evidence)].slice(-limits.evidenceAnsweredMax),
    pitfalls,
    wordings,
    firstSeenAt: sop.firstSeenAt,
    lastSeenAt: sop.lastSeenAt,
    reliability: sop.reliability ?? null,
    quorum: sop.quorum ?? null,
    partOf: sop.partOf ?? null,
  };
  return new Map(
    Object.entries(parts).map(([part, value]) => [part, toCanonicalJson(JSON.parse(toJsonb(value)))]),
  );
}
