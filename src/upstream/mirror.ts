/**
 * Headers of the 2026 era that mirror a request's body: the tool's name, and arguments whose schema says `x-mcp-header`.
 * Values that no header can carry as they are travel in base64, marked as the specification says.
 */
import type { RawJson } from '../../machines/words/calls.ts';

/** One argument that a header mirrors. */
export interface Mirror {
  readonly path: readonly string[];
  readonly header: string;
}

const pathDepthMax = 16;
const mirrorsMax = 64;

const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const mirroredTypes = new Set<unknown>(['string', 'integer', 'boolean']);

/**
 * The arguments of a tool that want a header; schemas without the annotation give none. Undefined for a tool whose
 * annotations break the rules: no header name, not a plain type, or one name twice. Such a tool must not be offered.
 */
export function findMirrors(definition: Readonly<Record<string, unknown>>): readonly Mirror[] | undefined {
  const mirrors: Mirror[] = [];
  let isBroken = false;
  const visit = (schema: unknown, path: readonly string[]): void => {
    if (!isObject(schema) || path.length > pathDepthMax || mirrors.length >= mirrorsMax) return;
    const header = schema['x-mcp-header'];
    if (typeof header === 'string' && headerName.test(header) && mirroredTypes.has(schema['type']))
      mirrors.push({ path, header });
    else if (header !== undefined) isBroken = true;
    const properties = schema['properties'];
    if (!isObject(properties)) return;
    for (const [key, property] of Object.entries(properties)) visit(property, [...path, key]);
  };
  visit(definition['inputSchema'], []);
  const names = new Set(mirrors.map(({ header }) => header.toLowerCase()));
  return isBroken || names.size < mirrors.length ? undefined : mirrors;
}

/** The headers for one call; arguments that are absent or no plain value have none. */
export function toMirrorHeaders(mirrors: readonly Mirror[], args: RawJson): Readonly<Record<string, string>> {
  if (mirrors.length === 0 || args === '') return {};
  const root: unknown = JSON.parse(args);
  const headers: Record<string, string> = {};
  for (const { path, header } of mirrors) {
    const value = path.reduce<unknown>((node, key) => (isObject(node) ? node[key] : undefined), root);
    const isExact = typeof value !== 'number' || Number.isSafeInteger(value) || !Number.isInteger(value);
    if (['string', 'number', 'boolean'].includes(typeof value) && isExact) {
      headers[`mcp-param-${header.toLowerCase()}`] = encodeHeader(String(value));
    }
  }
  return headers;
}

/** A value as a header may carry it. */
export function encodeHeader(value: string): string {
  const isPlain =
    /^[\x20-\x7e\t]+$/.test(value) && value === value.trim() && !/^=\?base64\?.*\?=$/.test(value);
  return isPlain ? value : `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
