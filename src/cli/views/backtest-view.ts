/** A backtest as lines for people: what was asked, how well it went, and what one gets without learning. */
import { z } from 'zod';
import { toPlural } from '../terminal/durations.ts';
import type { Paints } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toTable } from '../terminal/table.ts';

const count = z.number().catch(0);
const scores = z.record(z.string(), z.number()).catch({});
const bins = z.array(z.object({ said: z.number(), right: z.number(), weight: z.number() })).catch([]);

const CardView = z.object({
  split: z.string(),
  taught: count,
  held_out: count,
  tasks: count,
  sops: count,
  scores,
  baselines: z.object({ most_frequent: scores, nearest: scores, bigram: scores }),
  reliability: z.object({ procedures: bins, next_steps: bins }),
});
export type CardView = z.infer<typeof CardView>;

export const BacktestAnswer = z.object({
  backtest_id: z.string(),
  namespace: z.string(),
  state: z.string(),
  episodes: count,
  cards: z.array(CardView).catch([]),
  error: z.object({ code: z.string(), message: z.string() }).nullable().catch(null),
});
export type BacktestAnswer = z.infer<typeof BacktestAnswer>;

/** What is learned, and the three ways of doing without. */
const systems = ['drey', 'nearest', 'most_frequent', 'bigram'] as const;

/** Figures that are shown; the rest is in the JSON. */
const shown = [
  ['sop1_f1', 'right tools in the procedure (F1)'],
  ['sop1_nlcs', 'right order of them (nLCS)'],
  ['sop3_f1', 'the same, best of three'],
  ['sop_coverage', 'tasks served with confidence ≥ 0.7'],
  ['sop_sure_f1', 'F1 where served so'],
  ['next1', 'next step right at first'],
  ['next3', 'next step among three'],
  ['next_sure_share', 'steps foreseen with ≥ 0.8'],
  ['next_sure_accuracy', 'right where foreseen so'],
  ['next_ece', 'gap of confidence and truth (ECE)'],
  ['binding_p', 'arguments right where given (≥ 0.7)'],
  ['binding_r', 'arguments given and right, of all'],
] as const;

/** A table for each way of splitting the history. */
export function toBacktestLines(report: BacktestAnswer, paints: Paints): string[] {
  if (report.cards.length === 0) {
    return [
      `${toPlural(report.episodes, 'episode')} in ${toSafeText(report.namespace)}: too few to learn from one part and ask about another.`,
    ];
  }
  return report.cards.flatMap((card, at) => [
    ...(at === 0 ? [] : ['']),
    paints.strong(
      card.split === 'time' ? 'The past teaches, the newer part is asked' : 'No task stands on both sides',
    ),
    `learned from ${toPlural(card.taught, 'episode')} (${toPlural(card.sops, 'SOP')}), asked about ` +
      `${card.held_out} of ${toPlural(card.tasks, 'task')}`,
    ...toFigures(card, paints),
  ]);
}

function toFigures(card: CardView, paints: Paints): string[] {
  const right = 'right' as const;
  const columns = [
    { title: '' },
    { title: 'DREY', align: right },
    { title: 'NEAREST', align: right },
    { title: 'MOST FREQUENT', align: right },
    { title: 'BIGRAM', align: right },
  ];
  const rows = shown.map(([key, words]) => [
    words,
    ...systems.map((system) => {
      const of = system === 'drey' ? card.scores : card.baselines[system];
      const value = of[key];
      // Baselines are sure of nothing: what speaks of confidence is theirs by definition, and says nothing.
      const isSaid = system === 'drey' || /^(sop\d_|next\d)/.test(key);
      const text = value === undefined || !isSaid ? '–' : value.toFixed(2);
      return system === 'drey' ? { text, paint: paints.name } : text;
    }),
  ]);
  return toTable(columns, rows, Number.POSITIVE_INFINITY);
}
