/** `drey import --watch`: a line for each file that brought something, until Ctrl+C. */
import { resolve } from 'node:path';
import type { DreyError } from '../../../machines/words/errors.ts';
import type { ImportOptions } from '../commands/import.ts';
import { findNode } from '../node-address.ts';
import { openNodeClient } from '../node-client.ts';
import { printJson, printLine } from '../print.ts';
import { reportError } from '../report-error.ts';
import { createStop } from '../stop.ts';
import { toCountText, toPlural } from '../terminal/durations.ts';
import { createPaint } from '../terminal/paint.ts';
import { toSafeText } from '../terminal/safe-text.ts';
import type { World } from '../world.ts';
import { sendEpisodes } from './send-episodes.ts';
import type { WatchedRead } from './watch-file.ts';
import { watchFolder } from './watch-folder.ts';
import { openWatchState, toStateFile } from './watch-state.ts';

/** Bad lines that are told of one file at a time. */
const badLinesShownMax = 20;

/** Keeps up with a folder until a signal. */
export async function runWatch(world: World, name: string, options: ImportOptions): Promise<void> {
  const folder = resolve(world.cwd, name);
  const { namespace, format } = options;
  const address = await findNode(world, options);
  const client = openNodeClient(address);
  // Told at once: what is wrong with the node, the key or the namespace.
  await client.get('/status', { namespace });
  const state = await openWatchState(toStateFile(world.env, [folder, address.url, namespace, format]));
  const paints = createPaint(world.stdout, world.env);
  // Before it is told how to end it.
  const stop = createStop(world);
  if (options.json !== true) await printLine(world.stdout, `watching ${toSafeText(folder)}; Ctrl+C ends it`);
  const tell = async (file: string, read: WatchedRead): Promise<void> => {
    const { counts } = read;
    await tellBad(world, file, read);
    if (counts.episodes === 0 && read.bad.length === 0) return;
    const at = new Date(world.now()).toISOString();
    const { episodes, calls, duplicates } = counts;
    if (options.json === true) {
      const facts = {
        at,
        file,
        format: read.format,
        episodes,
        calls,
        duplicates,
        bad_lines: read.bad.length,
      };
      return printJson(world.stdout, JSON.stringify(facts));
    }
    const what = `${toPlural(episodes, 'episode')} with ${toPlural(calls, 'call')}`;
    return printLine(
      world.stdout,
      `${paints.faint(at.slice(11, 19))}  ${what}  ${paints.name(toSafeText(file.slice(folder.length + 1)))} (${read.format})`,
    );
  };
  await watchFolder({
    world,
    folder,
    format,
    state,
    stop,
    send: (episodes, hooks) => sendEpisodes(episodes, { client, namespace, ...hooks }),
    onRead: tell,
    onTrouble: (_file: string | undefined, error: DreyError) =>
      void reportError(error, world, options.verbose ?? false),
  });
}

async function tellBad(world: World, file: string, { bad }: WatchedRead): Promise<void> {
  for (const { line, reason } of bad.slice(0, badLinesShownMax)) {
    await printLine(world.stderr, toSafeText(`${file}:${line}: ${reason}`));
  }
  const more = bad.length - badLinesShownMax;
  if (more > 0)
    await printLine(world.stderr, `… and ${toCountText(more)} more bad lines of ${toSafeText(file)}`);
}
