/** The catalogue and what waits for a person, as lines for a terminal. Everything of an upstream is made safe here. */
import { z } from 'zod';
import type { Paints } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toTable } from '../terminal/table.ts';

const text = z.string().catch('');

export const Tools = z.object({
  tools: z.array(
    z.object({
      name: z.string(),
      server: text,
      tool: text,
      description: text,
      stale: z.boolean().catch(false),
      flags: z.array(z.string()).catch([]),
      pin: z
        .object({ status: text, approvedBy: z.string().nullable().catch(null) })
        .nullable()
        .catch(null),
    }),
  ),
  held: z
    .array(z.object({ name: z.string().nullable(), server: text, tool: text, why: text, sentence: text }))
    .catch([]),
});
type Tools = z.infer<typeof Tools>;

const ReviewedTool = z.object({
  name: z.string().nullable().catch(null),
  server: text,
  tool: z.string(),
  why: text,
  sentence: text,
  hash: z.string().nullable().catch(null),
  was: z.string().nullable().catch(null),
  definition: z.record(z.string(), z.unknown()).nullable().catch(null),
  differences: z
    .array(z.object({ path: text, was: z.string().nullable(), now: z.string().nullable() }))
    .catch([]),
  hidden: z.array(z.object({ path: text, characters: z.array(z.string()) })).catch([]),
});
export type ReviewedTool = z.infer<typeof ReviewedTool>;
export const Reviewed = z.object({ tools: z.array(ReviewedTool) });

const Approvals = z.array(z.object({ tool: z.string(), hash: z.string() }));
export const Approved = z.object({ server: z.string(), approved: Approvals, left: Approvals.catch([]) });
export type Approved = z.infer<typeof Approved>;

/** Characters of a fingerprint that are enough to tell two apart. */
const hashShown = 8;

/** The list. */
export function toToolsLines({ tools, held }: Tools, paints: Paints, columns: number): string[] {
  if (tools.length + held.length === 0) return ['No tools: no upstream has listed any yet.'];
  const rows = tools.map(({ name, server, description, stale, flags, pin }) => {
    const state = stale ? 'stale' : flags.length > 0 ? 'flagged' : (pin?.status ?? 'listed');
    const paint = stale || flags.length > 0 ? paints.warn : paints.good;
    return [name, server, { text: state, paint }, description.split('\n', 1)[0] ?? ''];
  });
  const heldRows = held.map(({ name, server, tool, why, sentence }) => [
    name ?? tool,
    server,
    { text: toState(why), paint: paints.bad },
    sentence,
  ]);
  const titles = [{ title: 'TOOL' }, { title: 'UPSTREAM' }, { title: 'STATE' }, { title: '' }];
  return toTable(titles, [...rows, ...heldRows], columns);
}

/** What a person has to look at, one tool after the other. */
export function toReviewLines(tools: readonly ReviewedTool[], paints: Paints): string[] {
  if (tools.length === 0) return ['Nothing to review: every tool is as it was pinned or approved.'];
  return tools.flatMap((tool, index) => [...(index === 0 ? [] : ['']), ...toOneReview(tool, paints)]);
}

function toOneReview(one: ReviewedTool, paints: Paints): string[] {
  const { server, tool, why, sentence, hash, was, definition, differences, hidden } = one;
  const paint = why === 'flagged' ? paints.warn : paints.bad;
  const lines = [
    `${paints.strong(toSafeText(`${server} ${tool}`))}  ${paint(toState(why))}`,
    `  ${toSafeText(sentence)}`,
  ];
  if (hash !== null) {
    const from = was === null ? '' : `${was.slice(0, hashShown)} → `;
    lines.push(`  ${paints.faint(`fingerprint ${toSafeText(from + hash.slice(0, hashShown))}`)}`);
  }
  for (const { path, was: before, now } of differences) {
    lines.push(`  ${paints.name(toSafeText(path === '' ? '/' : path))}`);
    if (before !== null) lines.push(paints.bad(`  - ${toSafeText(before)}`));
    if (now !== null) lines.push(paints.good(`  + ${toSafeText(now)}`));
  }
  if (why === 'fresh' && definition !== null) {
    const shown = JSON.stringify(definition, undefined, 2).split('\n');
    lines.push(...shown.map((line) => paints.good(`  + ${toSafeText(line)}`)));
  }
  for (const { path, characters } of hidden)
    lines.push(`  ${paints.warn(`hidden characters at ${toSafeText(path)}: ${characters.join(', ')}`)}`);
  if (hash !== null) {
    const command = `drey tools approve ${server} ${tool}@${hash.slice(0, hashShown)}`;
    lines.push(`  ${paints.faint(toSafeText(command))}`);
  }
  return lines;
}

function toState(why: string): string {
  if (why === 'fresh') return 'waits for approval';
  if (why === 'away') return 'not pinned yet';
  if (why === 'name') return 'refused for its name';
  return why;
}
