/** The tasks an import would bring, as a table a file, with what each would teach. */
import type { FoundTask } from '../imports/look-through.ts';
import type { ImportSummary } from '../imports/import-files.ts';
import { toPlural } from '../terminal/durations.ts';
import type { Paint, Paints } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toFit, toTable } from '../terminal/table.ts';

type Verdict = FoundTask['verdict'];

/** What each verdict means for learning, in two words. */
const meanings: Readonly<Record<Verdict, string>> = {
  told: 'success, told',
  implied: 'success, implied',
  failed: 'failure, told',
  stuck: 'stuck in an error',
};

const taskCells = 44;

export interface Found {
  readonly tasks: readonly FoundTask[];
  readonly verdicts: Readonly<Record<Verdict, number>>;
  readonly summary: ImportSummary;
}

/** Lines for people. */
export function toLookLines({ tasks, verdicts, summary }: Found, paints: Paints, cells: number): string[] {
  const lines: string[] = [];
  for (const [file, found] of groupByFile(tasks)) {
    lines.push(`${paints.strong(toSafeText(file))}  ${found[0]?.format ?? ''}`);
    lines.push(
      ...toTable(
        columns,
        found.map((task) => toRow(task, paints)),
        cells,
      ),
      '',
    );
  }
  const more = summary.episodes - tasks.length;
  if (more > 0) lines.push(`… and ${toPlural(more, 'task')} more`, '');
  const counted = (Object.keys(meanings) as Verdict[])
    .filter((verdict) => verdicts[verdict] > 0)
    .map((verdict) => `${verdicts[verdict]} ${meanings[verdict]}`)
    .join('; ');
  const from = `${toPlural(summary.calls, 'call')} from ${toPlural(summary.files, 'file')}`;
  lines.push(
    `${toPlural(summary.episodes, 'task')} with ${from}${counted === '' ? '.' : `: ${counted}`}`,
    'Nothing was imported. Successes teach steps, failures and what is stuck teach pitfalls only.',
  );
  return lines;
}

const columns = [
  { title: 'BEGAN' },
  { title: 'CALLS', align: 'right' },
  { title: 'ERRORS', align: 'right' },
  { title: 'TEACHES' },
  { title: 'TASK' },
  { title: 'TOOLS' },
] as const;

function toRow(task: FoundTask, paints: Paints) {
  return [
    task.started_at === null ? '-' : task.started_at.slice(0, 16).replace('T', ' '),
    String(task.calls),
    String(task.errors),
    { text: meanings[task.verdict], paint: toPaint(task.verdict, paints) },
    toFit(task.task === '' ? '(nobody said)' : task.task, taskCells),
    task.tools.join(', '),
  ];
}

function toPaint(verdict: Verdict, paints: Paints): Paint {
  if (verdict === 'told' || verdict === 'implied') return paints.good;
  return verdict === 'failed' ? paints.bad : paints.warn;
}

function groupByFile(tasks: readonly FoundTask[]): Map<string, FoundTask[]> {
  const groups = new Map<string, FoundTask[]>();
  for (const task of tasks) {
    const group = groups.get(task.file);
    if (group === undefined) groups.set(task.file, [task]);
    else group.push(task);
  }
  return groups;
}
