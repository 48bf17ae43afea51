/** The report on a namespace: what was learned, served and followed in a period, what came of it, beside the aims. Figures only. */
import { z } from 'zod';

const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1).nullable().describe('Null where there is nothing to count.');

/** Tasks that were served, or held out, and how they went. */
export const TaskFigures = z.object({
  tasks: count,
  told: count.describe('Tasks of which somebody said how they ended.'),
  success: share.describe('Successes among these.'),
  calls: z.number().nonnegative().nullable().describe('Mean calls of a task.'),
  seconds: z.number().nonnegative().nullable().describe('Mean time of a task.'),
});
export type TaskFigures = z.infer<typeof TaskFigures>;

export const Aim = z.object({
  name: z.enum([
    'sops_discovered',
    'sops_applied',
    'injections_served',
    'positive',
    'helpful',
    'availability',
  ]),
  value: z.number().nullable(),
  aim: z.number(),
  reached: z.boolean(),
});
export type Aim = z.infer<typeof Aim>;

export const InsightReport = z.object({
  namespace: z.string(),
  since: z.string(),
  until: z.string(),
  sops: z.object({ discovered: count, applied: count }),
  patterns: z.object({ discovered: count, applied: count }),
  injections: z.object({
    served: count,
    followed: count,
    told: count.describe('Followed, in a task of which somebody said how it ended.'),
    succeeded: count,
    positive: share.describe('`succeeded` of `told`.'),
  }),
  feedback: z.object({ reports: count, helpful: count, share }),
  availability: z.object({
    asked: count.describe('Times the nodes looked whether the learning layer runs, in all namespaces.'),
    answered: count,
    share,
  }),
  hold_out: z.object({
    share: z.number().min(0).max(1).describe('Of tasks that are served nothing, as configured now.'),
    served: TaskFigures,
    held_out: TaskFigures,
  }),
  aims: z.array(Aim),
});
export type InsightReport = z.infer<typeof InsightReport>;

/** What the design aims at: more than this. */
const aims: Readonly<Record<Aim['name'], number>> = {
  sops_discovered: 50,
  sops_applied: 100,
  injections_served: 200,
  positive: 0.75,
  helpful: 0.8,
  availability: 0.99,
};

/** The report beside the aims. */
export function toAims(report: Omit<InsightReport, 'aims'>): Aim[] {
  const values: Readonly<Record<Aim['name'], number | null>> = {
    sops_discovered: report.sops.discovered,
    sops_applied: report.sops.applied,
    injections_served: report.injections.served,
    positive: report.injections.positive,
    helpful: report.feedback.share,
    availability: report.availability.share,
  };
  return Aim.shape.name.options.map((name) => {
    const value = values[name];
    return { name, value, aim: aims[name], reached: value !== null && value > aims[name] };
  });
}
