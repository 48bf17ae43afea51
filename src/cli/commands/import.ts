/** `drey import`: gives the node what agents did before, so that it can learn from it. */
import type { Command } from 'commander';
import { DreyError } from '../../../machines/words/errors.ts';
import { findNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import type { ImportSummary } from '../imports/import-files.ts';
import { printJson, printLines } from '../print.ts';
import { toCountText, toDurationText, toPlural } from '../terminal/durations.ts';
import type { World } from '../world.ts';
import { addJsonOption, addNamespaceOption, addNodeOptions } from './shared-options.ts';

interface ImportOptions extends NodeOptions {
  readonly namespace?: string;
  readonly format?: string;
  readonly json?: boolean;
}

export function addImport(program: Command, world: World): void {
  const command = program
    .command('import')
    .argument('<file...>', 'transcripts, plain or gzip; "-" is standard input');
  addNodeOptions(addJsonOption(addNamespaceOption(command), 'print the summary as JSON'))
    .summary('learn from transcripts')
    .description(
      'Imports transcripts of agents. The same file can be imported again: what is known already is counted as a ' +
        'duplicate. Secrets are redacted by the node before anything is kept.',
    )
    .option('--format <name>', 'the format, where it should not be detected (episodes, claude-code, ...)')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  drey import ~/.claude/projects/*/*.jsonl\n' +
        '  drey import runs.jsonl.gz --namespace support\n' +
        '  zcat runs.jsonl.gz | drey import -\n' +
        '\nLines that cannot be read are reported and skipped.\nThe exit code is 0 unless a file could not be read.\n',
    )
    .action((files: string[], options: ImportOptions) => runImport(world, files, options));
}

async function runImport(world: World, files: readonly string[], options: ImportOptions): Promise<void> {
  const [{ importFiles }, { openNodeClient }, { openProgress }, { toNamedFormat }] = await Promise.all([
    import('../imports/import-files.ts'),
    import('../node-client.ts'),
    import('../terminal/progress.ts'),
    import('../imports/read-episodes.ts'),
  ]);
  if (options.format !== undefined) toNamedFormat(options.format);
  const client = openNodeClient(await findNode(world, options));
  // Asked first: a refusal in the middle of a large request may get lost with the connection.
  await client.get('/status', { namespace: options.namespace });
  const { summary, failed } = await importFiles(world, client, {
    files,
    namespace: options.namespace,
    format: options.format,
    verbose: options.verbose ?? false,
    progress: openProgress(world.stderr, world.now),
  });
  if (options.json) await printJson(world.stdout, JSON.stringify(summary));
  else await printLines(world.stdout, toSummaryLines(summary));
  if (failed !== undefined) {
    const many = files.length > 1 ? `${files.length - summary.files} of ${files.length} files` : 'The file';
    throw new DreyError(failed.code, `${many} could not be imported.`, {
      cause: failed,
      details: { hint: '' },
    });
  }
  if (summary.episodes + summary.duplicates === 0 && summary.badLines > 0) {
    throw new DreyError('body_malformed', 'Nothing could be imported: no line held an episode.');
  }
}

function toSummaryLines(summary: ImportSummary): string[] {
  const { files, episodes, calls, duplicates, badLines, seconds, callsPerSecond } = summary;
  const extras = [
    duplicates > 0 ? `${toPlural(duplicates, 'duplicate')} left out` : '',
    badLines > 0 ? `${toPlural(badLines, 'bad line')} skipped` : '',
  ].filter((part) => part !== '');
  return [
    `${toPlural(episodes, 'episode')} with ${toPlural(calls, 'call')} from ${toPlural(files, 'file')} in ` +
      `${seconds < 10 ? `${seconds.toFixed(1)} s` : toDurationText(seconds)} (${toCountText(callsPerSecond)} calls/s)`,
    ...(extras.length > 0 ? [extras.join(', ')] : []),
  ];
}
