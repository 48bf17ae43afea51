/**
 * Where the node is: named by `--url` or DREY_URL, else what the node wrote into its data folder. The folder's token
 * goes to the node of that folder only, never to an address that somebody named.
 */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { DreyError } from '../../machines/words/errors.ts';
import type { World } from './world.ts';

/** Options of every command that talks to a node. */
export interface NodeOptions {
  readonly url?: string;
  readonly data?: string;
  readonly config?: string;
  readonly verbose?: boolean;
}

export interface NodeAddress {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token: string | undefined;
  /** Known for the node of a data folder. */
  readonly pid: number | undefined;
  readonly dataFolder: string | undefined;
}

/** Finds the node; throws `node_unreachable` when nothing says where one is. */
export async function findNode(world: World, options: NodeOptions): Promise<NodeAddress> {
  const named = toNamedNode(world, options);
  if (named !== undefined) return named;
  const dataFolder = await toDataFolder(world, options);
  const found = await readNodeFile(world, dataFolder);
  if (found !== undefined) return found;
  throw new DreyError('node_unreachable', `No node runs for the data folder ${dataFolder}.`);
}

/** The node that `--url` names, or DREY_URL; a data folder that was named on the command line goes before the variable. */
export function toNamedNode(world: World, options: NodeOptions): NodeAddress | undefined {
  const named = options.url ?? (options.data === undefined ? world.env['DREY_URL'] || undefined : undefined);
  if (named === undefined) return undefined;
  const url = URL.canParse(named) ? new URL(named) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const sentence = `"${named}" is no address of a node; write it like http://127.0.0.1:7333.`;
    throw new DreyError('argument_invalid', sentence);
  }
  return { url: toBase(url), token: toOwnToken(world), pid: undefined, dataFolder: undefined };
}

/** What the node of a data folder wrote about itself; undefined when there is nothing, or nothing that makes sense. */
export async function readNodeFile(world: World, dataFolder: string): Promise<NodeAddress | undefined> {
  const content = parseObject(await readText(join(dataFolder, 'node.json')));
  const url = content['url'];
  if (typeof url !== 'string' || !/^https?:/.test(url) || !URL.canParse(url)) return undefined;
  const pid = content['pid'];
  const token = content['token'];
  const fromFile = (await readText(join(dataFolder, 'token')))?.trim();
  return {
    url: toBase(new URL(url)),
    token: toOwnToken(world) ?? (typeof token === 'string' && token !== '' ? token : fromFile || undefined),
    pid: typeof pid === 'number' && Number.isInteger(pid) && pid > 0 ? pid : undefined,
    dataFolder,
  };
}

/** The data folder: `--data`, DREY_DATA, the configuration file's, the default. `up` is told the same one. */
export async function toDataFolder(world: World, options: NodeOptions): Promise<string> {
  const { env, cwd, uid } = world;
  if (options.data !== undefined) return resolve(cwd, options.data);
  if (env['DREY_DATA']) return resolve(cwd, env['DREY_DATA']);
  const configured = await readConfiguredFolder(world, options);
  if (configured !== undefined) return configured;
  // Late: most of that room is about starting servers, which other commands do not need.
  const { defaultDataFolder } = await import('../../infra/servers/servers.ts');
  return defaultDataFolder(env, uid);
}

/** A file that cannot be read or understood is the node's to complain about, not ours. */
async function readConfiguredFolder({ env, cwd }: World, options: NodeOptions): Promise<string | undefined> {
  const named = options.config ?? env['DREY_CONFIG'];
  const configHome = env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config');
  const places = named
    ? [resolve(cwd, named)]
    : [join(cwd, 'drey.json'), join(configHome, 'drey', 'drey.json')];
  for (const place of places) {
    const text = await readText(place);
    if (text === undefined) continue;
    const folder = parseObject(text.replace(/^\uFEFF/, ''))['dataFolder'];
    return typeof folder === 'string' && folder !== '' ? resolve(dirname(place), folder) : undefined;
  }
  return undefined;
}

function toOwnToken(world: World): string | undefined {
  return world.env['DREY_TOKEN'] || undefined;
}

function toBase(url: URL): string {
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

async function readText(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

function parseObject(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
