/** Writing to a screen with back-pressure: what is printed fast is never piled up in memory. */
import { once } from 'node:events';
import { toSafeJson } from './terminal/safe-text.ts';
import type { Screen } from './world.ts';

/** Writes one line, waiting while the reader is slower. */
export async function printLine(screen: Screen, line: string): Promise<void> {
  if (screen.destroyed) return;
  if (!screen.write(`${line}\n`)) await Promise.race([once(screen, 'drain'), once(screen, 'close')]);
}

/** Writes lines, waiting while the reader is slower. */
export async function printLines(screen: Screen, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await printLine(screen, lines.join('\n'));
}

/** Writes JSON as it came, safe for a terminal. */
export async function printJson(screen: Screen, json: string): Promise<void> {
  await printLine(screen, toSafeJson(json));
}
