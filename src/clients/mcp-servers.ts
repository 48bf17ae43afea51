/** The clients whose files hold `mcpServers`, and VS Code, whose `servers` are written the same way. */
import { isObject, objectAt } from './client.ts';
import type { Client, Connection, Json, Place, Scope } from './client.ts';
import { readServer } from './read-entry.ts';
import type { VariableStyle } from './variables.ts';

const root = ['mcpServers'] as const;

interface Parts extends Pick<Client, 'name' | 'title' | 'recognises'> {
  readonly style: VariableStyle;
  readonly timeoutIsMs?: boolean;
  /** How it writes a variable of the environment. */
  readonly variable: (name: string) => string;
  readonly withType: boolean;
  readonly stdioOnly?: boolean;
}

function createClient({ style, timeoutIsMs = false, variable, withType, stdioOnly, ...own }: Parts): Client {
  return {
    ...own,
    language: 'json',
    root,
    scopes: toScopes,
    read: (raw, project) => readServer(raw, { style, project, timeoutIsMs }),
    toEntry: (connection) => {
      if ('command' in connection) {
        return { ...(withType ? { type: 'stdio' } : {}), command: connection.command, args: connection.args };
      }
      return stdioOnly === true ? undefined : toAddress(connection, withType, variable);
    },
  };
}

function toAddress(
  { url, withToken }: Extract<Connection, { url: string }>,
  withType: boolean,
  variable: (name: string) => string,
): Json {
  const headers = withToken ? { headers: { Authorization: `Bearer ${variable('DREY_TOKEN')}` } } : {};
  return { ...(withType ? { type: 'http' } : {}), url, ...headers };
}

/** The file's own servers, then those that Claude Code keeps for each project. */
function toScopes(content: Json): Scope[] {
  const own = objectAt(content, root);
  const projects = Object.entries(objectAt(content, ['projects']) ?? {}).flatMap(([project, settings]) => {
    const servers = isObject(settings) ? objectAt(settings, root) : undefined;
    return servers === undefined ? [] : [{ path: ['projects', project, ...root], project, servers }];
  });
  return [...(own === undefined ? [] : [{ path: root, project: undefined, servers: own }]), ...projects];
}

const hasServers = (content: Json): boolean => objectAt(content, root) !== undefined;

const isOwnFile = (content: Json): boolean =>
  isObject(content['projects']) &&
  Object.values(content['projects']).some(isObject) &&
  (hasServers(content) || 'numStartups' in content || toScopes(content).length > 0);

/** `~/.claude.json`, its projects included, and `.mcp.json`. */
export const claudeCode = createClient({
  name: 'claude-code',
  title: 'Claude Code',
  recognises: (content, { fileName }) =>
    isOwnFile(content) || (hasServers(content) && /^(?:\.mcp|\.claude)\.json$/.test(fileName)),
  style: 'shell',
  timeoutIsMs: true,
  variable: (name) => `\${${name}}`,
  withType: true,
});

export const claudeDesktop = createClient({
  name: 'claude-desktop',
  title: 'Claude Desktop',
  recognises: (content, { fileName }) =>
    hasServers(content) && (fileName.startsWith('claude_desktop_config') || 'globalShortcut' in content),
  style: 'none',
  variable: (name) => `\${${name}}`,
  withType: false,
  stdioOnly: true,
});

/** `mcp.json` in `.cursor`, or one that uses an editor's variables. */
export const cursor = createClient({
  name: 'cursor',
  title: 'Cursor',
  recognises: (content, place) => hasServers(content) && isCursors(content, place),
  style: 'editor',
  variable: (name) => `\${env:${name}}`,
  withType: false,
});

function isCursors(content: Json, { fileName, folderName }: Place): boolean {
  const editorVariable = /\$\{(?:env:|userHome|workspaceFolder|pathSeparator)/;
  return (
    folderName === '.cursor' ||
    (fileName === 'mcp.json' && editorVariable.test(JSON.stringify(content['mcpServers'])))
  );
}

/** Whoever took the format over. */
export const generic = createClient({
  name: 'generic',
  title: 'MCP client',
  recognises: hasServers,
  style: 'shell',
  variable: (name) => `\${${name}}`,
  withType: false,
});

/** `.vscode/mcp.json` and the user's `mcp.json`; `inputs` stay, since other servers may ask for them. */
export const vscode: Client = {
  name: 'vscode',
  title: 'VS Code',
  language: 'json',
  root: ['servers'],
  recognises: (content) => objectAt(content, ['servers']) !== undefined,
  scopes: (content) => {
    const servers = objectAt(content, ['servers']);
    return servers === undefined ? [] : [{ path: ['servers'], project: undefined, servers }];
  },
  read: (raw, project) => readServer(raw, { style: 'editor', project }),
  toEntry: (connection) =>
    'command' in connection
      ? { type: 'stdio', command: connection.command, args: connection.args }
      : toAddress(connection, true, (name) => `\${env:${name}}`),
};
