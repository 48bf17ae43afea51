/**
 * Arguments that a 2026-07-28 client repeats in `Mcp-Param-…` headers, because the tool's schema says so with
 * `x-mcp-header`: header and body must agree, as with the standard headers. Tools without such a schema cost one look.
 */
import type { IncomingMessage } from 'node:http';
import { findMirrors } from '../../upstream/upstream.ts';
import type { Mirror } from '../../upstream/upstream.ts';
import type { CatalogueTool } from '../needs.ts';
import { decodeHeader } from './header-checks.ts';
import { isRecord } from './parse-message.ts';

type Mirrored = ReadonlyMap<string, readonly Mirror[]>;

/** One search through the definitions for each state of the catalogue. */
const known = new WeakMap<readonly CatalogueTool[], Mirrored>();

function readMirrored(tools: readonly CatalogueTool[]): Mirrored {
  const already = known.get(tools);
  if (already !== undefined) return already;
  const found = new Map(
    tools.flatMap(({ name, definition }) => {
      const mirrors = findMirrors({ ...definition }) ?? [];
      return mirrors.length === 0 ? [] : [[name, mirrors] as const];
    }),
  );
  known.set(tools, found);
  return found;
}

/** What is wrong with the headers that repeat arguments of this call; undefined when they agree with the body. */
export function checkParamHeaders(
  req: IncomingMessage,
  tools: readonly CatalogueTool[],
  params: Readonly<Record<string, unknown>>,
): string | undefined {
  for (const { path, header } of readMirrored(tools).get(String(params['name'])) ?? []) {
    const title = `Mcp-Param-${header}`;
    const given = req.headersDistinct[title.toLowerCase()];
    if ((given?.length ?? 0) > 1) return `the ${title} header came more than once`;
    const value = path.reduce<unknown>(
      (node, key) => (isRecord(node) ? node[key] : undefined),
      params['arguments'],
    );
    const problem = compare(title, given?.[0]?.trim(), value);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function compare(title: string, given: string | undefined, value: unknown): string | undefined {
  if (value === undefined || value === null)
    return given === undefined ? undefined : `the ${title} header has no argument in the body`;
  // What the schema did not ask for is the upstream's to refuse; and neither side can write a larger number so that the
  // other one reads the same.
  if (typeof value !== 'string' && typeof value !== 'boolean' && !Number.isSafeInteger(value))
    return undefined;
  if (given === undefined) return `the required ${title} header is absent`;
  const told = decodeHeader(given);
  if (told === undefined) return `the ${title} header carries an invalid Base64 sentinel value`;
  const agrees =
    typeof value === 'number'
      ? told !== '' && Number(told) === value
      : told === (typeof value === 'string' ? value : JSON.stringify(value));
  return agrees ? undefined : `the ${title} header does not say what the body says`;
}
