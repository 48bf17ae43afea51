/** `drey report`: what was learned, served and followed in a period, beside the aims, and what serving is worth. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { openClient } from '../find-sop.ts';
import type { NodeOptions } from '../node-address.ts';
import { printJson, printLines } from '../print.ts';
import { createPaint } from '../terminal/paint.ts';
import { parseAnswer } from '../views/answers.ts';
import { ReportAnswer, toReportLines } from '../views/report-view.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions } from './shared-options.ts';

interface ReportOptions extends NodeOptions {
  readonly namespace?: string;
  readonly since?: string;
  readonly json?: boolean;
}

export function addReport(program: Command, world: World): void {
  const command = program
    .command('report')
    .summary('show what learning did, and what it is worth')
    .description(
      'Counts what was discovered, served and followed, how often it helped, and how available learning was, beside the ' +
        "design's aims. Where `learning.holdOut` keeps a share of tasks from being served, both groups are compared.",
    )
    .option('--since <day>', 'a day such as 2026-11-01, or a moment; 30 days ago without it', toMoment);
  addNodeOptions(addJsonOption(addNamespaceOption(command), "print the node's JSON"))
    .addHelpText(
      'after',
      '\nExamples:\n  drey report\n  drey report --namespace support --since 2026-11-01\n',
    )
    .action((options: ReportOptions) => runReport(world, options));
}

async function runReport(world: World, options: ReportOptions): Promise<void> {
  const client = await openClient(world, options);
  const answer = await client.get('/report', { namespace: options.namespace, since: options.since });
  if (options.json) return printJson(world.stdout, answer.text);
  const report = parseAnswer(ReportAnswer, answer.value, 'a report');
  await printLines(world.stdout, toReportLines(report, createPaint(world.stdout, world.env)));
}

function toMoment(text: string): string {
  const at = /^\d{4}-\d\d-\d\d([T ].*)?$/.test(text) ? new Date(text) : new Date(Number.NaN);
  if (Number.isNaN(at.getTime()))
    throw new InvalidArgumentError(
      'It must be a day such as 2026-11-01, or a moment such as 2026-11-01T08:00:00Z.',
    );
  return at.toISOString();
}
