/**
 * A learned procedure in the forms that other programs take: Agent Skill, MCP prompt, XState machine, Mermaid, and the
 * document that `drey sops import` reads back. The same procedure gives the same text.
 */
import { z } from 'zod';
import { toProcedureChart } from '../../../machines/procedure-chart.ts';
import { findParts } from '../../../machines/words/parts.ts';
import type { SopView } from '../needs.ts';
import { toMermaidText } from './plain-text.ts';
import { toSopDocument } from './sop-document.ts';
import { toSkillName } from './sop-names.ts';
import { toPromptOffer, toPromptResult, toTaskInputs } from './sop-prompt.ts';
import { toSkillFiles, toSkillText } from './sop-skill.ts';

/** What people ask for it by. */
export const ExportFormat = z.enum(['json', 'skill', 'prompt', 'xstate', 'mermaid']);
export type ExportFormat = z.infer<typeof ExportFormat>;

export interface Exported {
  readonly contentType: string;
  /** One document that stands alone. */
  readonly text: string;
  /** There where the format is a folder of several files: what belongs into it, by paths with `/`. */
  readonly files?: readonly { readonly path: string; readonly text: string }[];
}

const exporters: Readonly<Record<ExportFormat, (sop: SopView) => Exported>> = {
  json: (sop) => toJson(toSopDocument(sop)),
  skill: (sop) => ({ contentType: 'text/markdown', text: toSkillText(sop), files: toSkillFolder(sop) }),
  prompt: (sop) => toJson(toPromptDocument(sop)),
  xstate: (sop) => toJson(toProcedureChart(sop)),
  mermaid: (sop) => ({ contentType: 'text/plain', text: toMermaid(sop) }),
};

/** Writes a procedure in a format. */
export function exportSop(sop: SopView, format: ExportFormat): Exported {
  return exporters[format](sop);
}

/** Readers of skills want the folder to bear the skill's name. */
function toSkillFolder(sop: SopView): NonNullable<Exported['files']> {
  const name = toSkillName(sop);
  return Object.entries(toSkillFiles(sop)).map(([path, text]) => ({ path: `${name}/${path}`, text }));
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
