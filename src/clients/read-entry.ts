/**
 * Reads one server of the `mcpServers` family (Claude Code, Claude Desktop, Cursor, VS Code and others that took the
 * format over). Keys that change nothing are named and left out; keys that Drey cannot honour keep the server where it is.
 */
import { z } from 'zod';
import { isObject } from './client.ts';
import type { ReadServer, ServerEntry } from './client.ts';
import { translate } from './variables.ts';
import type { Translation, VariableStyle } from './variables.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);

const Raw = z.looseObject({
  type: z.string().optional(),
  command: z.string().min(1).optional(),
  args: z.array(scalar).optional(),
  env: z.record(z.string(), scalar.nullable()).optional(),
  cwd: z.string().optional(),
  url: z.string().min(1).optional(),
  headers: z.record(z.string(), scalar).optional(),
  disabled: z.boolean().optional(),
  enabled: z.boolean().optional(),
  timeout: z.number().optional(),
});
export type RawServer = z.infer<typeof Raw>;

/** What would be lost with the key matters: credentials, confinement. */
const blocking: Readonly<Record<string, string>> = {
  envFile: 'it reads its environment from a file (envFile)',
  oauth: 'it signs in with OAuth settings of its own (oauth)',
  auth: 'it signs in with settings of its own (auth)',
  authProviderType: 'it signs in with settings of its own (authProviderType)',
  headersHelper: 'a program makes its headers (headersHelper)',
  sandbox: 'the client confines it (sandbox)',
  sandboxEnabled: 'the client confines it (sandboxEnabled)',
};
const known = new Set(Object.keys(Raw.shape));

export interface ReadOptions {
  readonly style: VariableStyle;
  readonly project: string | undefined;
  /** True where the client's `timeout` means milliseconds for a call. */
  readonly timeoutIsMs?: boolean;
}

/** Reads an entry with `command` or `url`. */
export function readServer(raw: unknown, options: ReadOptions): ReadServer {
  if (!isObject(raw)) return { stays: 'it is no object' };
  const parsed = Raw.safeParse(raw);
  if (!parsed.success)
    return { stays: `its "${parsed.error.issues[0]?.path.join('.') ?? ''}" cannot be read` };
  const server = parsed.data;
  const type = server.type?.toLowerCase();
  if ((server.command === undefined) === (server.url === undefined)) {
    return { stays: 'it has neither a command nor an address, or both' };
  }
  if (type === 'sse') return { stays: 'it speaks the old HTTP+SSE transport' };
  if (type !== undefined && !['stdio', 'http', 'streamable-http', 'streamablehttp'].includes(type)) {
    return { stays: `it has the unknown type "${server.type}"` };
  }
  const blocked = Object.keys(server).find(
    (key) => Object.hasOwn(blocking, key) && server[key] !== false && server[key] !== undefined,
  );
  if (blocked !== undefined) return { stays: blocking[blocked] ?? blocked };
  const told: Translation = { notes: new Set(), impossible: new Set() };
  for (const key of Object.keys(server)) {
    if (!known.has(key) && server[key] !== false)
      told.notes.add(`"${key}" is left out: Drey has no such setting`);
  }
  return finishEntry(toEntry(server, options, told), options, told);
}

function toEntry(server: RawServer, options: ReadOptions, told: Translation): ServerEntry {
  const off = server.disabled === true || server.enabled === false ? { disabled: true } : {};
  const timeout = toTimeout(server.timeout, options, told);
  if (server.url !== undefined) return { url: server.url, ...toHeaders(server.headers), ...timeout, ...off };
  const env = Object.entries(server.env ?? {}).flatMap(([name, value]) => {
    if (value !== null) return [[name, value] as const];
    told.notes.add(`${name} is not taken away from its environment`);
    return [];
  });
  return {
    command: server.command ?? '',
    ...(server.args === undefined ? {} : { args: server.args }),
    ...(env.length === 0 ? {} : { env: Object.fromEntries(env) }),
    ...(server.cwd === undefined ? {} : { cwd: server.cwd }),
    ...timeout,
    ...off,
  };
}

function toHeaders(headers: Readonly<Record<string, string>> | undefined): Pick<ServerEntry, 'headers'> {
  return headers === undefined || Object.keys(headers).length === 0 ? {} : { headers };
}

function toTimeout(
  timeout: number | undefined,
  { timeoutIsMs }: ReadOptions,
  told: Translation,
): Pick<ServerEntry, 'timeoutMs'> {
  if (timeout === undefined) return {};
  if (timeoutIsMs === true && Number.isInteger(timeout) && timeout >= 1 && timeout <= 3_600_000) {
    return { timeoutMs: timeout };
  }
  told.notes.add('"timeout" is left out: set timeoutMs in drey.json if it needs one');
  return {};
}

/** Puts variables into Drey's words, and a server that is found relative to its project into the project. */
export function finishEntry(entry: ServerEntry, options: ReadOptions, told: Translation): ReadServer {
  const words = (text: string): string => translate(text, options, told);
  const record = (texts: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, words(text)]));
  const { command, args, env, cwd, url, headers, ...rest } = entry;
  const isRelative = [command, ...(args ?? [])].some((text) => /^\.{1,2}(?:[/\\]|$)/.test(text ?? ''));
  const folder = cwd ?? (command !== undefined && isRelative ? options.project : undefined);
  if (cwd === undefined && folder !== undefined)
    told.notes.add(`it is run in ${folder}, since its paths are relative`);
  const finished: ServerEntry = {
    ...(command === undefined ? {} : { command: words(command) }),
    ...(args === undefined ? {} : { args: args.map(words) }),
    ...(env === undefined ? {} : { env: record(env) }),
    ...(folder === undefined ? {} : { cwd: toFolder(words(folder), options.project) }),
    ...(url === undefined ? {} : { url: words(url) }),
    ...(headers === undefined ? {} : { headers: record(headers) }),
    ...rest,
  };
  if (told.impossible.size > 0) return { stays: `Drey cannot fill in ${[...told.impossible].join(', ')}` };
  return { entry: finished, notes: [...told.notes] };
}

/** Relative folders are the project's. */
function toFolder(folder: string, project: string | undefined): string {
  if (project === undefined || /^(?:[/\\~$]|[A-Za-z]:)/.test(folder)) return folder;
  const rest = folder.replace(/^\.(?:[/\\]|$)/, '');
  return rest === '' ? project : `${project}/${rest}`;
}
