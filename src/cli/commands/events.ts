/** `drey events`: everything that happened, or happens, one line an event. */
import type { IncomingMessage } from 'node:http';
import type { Command } from 'commander';
import { Option } from 'commander';
import { DreyError } from '../../../machines/words/errors.ts';
import { toStreamItems } from '../event-stream.ts';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import { printJson, printLine } from '../print.ts';
import { createPaint } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toColumns } from '../terminal/table.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions, toWhole } from './shared-options.ts';

/** Without --follow: so long without a stored event means that there are no more. */
const quietMs = 1_000;

interface EventsOptions extends NodeOptions {
  readonly follow?: boolean;
  readonly namespace?: string;
  readonly topic?: string;
  readonly kind?: string;
  readonly id?: string;
  readonly type?: string;
  readonly from?: 'all' | 'new';
  readonly limit?: number;
  readonly json?: boolean;
}

export const topicNames = ['context', 'tool', 'user', 'error', 'state', 'resource'] as const;

export function addEvents(program: Command, world: World): void {
  addNodeOptions(
    addJsonOption(addNamespaceOption(program.command('events')), 'print each event as one line of JSON'),
  )
    .summary('show what happened or happens')
    .description('Shows the events that are stored; with --follow those that happen from now on.')
    .option('-f, --follow', 'go on until Ctrl+C')
    .addOption(new Option('--from <where>', 'stored ones, too, or new ones only').choices(['all', 'new']))
    .addOption(new Option('--topic <topic>', 'only this topic').choices(topicNames))
    .option('--kind <kind>', 'only actors of this kind, such as session or sop')
    .option('--id <id>', 'only the actor with this id')
    .option('--type <types>', 'only these types, such as call.finished,call.failed')
    .option('--limit <number>', 'end after so many', toWhole(1, 1_000_000_000))
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  drey events --topic error              what went wrong so far\n' +
        '  drey events --follow --topic tool      calls as they happen\n' +
        '  drey events --type sop.activated --json | jq .data.trigger\n',
    )
    .action((options: EventsOptions) => runEvents(world, options));
}

async function runEvents(world: World, options: EventsOptions): Promise<void> {
  const { openNodeClient } = await import('../node-client.ts');
  const client = openNodeClient(await findNode(world, options));
  const { namespace, topic, kind, id, type, follow = false } = options;
  const from = options.from ?? (follow ? 'new' : 'all');
  const stream = await client.follow('/events', { namespace, topic, kind, id, type, from });
  const quiet = follow ? undefined : openQuiet(stream);
  try {
    const isDone = await printEvents(world, stream, options, () => quiet?.heard());
    // Whoever follows goes on for good: an end of the stream is the node's doing.
    if (follow && !isDone && !world.stdout.destroyed) throw toLost(client.address.url, undefined);
  } catch (cause) {
    if (quiet?.isOver() !== true) throw toLost(client.address.url, cause);
  } finally {
    quiet?.stop();
    stream.destroy();
  }
}

/** Prints until the stream ends; true when everything that was asked for has been printed. */
async function printEvents(
  world: World,
  stream: IncomingMessage,
  options: EventsOptions,
  onHeard: () => void,
): Promise<boolean> {
  const { follow = false, limit = Number.POSITIVE_INFINITY } = options;
  const print = await openPrinter(world, options.json ?? false);
  const startedAt = world.now();
  let printed = 0;
  for await (const item of toStreamItems(stream as AsyncIterable<Buffer>)) {
    onHeard();
    if (item.kind === 'comment') {
      if (item.text.includes('behind')) world.stderr.write(`drey: ${toSafeText(item.text)}\n`);
      continue;
    }
    const at = await print(item.data);
    printed += 1;
    // What is younger than this command was not stored when it began.
    if (printed >= limit || (!follow && at > startedAt)) return true;
  }
  return false;
}

function toLost(url: string, cause: unknown): DreyError {
  if (cause instanceof DreyError) return cause;
  return new DreyError('node_unreachable', `The node at ${url} has closed the stream of events.`, {
    cause,
    details: { hint: 'If it still runs ("drey status"), follow again.' },
  });
}

/** Prints one event and gives back when it happened. */
async function openPrinter(world: World, json: boolean): Promise<(data: string) => Promise<number>> {
  const [{ EventView, parseAnswer }, { toEventLine }] = await Promise.all([
    import('../views/answers.ts'),
    import('../views/event-view.ts'),
  ]);
  const paint = createPaint(world.stdout, world.env);
  return async (data) => {
    const event = parseAnswer(EventView, parseJson(data), 'an event');
    if (json) await printJson(world.stdout, data);
    else await printLine(world.stdout, toEventLine(event, paint, toColumns(world.stdout)));
    return Date.parse(event.at);
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Ends a stream that says nothing for a while. */
function openQuiet(stream: IncomingMessage): { heard(): void; isOver(): boolean; stop(): void } {
  let over = false;
  const timer = setTimeout(() => {
    over = true;
    stream.destroy();
  }, quietMs);
  return { heard: () => void timer.refresh(), isOver: () => over, stop: () => clearTimeout(timer) };
}
