/**
 * What an MCP client is to us: a configuration format in which servers are found, out of which they are taken, and into
 * which one entry for Drey goes. Everything here is text in, text out; nobody here opens a file or looks at a clock.
 */

export const clientNames = [
  'claude-code',
  'claude-desktop',
  'cursor',
  'vscode',
  'opencode',
  'codex',
  'generic',
] as const;
export type ClientName = (typeof clientNames)[number];

export type Json = Readonly<Record<string, unknown>>;

/** An entry of `mcpServers` in drey.json. */
export interface ServerEntry {
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly tools?: { readonly allow?: readonly string[]; readonly deny?: readonly string[] };
  readonly disabled?: boolean;
}

/** What a client's entry is for Drey, or why Drey cannot have it. Notes name what changes on the way. */
export type ReadServer =
  | { readonly entry: ServerEntry; readonly notes: readonly string[] }
  | { readonly stays: string };

/** Where a file lies, as far as its meaning depends on it. */
export interface Place {
  readonly fileName: string;
  /** The name of the folder it lies in. */
  readonly folderName: string;
  /** The project it belongs to; undefined for a user's own file. */
  readonly project: string | undefined;
}

/** One object of servers within a file. */
export interface Scope {
  readonly path: readonly string[];
  /** The project these servers are for, where one file holds those of several. */
  readonly project: string | undefined;
  readonly servers: Json;
}

/** Sets a member of a file's object, or takes it out where the value is undefined. */
export interface Change {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** How a client reaches Drey. */
export type Connection =
  | { readonly command: string; readonly args: readonly string[] }
  | { readonly url: string; readonly withToken: boolean };

export interface Client {
  readonly name: ClientName;
  readonly title: string;
  readonly language: 'json' | 'toml';
  /** Whether a parsed file is this client's. */
  recognises(content: Json, place: Place): boolean;
  scopes(content: Json): readonly Scope[];
  /** Where an entry goes in a file that has no servers yet. */
  readonly root: readonly string[];
  read(raw: unknown, project: string | undefined): ReadServer;
  /** The entry for Drey; undefined where the client cannot be connected like this. */
  toEntry(connection: Connection): Json | undefined;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object at a path of keys; undefined where there is none. */
export function objectAt(content: Json, path: readonly string[]): Json | undefined {
  let at: unknown = content;
  for (const key of path) {
    if (!isObject(at) || !Object.hasOwn(at, key)) return undefined;
    at = at[key];
  }
  return isObject(at) ? at : undefined;
}

/** Equal as JSON, whatever the order of keys; what is undefined is not there. */
export function isSame(one: unknown, other: unknown): boolean {
  return toCanonical(one) === toCanonical(other);
}

function toCanonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toCanonical).join(',')}]`;
  if (value instanceof Date) return `date ${value.toISOString()}`;
  if (!isObject(value)) return typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? 'null');
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${toCanonical(value[key])}`);
  return `{${members.join(',')}}`;
}
