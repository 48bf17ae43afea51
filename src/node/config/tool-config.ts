/** The part of `drey.json` that says how tools are shown: toolsets, sets of own tools, search. */
import { z } from 'zod';
import { ownToolSets } from '../../gateway/gateway.ts';

const OwnSet = z.enum([...ownToolSets.keys()] as [string, ...string[]]);
const OwnSets = z.array(OwnSet).max(20);

const Toolset = z.strictObject({
  /** For people. */
  description: z.string().max(500).optional(),
  /** Names as clients see them, or `upstream/tool`; `*` stands for any characters. */
  tools: z.array(z.string().min(1).max(300)).max(1_000),
  /** Sets of own tools that come with it; without it those of the node. */
  own: OwnSets.optional(),
});

const ToolsetName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/, 'a toolset has 1 to 40 letters, digits, _ or -')
  .refine((name) => name !== 'all' && name !== 'default', '"all" and "default" have their own meaning');

/** Its keys in the configuration. */
export const toolRuleShape = {
  toolsets: z.record(ToolsetName, Toolset).default({}),
  /** Toolsets of clients that choose none; empty is everything. */
  defaultToolsets: z.array(z.string()).max(100).default([]),
  /** Sets of Drey's own tools that are on. */
  ownTools: OwnSets.default([...ownToolSets.keys()]),
  /** Two tools that search and call instead of the list: always, above so many tools, or never. */
  toolSearch: z
    .strictObject({
      mode: z.enum(['off', 'auto', 'always']).default('off'),
      above: z.number().int().min(0).max(100_000).default(100),
    })
    .prefault({}),
};

/** A default that names no toolset would refuse every client. */
export function checkToolRules(
  { toolsets, defaultToolsets }: { toolsets: object; defaultToolsets: readonly string[] },
  context: z.RefinementCtx,
): void {
  for (const [index, name] of defaultToolsets.entries()) {
    if (name === 'all' || Object.hasOwn(toolsets, name)) continue;
    const message = `there is no toolset "${name}" in "toolsets"`;
    context.addIssue({ code: 'custom', path: ['defaultToolsets', index], message });
  }
}
