/** The demo's last screen: what was done, what was learned, what the next agent gets. */
import pc from 'picocolors';
import type { ServedSop, TaskReport } from './agent.ts';
import type { Sample } from './sample.ts';
import type { SopView } from './view.ts';

export interface Summary {
  readonly url: string;
  readonly firstAnswerMs: number;
  readonly visibleMs: number;
  readonly reports: readonly TaskReport[];
  readonly events: number;
  readonly sops: readonly SopView[];
  readonly known: readonly ServedSop[];
  readonly knownTask: string;
  readonly unrelated: readonly ServedSop[];
  readonly unrelatedTask: string;
  readonly sample: Sample | undefined;
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** Prints one screen. */
export function printSummary(summary: Summary): void {
  const calls = summary.reports.reduce((sum, report) => sum + report.calls, 0);
  const failed = summary.reports.reduce((sum, report) => sum + report.failedCalls, 0);
  const helped = summary.reports.filter((report) => report.served > 0).length;
  const lines = [
    '',
    pc.bold('What happened'),
    `  first call answered after ${seconds(summary.firstAnswerMs)} (servers, database and node started from nothing)`,
    `  ${summary.reports.length} tasks, ${calls} tool calls (${failed} failed and were tried again), ${summary.events} events on the bus`,
    `  third success to visible procedure: ${seconds(summary.visibleMs)};  tasks that were already helped: ${helped}`,
    '',
    pc.bold('What was learned'),
    ...summary.sops.map(
      (sop) => `  ${pc.green(sop.confidence.toFixed(2))}  seen ${sop.occurrences} times  ${sop.trigger}`,
    ),
    '',
    `${pc.bold('Asked:')} ${summary.knownTask} …`,
    ...summary.known.slice(0, 1).flatMap(toSopLines),
    ...(summary.known.length === 0 ? [pc.red('  nothing was served')] : []),
    `${pc.bold('Asked:')} ${summary.unrelatedTask}`,
    summary.unrelated.length === 0
      ? '  nothing, rightly: no such task was ever seen'
      : pc.red('  something was served that should not be'),
    ...toSampleLines(summary.sample),
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function toSopLines(sop: ServedSop): string[] {
  return [
    `  ${pc.green(sop.trigger)}  confidence ${sop.confidence.toFixed(2)}, ${sop.occurrences} successful runs, evidence: ${sop.evidence.length} calls (${sop.evidence[0]} …)`,
    ...sop.steps.map((step) => `    ${step}`),
  ];
}

function toSampleLines(sample: Sample | undefined): string[] {
  if (sample === undefined)
    return ['', pc.dim('No recorded episodes lie beside the project; that part was left out.')];
  return [
    '',
    pc.bold(`Imported ${sample.file}`),
    `  ${sample.episodes} episodes, ${sample.calls} calls at ${Math.round(sample.callsPerSecond)} calls/s; ${sample.active} procedures active ${seconds(sample.learnedMs)} later`,
    ...sample.best.map(
      (sop) => `  ${pc.green(sop.confidence.toFixed(2))}  seen ${sop.occurrences} times  ${sop.trigger}`,
    ),
  ];
}
