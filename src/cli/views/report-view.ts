/** The report as lines for people: figures beside their aims, then what serving is worth. */
import { z } from 'zod';
import { toPlural } from '../terminal/durations.ts';
import type { Paints } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toTable } from '../terminal/table.ts';

const count = z.number().catch(0);
const share = z.number().nullable().catch(null);

const TaskFigures = z.object({ tasks: count, told: count, success: share, calls: share, seconds: share });
type TaskFigures = z.infer<typeof TaskFigures>;

export const ReportAnswer = z.object({
  namespace: z.string(),
  since: z.string(),
  until: z.string().catch(''),
  patterns: z.object({ discovered: count, applied: count }),
  injections: z.object({ served: count, followed: count, told: count, succeeded: count }),
  feedback: z.object({ reports: count, helpful: count }),
  availability: z.object({ asked: count, answered: count }),
  hold_out: z.object({ share: count, served: TaskFigures, held_out: TaskFigures }),
  aims: z
    .array(z.object({ name: z.string(), value: share, aim: z.number(), reached: z.boolean() }))
    .catch([]),
});
export type ReportAnswer = z.infer<typeof ReportAnswer>;

const right = 'right' as const;
/** Below this many tasks on either side a difference is chance. */
const tellingTasks = 30;

const names: Readonly<Record<string, string>> = {
  sops_discovered: 'SOPs discovered',
  sops_applied: 'SOPs applied',
  injections_served: 'injections served',
  positive: 'followed and ended well',
  helpful: 'reported as helpful',
  availability: 'learning available',
};

export function toReportLines(report: ReportAnswer, paints: Paints): string[] {
  const { injections, patterns, feedback, availability } = report;
  const isShare = (aim: number) => aim <= 1;
  const rows = report.aims.map(({ name, value, aim, reached }) => [
    names[name] ?? name,
    value === null ? '–' : isShare(aim) ? toPercent(value) : String(value),
    `> ${isShare(aim) ? toPercent(aim) : aim}`,
    value === null
      ? { text: 'nothing to count yet', paint: paints.faint }
      : reached
        ? { text: 'reached', paint: paints.good }
        : { text: 'not reached', paint: paints.warn },
  ]);
  return [
    `${paints.strong(toSafeText(report.namespace))}  ${paints.faint(`${toDay(report.since)} to ${toDay(report.until)}`)}`,
    '',
    ...toTable(
      [{ title: '' }, { title: 'VALUE', align: right }, { title: 'AIM', align: right }, { title: '' }],
      rows,
      Number.POSITIVE_INFINITY,
    ),
    '',
    `${toPlural(injections.followed, 'injection')} followed, ${injections.succeeded} of ${injections.told} in tasks that ended well; ` +
      `${feedback.helpful} of ${toPlural(feedback.reports, 'report')} helpful`,
    `${toPlural(patterns.discovered, 'pattern')} discovered, applied ${toPlural(patterns.applied, 'time')}; ` +
      `learning ran at ${availability.answered} of ${toPlural(availability.asked, 'look')}`,
    '',
    ...toLiftLines(report, paints),
  ];
}

function toLiftLines(
  { hold_out: { share: held, served, held_out: without } }: ReportAnswer,
  paints: Paints,
): string[] {
  if (held === 0 && without.tasks === 0)
    return [
      paints.faint('No task is held out; set `learning.holdOut` in drey.json to see what serving is worth.'),
    ];
  const row = (words: string, one: TaskFigures) => [
    words,
    String(one.tasks),
    one.success === null ? '–' : toPercent(one.success),
    one.calls === null ? '–' : one.calls.toFixed(1),
    one.seconds === null ? '–' : one.seconds.toFixed(1),
  ];
  const few = Math.min(served.tasks, without.tasks) < tellingTasks;
  return [
    `What serving is worth (${toPercent(held)} of tasks are held out)`,
    ...toTable(
      [
        { title: '' },
        { title: 'TASKS', align: right },
        { title: 'SUCCESS', align: right },
        { title: 'CALLS', align: right },
        { title: 'SECONDS', align: right },
      ],
      [row('served', served), row('held out', without)],
      Number.POSITIVE_INFINITY,
    ),
    ...(few
      ? [paints.faint(`Fewer than ${tellingTasks} tasks on one side: a difference may be chance.`)]
      : []),
  ];
}

const toPercent = (value: number) => `${Math.round(value * 1_000) / 10} %`;
const toDay = (moment: string) => toSafeText(moment.slice(0, 10));
