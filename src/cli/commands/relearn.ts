/** `drey relearn`: builds the procedures again from what is kept, and says whether that changed anything. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { Option } from 'commander';
import { DreyError, errorCodes } from '../../../machines/words/errors.ts';
import type { ErrorCode } from '../../../machines/words/errors.ts';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import type { Answer, NodeClient } from '../node-client.ts';
import { printJson, printLines } from '../print.ts';
import { toPlural } from '../terminal/durations.ts';
import { createPaint } from '../terminal/paint.ts';
import { toColumns, toFit } from '../terminal/table.ts';
import { parseAnswer } from '../views/answers.ts';
import { RelearnAnswer, toRelearnLines } from '../views/relearn-view.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNodeOptions } from './shared-options.ts';

interface RelearnOptions extends NodeOptions {
  readonly namespace?: string;
  readonly from?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** It is asked again after the first pause, then less and less often. */
const pauseMs = { first: 100, most: 1_000 } as const;

export function addRelearn(program: Command, world: World): void {
  const command = program
    .command('relearn')
    .summary('build procedures again from what is kept')
    .description(
      'Learns procedures anew from the archive, or from the event stream. Agents are served what is there until the ' +
        'end. What people approved, edited or reported stays. The same log gives the same procedures, so nothing ' +
        'should differ unless something was lost or the way of learning changed.',
    )
    .option('--namespace <name>', 'that one only; without it every namespace')
    .addOption(
      new Option('--from <source>', 'the archive, which forgets nothing, or the stream from its first event')
        .choices(['archive', 'stream'])
        .default('archive'),
    )
    .option('--dry-run', 'write nothing, print what would differ');
  addNodeOptions(addJsonOption(command, 'print the report as JSON'))
    .addHelpText(
      'after',
      '\nExamples:\n  drey relearn --dry-run\n  drey relearn --from stream --namespace support\n',
    )
    .action((options: RelearnOptions) => runRelearn(world, options));
}

async function runRelearn(world: World, options: RelearnOptions): Promise<void> {
  const [address, { openNodeClient }] = await Promise.all([
    findNode(world, options),
    import('../node-client.ts'),
  ]);
  const client = openNodeClient(address);
  const order = { from: options.from ?? 'archive', dry_run: options.dryRun ?? false };
  const ordered = await client.post('/relearn', order, { namespace: options.namespace });
  const answer = await waitForEnd(world, client, options.namespace, ordered);
  const report = toReport(answer);
  if (report.error !== null) throw new DreyError(toCode(report.error.code), report.error.message);
  if (options.json) return printJson(world.stdout, answer.text);
  return printLines(world.stdout, toRelearnLines(report, createPaint(world.stdout, world.env)));
}

async function waitForEnd(
  world: World,
  client: NodeClient,
  namespace: string | undefined,
  ordered: Answer,
): Promise<Answer> {
  const { relearn_id: id } = toReport(ordered);
  let answer = ordered;
  let drawn = false;
  for (let waitMs: number = pauseMs.first; toReport(answer).state === 'running';) {
    await pause(waitMs);
    waitMs = Math.min(waitMs * 2, pauseMs.most);
    answer = await client.get(`/relearn/${encodeURIComponent(id)}`, { namespace });
    if (world.stderr.isTTY !== true) continue;
    const { episodes } = toReport(answer).counts;
    world.stderr.write(
      `\r\u001b[2K${toFit(`${toPlural(episodes, 'episode')} read`, toColumns(world.stderr))}`,
    );
    drawn = true;
  }
  if (drawn) world.stderr.write('\r\u001b[2K');
  return answer;
}

function toReport(answer: Answer): RelearnAnswer {
  return parseAnswer(RelearnAnswer, answer.value, 'a report of learning anew');
}

function toCode(code: string): ErrorCode {
  return Object.hasOwn(errorCodes, code) ? (code as ErrorCode) : 'unexpected';
}
