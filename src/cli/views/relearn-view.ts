/** What learning anew changed, as lines for people. */
import { z } from 'zod';
import { toPlural } from '../terminal/durations.ts';
import type { Paints } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';

const count = z.number().catch(0);

export const RelearnAnswer = z.object({
  relearn_id: z.string(),
  state: z.string(),
  from: z.string(),
  dry_run: z.boolean().catch(false),
  differs: z.boolean().catch(false),
  counts: z.object({
    namespaces: count,
    episodes: count,
    calls: count,
    mended: count,
    same: count,
    changed: count,
    new: count,
    gone: count,
    kept: count,
  }),
  differences: z
    .array(
      z.object({
        namespace: z.string(),
        sop_id: z.string(),
        trigger: z.string(),
        difference: z.string(),
        parts: z.array(z.string()).catch([]),
      }),
    )
    .catch([]),
  error: z.object({ code: z.string(), message: z.string() }).nullable().catch(null),
});
export type RelearnAnswer = z.infer<typeof RelearnAnswer>;

/** One line of what was read, one of what became of it, and one for each difference. */
export function toRelearnLines(report: RelearnAnswer, paints: Paints): string[] {
  const { counts, differences, differs, dry_run: isTrial, from } = report;
  const total = counts.changed + counts.new + counts.gone;
  const read = [
    toPlural(counts.episodes, 'episode'),
    `with ${toPlural(counts.calls, 'call')} of ${toPlural(counts.namespaces, 'namespace')}`,
    `from the ${toSafeText(from)}${from === 'stream' ? ', and what it has forgotten from the archive' : ''}`,
  ].join(' ');
  const extras = [
    counts.kept > 0 ? `${counts.kept} held by people stay as they are` : '',
    counts.mended > 0 ? `${toPlural(counts.mended, 'episode')} put back into the archive` : '',
  ].filter((part) => part !== '');
  const content = differs ? paints.warn('The content differs.') : paints.good('The content is the same.');
  return [
    `${read}.`,
    `${counts.same} same, ${counts.changed} changed, ${counts.new} new, ${counts.gone} gone` +
      `${extras.length > 0 ? `; ${extras.join(', ')}` : ''}.`,
    `${content}${isTrial && differs ? ' Nothing was written.' : ''}`,
    ...differences.map(
      ({ difference, namespace, sop_id: id, trigger, parts }) =>
        `  ${difference.padEnd(7)}  ${paints.faint(toSafeText(namespace))}  ${paints.name(toSafeText(id))}  ` +
        `${toSafeText(trigger)}${parts.length > 0 ? paints.faint(`  (${toSafeText(parts.join(', '))})`) : ''}`,
    ),
    ...(total > differences.length ? [`  ... and ${total - differences.length} more`] : []),
  ];
}
