/**
 * The document of a procedure, which `drey sops export` writes and `drey sops import` reads back: everything by which it is
 * found and followed. It must never tell whom it was learned from, and nothing in it is believed about itself.
 */
import { z } from 'zod';
import { limits } from '../../../machines/words/limits.ts';
import { Pitfall, Procedure, SopStatus } from '../../../machines/words/sops.ts';
import type { SopView } from '../needs.ts';
import { count, fraction, text } from '../tools/tool.ts';

/** Steps of one document, characters of each line, and what else it lists. */
export const documentStepsMax = 200;
const lineCharsMax = 2_000;
const toolCharsMax = 300;
const wordingsMax = 100;
const pitfallsMax = 100;

const toolName = z.string().min(1).max(toolCharsMax);
/** A reference to a part means nothing elsewhere, and is not believed. */
const documentStep = Procedure.element
  .omit({ part: true })
  .extend({ tool: toolName, alternatives: z.array(toolName).max(100) });
const documentPitfall = Pitfall.extend({
  tool: toolName,
  program: toolName.optional(),
  recoveredBy: toolName.nullable(),
  recoveredProgram: toolName.optional(),
});

/** The first format knew neither wordings nor pitfalls; what it leaves out stays as it is where it is taken in. */
export const SopDocument = z
  .strictObject({
    format: z.literal('drey-sop', { error: 'must be "drey-sop": a file that `drey sops export` wrote' }),
    formatVersion: z.literal([1, 2], { error: 'must be 1 or 2, the versions this program reads' }),
    /** Where it comes from: said for people, and never trusted. */
    source: z.strictObject({
      sop_id: z.string().max(200),
      version: count(1, 2_147_483_647),
      status: SopStatus,
    }),
    trigger: text('the kind of task it is for', limits.taskTextMax),
    triggerFrom: z.enum(['task', 'calls']).optional(),
    wordings: z.array(text('a wording', limits.taskTextMax)).max(wordingsMax).optional(),
    steps: z.array(text('a step', lineCharsMax)).min(1).max(documentStepsMax),
    procedure: z.array(documentStep).max(documentStepsMax),
    pitfalls: z.array(documentPitfall).max(pitfallsMax).optional(),
    confidence: fraction(),
    occurrences: count(1, 2_147_483_647),
  })
  .superRefine(({ procedure, pitfalls = [] }, check) => {
    for (const [index, { args, requires = [] }] of procedure.entries()) {
      for (const [name, { step }] of Object.entries(args)) {
        if (step === undefined || step < index) continue;
        const message = `must be an earlier step than ${index}: values come from what was done before`;
        check.addIssue({ code: 'custom', message, path: ['procedure', index, 'args', name, 'step'] });
      }
      for (const [at, { step }] of requires.entries()) {
        if (step < index) continue;
        const message = `must be an earlier step than ${index}: what is required is done before`;
        check.addIssue({ code: 'custom', message, path: ['procedure', index, 'requires', at, 'step'] });
      }
    }
    for (const [at, { step = 0 }] of pitfalls.entries()) {
      if (step < Math.max(1, procedure.length)) continue;
      const message = `must be one of the ${procedure.length} steps, counted from 0`;
      check.addIssue({ code: 'custom', message, path: ['pitfalls', at, 'step'] });
    }
  });
export type SopDocument = z.infer<typeof SopDocument>;

/** The document of a procedure. */
export function toSopDocument(sop: SopView): SopDocument {
  const { sopId, version, status, trigger, triggerFrom, steps, procedure, confidence, occurrences } = sop;
  return {
    format: 'drey-sop',
    formatVersion: 2,
    source: { sop_id: sopId, version, status },
    trigger,
    triggerFrom,
    // A wording whose values were masked may be longer than what was said.
    wordings: sop.wordings
      .slice(0, wordingsMax)
      .map((wording) => wording.slice(0, limits.taskTextMax).toWellFormed()),
    steps: [...steps],
    procedure: procedure.map(({ part: _part, ...step }) => step),
    pitfalls: sop.pitfalls.slice(0, pitfallsMax),
    confidence,
    occurrences,
  };
}

/** What of a document is the procedure's content; what an older one does not say is left out. */
export function toDocumentContent(document: SopDocument) {
  const { trigger, triggerFrom, wordings, steps, procedure, pitfalls } = document;
  return {
    trigger,
    steps,
    procedure,
    ...(triggerFrom === undefined ? {} : { triggerFrom }),
    ...(wordings === undefined ? {} : { wordings }),
    ...(pitfalls === undefined ? {} : { pitfalls }),
  };
}
