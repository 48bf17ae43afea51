/** `drey audit`: who did what in a namespace, whether the log is what was once written, and all of it as lines of JSON. */
import { once } from 'node:events';
import type { Command } from 'commander';
import { z } from 'zod';
import { AuditFault, AuditSeverity } from '../../../machines/words/audit.ts';
import { DreyError } from '../../../machines/words/errors.ts';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import type { NodeClient } from '../node-client.ts';
import { printJson, printLine, printLines } from '../print.ts';
import { toPlural } from '../terminal/durations.ts';
import { createPaint } from '../terminal/paint.ts';
import { toSafeJson, toSafeText } from '../terminal/safe-text.ts';
import { toColumns, toTable } from '../terminal/table.ts';
import { parseAnswer } from '../views/answers.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions, toWhole } from './shared-options.ts';

interface AuditOptions extends NodeOptions {
  readonly namespace?: string;
  readonly json?: boolean;
  readonly limit?: number;
  readonly before?: number;
  readonly action?: string;
  readonly severity?: string;
  readonly principal?: string;
}

const Row = z.object({
  position: z.number(),
  at: z.string(),
  principal: z.string(),
  action: z.string(),
  object: z.string(),
  outcome: z.string(),
  severity: AuditSeverity,
});
const Rows = z.object({ entries: z.array(Row), next: z.number().nullable() });
const Verdict = z.object({
  namespace: z.string(),
  is_whole: z.boolean(),
  rows: z.number(),
  head: z.object({ position: z.number(), hash: z.string() }),
  anchors: z.number(),
  anchored_to: z.number(),
  faults: z.array(AuditFault),
});

export function addAudit(program: Command, world: World): void {
  const audit = program
    .command('audit')
    .summary('show and verify who did what')
    .description('The audit log of a namespace: a chain of rows that nobody can change without being seen.');
  const add = (name: string, isDefault = false): Command =>
    addNodeOptions(addNamespaceOption(audit.command(name, { isDefault })));
  addJsonOption(add('list', true), "print the node's JSON")
    .description('Lists what was done and refused, the newest first.')
    .option('--limit <number>', 'at most so many (50)', toWhole(1, 500))
    .option('--before <position>', 'only rows before this one', toWhole(1, Number.MAX_SAFE_INTEGER))
    .option('--action <name>', 'only this action, such as acontext_sop_stored')
    .option('--severity <level>', 'only LOW, MEDIUM, HIGH or CRITICAL')
    .option('--principal <id>', 'only what this principal did')
    .action((options: AuditOptions) => runList(world, options));
  addJsonOption(add('verify'), "print the node's JSON")
    .description(
      'Hashes every row again, compares it with its neighbours and with the anchors; fails at a fault.',
    )
    .action((options: AuditOptions) => runVerify(world, options));
  add('export')
    .description('Prints the whole log, the oldest row first, one JSON object a line.')
    .action((options: AuditOptions) => runExport(world, options));
  audit.addHelpText(
    'after',
    '\nExamples:\n  drey audit --severity CRITICAL\n  drey audit verify\n  drey audit export > audit.jsonl\n',
  );
}

async function runList(world: World, options: AuditOptions): Promise<void> {
  const client = await openClient(world, options);
  const { namespace, limit, before, action, severity, principal } = options;
  const answer = await client.get('/audit', { namespace, limit, before, action, severity, principal });
  if (options.json) return printJson(world.stdout, answer.text);
  const { entries, next } = parseAnswer(Rows, answer.value, 'the audit log');
  if (entries.length === 0) return printLine(world.stdout, 'Nothing is written down.');
  const paints = createPaint(world.stdout, world.env);
  const columns = [
    { title: 'ROW', align: 'right' as const },
    { title: 'WHEN' },
    { title: 'SEVERITY' },
    { title: 'WHO' },
    { title: 'ACTION' },
    { title: 'OUTCOME' },
    { title: 'ON' },
  ];
  const rows = entries.map(
    ({ position, at, severity: level, principal: who, action: did, outcome, object }) => [
      String(position),
      { text: at.slice(0, 19).replace('T', ' '), paint: paints.faint },
      level === 'CRITICAL' ? { text: level, paint: paints.bad } : level,
      who,
      did,
      outcome === 'refused' ? { text: outcome, paint: paints.bad } : outcome,
      object,
    ],
  );
  const more = next === null ? [] : [`--before ${next} shows older ones.`];
  return printLines(world.stdout, [...toTable(columns, rows, toColumns(world.stdout)), ...more]);
}

async function runVerify(world: World, options: AuditOptions): Promise<void> {
  const client = await openClient(world, options);
  const answer = await client.get('/audit/verify', { namespace: options.namespace });
  const verdict = parseAnswer(Verdict, answer.value, 'what verifying the audit log found');
  const { namespace, rows, head, anchors, anchored_to: anchoredTo, faults } = verdict;
  if (options.json) await printJson(world.stdout, answer.text);
  const [first] = faults;
  if (first !== undefined) {
    if (!options.json)
      await printLines(
        world.stdout,
        faults.map(({ sentence }) => toSafeText(sentence)),
      );
    throw new DreyError(
      'audit_broken',
      `The audit log of ${namespace} was tampered with, from row ${first.position} on.`,
    );
  }
  if (options.json) return;
  await printLine(
    world.stdout,
    `The audit log of ${namespace} is whole: ${toPlural(rows, 'row')}; anchors that agree: ${anchors}, up to row ${anchoredTo}; head ${head.hash.slice(0, 16)}.`,
  );
}

async function runExport(world: World, options: AuditOptions): Promise<void> {
  const client = await openClient(world, options);
  const stream = await client.follow('/audit/export', { namespace: options.namespace });
  stream.setEncoding('utf8');
  for await (const chunk of stream as AsyncIterable<string>) {
    if (world.stdout.destroyed) break;
    const text = world.stdout.isTTY === true ? toSafeJson(chunk) : chunk;
    if (!world.stdout.write(text))
      await Promise.race([once(world.stdout, 'drain'), once(world.stdout, 'close')]);
  }
}

async function openClient(world: World, options: NodeOptions): Promise<NodeClient> {
  const [address, { openNodeClient }] = await Promise.all([
    findNode(world, options),
    import('../node-client.ts'),
  ]);
  return openNodeClient(address);
}
