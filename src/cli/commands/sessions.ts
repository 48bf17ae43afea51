/** `drey sessions`: who works here, and what each session is doing now. */
import type { Command } from 'commander';
import { z } from 'zod';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import { printJson, printLine, printLines } from '../print.ts';
import { createPaint, paintState } from '../terminal/paint.ts';
import type { Paints } from '../terminal/paint.ts';
import { toColumns, toTable } from '../terminal/table.ts';
import { parseAnswer } from '../views/answers.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions, toWhole } from './shared-options.ts';

interface SessionsOptions extends NodeOptions {
  readonly namespace?: string;
  readonly json?: boolean;
  readonly all?: boolean;
  readonly limit?: number;
}

/** Characters of an id in the table. */
const idCharsShown = 14;

const Session = z.object({
  id: z.string(),
  principal: z.string().catch(''),
  client: z.string().catch(''),
  state: z.string().catch(''),
  calls: z.number().catch(0),
  lastUsedAt: z.string().catch(''),
  doing: z
    .object({
      task: z.object({ task: z.string() }).nullable(),
      calls: z.array(z.object({ name: z.string(), since: z.string() })),
      lastCall: z.object({ name: z.string(), outcome: z.string() }).nullable(),
      idleSince: z.string().nullable(),
    })
    .nullish()
    .catch(null),
});
type Session = z.infer<typeof Session>;
const Sessions = z.object({ sessions: z.array(Session), next: z.string().nullish().catch(null) });

export function addSessions(program: Command, world: World): void {
  addNodeOptions(addJsonOption(addNamespaceOption(program.command('sessions')), "print the node's JSON"))
    .summary('show who works here, and what each is doing')
    .description('Lists the live sessions of the node, the last used first, each with what it is doing now.')
    .option('--all', 'those of other nodes and those that are over as well')
    .option('--limit <number>', 'at most so many (100)', toWhole(1, 1_000))
    .addHelpText('after', '\nExamples:\n  drey sessions\n  drey sessions --namespace support --all\n')
    .action((options: SessionsOptions) => run(world, options));
}

async function run(world: World, options: SessionsOptions): Promise<void> {
  const [address, { openNodeClient }] = await Promise.all([
    findNode(world, options),
    import('../node-client.ts'),
  ]);
  const { namespace, limit, all } = options;
  const where = all === true ? 'all' : undefined;
  const answer = await openNodeClient(address).get('/sessions', { namespace, limit, where });
  if (options.json) return printJson(world.stdout, answer.text);
  const { sessions, next } = parseAnswer(Sessions, answer.value, 'a list of sessions');
  if (sessions.length === 0) return printLine(world.stdout, 'No sessions.');
  const paints = createPaint(world.stdout, world.env);
  const cells = toColumns(world.stdout);
  const columns = [
    { title: 'ID' },
    { title: 'CLIENT' },
    { title: 'WHO' },
    { title: 'STATE' },
    { title: 'CALLS', align: 'right' },
    { title: 'DOING' },
    { title: 'TASK' },
  ] as const;
  const rows = sessions.map((one) => [
    { text: Number.isFinite(cells) ? one.id.slice(0, idCharsShown) : one.id, paint: paints.name },
    one.client,
    one.principal,
    { text: one.state, paint: paintState(paints, one.state) },
    String(one.calls),
    toDoing(one, paints),
    one.doing?.task?.task ?? '',
  ]);
  const more = next === null || next === undefined ? [] : ['There are more; --limit shows them.'];
  return printLines(world.stdout, [...toTable(columns, rows, cells), ...more]);
}

function toDoing({ doing, lastUsedAt }: Session, paints: Paints) {
  if (doing === null || doing === undefined) return { text: `last seen ${lastUsedAt}`, paint: paints.faint };
  const [first, ...others] = doing.calls;
  if (first !== undefined)
    return others.length === 0 ? first.name : `${first.name} and ${others.length} more`;
  const { lastCall, idleSince } = doing;
  const last = lastCall === null ? '' : `, last ${lastCall.name} (${lastCall.outcome})`;
  return { text: `idle since ${idleSince ?? lastUsedAt}${last}`, paint: paints.faint };
}
