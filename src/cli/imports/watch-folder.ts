/**
 * Keeps up with a folder of transcripts: new and growing files are taken in as they change, until a signal. It looks
 * again and again instead of asking the system for news, which network file systems do not give, and spends a twentieth
 * of a processor at most: what it waits for, on a busy machine, makes it no slower.
 */
import { DreyError } from '../../../machines/words/errors.ts';
import type { Stop } from '../stop.ts';
import { findTranscripts } from './find-transcripts.ts';
import type { FoundFile } from './find-transcripts.ts';
import { watchFile } from './watch-file.ts';
import type { WatchedRead, WatchOptions } from './watch-file.ts';
import type { WatchState } from './watch-state.ts';

const lookMs = 1_000;
const lookMsMax = 60_000;
/** Share of a processor that may go into reading: one part in twenty. */
const restFactor = 20;

export interface WatchFolderOptions extends WatchOptions {
  readonly folder: string;
  readonly state: WatchState;
  readonly stop: Stop;
  readonly onRead: (file: string, read: WatchedRead) => Promise<void>;
  /** A file that cannot be read, or a node that is away; it is tried again. */
  readonly onTrouble: (file: string | undefined, error: DreyError) => void;
}

/** Watches until a signal; resolves then. */
export async function watchFolder(options: WatchFolderOptions): Promise<void> {
  const { world, stop } = options;
  const rests = new Map<string, Rest>();
  let waitMs = lookMs;
  // A folder that is not there is told at once; later it may come and go.
  await findTranscripts(options.folder);
  while (!stop.isAsked()) {
    const spentMs = world.spentMs();
    try {
      await look(options, rests, stop.isAsked);
      waitMs = Math.max(lookMs, (world.spentMs() - spentMs) * restFactor);
    } catch (error) {
      if (!(error instanceof DreyError)) throw error;
      options.onTrouble(undefined, error);
      waitMs *= 2;
    }
    waitMs = Math.min(waitMs, lookMsMax);
    await stop.within(waitMs);
  }
  stop.end();
}

/** How long a file is left alone: while it has not changed if it makes no sense, so that one being written gets its turn. */
interface Rest {
  readonly untilMs: number;
  /** What the file was like when it made no sense. */
  readonly failed?: string;
}

async function look(
  options: WatchFolderOptions,
  rests: Map<string, Rest>,
  isAsked: () => boolean,
): Promise<void> {
  const { world, state } = options;
  const files = await findTranscripts(options.folder);
  const paths = new Set(files.map((file) => file.path));
  for (const path of rests.keys()) if (!paths.has(path)) rests.delete(path);
  for (const file of files) {
    const spentMs = world.spentMs();
    if (isAsked() || isResting(file, rests.get(file.path), world.now()) || !isDue(file, options)) continue;
    try {
      const read = await watchFile(file, state.get(file.path), options);
      state.set(file.path, read.watched);
      await state.save();
      await options.onRead(file.path, read);
      const restMs = Math.min((world.spentMs() - spentMs) * restFactor, lookMsMax);
      rests.set(file.path, { untilMs: world.now() + restMs });
    } catch (error) {
      if (!(error instanceof DreyError) || !isAboutTheFile(error)) throw error;
      if (rests.get(file.path)?.failed === undefined) options.onTrouble(file.path, error);
      rests.set(file.path, { untilMs: world.now() + lookMsMax, failed: toMark(file) });
    }
  }
}

function isResting(file: FoundFile, rest: Rest | undefined, nowMs: number): boolean {
  // Made, but nothing written to it yet.
  if (file.sizeBytes === 0) return true;
  if (rest === undefined || nowMs >= rest.untilMs) return false;
  return rest.failed === undefined || rest.failed === toMark(file);
}

function toMark({ sizeBytes, changedMs }: FoundFile): string {
  return `${sizeBytes} ${changedMs}`;
}

/** It has changed, or what was open at its end may be sent by now. */
function isDue(file: FoundFile, { state, world }: WatchFolderOptions): boolean {
  const before = state.get(file.path);
  if (before === undefined || before.sizeBytes !== file.sizeBytes || before.changedMs !== file.changedMs)
    return true;
  return before.dueMs !== null && world.now() >= before.dueMs;
}

function isAboutTheFile(error: DreyError): boolean {
  return error.code === 'file_unreadable' || error.code === 'format_unknown';
}
