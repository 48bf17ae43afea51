/** `drey dead`: messages that nobody could handle: listed, shown, sent again, dropped. */
import type { Command } from 'commander';
import { z } from 'zod';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import type { NodeClient } from '../node-client.ts';
import { printJson, printLine, printLines } from '../print.ts';
import { createPaint } from '../terminal/paint.ts';
import type { Paints } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import { toColumns, toTable } from '../terminal/table.ts';
import { parseAnswer } from '../views/answers.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions, toWhole } from './shared-options.ts';

interface DeadOptions extends NodeOptions {
  readonly namespace?: string;
  readonly json?: boolean;
  readonly limit?: number;
}

const Letter = z.object({
  id: z.number(),
  reason: z.string(),
  code: z.string(),
  stream: z.string(),
  sequence: z.number(),
  subject: z.string(),
  by: z.string(),
  attempts: z.number(),
  at: z.string(),
  body: z.string(),
});
type Letter = z.infer<typeof Letter>;
const Letters = z.object({ letters: z.array(Letter), total: z.number() });
const Retried = z.object({ stream: z.string(), sequence: z.number() });

const toId = toWhole(1, Number.MAX_SAFE_INTEGER);

export function addDead(program: Command, world: World): void {
  const dead = program
    .command('dead')
    .summary('handle what could not be handled')
    .description('Dead letters: messages that nobody could handle after all tries, each with the reason.');
  const add = (name: string, isDefault = false): Command =>
    addNodeOptions(
      addJsonOption(addNamespaceOption(dead.command(name, { isDefault })), "print the node's JSON"),
    );
  add('list', true)
    .description('Lists them, the newest first.')
    .option('--limit <number>', 'at most so many (50)', toWhole(1, 500))
    .action((options: DeadOptions) => runList(world, options));
  add('show')
    .description('Shows one with its message.')
    .argument('<id>', 'its number in the list', toId)
    .action((id: number, options: DeadOptions) => runShow(world, id, options));
  add('retry')
    .description('Publishes the original message again under a new message id, and removes the letter.')
    .argument('<id>', 'its number in the list', toId)
    .action((id: number, options: DeadOptions) => runRetry(world, id, options));
  add('drop')
    .description('Removes one for good.')
    .argument('<id>', 'its number in the list', toId)
    .action((id: number, options: DeadOptions) => runDrop(world, id, options));
  dead.addHelpText('after', '\nExamples:\n  drey dead\n  drey dead show 12\n  drey dead retry 12\n');
}

async function runList(world: World, options: DeadOptions): Promise<void> {
  const client = await openClient(world, options);
  const answer = await client.get('/dead', { namespace: options.namespace, limit: options.limit });
  if (options.json) return printJson(world.stdout, answer.text);
  const { letters, total } = parseAnswer(Letters, answer.value, 'a list of dead letters');
  if (letters.length === 0) return printLine(world.stdout, 'No dead letters.');
  const paints = createPaint(world.stdout, world.env);
  const columns = [
    { title: 'ID', align: 'right' as const },
    { title: 'WHEN' },
    { title: 'SUBJECT' },
    { title: 'CODE' },
    { title: 'TRIES', align: 'right' as const },
    { title: 'REASON' },
  ];
  const rows = letters.map(({ id, at, subject, code, attempts, reason }) => [
    String(id),
    { text: at, paint: paints.faint },
    subject,
    { text: code, paint: paints.bad },
    String(attempts),
    reason,
  ]);
  const more = total > letters.length ? [`${letters.length} of ${total}; --limit shows more.`] : [];
  return printLines(world.stdout, [...toTable(columns, rows, toColumns(world.stdout)), ...more]);
}

async function runShow(world: World, id: number, options: DeadOptions): Promise<void> {
  const client = await openClient(world, options);
  const answer = await client.get(`/dead/${id}`, { namespace: options.namespace });
  if (options.json) return printJson(world.stdout, answer.text);
  const letter = parseAnswer(Letter, answer.value, 'a dead letter');
  return printLines(world.stdout, toLetterLines(letter, createPaint(world.stdout, world.env)));
}

async function runRetry(world: World, id: number, options: DeadOptions): Promise<void> {
  const client = await openClient(world, options);
  const answer = await client.post(`/dead/${id}/retry`, {}, { namespace: options.namespace });
  if (options.json) return printJson(world.stdout, answer.text);
  const { stream, sequence } = parseAnswer(Retried, answer.value, 'the answer to a retry');
  return printLine(world.stdout, `Sent again; it is ${sequence} in ${toSafeText(stream)}.`);
}

async function runDrop(world: World, id: number, options: DeadOptions): Promise<void> {
  const client = await openClient(world, options);
  const answer = await client.post(`/dead/${id}/drop`, {}, { namespace: options.namespace });
  if (options.json) return printJson(world.stdout, answer.text);
  return printLine(world.stdout, `Dead letter ${id} is dropped.`);
}

function toLetterLines(letter: Letter, paints: Paints): string[] {
  const line = (name: string, text: string): string => `${paints.faint(name.padEnd(10))}${toSafeText(text)}`;
  return [
    line('id', String(letter.id)),
    line('subject', letter.subject),
    line('from', `${letter.stream} ${letter.sequence}`),
    line('when', letter.at),
    line('given up', `by ${letter.by} after ${letter.attempts} tries`),
    `${paints.faint('reason'.padEnd(10))}${paints.bad(toSafeText(`${letter.code}: ${letter.reason}`))}`,
    '',
    toSafeText(letter.body),
  ];
}

async function openClient(world: World, options: NodeOptions): Promise<NodeClient> {
  const [address, { openNodeClient }] = await Promise.all([
    findNode(world, options),
    import('../node-client.ts'),
  ]);
  return openNodeClient(address);
}
