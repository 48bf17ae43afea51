/** The person's editor over a file, in their terminal, until they are done with it. */
import { spawn } from 'node:child_process';

/** The words that open it: what the person chose for such things, or the one that is always there. */
export function toEditorWords(
  env: Readonly<Record<string, string | undefined>>,
  file: string,
): readonly string[] {
  const named = env['VISUAL']?.trim() || env['EDITOR']?.trim() || 'vi';
  return [...named.split(/\s+/), file];
}

/** Waits for its end; null where it was ended by a signal or could not be started. */
export function openEditor(words: readonly string[]): Promise<number | null> {
  const [program = '', ...rest] = words;
  return new Promise((resolve) => {
    const child = spawn(program, rest, { stdio: 'inherit' });
    child.once('error', () => resolve(null));
    child.once('exit', (code) => resolve(code));
  });
}
