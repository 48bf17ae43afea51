/** Which nats-server a file is, asked of the file itself. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const answerWithinMs = 10_000;

/** The oldest version that has all that Drey needs. */
export const oldestVersion = '2.9.0';

/** What a step of the chain answers: a program, or why there is none. */
export type Attempt = { readonly path: string; readonly version: string } | { readonly why: string };

/** Whether the file at this path can serve, and what it is. */
export async function isUsable(path: string): Promise<Attempt> {
  const version = await natsVersion(path);
  if (version === undefined) return { why: `${path} is not a nats-server that runs here` };
  if (!isAtLeast(version, oldestVersion))
    return { why: `${path} is ${version}, older than ${oldestVersion}` };
  return { path, version };
}

/** The version (`2.12.14`) of the nats-server at this path; undefined when it is none or cannot be run. */
export async function natsVersion(path: string): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run(path, ['--version'], { timeout: answerWithinMs });
    return /nats-server: v(\d+\.\d+\.\d+\S*)/.exec(`${stdout}${stderr}`)?.[1];
  } catch {
    return undefined;
  }
}

/** True when `version` is `least` or newer, going by its three numbers. */
export function isAtLeast(version: string, least: string): boolean {
  return compareVersions(version, least) >= 0;
}

/** Negative, zero or positive, as for sort. */
export function compareVersions(one: string, other: string): number {
  const left = numbersOf(one);
  const right = numbersOf(other);
  for (let i = 0; i < 3; i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(version: string): number[] {
  return version.replace(/^v/, '').split(/[.+-]/, 3).map(Number);
}
