/** `drey top`: the node as it is now, again and again, on one screen. */
import type { IncomingMessage } from 'node:http';
import type { Command } from 'commander';
import { DreyError } from '../../../machines/words/errors.ts';
import { toStreamItems } from '../event-stream.ts';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import type { NodeClient } from '../node-client.ts';
import { printJson, printLines } from '../print.ts';
import { createStop } from '../stop.ts';
import { createPaint } from '../terminal/paint.ts';
import { toColumns } from '../terminal/table.ts';
import { createPulse } from '../top/pulse.ts';
import type { Pulse } from '../top/pulse.ts';
import { EventView, StatusAnswer, parseAnswer } from '../views/answers.ts';
import { SessionsAnswer, toTopLines } from '../views/top-view.ts';
import type { TopShown } from '../views/top-view.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions, toWhole } from './shared-options.ts';

interface TopOptions extends NodeOptions {
  readonly namespace?: string;
  readonly every: number;
  readonly once?: boolean;
  readonly json?: boolean;
  readonly plot?: string;
}

const rowsWithout = 24;
/** Another screen, no cursor; and back. */
const screenOn = '\u001b[?1049h\u001b[?25l';
const screenOff = '\u001b[?25h\u001b[?1049l';

export function addTop(program: Command, world: World): void {
  addNodeOptions(
    addJsonOption(addNamespaceOption(program.command('top')), 'print each look as one line of JSON'),
  )
    .summary('watch the node')
    .description('Shows the node, its calls, resources and sessions as they are now, until Ctrl+C.')
    .option('--every <seconds>', 'how often it looks', toWhole(1, 3_600), 1)
    .option('--once', 'look once and end; so it does into a pipe')
    .option('--plot <file>', 'draw how long the calls of the last ten minutes took (.svg or .png), and end')
    .addHelpText(
      'after',
      '\nExamples:\n  drey top\n  drey top --plot latency.svg\n  drey top --every 5 --json | jq .pulse.p95Ms\n',
    )
    .action((options: TopOptions) => runTop(world, options));
}

async function runTop(world: World, options: TopOptions): Promise<void> {
  const { openNodeClient } = await import('../node-client.ts');
  const client = openNodeClient(await findNode(world, options));
  if (options.plot !== undefined) {
    const { plotCalls } = await import('../plots/plot-calls.ts');
    return plotCalls(world, client, { ...options, plot: options.plot });
  }
  const pulse = createPulse(world.now);
  const isScreen = world.stdout.isTTY === true && options.json !== true && options.once !== true;
  const isOnce = options.once === true || (!isScreen && options.json !== true);
  const first = await look(client, options, pulse);
  if (isOnce) return show(world, first, options, false);
  const stopped = createStop(world);
  const calls = await client.follow('/events', { namespace: options.namespace, topic: 'tool', from: 'new' });
  const followed = takeCalls(calls, pulse);
  if (isScreen) world.stdout.write(screenOn);
  try {
    for (let shown = first; !stopped.isAsked(); shown = await look(client, options, pulse)) {
      await show(world, shown, options, isScreen);
      await stopped.within(options.every * 1_000);
    }
  } finally {
    if (isScreen) world.stdout.write(screenOff);
    calls.destroy();
    await followed;
    stopped.end();
  }
}

async function look(client: NodeClient, { namespace }: TopOptions, pulse: Pulse): Promise<TopShown> {
  const [status, sessions] = await Promise.all([
    client.get('/status', { namespace }),
    client.get('/sessions', { namespace }),
  ]);
  return {
    status: parseAnswer(StatusAnswer, status.value, 'a status'),
    sessions: parseAnswer(SessionsAnswer, sessions.value, 'a list of sessions'),
    pulse: pulse.read(),
  };
}

async function show(world: World, shown: TopShown, options: TopOptions, isScreen: boolean): Promise<void> {
  if (options.json === true) {
    return printJson(world.stdout, JSON.stringify({ at: new Date(world.now()).toISOString(), ...shown }));
  }
  const lines = toTopLines(shown, createPaint(world.stdout, world.env), toColumns(world.stdout));
  if (!isScreen) return printLines(world.stdout, lines);
  const rows = (world.stdout.rows ?? rowsWithout) - 1;
  const fitting = lines.length > rows ? [...lines.slice(0, rows - 1), '…'] : lines;
  // Drawn over the last one: what is erased first would flicker.
  world.stdout.write(`\u001b[H${fitting.map((line) => `${line}\u001b[K`).join('\n')}\u001b[J`);
}

/** Follows calls until the stream is destroyed or ends; then the figures just stand still. */
async function takeCalls(stream: IncomingMessage, pulse: Pulse): Promise<void> {
  try {
    for await (const item of toStreamItems(stream as AsyncIterable<Buffer>)) {
      if (item.kind !== 'message') continue;
      const event = EventView.safeParse(parseJson(item.data));
      if (event.success) pulse.take(event.data);
    }
  } catch (error) {
    if (error instanceof DreyError) throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
