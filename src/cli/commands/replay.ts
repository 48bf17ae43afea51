/** `drey replay`: an actor's recorded events folded through its machine, and whether that is the state it is in. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { z } from 'zod';
import { DreyError } from '../../../machines/words/errors.ts';
import { ActorKind, Namespace, Token } from '../../../machines/words/ids.ts';
import type { RecordedEvent, Replay } from '../../actors/actors.ts';
import { toStreamItems } from '../event-stream.ts';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import type { NodeClient, Query } from '../node-client.ts';
import { printJson, printLines } from '../print.ts';
import { createPaint } from '../terminal/paint.ts';
import { toColumns } from '../terminal/table.ts';
import type { Live } from '../views/replay-view.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions, toWhole } from './shared-options.ts';

interface ReplayOptions extends NodeOptions {
  readonly namespace?: string;
  readonly from?: number;
  readonly to?: number;
  readonly json?: boolean;
}

/** Events of one actor that are folded; a longer life is cut off with an error, never silently. */
const eventsMax = 200_000;
/** An edge may be on its way from the actor to the stream: the comparison is tried so often, so far apart. */
const triesMax = 6;
const pauseMs = 500;

const Recorded = z.looseObject({
  id: z.string(),
  type: z.string(),
  at: z.string(),
  sequence: z.number().optional(),
  node: z.string().optional(),
  data: z.record(z.string(), z.unknown()),
});
const LiveActors = z.object({
  actors: z.array(z.object({ states: z.array(z.string()), node: z.string().optional() })),
});

export function addReplay(program: Command, world: World): void {
  const sequence = toWhole(1, Number.MAX_SAFE_INTEGER);
  addNodeOptions(addJsonOption(addNamespaceOption(program.command('replay')), 'print one JSON object'))
    .summary('fold an actor’s events through its machine')
    .description(
      'Folds the recorded events of one actor through its machine, shows every transition with its time and cause, ' +
        'and says where live state and replay differ. They must not.',
    )
    .argument('<actor>', 'kind/id or namespace/kind/id, such as session/s-01jx or breaker/b-files')
    .option('--from <sequence>', 'show transitions from this place in the stream on', sequence)
    .option('--to <sequence>', 'fold up to this place only', sequence)
    .addHelpText('after', '\nExamples:\n  drey replay breaker/b-files\n  drey replay session/s-01jx --json\n')
    .action((actor: string, options: ReplayOptions) => runReplay(world, actor, options));
}

interface Actor {
  readonly namespace: string | undefined;
  readonly kind: string;
  readonly id: string;
}

async function runReplay(world: World, text: string, options: ReplayOptions): Promise<void> {
  const actor = parseActor(text, options.namespace);
  const [{ openNodeClient }, view] = await Promise.all([
    import('../node-client.ts'),
    import('../views/replay-view.ts'),
  ]);
  const client = openNodeClient(await findNode(world, options));
  const { replay, live } = await compare(client, actor, options.to);
  const { from = 0 } = options;
  const shown = replay.transitions.filter(({ sequence }) => sequence === null || sequence >= from);
  const agrees = live === null ? null : view.isSameStates(replay.states, live);
  if (options.json) {
    const answer = { ...actor, ...replay, transitions: shown, live, agrees };
    await printJson(world.stdout, JSON.stringify(answer));
  } else {
    const screen = { paints: createPaint(world.stdout, world.env), cells: toColumns(world.stdout) };
    const said = options.to === undefined ? live : undefined;
    await printLines(world.stdout, view.toReplayLines(replay, shown, said, screen));
  }
  if (agrees === false || replay.differences.length > 0)
    throw new DreyError('replay_differs', `The events of ${text} do not lead to what was recorded.`);
}

/** The replay, and the live states beside it; null where there is nothing to compare with. */
async function compare(
  client: NodeClient,
  actor: Actor,
  to: number | undefined,
): Promise<{ readonly replay: Replay; readonly live: Live }> {
  const [{ isMachineKind, replayEvents }, { isSameStates }] = await Promise.all([
    import('../../actors/actors.ts'),
    import('../views/replay-view.ts'),
  ]);
  const { kind } = actor;
  if (!isMachineKind(kind))
    throw new DreyError('argument_invalid', `Actors of kind "${kind}" have no machine.`);
  for (let tries = 1; ; tries += 1) {
    const events = await readRecorded(client, actor, to);
    const live = to === undefined ? await readLive(client, actor) : null;
    // An actor that lives and never moved has told of nothing yet.
    if (events.length === 0 && live === null) throw toUnknown(actor);
    const replay = replayEvents(kind, events, live?.node);
    if (live === null || isSameStates(replay.states, live.states) || tries >= triesMax)
      return { replay, live: live?.states ?? null };
    await pause(pauseMs);
  }
}

function parseActor(text: string, named: string | undefined): Actor {
  const parts = text.split('/');
  const [id, kind, namespace] = parts.toReversed();
  const isWhole =
    parts.length <= 3 &&
    ActorKind.safeParse(kind).success &&
    Token.safeParse(id).success &&
    (namespace === undefined || Namespace.safeParse(namespace).success);
  if (isWhole && kind !== undefined && id !== undefined) return { namespace: namespace ?? named, kind, id };
  throw new DreyError(
    'argument_invalid',
    `"${text}" is no actor; write kind/id, for instance breaker/b-files.`,
  );
}

async function readRecorded(
  client: NodeClient,
  actor: Actor,
  to: number | undefined,
): Promise<RecordedEvent[]> {
  const stream = await client.follow('/events', { ...toQuery(actor), until: 'now' });
  const events: RecordedEvent[] = [];
  try {
    for await (const item of toStreamItems(stream as AsyncIterable<Buffer>)) {
      if (item.kind !== 'message') continue;
      const event = Recorded.parse(JSON.parse(item.data));
      if (to !== undefined && (event.sequence ?? 0) > to) break;
      if (events.length >= eventsMax)
        throw new DreyError('limit_reached', `More than ${eventsMax} events; narrow it with --to.`);
      events.push(event);
    }
  } finally {
    stream.destroy();
  }
  return events;
}

function toUnknown({ kind, id }: Actor): DreyError {
  return new DreyError('actor_unknown', `There are no events of ${kind}/${id} in this namespace.`);
}

/** Its lifecycle states now; null when it does not live on this node. */
async function readLive(
  client: NodeClient,
  actor: Actor,
): Promise<{ readonly states: string[]; readonly node?: string | undefined } | null> {
  const answer = await client.get('/actors', toQuery(actor));
  const [found] = LiveActors.parse(answer.value).actors;
  return found ?? null;
}

function toQuery({ namespace, kind, id }: Actor): Query {
  return { namespace, kind, id };
}
