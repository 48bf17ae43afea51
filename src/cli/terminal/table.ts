/**
 * Tables that fit the terminal: the last column gives way first, then the widest one before it. Into a pipe or a file
 * everything up to a bound is written in full. Cells are made safe here, so that no caller can forget it.
 */
import type { Screen } from '../world.ts';
import type { Paint } from './paint.ts';
import { toSafeText } from './safe-text.ts';

export interface Column {
  readonly title: string;
  readonly align?: 'right';
}

export type Cell = string | { readonly text: string; readonly paint: Paint };

const gap = '  ';
/** The last column never gets narrower than this, nor do those before it than the other. */
const lastColumnMin = 12;
const columnMin = 6;
/** What a cell takes at most where there is no terminal: texts of others may be of any length. */
const cellMax = 1_000;

const segmenter = new Intl.Segmenter();
const wide =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]|[\u{20000}-\u{3fffd}])/u;

/** Terminal cells a text takes. */
export function toWidth(text: string): number {
  // Nearly all texts: one cell for each character.
  if (/^[\u0020-\u007e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += wide.test(segment) ? 2 : 1;
  return width;
}

/** The text in at most so many cells, with an ellipsis where something is missing. */
export function toFit(text: string, cells: number): string {
  if (toWidth(text) <= cells) return text;
  let fitting = '';
  let left = cells - 1;
  for (const { segment } of segmenter.segment(text)) {
    left -= wide.test(segment) ? 2 : 1;
    if (left < 0) break;
    fitting += segment;
  }
  return `${fitting}…`;
}

/** How many cells a line may take; without bound where it is no terminal. */
export function toColumns(screen: Screen): number {
  return screen.isTTY === true ? Math.max(40, screen.columns || 80) : Number.POSITIVE_INFINITY;
}

/** Lines of a table, headed by its titles. */
export function toTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  cells: number,
): string[] {
  const all: (readonly Cell[])[] = [columns.map((column) => column.title), ...rows];
  const texts = all.map((row) => row.map((cell) => toSafeText(typeof cell === 'string' ? cell : cell.text)));
  const widths = toWidths(columns, texts, cells);
  return texts.map((row, at) => {
    const line = row.map((text, index) => {
      const isLast = index === columns.length - 1;
      const fitting = toFit(text, widths[index] ?? 0);
      const padding = ' '.repeat(Math.max(0, (widths[index] ?? 0) - toWidth(fitting)));
      const cell = all[at]?.[index];
      const painted = cell === undefined || typeof cell === 'string' ? fitting : cell.paint(fitting);
      if (columns[index]?.align === 'right') return padding + painted;
      return isLast ? painted : painted + padding;
    });
    return line.join(gap).trimEnd();
  });
}

/** What each column takes: as much as it holds, while that fits; then the widest that hold words give way. */
function toWidths(
  columns: readonly Column[],
  texts: readonly (readonly string[])[],
  cells: number,
): number[] {
  const widths = columns.map((_, index) =>
    Math.min(cellMax, Math.max(...texts.map((row) => toWidth(row[index] ?? '')))),
  );
  const lastAt = columns.length - 1;
  const toTaken = (): number => widths.slice(0, lastAt).reduce((sum, width) => sum + width + gap.length, 0);
  const lastLeast = Math.min(lastColumnMin, widths[lastAt] ?? 0);
  while (toTaken() + lastLeast > cells) {
    const mayGive = widths.map((width, index) =>
      index === lastAt || columns[index]?.align === 'right' || width <= columnMin ? 0 : width,
    );
    const widest = Math.max(...mayGive);
    if (widest === 0) break;
    widths[mayGive.indexOf(widest)] = widest - 1;
  }
  widths[lastAt] = Math.max(lastLeast, Math.min(widths[lastAt] ?? 0, cells - toTaken()));
  return widths;
}
