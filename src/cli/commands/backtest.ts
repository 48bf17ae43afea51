/** `drey backtest`: how well what is learned would have served one's own history, beside doing without learning. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { DreyError, errorCodes } from '../../../machines/words/errors.ts';
import type { ErrorCode } from '../../../machines/words/errors.ts';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import type { Answer, NodeClient } from '../node-client.ts';
import { toPlotFile, writePlot } from '../plots/plot-file.ts';
import { toReliabilityDiagram } from '../plots/reliability-diagram.ts';
import { printJson, printLine, printLines } from '../print.ts';
import { toPlural } from '../terminal/durations.ts';
import { createPaint } from '../terminal/paint.ts';
import { toColumns, toFit } from '../terminal/table.ts';
import { parseAnswer } from '../views/answers.ts';
import { BacktestAnswer, toBacktestLines } from '../views/backtest-view.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions } from './shared-options.ts';

interface BacktestOptions extends NodeOptions {
  readonly namespace?: string;
  readonly plot?: string;
  readonly json?: boolean;
}

/** It is asked again after the first pause, then less and less often. */
const pauseMs = { first: 100, most: 1_000 } as const;

export function addBacktest(program: Command, world: World): void {
  const command = program
    .command('backtest')
    .summary('measure on your own history how good what is learned is')
    .description(
      'Learns from a part of the archive and asks about the rest, twice: the past teaches and the newer 30 % is asked; ' +
        'and no task stands on both sides. Beside it what one gets without learning. The node does it in a process of ' +
        'its own; nothing is changed.',
    )
    .option('--plot <file>', 'draw the reliability diagram into it (.svg or .png)');
  addNodeOptions(addJsonOption(addNamespaceOption(command), 'print the report as JSON'))
    .addHelpText(
      'after',
      '\nExamples:\n  drey backtest\n  drey backtest --namespace support --plot honest.svg\n',
    )
    .action((options: BacktestOptions) => runBacktest(world, options));
}

async function runBacktest(world: World, options: BacktestOptions): Promise<void> {
  // Before minutes of measuring, not after them.
  const file = options.plot === undefined ? undefined : toPlotFile(world, options.plot);
  const [address, { openNodeClient }] = await Promise.all([
    findNode(world, options),
    import('../node-client.ts'),
  ]);
  const client = openNodeClient(address);
  const answer = await waitForEnd(world, client, options.namespace);
  const report = toReport(answer);
  if (report.error !== null) throw new DreyError(toCode(report.error.code), report.error.message);
  if (options.json) await printJson(world.stdout, answer.text);
  else await printLines(world.stdout, toBacktestLines(report, createPaint(world.stdout, world.env)));
  if (file === undefined) return;
  await writePlot(file, toReliabilityDiagram(report));
  await printLine(options.json ? world.stderr : world.stdout, `The diagram is in ${options.plot}.`);
}

async function waitForEnd(world: World, client: NodeClient, namespace: string | undefined): Promise<Answer> {
  let answer = await client.post('/backtests', {}, { namespace });
  const { backtest_id: id } = toReport(answer);
  let drawn = false;
  for (let waitMs: number = pauseMs.first; isOpen(toReport(answer));) {
    await pause(waitMs);
    waitMs = Math.min(waitMs * 2, pauseMs.most);
    answer = await client.get(`/backtests/${encodeURIComponent(id)}`, { namespace });
    if (world.stderr.isTTY !== true) continue;
    const { state, episodes } = toReport(answer);
    const told =
      state === 'waiting' ? 'waiting for another backtest' : `${toPlural(episodes, 'episode')} read`;
    world.stderr.write(`\r\u001b[2K${toFit(told, toColumns(world.stderr))}`);
    drawn = true;
  }
  if (drawn) world.stderr.write('\r\u001b[2K');
  return answer;
}

const isOpen = ({ state }: BacktestAnswer) => state === 'waiting' || state === 'running';

function toReport(answer: Answer): BacktestAnswer {
  return parseAnswer(BacktestAnswer, answer.value, 'a report of a backtest');
}

function toCode(code: string): ErrorCode {
  return Object.hasOwn(errorCodes, code) ? (code as ErrorCode) : 'unexpected';
}
