/** OpenCode: `mcp` holds the servers themselves (its first version) or `mcp.servers` does (its second). */
import { z } from 'zod';
import { isObject, objectAt } from './client.ts';
import type { Client, Json, ReadServer, ServerEntry } from './client.ts';
import { finishEntry } from './read-entry.ts';
import type { Translation } from './variables.ts';

const Raw = z.looseObject({
  type: z.enum(['local', 'remote']),
  command: z.array(z.string().min(1)).min(1).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  cwd: z.string().optional(),
  url: z.string().min(1).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  enabled: z.boolean().optional(),
  disabled: z.boolean().optional(),
});
const known = new Set(Object.keys(Raw.shape));

export const opencode: Client = {
  name: 'opencode',
  title: 'OpenCode',
  language: 'json',
  root: ['mcp'],
  recognises: (content) =>
    isObject(content['mcp']) &&
    (/opencode/.test(String(content['$schema'])) ||
      toScopes(content).some(({ servers }) => hasOurShape(servers))),
  scopes: toScopes,
  read,
  toEntry: (connection) => {
    if ('command' in connection) return { type: 'local', command: [connection.command, ...connection.args] };
    const headers = connection.withToken ? { headers: { Authorization: 'Bearer {env:DREY_TOKEN}' } } : {};
    return { type: 'remote', url: connection.url, ...headers };
  },
};

function toScopes(content: Json): { path: string[]; project: undefined; servers: Json }[] {
  const nested = objectAt(content, ['mcp', 'servers']);
  if (nested !== undefined && typeof nested['type'] !== 'string') {
    return [{ path: ['mcp', 'servers'], project: undefined, servers: nested }];
  }
  const servers = objectAt(content, ['mcp']);
  return servers === undefined ? [] : [{ path: ['mcp'], project: undefined, servers }];
}

function hasOurShape(servers: Json): boolean {
  return Object.values(servers).some(
    (server) => isObject(server) && (server['type'] === 'local' || server['type'] === 'remote'),
  );
}

function read(raw: unknown, project: string | undefined): ReadServer {
  // `{"enabled": false}` switches off a server that somebody else's configuration brings.
  if (isObject(raw) && raw['type'] === undefined)
    return { stays: 'it only changes a server defined elsewhere' };
  const parsed = Raw.safeParse(raw);
  if (!parsed.success)
    return { stays: `its "${parsed.error.issues[0]?.path.join('.') ?? ''}" cannot be read` };
  const server = parsed.data;
  if (isObject(server['oauth'])) return { stays: 'it signs in with OAuth settings of its own (oauth)' };
  const told: Translation = { notes: new Set(), impossible: new Set() };
  for (const key of Object.keys(server)) {
    if (!known.has(key)) told.notes.add(`"${key}" is left out: Drey has no such setting, or another one`);
  }
  const off = server.enabled === false || server.disabled === true ? { disabled: true } : {};
  const entry = toEntry(server, off);
  if (entry === undefined) return { stays: 'it has neither a command nor an address' };
  return finishEntry(entry, { style: 'braces', project }, told);
}

function toEntry(server: z.infer<typeof Raw>, off: { disabled?: boolean }): ServerEntry | undefined {
  const { type, command, environment, cwd, url, headers } = server;
  if (type === 'remote') {
    return url === undefined ? undefined : { url, ...(headers === undefined ? {} : { headers }), ...off };
  }
  const [program, ...args] = command ?? [];
  if (program === undefined) return undefined;
  return {
    command: program,
    ...(args.length === 0 ? {} : { args }),
    ...(environment === undefined ? {} : { env: environment }),
    ...(cwd === undefined ? {} : { cwd }),
    ...off,
  };
}
