/**
 * The door of the clients' room: which MCP client a configuration file belongs to, what it takes to move its servers
 * behind Drey, and what a person pastes to connect a client. Pure: texts in, texts out.
 */
import { DreyError } from '../../machines/words/errors.ts';
import { clientNames } from './client.ts';
import type { Client, ClientName, Connection, Json, Place } from './client.ts';
import { codex } from './codex.ts';
import { changeJson, parseJsonText } from './json-text.ts';
import { claudeCode, claudeDesktop, cursor, generic, vscode } from './mcp-servers.ts';
import { opencode } from './opencode.ts';
import { parseTomlText, toTable } from './toml-text.ts';

export { planHooks } from './claude-hooks.ts';
export { clientNames } from './client.ts';
export type { ClientName, Connection, Place, ServerEntry } from './client.ts';
export { parseJsonText } from './json-text.ts';
export { planImport } from './plan.ts';
export type { ImportPlan, Move, Stay } from './plan.ts';

/** Every client; where several recognise a file, the first one has it. */
const clients: readonly Client[] = [opencode, vscode, claudeCode, claudeDesktop, cursor, generic, codex];

/** The name Drey has in every client. */
export const ownName = 'drey';

export interface ReadFile {
  readonly client: Client;
  readonly content: Json;
}

/** Finds out whose file it is; throws `format_unknown`. */
export function readClientFile(text: string, place: Place, named?: ClientName): ReadFile {
  const isToml =
    named === 'codex' ||
    (named === undefined && !text.trimStart().startsWith('{') && place.fileName.endsWith('.toml'));
  const content = isToml ? parseTomlText(text) : parseJsonText(text);
  if (content === undefined) {
    throw new DreyError(
      'format_unknown',
      `${place.fileName} is not ${isToml ? 'TOML' : 'JSON'}, or holds no object.`,
    );
  }
  const client = clients.find((one) =>
    named === undefined
      ? one.language === (isToml ? 'toml' : 'json') && one.recognises(content, place)
      : one.name === named,
  );
  if (client !== undefined) return { client, content };
  throw new DreyError(
    'format_unknown',
    `${place.fileName} holds no MCP servers in a format that is known (mcpServers, servers, mcp, mcp_servers).`,
    { details: { hint: `Name the client with --client if you know it: ${clientNames.join(', ')}.` } },
  );
}

/** What to paste into a client's file; undefined where the client cannot be connected like this. */
export function toSnippet(name: ClientName, connection: Connection): string | undefined {
  const client = clients.find((one) => one.name === name) ?? generic;
  const entry = client.toEntry(connection);
  if (entry === undefined) return undefined;
  if (client.language === 'toml') return toTable([...client.root, ownName], entry);
  return changeJson('{}\n', [{ path: [...client.root, ownName], value: entry }]);
}

/** The client's name for people. */
export function toTitle(name: ClientName): string {
  return (clients.find((one) => one.name === name) ?? generic).title;
}
