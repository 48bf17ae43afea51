/**
 * What an import will do, worked out before anything is touched: which servers move under which name, which stay and
 * why, and the whole new text of both files. Same texts in, same plan out.
 */
import { DreyError } from '../../machines/words/errors.ts';
import { isObject, isSame, objectAt } from './client.ts';
import type { Change, Client, Connection, Json, Place, Scope, ServerEntry } from './client.ts';
import { changeJson, parseJsonText } from './json-text.ts';
import { changeToml } from './toml-text.ts';

export interface Move {
  /** Its name in the client's file. */
  readonly name: string;
  /** The project it was for, where the file holds those of several. */
  readonly project: string | undefined;
  /** Its name in drey.json. */
  readonly alias: string;
  readonly entry: ServerEntry;
  /** drey.json has the very same one already. */
  readonly known: boolean;
  readonly notes: readonly string[];
}

export interface Stay {
  readonly name: string;
  readonly project: string | undefined;
  readonly reason: string;
}

export interface ImportPlan {
  readonly moves: readonly Move[];
  readonly stays: readonly Stay[];
  /** The client's file afterwards; undefined when it stays as it is. */
  readonly clientText: string | undefined;
  /** drey.json afterwards; undefined when it stays as it is. */
  readonly dreyText: string | undefined;
}

export interface PlanOptions {
  readonly client: Client;
  readonly content: Json;
  readonly text: string;
  readonly place: Place;
  /** drey.json as it is; undefined when there is none. */
  readonly dreyText: string | undefined;
  readonly connection: Connection;
  /** Leaves the client's file alone. */
  readonly keep: boolean;
  /** Servers that shall stay. */
  readonly except: readonly string[];
  /** Drey's name in the client's file. */
  readonly ownName: string;
}

/** drey.json's own bound on names. */
const aliasCharsMax = 40;

/** Works out an import; throws `config_invalid` when one of the files cannot be changed safely. */
export function planImport(options: PlanOptions): ImportPlan {
  const { client, content, text, keep, place } = options;
  const drey = parseDrey(options.dreyText);
  const taken = new Map(Object.entries(objectAt(drey, ['mcpServers']) ?? {}));
  const moves: Move[] = [];
  const stays: Stay[] = [];
  const changes: Change[] = [];
  let isConnected = false;
  for (const scope of client.scopes(content)) {
    const found = readScope(scope, { ...options, place }, taken);
    moves.push(...found.moves);
    stays.push(...found.stays);
    changes.push(...toChanges(scope, found, options, isConnected));
    // What the file says for the user counts in every project.
    if (scope.project === undefined) isConnected = found.isConnected || found.moves.length > 0;
  }
  const added = moves.filter((move) => !move.known);
  return {
    moves,
    stays,
    clientText: keep || changes.length === 0 ? undefined : changeText(client, text, changes),
    dreyText: added.length === 0 ? undefined : changeJson(options.dreyText ?? '{}\n', added.map(toAddition)),
  };
}

interface ReadScope {
  readonly moves: readonly Move[];
  readonly stays: readonly Stay[];
  /** There is an entry for Drey already. */
  readonly isConnected: boolean;
}

function readScope(scope: Scope, options: PlanOptions, taken: Map<string, unknown>): ReadScope {
  const project = scope.project ?? options.place.project;
  const moves: Move[] = [];
  const stays: Stay[] = [];
  let isConnected = false;
  for (const [name, raw] of Object.entries(scope.servers)) {
    if (isOwn(name, raw, options)) {
      isConnected = true;
      continue;
    }
    const read = options.except.includes(name) ? { stays: 'you said so' } : options.client.read(raw, project);
    if ('stays' in read) {
      stays.push({ name, project: scope.project, reason: read.stays });
      continue;
    }
    const { alias, known } = toAlias(name, read.entry, taken);
    taken.set(alias, read.entry);
    const renamed = alias === name ? [] : [`it is called ${alias} in Drey`];
    moves.push({
      name,
      project: scope.project,
      alias,
      entry: read.entry,
      known,
      notes: [...renamed, ...read.notes],
    });
  }
  return { moves, stays, isConnected };
}

function toChanges(scope: Scope, found: ReadScope, options: PlanOptions, isCovered: boolean): Change[] {
  if (found.moves.length === 0) return [];
  const entry = options.client.toEntry(options.connection);
  if (entry === undefined) {
    throw new DreyError(
      'argument_invalid',
      `${options.client.title} connects over stdio only; leave --http out.`,
    );
  }
  const gone = found.moves.map(({ name }) => ({ path: [...scope.path, name], value: undefined }));
  const needed = !found.isConnected && !(isCovered && scope.project !== undefined);
  return needed ? [...gone, { path: [...scope.path, options.ownName], value: entry }] : gone;
}

/** True for an entry that leads to Drey. */
function isOwn(name: string, raw: unknown, { client, connection, ownName }: PlanOptions): boolean {
  if (!isObject(raw)) return false;
  const command = [raw['command'], raw['args'] ?? []].flat(2).map(String);
  const runsDrey =
    command.some((word) => /(?:^|[/\\])drey(?:\.js)?$/.test(word)) && command.includes('stdio');
  if (runsDrey || isSame(raw, client.toEntry(connection))) return true;
  if (name !== ownName || typeof raw['url'] !== 'string') return false;
  return 'url' in connection
    ? raw['url'] === connection.url
    : /^https?:\/\/(?:127\.0\.0\.1|localhost|\[::1\])[:/].*\/mcp$/.test(raw['url']);
}

/** The same server keeps its name; another one of the same name gets the next free number. */
function toAlias(
  name: string,
  entry: ServerEntry,
  taken: ReadonlyMap<string, unknown>,
): { alias: string; known: boolean } {
  const plain = name
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
    .replaceAll(/^[-_]+|-+$/g, '');
  const base = plain.slice(0, aliasCharsMax) || 'server';
  for (let number = 1; ; number += 1) {
    const tail = number === 1 ? '' : `-${number}`;
    const alias = `${base.slice(0, aliasCharsMax - tail.length)}${tail}`;
    if (!taken.has(alias)) return { alias, known: false };
    if (isSame(taken.get(alias), entry)) return { alias, known: true };
  }
}

function toAddition({ alias, entry }: Move): Change {
  return { path: ['mcpServers', alias], value: entry };
}

function parseDrey(text: string | undefined): Json {
  if (text === undefined) return {};
  const content = parseJsonText(text);
  if (content !== undefined) return content;
  throw new DreyError('config_invalid', 'drey.json is not JSON, so nothing can be added to it.');
}

function changeText(client: Client, text: string, changes: readonly Change[]): string {
  return client.language === 'toml' ? changeToml(text, changes) : changeJson(text, changes);
}
