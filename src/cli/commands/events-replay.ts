/** `drey events replay`: a stretch of the past goes by once more, on a subject of choice. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { Option } from 'commander';
import { z } from 'zod';
import { toStreamItems } from '../event-stream.ts';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import type { NodeClient } from '../node-client.ts';
import { printLine } from '../print.ts';
import type { World } from '../world.ts';
import { addNamespaceOption, addNodeOptions, toWhole } from './shared-options.ts';

interface Options extends NodeOptions {
  readonly namespace?: string;
  readonly subject: string;
  readonly from?: number;
  readonly to?: number;
  readonly kind?: string;
  readonly id?: string;
  readonly type?: string;
  readonly speed: 'original' | 'full';
}

/** Events sent with one request. */
const batchMax = 500;
/** Events so close together go in one request also at their own speed. */
const togetherMs = 5;

const Placed = z.object({ at: z.string(), sequence: z.number() });
type Placed = z.infer<typeof Placed>;
const Published = z.object({ published: z.number() });

/** Adds it below `drey events`, which must be there already. */
export function addEventsReplay(program: Command, world: World): void {
  const events = program.commands.find((command) => command.name() === 'events');
  if (events === undefined) return;
  // Options after the word "replay" are its own, though some have the names of its parent's.
  program.enablePositionalOptions();
  events.enablePositionalOptions();
  const sequence = toWhole(1, Number.MAX_SAFE_INTEGER);
  addNodeOptions(addNamespaceOption(events.command('replay')))
    .description('Publishes stored events once more, on a subject of choice, at their own speed or at once.')
    .requiredOption('--subject <subject>', 'where to, outside of drey.>, such as replay.mine')
    .option('--from <sequence>', 'from this place in the stream on', sequence)
    .option('--to <sequence>', 'up to this place', sequence)
    .option('--kind <kind>', 'only actors of this kind')
    .option('--id <id>', 'only the actor with this id')
    .option('--type <types>', 'only these types')
    .addOption(new Option('--speed <speed>', 'how fast').choices(['original', 'full']).default('full'))
    .addHelpText(
      'after',
      '\nExamples:\n  drey events replay --subject replay.mine --from 100 --to 200 --speed original\n',
    )
    .action((options: Options) => run(world, options));
}

async function run(world: World, options: Options): Promise<void> {
  const { openNodeClient } = await import('../node-client.ts');
  const client = openNodeClient(await findNode(world, options));
  let published = 0;
  let batch: Placed[] = [];
  let last: Placed | undefined;
  const send = async (): Promise<void> => {
    if (batch.length === 0) return;
    const body = { subject: options.subject, sequences: batch.map(({ sequence }) => sequence) };
    const answer = await client.post('/events/replay', body, { namespace: options.namespace });
    published += Published.parse(answer.value).published;
    batch = [];
  };
  for await (const event of read(client, options)) {
    const waitMs = last === undefined ? 0 : Date.parse(event.at) - Date.parse(last.at);
    const isLater = options.speed === 'original' && waitMs > togetherMs;
    if (isLater || batch.length >= batchMax) await send();
    if (isLater) await pause(waitMs);
    batch.push(event);
    last = event;
  }
  await send();
  await printLine(world.stdout, `${published} events were published on ${options.subject}.`);
}

/** The events of the range in the order of the stream. */
async function* read(client: NodeClient, options: Options): AsyncGenerator<Placed> {
  const { namespace, kind, id, type, from = 1, to = Number.POSITIVE_INFINITY } = options;
  const stream = await client.follow('/events', { namespace, kind, id, type, until: 'now' });
  try {
    for await (const item of toStreamItems(stream as AsyncIterable<Buffer>)) {
      if (item.kind !== 'message') continue;
      const event = Placed.parse(JSON.parse(item.data));
      if (event.sequence > to) return;
      if (event.sequence >= from) yield event;
    }
  } finally {
    stream.destroy();
  }
}
