// The official reference servers, called directly and through Drey: every tool, and the bytes of every answer.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.ts';
import { packageRoot, startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { openRawHttp, openRawStdio } from './interop/raw-peers.ts';
import type { RawAnswer, RawPeer } from './interop/raw-peers.ts';
import { referenceServers } from './interop/reference-calls.ts';
import type { ReferenceServer } from './interop/reference-calls.ts';
import { createPlace, referenceServer } from './rig/place.ts';
import type { Place } from './rig/place.ts';

const aliases = referenceServers('').map(({ alias }) => alias);

let place: Place;
let servers: readonly ReferenceServer[];
let node: NodeProcess;
let through: RawPeer;

beforeAll(async () => {
  place = await createPlace();
  servers = referenceServers(place.folder);
  for (const server of servers) await server.reset?.();
  const entries = servers.map((server) => {
    const { args, env } = server.start('drey');
    const entry = referenceServer(place, server.package, ...args) as { env: object };
    return [server.alias, { ...entry, env: { ...entry.env, ...env } }] as const;
  });
  await place.writeConfig({ mcpServers: Object.fromEntries(entries) });
  node = await startNodeProcess({ dataFolder: place.dataFolder, config: place.config, env: place.env });
  through = await openRawHttp(node.url);
  await until(
    'all four servers are listed',
    async () => {
      const listed = (await through.ask('tools/list', '{}')).result ?? '';
      return aliases.every((alias) => listed.includes(`"${alias}__`));
    },
    60_000,
  );
});

afterAll(async () => {
  await through?.close();
  await node?.stop();
  await place?.remove();
});

interface Listed {
  readonly name: string;
  readonly execution?: { readonly taskSupport?: string };
}

const readTools = ({ result }: RawAnswer): Listed[] =>
  (JSON.parse(result ?? '{}') as { tools: Listed[] }).tools;

/** The same with every plain value replaced by its type. */
function toShape(json: string | undefined): string {
  return JSON.stringify(JSON.parse(json ?? 'null'), (_key, value: unknown) =>
    typeof value === 'object' ? value : typeof value,
  );
}

describe.each(aliases)('the reference server "%s"', (alias) => {
  let server: ReferenceServer;
  let direct: RawPeer;
  beforeAll(async () => {
    const found = servers.find((one) => one.alias === alias);
    if (found === undefined) throw new Error(`there is no ${alias}`);
    server = found;
    const { args, env } = server.start('direct');
    const program = join(packageRoot, 'node_modules/@modelcontextprotocol', server.package, 'dist/index.js');
    direct = await openRawStdio({ command: process.execPath, args: [program, ...args], env });
  });
  afterAll(() => direct?.close());

  it('lists the same tools, with all that it says of them', async () => {
    const { asking = [] } = server;
    const readOwn = async () => readTools(await direct.ask('tools/list', '{}'));
    // Those that ask are registered after the handshake.
    await until('all are registered', async () => {
      const names = new Set((await readOwn()).map(({ name }) => name));
      return asking.every((name) => names.has(name));
    });
    // What can be called as a task only is listed by nobody who has no tasks.
    const own = (await readOwn()).filter(({ execution }) => execution?.taskSupport !== 'required');
    const drey = readTools(await through.ask('tools/list', '{}'));
    const theirs = drey
      .filter(({ name }) => name.startsWith(`${alias}__`))
      .map((tool) => ({ ...tool, name: tool.name.slice(alias.length + 2) }));
    expect(theirs).toEqual(own);
    const called = new Set([...server.calls.map(({ tool }) => tool), ...asking]);
    expect(own.map(({ name }) => name).filter((name) => !called.has(name))).toEqual([]);
  });

  it('gives the same answers', async () => {
    const run = async (peer: RawPeer, prefix: string): Promise<RawAnswer[]> => {
      await server.reset?.();
      const answers: RawAnswer[] = [];
      for (const { tool, args } of server.calls) {
        const params = `{"name":${JSON.stringify(prefix + tool)},"arguments":${JSON.stringify(args)}}`;
        answers.push(await peer.ask('tools/call', params));
      }
      return answers;
    };
    const own = await run(direct, '');
    const drey = await run(through, `${alias}__`);
    for (const [index, { tool, differs }] of server.calls.entries()) {
      const [one, other] = [own[index], drey[index]];
      if (differs === undefined) {
        expect(other, tool).toEqual(one);
      } else {
        expect(one?.result, tool).toBeDefined();
        expect(toShape(other?.result), `${tool} (${differs})`).toEqual(toShape(one?.result));
      }
    }
  });
});
