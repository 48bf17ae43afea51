/**
 * `node dist/test/journeys/record-histories.js [folder]`: writes the golden histories. A real node lives, breaks and
 * recovers: calls, a breaker that opens and closes again, an upstream that dies, a learner and a bus that are killed, a
 * drain. A second node on the same data folder reads from the stream what the first one told.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { until } from '../support/until.ts';
import { packageRoot, startNodeProcess } from './demo/node.ts';
import type { NodeProcess } from './demo/node.ts';
import { createPlace } from './rig/place.ts';
import type { Place } from './rig/place.ts';

interface Status {
  readonly state: string;
  readonly resources: readonly { readonly id: string; readonly state: string }[];
  readonly breakers: readonly { readonly id: string; readonly state: string }[];
  readonly events: { readonly waiting: number };
  readonly learning: { readonly engine_status: string; readonly pid: number | null };
}

interface RecordedEvent {
  readonly id: string;
  readonly type: string;
  readonly at: string;
  readonly sequence: number;
  readonly namespace: string;
  readonly actor: { readonly kind: string; readonly id: string };
  readonly data: Readonly<Record<string, unknown>>;
}

const kinds = ['session', 'breaker', 'resource', 'worker', 'learning', 'node'] as const;
/** Events of one kind that are kept. */
const keptMax = 60;
const waitMs = 60_000;

async function main(): Promise<void> {
  const target = process.argv[2] ?? join(packageRoot, 'test/fixtures/histories');
  const upstream = (name: string): object => ({
    command: process.execPath,
    args: [join(packageRoot, 'test/fixtures/upstreams', name)],
  });
  const content = {
    mcpServers: { echo: upstream('echo.mjs'), shaky: upstream('misbehaving.mjs') },
    breaker: { windowSize: 4, minCalls: 2, failureRate: 50, openMs: 300, halfOpenCalls: 1 },
  };
  const place = await createPlace(content);
  const { config, dataFolder, env } = place;
  try {
    const first = await startNodeProcess({ dataFolder, config, env });
    try {
      await live(first, place);
    } finally {
      await first.stop();
    }
    const second = await startNodeProcess({ dataFolder, config, env });
    try {
      await write(target, toPlain(await readAll(second), place));
    } finally {
      await second.stop();
    }
  } finally {
    await place.remove();
  }
}

async function live(node: NodeProcess, place: Place): Promise<void> {
  const look = (): Promise<Status> => node.get<Status>('/api/v1/status');
  const shaky = async (): Promise<string | undefined> =>
    (await look()).breakers.find(({ id }) => id === 'b-shaky')?.state;
  const client = new Client({ name: 'recorder', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', node.url)));
  const call = async (name: string): Promise<void> => {
    await client.callTool({ name, arguments: {} }).catch(() => undefined);
  };
  await call('echo__tool_0');
  // A transport that breaks counts; an upstream that dies is started again.
  await until(
    'the breaker opens',
    async () => {
      await call('shaky__dies_mid_answer');
      return (await shaky()) === 'open';
    },
    waitMs,
  );
  await until(
    'the breaker closes again',
    async () => {
      await call('shaky__bytes');
      return (await shaky()) === 'closed';
    },
    waitMs,
  );
  await until('the engine runs', async () => (await look()).learning.engine_status === 'running', waitMs);
  const { pid } = (await look()).learning;
  if (pid !== null) process.kill(pid, 'SIGKILL');
  await until(
    'another learner runs',
    async () => {
      const { learning } = await look();
      return learning.pid !== null && learning.pid !== pid && learning.engine_status === 'running';
    },
    waitMs,
  );
  await until('the node runs', async () => (await look()).state === 'running', waitMs);
  // It comes back within the second in which the node looks, so it is killed until that was seen.
  await until(
    'the node misses its bus',
    async () => {
      killNats(place);
      return (await look()).state === 'degraded';
    },
    waitMs,
  );
  await until('the node has its bus again', async () => (await look()).state === 'running', waitMs);
  await client.close();
  await until('every event is on the stream', async () => (await look()).events.waiting === 0, waitMs);
}

function killNats(place: Place): void {
  const found = place.running().find(({ words }) => /nats-server/.test(words.split(' ', 1)[0] ?? ''));
  if (found !== undefined) process.kill(found.pid, 'SIGKILL');
}

async function readAll({ url }: NodeProcess): Promise<RecordedEvent[]> {
  const answer = await fetch(`${url}/api/v1/events?until=now`);
  const lines = (await answer.text()).split('\n').filter((line) => line.startsWith('data: '));
  return lines.map((line) => JSON.parse(line.slice('data: '.length)) as RecordedEvent);
}

/** Without the places of the machine it was recorded on. */
function toPlain(events: readonly RecordedEvent[], { folder }: Place): RecordedEvent[] {
  const places = [
    [folder, '/place'],
    [packageRoot.replace(/\/$/, ''), '/drey'],
    [process.execPath, '/usr/bin/node'],
    [process.env['DREY_NATS_SERVER'] ?? '', '/usr/bin/nats-server'],
    [tmpdir(), '/tmp'],
  ] as const;
  const text = JSON.stringify(events);
  const plain = places.reduce((so, [from, to]) => (from === '' ? so : so.replaceAll(from, to)), text);
  return JSON.parse(plain) as RecordedEvent[];
}

async function write(target: string, events: readonly RecordedEvent[]): Promise<void> {
  await mkdir(target, { recursive: true });
  for (const kind of kinds) {
    // Calls are no lifecycle edges; what stands in them is of no use here.
    const own = events.filter(
      ({ actor, type }) => actor.kind === kind && !/^(call|task|injection)\./.test(type),
    );
    const kept = own.slice(0, keptMax).map(({ id, type, at, sequence, namespace, actor, data }) => {
      return JSON.stringify({ sequence, id, type, at, namespace, actor, data });
    });
    await writeFile(join(target, `${kind}.jsonl`), `${kept.join('\n')}\n`);
    process.stdout.write(`${kind}: ${kept.length} of ${own.length} events\n`);
  }
}

await main();
