/** Codex: `[mcp_servers.NAME]` in config.toml. */
import { z } from 'zod';
import { isObject, objectAt } from './client.ts';
import type { Client, ReadServer, ServerEntry } from './client.ts';
import { finishEntry } from './read-entry.ts';
import { translate } from './variables.ts';
import type { Translation } from './variables.ts';

const texts = z.record(z.string(), z.string());

const Raw = z.looseObject({
  command: z.string().min(1).optional(),
  args: z.array(z.string()).optional(),
  env: texts.optional(),
  /** Names that are handed on from Codex's own environment. */
  env_vars: z.array(z.string()).optional(),
  cwd: z.string().optional(),
  url: z.string().min(1).optional(),
  bearer_token_env_var: z.string().min(1).optional(),
  http_headers: texts.optional(),
  env_http_headers: texts.optional(),
  tool_timeout_sec: z.number().positive().optional(),
  enabled: z.boolean().optional(),
  enabled_tools: z.array(z.string()).optional(),
  disabled_tools: z.array(z.string()).optional(),
});
const known = new Set(Object.keys(Raw.shape));
const path = ['mcp_servers'] as const;

export const codex: Client = {
  name: 'codex',
  title: 'Codex',
  language: 'toml',
  root: path,
  recognises: (content, { fileName }) => objectAt(content, path) !== undefined || fileName.endsWith('.toml'),
  scopes: (content) => {
    const servers = objectAt(content, path);
    return servers === undefined ? [] : [{ path, project: undefined, servers }];
  },
  read,
  toEntry: (connection) => {
    if ('command' in connection) return { command: connection.command, args: connection.args };
    return { url: connection.url, ...(connection.withToken ? { bearer_token_env_var: 'DREY_TOKEN' } : {}) };
  },
};

function read(raw: unknown, project: string | undefined): ReadServer {
  if (!isObject(raw)) return { stays: 'it is no table' };
  const parsed = Raw.safeParse(raw);
  if (!parsed.success)
    return { stays: `its "${parsed.error.issues[0]?.path.join('.') ?? ''}" cannot be read` };
  const server = parsed.data;
  if ((server.command === undefined) === (server.url === undefined)) {
    return { stays: 'it has neither a command nor a url, or both' };
  }
  const told: Translation = { notes: new Set(), impossible: new Set() };
  for (const key of Object.keys(server)) {
    if (!known.has(key)) told.notes.add(`"${key}" is left out: Drey has no such setting`);
  }
  const { args, env, http_headers: headers } = server;
  translate(JSON.stringify({ args, env, headers }), { style: 'none', project }, told);
  return finishEntry({ ...toTarget(server), ...toShared(server) }, { style: 'shell', project }, told);
}

/** Variables that Codex reads by name become Drey's own words. */
function toTarget(server: z.infer<typeof Raw>): ServerEntry {
  const { command, args, env, env_vars, cwd, url } = server;
  if (url !== undefined) {
    const named = Object.entries(server.env_http_headers ?? {}).map(([name, from]) => [name, `\${${from}}`]);
    const bearer = server.bearer_token_env_var;
    const headers: Record<string, string> = {
      ...server.http_headers,
      ...(Object.fromEntries(named) as Record<string, string>),
      ...(bearer === undefined ? {} : { Authorization: `Bearer \${${bearer}}` }),
    };
    return { url, ...(Object.keys(headers).length === 0 ? {} : { headers }) };
  }
  const all = { ...Object.fromEntries((env_vars ?? []).map((name) => [name, `\${${name}}`])), ...env };
  return {
    command: command ?? '',
    ...(args === undefined ? {} : { args }),
    ...(Object.keys(all).length === 0 ? {} : { env: all }),
    ...(cwd === undefined ? {} : { cwd }),
  };
}

function toShared(server: z.infer<typeof Raw>): ServerEntry {
  const { enabled, enabled_tools: allow, disabled_tools: deny, tool_timeout_sec: seconds } = server;
  const tools = { ...(allow === undefined ? {} : { allow }), ...(deny === undefined ? {} : { deny }) };
  return {
    ...(seconds === undefined
      ? {}
      : { timeoutMs: Math.min(3_600_000, Math.max(1, Math.round(seconds * 1_000))) }),
    ...(Object.keys(tools).length === 0 ? {} : { tools }),
    ...(enabled === false ? { disabled: true } : {}),
  };
}
