/** A learned procedure as an Agent Skill (SEP-2640): `SKILL.md` and the procedure for programs, with their digests. */
import { skillEntry } from '@modelcontextprotocol/server/ext/skills';
import type { Skill } from '@modelcontextprotocol/server/ext/skills';
import type { SopView } from '../needs.ts';
import { toSopAnswer } from '../tools/sop-answer.ts';
import { toYamlText } from './plain-text.ts';
import { toSkillName } from './sop-names.ts';
import { toDescription, toMarkdown } from './sop-text.ts';

export const skillsExtension = 'io.modelcontextprotocol/skills';

const schemePattern =
  /^skill:\/\/([a-z0-9_-]{1,255})\/([a-z0-9-]{1,64})\/(SKILL\.md|references\/procedure\.json)$/;

/** What readers of skills take. */
const descriptionMax = 1_024;

/** The skill as one document that stands alone: it names no file beside it. */
export function toSkillText(sop: SopView): string {
  const front = `---\nname: ${toSkillName(sop)}\ndescription: ${toYamlText(toDescription(sop), descriptionMax)}\n---\n`;
  return `${front}\n${toMarkdown(sop)}\n`;
}

/** The skill's files by their path, as text. */
export function toSkillFiles(sop: SopView): Readonly<Record<string, string>> {
  const note = 'The same for programs, with where each argument comes from: `references/procedure.json`.';
  return {
    'SKILL.md': `${toSkillText(sop)}\n${note}\n`,
    'references/procedure.json': `${JSON.stringify(toSopAnswer(sop), undefined, 2)}\n`,
  };
}

/** Its entry in `skills/list`. */
export function toSkill(sop: SopView): Promise<Skill> {
  return skillEntry(`${sop.namespace}/${toSkillName(sop)}`, toSkillFiles(sop));
}

/** What a `skill://` URI of ours names; undefined for any other. */
export function readSkillUri(
  uri: string,
): { readonly namespace: string; readonly name: string; readonly file: string } | undefined {
  const [, namespace, name, file] = schemePattern.exec(uri) ?? [];
  return namespace === undefined || name === undefined || file === undefined
    ? undefined
    : { namespace, name, file };
}
