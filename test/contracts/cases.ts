/**
 * `npm run cases -- <kind> <file>`: runs acceptance cases that are written as data, one JSON case a line, against the
 * real thing with a simulated clock. Prints a line for each case and the sum; ends with 1 when a case failed and with
 * 2 when it was started wrongly.
 */
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { runBreakerCase } from './breaker-case.ts';

/** A case's own failure: which operation and why. */
export interface CaseResult {
  readonly id: string;
  /** Null when it passed. */
  readonly why: string | null;
}

/** Every kind of case there is; a new kind is one line. */
export const caseKinds: Readonly<Record<string, (json: object) => string | null>> = {
  breaker: runBreakerCase,
};

/** What a person did wrong when starting the runner. */
export class CasesUnusable extends Error {}

/** Reads one case a line; brackets and commas of a surrounding list are allowed. */
export function parseCases(text: string): { id: string; json: object }[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    const trimmed = line.trim().replace(/,$/, '');
    if (trimmed === '' || trimmed === '[' || trimmed === ']') return [];
    const json = parseLine(trimmed);
    if (json === null) throw new CasesUnusable(`Line ${index + 1} is not a JSON object with a text "id".`);
    return [json];
  });
}

function parseLine(line: string): { id: string; json: object } | null {
  try {
    const json: unknown = JSON.parse(line);
    if (typeof json !== 'object' || json === null || !('id' in json) || typeof json.id !== 'string')
      return null;
    return { id: json.id, json };
  } catch {
    return null;
  }
}

/** Runs every case of a text. */
export function runCases(kind: string, text: string): CaseResult[] {
  const run = Object.hasOwn(caseKinds, kind) ? caseKinds[kind] : undefined;
  if (run === undefined) {
    throw new CasesUnusable(
      `"${kind}" is no kind of case; known kinds: ${Object.keys(caseKinds).join(', ')}.`,
    );
  }
  const cases = parseCases(text);
  if (cases.length === 0) throw new CasesUnusable('There is no case in it.');
  return cases.map(({ id, json }) => ({ id, why: run(json) }));
}

/** The command: prints to `print`, complains to `complain`, returns the exit code. */
export function runCommand(
  args: readonly string[],
  print: (line: string) => void,
  complain: (line: string) => void,
): number {
  const [kind, file, ...rest] = args;
  if (kind === undefined || file === undefined || rest.length > 0) {
    complain('Usage: npm run cases -- <kind> <file>');
    return 2;
  }
  try {
    const results = runCases(kind, readCases(file));
    for (const { id, why } of results) print(why === null ? `ok ${id}` : `not ok ${id}: ${why}`);
    const failed = results.filter(({ why }) => why !== null).length;
    print(`${results.length - failed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof CasesUnusable)) throw error;
    complain(`Cannot run ${file} as ${kind} cases: ${error.message}`);
    return 2;
  }
}

function readCases(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CasesUnusable(`the file cannot be read (${reason}).`, { cause: error });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = runCommand(
    process.argv.slice(2),
    (line) => process.stdout.write(`${line}\n`),
    (line) => process.stderr.write(`${line}\n`),
  );
}
