/** `drey config print`: what to paste on stdout and nothing else there; where it goes is said on stderr. */
import { DreyError } from '../../../machines/words/errors.ts';
import { toSnippet, toTitle } from '../../clients/clients.ts';
import type { ClientName } from '../../clients/clients.ts';
import { printLine } from '../print.ts';
import type { World } from '../world.ts';
import { findDreyFile, toConnection } from './connection.ts';
import type { ConnectionOptions } from './connection.ts';

const places: Readonly<Record<ClientName, string>> = {
  'claude-code': '.mcp.json of a project, or ~/.claude.json for all of them',
  'claude-desktop': 'claude_desktop_config.json (Settings, Developer, Edit Config)',
  cursor: '.cursor/mcp.json of a project, or ~/.cursor/mcp.json for all of them',
  vscode: '.vscode/mcp.json, or the file that "MCP: Open User Configuration" opens',
  opencode: 'opencode.json of a project, or ~/.config/opencode/opencode.json',
  codex: '~/.codex/config.toml',
  generic: "the client's configuration",
};

/** Prints the snippet for one client. */
export async function printConfig(
  world: World,
  options: ConnectionOptions & { readonly client: ClientName; readonly config?: string },
): Promise<void> {
  const { client } = options;
  const dreyFile = await findDreyFile(world, options.config);
  const snippet = toSnippet(client, await toConnection(world, client, dreyFile, options));
  if (snippet === undefined) {
    throw new DreyError('argument_invalid', `${toTitle(client)} connects over stdio only; leave --http out.`);
  }
  if (world.stdout.isTTY === true) world.stderr.write(`Merge this into ${places[client]}:\n`);
  await printLine(world.stdout, snippet.trimEnd());
}
