/**
 * Showing an address in the person's browser, by the means of the desktop. Where there is no desktop nothing happens;
 * it never fails a command and never waits for the browser.
 */
import { spawn } from 'node:child_process';

/** The words that open an address here; undefined where nobody would see it. */
export function toOpenWords(
  platform: NodeJS.Platform,
  env: Readonly<Record<string, string | undefined>>,
  url: string,
): readonly string[] | undefined {
  const named = env['BROWSER']?.trim();
  if (named) return [...named.split(/\s+/), url];
  if (platform === 'darwin') return ['open', url];
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler', url];
  return env['DISPLAY'] || env['WAYLAND_DISPLAY'] ? ['xdg-open', url] : undefined;
}

/** Opens it and forgets it. */
export function openAddress(words: readonly string[] | undefined): void {
  const [program, ...rest] = words ?? [];
  if (program === undefined) return;
  const child = spawn(program, rest, { detached: true, stdio: 'ignore' });
  child.on('error', () => undefined);
  child.unref();
}
