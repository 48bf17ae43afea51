/** Episodes for learning's tests: short to write, whole when read. */
import type { Episode, EpisodeCall } from '../../../machines/words/episodes.ts';

/** What a test says of one call. */
export interface CallSketch {
  readonly tool: string;
  readonly args?: unknown;
  readonly result?: unknown;
  readonly error?: boolean;
}

/** An episode with everything that was not said filled in; `n` orders it in time. */
export function toEpisode(
  n: number,
  task: string,
  calls: readonly CallSketch[],
  more: Partial<Episode> = {},
): Episode {
  const at = new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString();
  const episodeId = more.episodeId ?? `e-${n}`;
  return {
    episodeId,
    namespace: 'acme',
    principal: 'ada',
    session: `s-${n}`,
    task,
    outcome: 'success',
    end: 'told',
    startedAt: at,
    endedAt: at,
    calls: calls.map((call, at_) => toCall(`${episodeId}-k${at_}`, at, call)),
    ...more,
  };
}

function toCall(callId: string, at: string, sketch: CallSketch): EpisodeCall {
  const [server, tool] = sketch.tool.includes('__') ? sketch.tool.split('__', 2) : ['', sketch.tool];
  return {
    callId,
    server: server ?? '',
    tool: tool ?? sketch.tool,
    name: sketch.tool,
    args: sketch.args ?? {},
    result: sketch.result ?? 'ok',
    error: sketch.error ?? false,
    at,
  };
}

/** A folder is listed and a file of it read: the house's favourite procedure. */
export function readNotes(n: number, file: string, more: Partial<Episode> = {}): Episode {
  return toEpisode(
    n,
    `Summarise the notes in ${file}`,
    [
      {
        tool: 'fs__list_directory',
        args: { path: 'notes', limit: 10 },
        result: { files: [file, `other-${n}.md`] },
      },
      { tool: 'fs__read_file', args: { path: file }, result: { text: `secret words of ${n}` } },
    ],
    more,
  );
}
