/** How a client will reach Drey: the words that start `drey stdio`, or the node's address. And which drey.json is meant. */
import { access, constants, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { parseJsonText } from '../../clients/clients.ts';
import type { ClientName, Connection } from '../../clients/clients.ts';
import { readNodeFile, toDataFolder, toNamedNode } from '../node-address.ts';
import type { NodeOptions } from '../node-address.ts';
import type { World } from '../world.ts';

export interface ConnectionOptions extends NodeOptions {
  readonly http?: boolean;
  readonly token?: boolean;
  readonly namespace?: string;
}

/** What a node listens on unless told otherwise. */
const portDefault = 7333;

/** Clients that a terminal starts share its PATH; the others may know none. */
const startedFromTerminal: readonly ClientName[] = ['claude-code', 'codex', 'opencode'];

/** Where drey.json is, or will be: named, in this folder, or the user's own. */
export async function findDreyFile(world: World, named: string | undefined): Promise<string> {
  const { env, cwd } = world;
  const given = named ?? (env['DREY_CONFIG'] || undefined);
  if (given !== undefined) return resolve(cwd, given);
  const here = join(cwd, 'drey.json');
  const isHere = await access(here).then(
    () => true,
    () => false,
  );
  return isHere ? here : toUsersFile(world);
}

function toUsersFile({ env }: World): string {
  return join(env['XDG_CONFIG_HOME'] || join(toHome(env), '.config'), 'drey', 'drey.json');
}

/** The user's home folder. */
export function toHome(env: World['env']): string {
  return env['HOME'] || homedir();
}

/** The connection to write down for a client, with the configuration a node needs when the client starts it. */
export async function toConnection(
  world: World,
  client: ClientName,
  dreyFile: string,
  options: ConnectionOptions,
): Promise<Connection> {
  if (options.http === true) {
    const query =
      options.namespace === undefined ? '' : `?namespace=${encodeURIComponent(options.namespace)}`;
    return {
      url: `${await findUrl(world, dreyFile, options)}/mcp${query}`,
      withToken: options.token === true,
    };
  }
  const [command = 'drey', ...words] = await toDreyWords(world, startedFromTerminal.includes(client));
  // The client has an environment of its own.
  const url = options.url ?? (world.env['DREY_URL'] || undefined);
  const data = options.data ?? (world.env['DREY_DATA'] || undefined);
  const named = Object.entries({
    url,
    data: data === undefined ? undefined : resolve(world.cwd, data),
    // Found by itself from anywhere.
    config: dreyFile === toUsersFile(world) ? undefined : dreyFile,
    namespace: options.namespace,
  }).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]));
  return { command, args: [...words, 'stdio', ...named] };
}

async function findUrl(world: World, dreyFile: string, options: ConnectionOptions): Promise<string> {
  const named = toNamedNode(world, options);
  if (named !== undefined) return named.url;
  const running = await readNodeFile(world, await toDataFolder(world, options));
  if (running !== undefined) return running.url;
  const content = await readFile(dreyFile, 'utf8').then(parseJsonText, () => undefined);
  const port = Number(world.env['DREY_PORT'] || content?.['port'] || portDefault);
  return `http://127.0.0.1:${Number.isInteger(port) ? port : portDefault}`;
}

/** The words that start this program: by name where whoever starts it knows the same PATH, else in full. */
export async function toDreyWords(world: World, isFromTerminal: boolean): Promise<readonly string[]> {
  return isFromTerminal && (await isOnPath(world)) ? ['drey'] : world.self;
}

/** Whether a shell of this user finds `drey`; what a package runner puts on the PATH for a moment does not count. */
async function isOnPath({ env }: World): Promise<boolean> {
  for (const folder of (env['PATH'] ?? '').split(delimiter)) {
    if (folder === '' || folder.includes('node_modules') || folder.includes('_npx')) continue;
    const found = await access(join(folder, 'drey'), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}
