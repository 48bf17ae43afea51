/**
 * A learned procedure in the forms that other programs take: Agent Skill, MCP prompt, XState machine, Mermaid, and the
 * document that `drey sops import` reads back. The same procedure gives the same text.
 */
import { z } from 'zod';
import { toProcedureChart } from '../../../machines/procedure-chart.ts';
import { limits } from '../../../machines/words/limits.ts';
import { findParts } from '../../../machines/words/parts.ts';
import { Procedure, SopStatus } from '../../../machines/words/sops.ts';
import type { SopView } from '../needs.ts';
import { count, fraction, text } from '../tools/tool.ts';
import { toMermaidText } from './plain-text.ts';
import { toPromptOffer, toPromptResult, toTaskInputs } from './sop-prompt.ts';
import { toSkillFiles } from './sop-skill.ts';

/** Steps of one document, and characters of each line. */
export const documentStepsMax = 200;
const lineCharsMax = 2_000;
const toolCharsMax = 300;

/** What people ask for it by. */
export const ExportFormat = z.enum(['json', 'skill', 'prompt', 'xstate', 'mermaid']);
export type ExportFormat = z.infer<typeof ExportFormat>;

const toolName = z.string().min(1).max(toolCharsMax);
/** A reference to a part means nothing elsewhere, and is not believed. */
const documentStep = Procedure.element
  .omit({ part: true })
  .extend({ tool: toolName, alternatives: z.array(toolName).max(100) });

/** The document: everything by which a procedure can be followed, and nothing of whom it was learned from. */
export const SopDocument = z
  .strictObject({
    format: z.literal('drey-sop', { error: 'must be "drey-sop": a file that `drey sops export` wrote' }),
    formatVersion: z.literal(1, { error: 'must be 1, the version this program reads' }),
    /** Where it comes from: said for people, and never trusted. */
    source: z.strictObject({
      sop_id: z.string().max(200),
      version: count(1, 2_147_483_647),
      status: SopStatus,
    }),
    trigger: text('the kind of task it is for', limits.taskTextMax),
    steps: z.array(text('a step', lineCharsMax)).min(1).max(documentStepsMax),
    procedure: z.array(documentStep).max(documentStepsMax),
    confidence: fraction(),
    occurrences: count(1, 2_147_483_647),
  })
  .superRefine(({ procedure }, check) => {
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
  });
export type SopDocument = z.infer<typeof SopDocument>;

export interface Exported {
  readonly contentType: string;
  readonly text: string;
}

/** The document of a procedure. */
export function toSopDocument(sop: SopView): SopDocument {
  const { sopId, version, status, trigger, steps, procedure, confidence, occurrences } = sop;
  return {
    format: 'drey-sop',
    formatVersion: 1,
    source: { sop_id: sopId, version, status },
    trigger,
    steps: [...steps],
    procedure: procedure.map(({ part: _part, ...step }) => step),
    confidence,
    occurrences,
  };
}

const exporters: Readonly<Record<ExportFormat, (sop: SopView) => Exported>> = {
  json: (sop) => toJson(toSopDocument(sop)),
  skill: (sop) => ({ contentType: 'text/markdown', text: toSkillFiles(sop)['SKILL.md'] ?? '' }),
  prompt: (sop) => toJson(toPromptDocument(sop)),
  xstate: (sop) => toJson(toProcedureChart(sop)),
  mermaid: (sop) => ({ contentType: 'text/plain', text: toMermaid(sop) }),
};

/** Writes a procedure in a format. */
export function exportSop(sop: SopView, format: ExportFormat): Exported {
  return exporters[format](sop);
}

function toJson(value: unknown): Exported {
  return { contentType: 'application/json', text: `${JSON.stringify(value, undefined, 2)}\n` };
}

/** As `prompts/list` and `prompts/get` answer, with `{{name}}` where a value belongs. */
function toPromptDocument(sop: SopView): object {
  const places = toTaskInputs(sop).map(({ name }) => [name, `{{${name}}}`] as const);
  const { definition } = toPromptOffer(sop);
  return { prompt: definition, result: toPromptResult(sop, Object.fromEntries(places)) };
}

/** A state diagram: the same states as the machine's. */
function toMermaid(sop: SopView): string {
  const chart = toProcedureChart(sop);
  const names = Object.keys(chart.states);
  const idOf = new Map(names.map((name, index) => [name, name.startsWith('step_') ? `s${index + 1}` : name]));
  const lines = names.flatMap((name) => {
    const { description, on = {}, meta } = chart.states[name] ?? { description: '' };
    const id = idOf.get(name) ?? name;
    const ways = Object.values(on)
      .flatMap((way) => way ?? [])
      .map((way) => `  ${id} -->|${toMermaidText(way.description)}| ${idOf.get(way.target) ?? 'done'}`);
    const needed = (meta?.requires ?? []).map(
      (other) => `  ${idOf.get(other) ?? 'done'} -.->|"required by"| ${id}`,
    );
    return [`  ${id}[${toMermaidText(description)}]`, ...ways, ...needed];
  });
  const parts = findParts(sop.procedure).flatMap(({ name, places }, index) => [
    `  subgraph part${index + 1}[${toMermaidText(name)}]`,
    ...places.map((place) => `    ${idOf.get(names[place] ?? '') ?? 'done'}`),
    '  end',
  ]);
  const begin = `  start([${toMermaidText(chart.description)}]) --> ${idOf.get(chart.initial) ?? 'done'}`;
  return ['flowchart TD', begin, ...lines, ...parts, ''].join('\n');
}
