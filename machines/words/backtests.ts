/**
 * Backtests: how well what is learned would have served a namespace's own history, beside what one gets without
 * learning. Figures only: a report holds nothing of what agents said or did.
 */
import { z } from 'zod';

const share = z.number().min(0).max(1);
const count = z.number().int().nonnegative();

/** What was said with about the same confidence, and how often it was right; ten of them make a diagram. */
export const ReliabilityBin = z.object({
  said: share.describe('Mean confidence.'),
  right: share.describe('How often it was right, or how near it came.'),
  weight: z.number().nonnegative().describe('How many answers.'),
});
export type ReliabilityBin = z.infer<typeof ReliabilityBin>;

const Scores = z.record(z.string(), z.number());

/** One way of holding a part of the history back. */
export const BacktestCard = z.object({
  split: z
    .enum(['time', 'task'])
    .describe('`time`: the past teaches and the rest is asked. `task`: no task stands on both sides.'),
  taught: count.describe('Episodes that were learned from.'),
  held_out: count.describe('Episodes that were asked about.'),
  tasks: count.describe('Different tasks among these.'),
  sops: count,
  scores: Scores.describe('Each task weighs 1. `sop1_f1`, `next1`, `binding_p` and others.'),
  baselines: z.object({ most_frequent: Scores, nearest: Scores, bigram: Scores }),
  reliability: z.object({
    procedures: z.array(ReliabilityBin).max(10),
    next_steps: z.array(ReliabilityBin).max(10),
  }),
});
export type BacktestCard = z.infer<typeof BacktestCard>;

/** Where a backtest stands. */
export const BacktestReport = z.object({
  backtest_id: z.string(),
  namespace: z.string(),
  state: z.enum(['waiting', 'running', 'done', 'failed']),
  started_at: z.string(),
  ended_at: z.string().nullable(),
  episodes: count.describe('Episodes of the history that were looked at.'),
  cards: z.array(BacktestCard).max(2).describe('None where the history is too short to say anything.'),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type BacktestReport = z.infer<typeof BacktestReport>;
