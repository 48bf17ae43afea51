/**
 * The whole import: file after file to whoever takes it, bad lines told and counted, a summary at the end. One bad file
 * does not stop the others.
 */
import { DreyError } from '../../../machines/words/errors.ts';
import type { ImportedEpisode } from '../../../machines/words/episodes.ts';
import type { BadLine } from '../../importers/importers.ts';
import { reportError } from '../report-error.ts';
import type { Progress } from '../terminal/progress.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import type { World } from '../world.ts';
import { measureFile } from './open-file.ts';
import { readEpisodes, toName } from './read-episodes.ts';
import type { FileEpisodes } from './read-episodes.ts';
import type { SendHooks } from './send-episodes.ts';

/** Bad lines that are told one by one, of all files together; the others are only counted. */
const badLinesShownMax = 20;

export interface ImportSummary {
  readonly files: number;
  /** How many files there were of each format. */
  readonly formats: Readonly<Record<string, number>>;
  readonly episodes: number;
  readonly calls: number;
  readonly duplicates: number;
  readonly badLines: number;
  /** Files that could be read up to a point only. */
  readonly brokenOff: number;
  readonly seconds: number;
  readonly callsPerSecond: number;
}

/** Takes the episodes of one file: the node, or what only looks at them. */
export type Deliver = (
  file: { readonly name: string; readonly format: string },
  episodes: AsyncIterable<ImportedEpisode>,
  hooks: SendHooks,
) => Promise<void>;

export interface ImportPlan {
  readonly files: readonly string[];
  readonly format: string | undefined;
  readonly verbose: boolean;
  readonly progress: Progress;
  readonly deliver: Deliver;
}

export interface ImportOutcome {
  readonly summary: ImportSummary;
  /** The first failure of a file, already told; undefined when every file was read. */
  readonly failed: DreyError | undefined;
}

/** Imports all files; throws only what concerns all of them, for instance that the node is gone. */
export async function importFiles(world: World, plan: ImportPlan): Promise<ImportOutcome> {
  const startedAt = world.now();
  const totals = createTotals();
  let failed: DreyError | undefined;
  let doneBytes = 0;
  const sizes = await Promise.all(
    plan.files.map((path) => (path === '-' ? Promise.resolve(undefined) : measureFile(path).catch(() => 0))),
  );
  const totalBytes = sizes.includes(undefined)
    ? undefined
    : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
  let callsSent = 0;

  for (const [at, path] of plan.files.entries()) {
    const onBad = (bad: BadLine): void => {
      totals.badLines += 1;
      if (totals.badLines > badLinesShownMax) return;
      plan.progress.clear();
      world.stderr.write(`${toSafeText(`${toName(path)}:${bad.line}: ${bad.reason}`)}\n`);
    };
    try {
      if (path !== '-') await measureFile(path);
      const file = await readEpisodes(path, world.stdin, plan.format, onBad);
      await plan.deliver({ name: toName(path), format: file.format }, file.episodes, {
        onSent: (episode) => {
          callsSent += episode.calls.length;
          const label = plan.files.length > 1 ? `file ${at + 1} of ${plan.files.length}` : '';
          plan.progress.show({
            doneBytes: doneBytes + file.readBytes(),
            totalBytes,
            calls: callsSent,
            label,
          });
        },
        onTooLarge: (episode) => {
          plan.progress.clear();
          totals.badLines += 1;
          world.stderr.write(`${toSafeText(`${toName(path)}: episode ${episode.key}: it is too large`)}\n`);
        },
        onCounted: (counts) => {
          totals.episodes += counts.episodes;
          totals.calls += counts.calls;
          totals.duplicates += counts.duplicates;
        },
      });
      totals.files += 1;
      totals.formats[file.format] = (totals.formats[file.format] ?? 0) + 1;
      if (file.brokenOff() !== undefined) totals.brokenOff += 1;
      assertWhole(file);
    } catch (error) {
      plan.progress.clear();
      if (!isAboutTheFile(error)) throw error;
      failed ??= error;
      reportError(error, world, plan.verbose);
    }
    doneBytes += sizes[at] ?? 0;
  }
  plan.progress.clear();
  if (totals.badLines > badLinesShownMax) {
    world.stderr.write(`… and ${totals.badLines - badLinesShownMax} more bad lines\n`);
  }
  const seconds = Math.max(0.001, (world.now() - startedAt) / 1_000);
  return { summary: { ...totals, seconds, callsPerSecond: Math.round(totals.calls / seconds) }, failed };
}

function createTotals() {
  const formats: Record<string, number> = {};
  return { files: 0, formats, episodes: 0, calls: 0, duplicates: 0, badLines: 0, brokenOff: 0 };
}

/** What stands before the break was taken like any other line. */
function assertWhole(file: FileEpisodes): void {
  const failure = file.brokenOff();
  if (failure === undefined) return;
  if (!isAboutTheFile(failure)) throw failure;
  const hint = `The lines up to ${file.lastLine()} were read.`;
  throw new DreyError(failure.code, failure.message, { cause: failure, details: { hint } });
}

function isAboutTheFile(error: unknown): error is DreyError {
  return error instanceof DreyError && (error.code === 'file_unreadable' || error.code === 'format_unknown');
}
