/** Patterns for people: a list of them, and one with what it rests on and what came of following it. */
import { z } from 'zod';
import { toPlural } from '../terminal/durations.ts';
import { paintState } from '../terminal/paint.ts';
import type { Paints } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toTable } from '../terminal/table.ts';

const number = z.number().catch(0);

export const PatternView = z.object({
  pattern_id: z.string(),
  pattern_type: z.string().catch(''),
  sentence: z.string().nullable().catch(null),
  condition: z.unknown(),
  action: z.unknown(),
  confidence: number,
  applied_count: number,
  success_count: number,
  effectiveness: number,
  active: z.boolean().catch(true),
  candidate: z.boolean().catch(false),
  last_applied_at: z.string().nullable().catch(null),
  metadata: z.record(z.string(), z.unknown()).catch({}),
});
export type PatternView = z.infer<typeof PatternView>;

export const PatternsAnswer = z.object({ patterns: z.array(PatternView) });

/** The list: one line a pattern. */
export function toPatternsLines(patterns: readonly PatternView[], paints: Paints, cells: number): string[] {
  if (patterns.length === 0)
    return ['No patterns here yet. They are found where agents did the same at least three times.'];
  const right = 'right' as const;
  const columns = [
    { title: 'ID' },
    { title: 'CONF', align: right },
    { title: 'APPLIED', align: right },
    { title: 'HELPED', align: right },
    { title: 'TYPE' },
    { title: 'PATTERN' },
  ];
  const rows = patterns.map((one) => [
    { text: one.pattern_id, paint: paints.name },
    one.confidence.toFixed(2),
    String(one.applied_count),
    toHelped(one),
    toType(one, paints),
    toText(one),
  ]);
  return toTable(columns, rows, cells);
}

/** One pattern in full. */
export function toPatternLines(one: PatternView, paints: Paints): string[] {
  const { support, chances, lift } = one.metadata;
  const state = one.active ? (one.candidate ? 'candidate' : 'active') : 'retired';
  const found =
    typeof support === 'number'
      ? `Seen in ${support} of ${String(chances)} episodes in which it could be seen, ${String(lift)} times as often as elsewhere.`
      : 'Written back from outside.';
  return [
    paints.strong(toSafeText(toText(one))),
    `${toSafeText(one.pattern_id)}  ${toSafeText(one.pattern_type)}  ${paintState(paints, state)(state)}  confidence ${one.confidence.toFixed(2)}`,
    '',
    toSafeText(found),
    one.applied_count === 0
      ? 'Not applied yet.'
      : `Applied ${toPlural(one.applied_count, 'time')}, helped ${toPlural(one.success_count, 'time')} (${toHelped(one)}), last at ${toSafeText(one.last_applied_at ?? '?')}.`,
    ...(state === 'candidate'
      ? ['', `Offered to nobody until it is approved: drey patterns approve ${toSafeText(one.pattern_id)}`]
      : []),
    '',
    `  when  ${toSafeText(JSON.stringify(one.condition) ?? '')}`,
    `  then  ${toSafeText(JSON.stringify(one.action) ?? '')}`,
  ];
}

function toType({ pattern_type: type, active, candidate }: PatternView, paints: Paints) {
  if (!active) return { text: `${type} (out of use)`, paint: paints.faint };
  return candidate ? { text: `${type} (candidate)`, paint: paints.warn } : type;
}

/** In words where it has our form; others' as it is. */
function toText({ sentence, condition, action }: PatternView): string {
  return sentence ?? `${JSON.stringify(condition) ?? ''} → ${JSON.stringify(action) ?? ''}`;
}

const toHelped = ({ applied_count: applied, effectiveness }: PatternView) =>
  applied === 0 ? '–' : `${Math.round(effectiveness * 100)} %`;
