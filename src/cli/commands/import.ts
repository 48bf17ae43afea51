/** `drey import`: gives the node what agents did before, so that it can learn from it. */
import type { Command } from 'commander';
import { DreyError } from '../../../machines/words/errors.ts';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import type { ImportOutcome, ImportSummary } from '../imports/import-files.ts';
import { printJson, printLines } from '../print.ts';
import { toCountText, toDurationText, toPlural } from '../terminal/durations.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions } from './shared-options.ts';

export interface ImportOptions extends NodeOptions {
  readonly namespace?: string;
  readonly format?: string;
  readonly watch?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function addImport(program: Command, world: World): void {
  const command = program
    .command('import')
    .argument('[file...]', 'transcripts, plain, gzip or zstd; "-" is standard input');
  addNodeOptions(addJsonOption(addNamespaceOption(command), 'print the summary as JSON'))
    .summary('learn from transcripts')
    .description(
      'Imports transcripts of agents: Claude Code sessions, Codex rollouts, logs of the OpenAI and Anthropic APIs, ' +
        'OpenTelemetry, LangSmith and Langfuse traces, or plain episodes. The same file can be imported again: what is ' +
        'known already is counted as a duplicate. Secrets are redacted by the node before anything is kept.',
    )
    .option(
      '--format <name>',
      'the format, where it should not be detected (episodes, claude-code, codex, ...)',
    )
    .option('--dry-run', 'show the tasks that were found and what each would teach; nothing is sent')
    .option('--watch <folder>', 'keep up with the transcripts of a folder as they grow, until Ctrl+C')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  drey import ~/.claude/projects/*/*.jsonl --dry-run\n' +
        '  drey import --watch ~/.codex/sessions\n' +
        '  drey import runs.jsonl.gz --namespace support\n' +
        '  zcat runs.jsonl.gz | drey import -\n' +
        '\nLines that cannot be read are reported and skipped.\nThe exit code is 0 unless a file could not be read.\n',
    )
    .action((files: string[], options: ImportOptions) => runImport(world, files, options));
}

async function runImport(world: World, files: readonly string[], options: ImportOptions): Promise<void> {
  const { toNamedFormat } = await import('../imports/read-episodes.ts');
  if (options.format !== undefined) toNamedFormat(options.format);
  if (options.watch !== undefined) {
    const isAlone = files.length === 0 && options.dryRun !== true;
    if (!isAlone)
      throw new DreyError(
        'argument_invalid',
        '--watch takes a folder and nothing else: no files, no --dry-run.',
      );
    return (await import('../imports/run-watch.ts')).runWatch(world, options.watch, options);
  }
  if (files.length === 0)
    throw new DreyError('argument_invalid', 'Name the files to import, or a folder with --watch.');
  if (options.dryRun === true) return lookThrough(world, files, options);
  return importAll(world, files, options);
}

async function importAll(world: World, files: readonly string[], options: ImportOptions): Promise<void> {
  const [{ importFiles }, { openNodeClient }, { openProgress }, { sendEpisodes }] = await Promise.all([
    import('../imports/import-files.ts'),
    import('../node-client.ts'),
    import('../terminal/progress.ts'),
    import('../imports/send-episodes.ts'),
  ]);
  const { namespace } = options;
  const client = openNodeClient(await findNode(world, options));
  // Asked first: a refusal in the middle of a large request may get lost with the connection.
  await client.get('/status', { namespace });
  const outcome = await importFiles(world, {
    files,
    format: options.format,
    verbose: options.verbose ?? false,
    progress: openProgress(world.stderr, world.now),
    deliver: (_file, episodes, hooks) => sendEpisodes(episodes, { client, namespace, ...hooks }),
  });
  if (options.json) await printJson(world.stdout, JSON.stringify(outcome.summary));
  else if (outcome.summary.files > 0) await printLines(world.stdout, toSummaryLines(outcome.summary));
  assertImported(files, outcome);
}

async function lookThrough(world: World, files: readonly string[], options: ImportOptions): Promise<void> {
  const [
    { importFiles },
    { createLookThrough },
    { openProgress },
    { toLookLines },
    { createPaint },
    { toColumns },
  ] = await Promise.all([
    import('../imports/import-files.ts'),
    import('../imports/look-through.ts'),
    import('../terminal/progress.ts'),
    import('../views/look-view.ts'),
    import('../terminal/paint.ts'),
    import('../terminal/table.ts'),
  ]);
  const look = createLookThrough();
  const outcome = await importFiles(world, {
    files,
    format: options.format,
    verbose: options.verbose ?? false,
    progress: openProgress(world.stderr, world.now),
    deliver: look.deliver,
  });
  const { summary } = outcome;
  if (options.json) {
    await printJson(
      world.stdout,
      JSON.stringify({ ...summary, verdicts: look.verdicts(), tasks: look.tasks }),
    );
  } else {
    const paints = createPaint(world.stdout, world.env);
    const found = { tasks: look.tasks, verdicts: look.verdicts(), summary };
    await printLines(world.stdout, toLookLines(found, paints, toColumns(world.stdout)));
  }
  assertImported(files, outcome);
}

function assertImported(files: readonly string[], { summary, failed }: ImportOutcome): void {
  if (failed !== undefined) {
    const whole = summary.files - summary.brokenOff;
    const many = files.length > 1 ? `${files.length - whole} of ${files.length} files` : 'The file';
    throw new DreyError(
      failed.code,
      `${many} could not be imported${summary.brokenOff > 0 ? ' wholly' : ''}.`,
      {
        cause: failed,
        details: { hint: '' },
      },
    );
  }
  if (summary.episodes + summary.duplicates === 0 && summary.badLines > 0) {
    throw new DreyError('body_malformed', 'Nothing could be imported: no line held an episode.');
  }
}

function toSummaryLines(summary: ImportSummary): string[] {
  const { files, formats, episodes, calls, duplicates, badLines, seconds, callsPerSecond } = summary;
  const read = Object.keys(formats).length === 0 ? '' : ` (${Object.keys(formats).join(', ')})`;
  const extras = [
    duplicates > 0 ? `${toPlural(duplicates, 'duplicate')} left out` : '',
    badLines > 0 ? `${toPlural(badLines, 'bad line')} skipped` : '',
  ].filter((part) => part !== '');
  return [
    `${toPlural(episodes, 'episode')} with ${toPlural(calls, 'call')} from ${toPlural(files, 'file')}${read} in ` +
      `${seconds < 10 ? `${seconds.toFixed(1)} s` : toDurationText(seconds)} (${toCountText(callsPerSecond)} calls/s)`,
    ...(extras.length > 0 ? [extras.join(', ')] : []),
    ...(episodes > 0 ? ['Learning from them goes on; "drey status" tells what is left to learn.'] : []),
  ];
}
