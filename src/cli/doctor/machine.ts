/** Examines what Drey stands on here: Node, folder, disk, configuration, and the programs that are to be started. */
import { access, constants, stat, statfs } from 'node:fs/promises';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { lookForNats } from '../../../infra/servers/servers.ts';
import { toDreyError } from '../../../machines/words/errors.ts';
import type { NodeConfig } from '../../node/node.ts';
import { toSizeText } from '../terminal/durations.ts';
import type { World } from '../world.ts';
import { bad, ok, warn } from './finding.ts';
import type { Finding } from './finding.ts';

/** Free space below which a start is refused advice, and below which it is merely told. */
const diskBytes = { bad: 200_000_000, warn: 2_000_000_000 } as const;
const nodeOldest = [20, 19] as const;

/** The version of Node this runs on. */
export function examineNode(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const [oldest, oldestMinor] = nodeOldest;
  const isNew = major > oldest || (major === oldest && minor >= oldestMinor);
  const wanted = `${oldest}.${oldestMinor}`;
  return isNew
    ? ok('Node', version)
    : bad('Node', `${version} is too old`, `Install Node ${wanted} or newer, 22 for choice.`);
}

/** Whether the data folder can be written, and how much room there is. */
export async function examineFolder(folder: string): Promise<Finding[]> {
  const existing = await firstExisting(folder);
  const isWritable = await access(existing, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  const isFolder = (await stat(existing)).isDirectory();
  const rights =
    isWritable && isFolder
      ? ok('data folder', existing === folder ? folder : `${folder} (it is made at the first start)`)
      : bad(
          'data folder',
          isFolder ? `${existing} cannot be written by this user` : `${existing} is a file and no folder`,
          isFolder
            ? 'Choose another one with --data or DREY_DATA, or give this user the right to write there.'
            : 'Choose another one with --data or DREY_DATA, or move the file away.',
        );
  const { bavail, bsize } = await statfs(existing);
  const free = bavail * bsize;
  const says = `${toSizeText(free)} free`;
  const mend = `Make room below ${existing}, or choose a folder on another disk with --data.`;
  if (free < diskBytes.bad) return [rights, bad('disk', says, mend)];
  return [rights, free < diskBytes.warn ? warn('disk', says, mend) : ok('disk', says)];
}

async function firstExisting(folder: string): Promise<string> {
  for (let current = resolve(folder); ; current = dirname(current)) {
    const isThere = await stat(current).then(
      () => true,
      () => false,
    );
    if (isThere || current === dirname(current)) return current;
  }
}

/** What the configuration says, as far as it can be read. */
export function examineConfig(read: () => NodeConfig): { config: NodeConfig | undefined; finding: Finding } {
  try {
    const config = read();
    return { config, finding: ok('configuration', config.file ?? 'the built-in defaults') };
  } catch (error) {
    const mend = 'Correct the file or the variable; "drey config show" prints what is read.';
    return { config: undefined, finding: bad('configuration', toDreyError(error).message, mend) };
  }
}

/** The bus that a node would start by itself. */
export async function examineNatsProgram(world: World, cacheDir: string): Promise<Finding> {
  const found = await lookForNats({ env: world.env, cacheDir });
  if ('path' in found) return ok('nats-server', `${found.version}, ${found.path}`);
  if (world.env['DREY_NATS_SERVER']) {
    return bad('nats-server', found.why, 'Correct DREY_NATS_SERVER, or unset it to have one fetched.');
  }
  const mend =
    'Nothing to do with access to the internet; otherwise install nats-server 2.12 or newer, or set DREY_NATS_URL.';
  return warn('nats-server', 'none here; the first start fetches one', mend);
}

/** Programs of the servers behind Drey. */
export async function examineUpstreams(world: World, config: NodeConfig): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [alias, upstream] of Object.entries(config.mcpServers)) {
    if (!('command' in upstream) || typeof upstream.command !== 'string') continue;
    const path = await findProgram(upstream.command, world);
    findings.push(
      path === undefined
        ? bad(
            `server ${alias}`,
            `${upstream.command} is not on the PATH`,
            `Install it, or write its full path into ${config.file ?? 'the configuration'}.`,
          )
        : ok(`server ${alias}`, path),
    );
  }
  return findings;
}

async function findProgram(command: string, { env, cwd }: World): Promise<string | undefined> {
  const places =
    isAbsolute(command) || command.includes('/')
      ? [resolve(cwd, command)]
      : (env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, command));
  for (const place of places) {
    const runs = await access(place, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return place;
  }
  return undefined;
}
