/** A progress bar of one line, on a terminal only. It is drawn at most ten times a second and leaves no trace. */
import type { Screen } from '../world.ts';
import { toDurationText, toPlural, toSizeText } from './durations.ts';
import { toColumns, toFit } from './table.ts';

const drawEveryMs = 100;
const barCells = 20;

export interface ProgressState {
  readonly doneBytes: number;
  /** Undefined when nobody knows how much there is. */
  readonly totalBytes: number | undefined;
  readonly calls: number;
  /** What is being read, as it may be printed. */
  readonly label: string;
}

export interface Progress {
  show(state: ProgressState): void;
  /** Takes the line away; it comes back with the next `show`. */
  clear(): void;
}

/** Opens a bar on a screen; where it is no terminal, nothing is ever drawn. */
export function openProgress(screen: Screen, now: () => number): Progress {
  if (screen.isTTY !== true) return { show: () => undefined, clear: () => undefined };
  const startedAt = now();
  let drawnAt = Number.NEGATIVE_INFINITY;
  let isDrawn = false;
  return {
    show: (state) => {
      const at = now();
      if (at - drawnAt < drawEveryMs) return;
      drawnAt = at;
      isDrawn = true;
      screen.write(
        `\r\u001b[2K${toFit(toProgressLine(state, (at - startedAt) / 1_000), toColumns(screen) - 1)}`,
      );
    },
    clear: () => {
      if (isDrawn) screen.write('\r\u001b[2K');
      isDrawn = false;
      drawnAt = Number.NEGATIVE_INFINITY;
    },
  };
}

/** The line itself: share, rate and what remains, going by bytes. */
export function toProgressLine(state: ProgressState, seconds: number): string {
  const { doneBytes, totalBytes, calls, label } = state;
  const rate = seconds > 0 ? doneBytes / seconds : 0;
  const parts = [`${toSizeText(rate)}/s`, toPlural(calls, 'call')];
  if (totalBytes === undefined || totalBytes === 0)
    return [toSizeText(doneBytes), ...parts, label].join('  ');
  const share = Math.min(1, doneBytes / totalBytes);
  const filled = Math.round(share * barCells);
  const bar = `[${'#'.repeat(filled)}${'.'.repeat(barCells - filled)}]`;
  const left = rate > 0 ? `${toDurationText((totalBytes - doneBytes) / rate)} left` : '';
  return [bar, `${Math.floor(share * 100)} %`, ...parts, left, label]
    .filter((part) => part !== '')
    .join('  ');
}
