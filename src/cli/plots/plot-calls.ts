/** `--plot` of `drey status` and `drey top`: how long the calls of the last ten minutes took, as a picture. */
import type { NodeClient } from '../node-client.ts';
import { printJson, printLine } from '../print.ts';
import { toPlural } from '../terminal/durations.ts';
import { readPastCalls } from '../top/past-calls.ts';
import type { World } from '../world.ts';
import { toLatencyPlot } from './latency-plot.ts';
import { toPlotFile, writePlot } from './plot-file.ts';

/** How far back a picture looks. */
const plottedMs = 10 * 60_000;

interface PlotOptions {
  readonly plot: string;
  readonly namespace?: string;
  readonly json?: boolean;
}

/** Draws into a new file, and says so. */
export async function plotCalls(world: World, client: NodeClient, options: PlotOptions): Promise<void> {
  const file = toPlotFile(world, options.plot);
  const toMs = world.now();
  const fromMs = toMs - plottedMs;
  const calls = await readPastCalls(client, { namespace: options.namespace, since: fromMs });
  await writePlot(file, toLatencyPlot({ calls, fromMs, toMs }));
  if (options.json === true)
    return printJson(
      world.stdout,
      JSON.stringify({ file: options.plot, calls: calls.length, from: fromMs, to: toMs }),
    );
  await printLine(world.stdout, `How long ${toPlural(calls.length, 'call')} took is in ${options.plot}.`);
}
