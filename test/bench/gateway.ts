/**
 * What Drey adds to a call: the same trivial tool directly over stdio, behind a bare HTTP server, behind the official
 * SDK's server, and through a whole node with events on, side by side in rounds. Also the node's memory and how long an
 * event takes to be written and to be acknowledged.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot, startNodeProcess } from '../journeys/demo/node.ts';
import type { NodeProcess } from '../journeys/demo/node.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { measureOutages } from './gateway-outages.ts';
import { drive, openHttpTarget, openStdioTarget } from './load.ts';
import type { Sample, Target } from './load.ts';
import { measure, quantile } from './measure.ts';
import type { Bench, Measure } from './measure.ts';
import { startPeers } from './peers.ts';
import { findChild, readCpuUs, readRss } from './process-figures.ts';

const concurrencies = [1, 32] as const;
const upstream = join(packageRoot, 'test/fixtures/upstreams/echo.mjs');

/** What is driven: where, and whose CPU time it is. */
interface Driven {
  readonly target: Target;
  readonly pid: number | undefined;
}

export const gatewayBench: Bench = {
  name: 'gateway',
  about:
    'what a call costs through Drey, beside a bare HTTP server and the SDK (--peers: and other gateways)',
  run: async ({ quick, peers: isBesidePeers = false }) => {
    const folder = await temporaryFolder('drey-bench');
    const config = join(folder.path, 'drey.json');
    await writeFile(config, JSON.stringify({ mcpServers: { up: toProgram() } }));
    const node = await startNodeProcess({ dataFolder: join(folder.path, 'data'), config });
    const servers = [await start('bare'), await start('sdk')] as const;
    const peers = isBesidePeers ? await startPeers(upstream) : [];
    try {
      const driven: Record<string, Driven> = {
        stdio: { target: await openStdioTarget(upstream, 'tool_0'), pid: undefined },
        bare: {
          target: await openHttpTarget(`http://127.0.0.1:${servers[0].port}/`, 'tool_0', false),
          pid: servers[0].child.pid,
        },
        sdk: {
          target: await openHttpTarget(`http://127.0.0.1:${servers[1].port}/mcp`, 'tool_0'),
          pid: servers[1].child.pid,
        },
        drey: { target: await openHttpTarget(`${node.url}/mcp`, 'up__tool_0'), pid: node.pid },
      };
      for (const { name, open, pid } of peers) driven[name] = { target: await open(), pid };
      const measures = await runRounds(driven, quick ? 1 : 5, quick ? 500 : 3_000);
      const flat = await compareCatalogues(folder.path, quick ? 500 : 2_000, quick ? 1 : 5);
      const outages = await freeze(node, driven['drey']?.target, quick);
      for (const { target } of Object.values(driven)) target.close();
      const mega = 1024 * 1024;
      const rss = peers.map(({ name, pid }) =>
        measure(`gateway.${name}.rss_mb`, readRss(pid) / mega, 'MB', 'lower'),
      );
      return [...measures, ...flat, ...outages, ...(await readNode(node, servers[1].child)), ...rss];
    } finally {
      for (const server of servers) server.child.kill();
      await Promise.all(peers.map((peer) => peer.stop()));
      await node.stop();
      await folder.remove();
    }
  },
};

/** The bus and the learner of this node, one after the other. */
async function freeze(node: NodeProcess, target: Target | undefined, quick: boolean): Promise<Measure[]> {
  const { learning } = await node.get<StatusView>('/api/v1/status');
  const processes = [
    { name: 'bus', pid: findChild(node.pid, 'nats-server') },
    { name: 'learner', pid: learning.pid ?? undefined },
  ].flatMap(({ name, pid }) => (pid === undefined ? [] : [{ name, pid }]));
  if (target === undefined || processes.length < 2) throw new Error('the bench finds no bus or no learner');
  return measureOutages(target, processes, quick ? { rounds: 1, ms: 500 } : { rounds: 5, ms: 1_500 });
}

interface DrivenSample extends Sample {
  /** CPU time a call costs the process in front, in microseconds. */
  readonly cpuUs: number;
}

async function driveOne({ target, pid }: Driven, concurrency: number, ms: number): Promise<DrivenSample> {
  const before = readCpuUs(pid);
  const sample = await drive(target, concurrency, ms);
  // The warm-up's calls are not counted, but cost the same; their share of the time is known.
  const share = ms / (ms + Math.min(500, ms / 4));
  return { ...sample, cpuUs: ((readCpuUs(pid) - before) * share) / Math.max(1, sample.latenciesMs.length) };
}

async function runRounds(driven: Record<string, Driven>, rounds: number, ms: number): Promise<Measure[]> {
  const samples = new Map<string, DrivenSample[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const concurrency of concurrencies) {
      for (const [name, one] of Object.entries(driven)) {
        const key = `${name}.c${concurrency}`;
        samples.set(key, [...(samples.get(key) ?? []), await driveOne(one, concurrency, ms)]);
      }
    }
  }
  const median = (key: string, read: (sample: DrivenSample) => number): number =>
    quantile((samples.get(key) ?? []).map(read), 0.5);
  const names = Object.keys(driven).filter((name) => name !== 'drey');
  return concurrencies.flatMap((c) => {
    const p = (name: string, q: number): number =>
      median(`${name}.c${c}`, (sample) => quantile(sample.latenciesMs, q));
    const rate = (name: string): number => median(`${name}.c${c}`, (sample) => sample.callsPerSecond);
    const cpu = (name: string): number => median(`${name}.c${c}`, ({ cpuUs }) => cpuUs);
    const others = names.flatMap((name) => [
      measure(`gateway.${name}_c${c}.p50_ms`, p(name, 0.5), 'ms', 'lower'),
      measure(`gateway.${name}_c${c}.p95_ms`, p(name, 0.95), 'ms', 'lower'),
      measure(`gateway.${name}_c${c}.p99_ms`, p(name, 0.99), 'ms', 'lower'),
      measure(`gateway.${name}_c${c}.calls_per_s`, rate(name), 'calls/s', 'higher'),
      ...(name === 'stdio' ? [] : [measure(`gateway.${name}_c${c}.cpu_us`, cpu(name), 'µs', 'lower')]),
    ]);
    return [
      measure(`gateway.c${c}.p50_ms`, p('drey', 0.5), 'ms', 'lower', ...(c === 1 ? [0.6] : [])),
      measure(`gateway.c${c}.p95_ms`, p('drey', 0.95), 'ms', 'lower'),
      measure(`gateway.c${c}.p99_ms`, p('drey', 0.99), 'ms', 'lower'),
      measure(`gateway.c${c}.added_p50_ms`, p('drey', 0.5) - p('stdio', 0.5), 'ms', 'lower'),
      measure(`gateway.c${c}.added_p95_ms`, p('drey', 0.95) - p('stdio', 0.95), 'ms', 'lower'),
      measure(`gateway.c${c}.calls_per_s`, rate('drey'), 'calls/s', 'higher', ...(c === 32 ? [3_000] : [])),
      measure(`gateway.c${c}.cpu_us`, cpu('drey'), 'µs', 'lower'),
      measure(`gateway.c${c}.ratio_to_sdk`, rate('drey') / rate('sdk'), '×', 'higher'),
      ...others,
    ];
  });
}

const toProgram = (...words: string[]) => ({ command: process.execPath, args: [upstream, ...words] });

/** Whether a call through a node with 1,000 tools costs what one through a node with a single tool does. */
async function compareCatalogues(folder: string, ms: number, rounds: number): Promise<Measure[]> {
  const nodes: NodeProcess[] = [];
  const open = async (tools: number): Promise<Driven> => {
    const config = join(folder, `drey-${tools}.json`);
    const mcpServers = { up: toProgram('--tools', String(tools)) };
    await writeFile(config, JSON.stringify({ mcpServers, learning: { enabled: false } }));
    const node = await startNodeProcess({ dataFolder: join(folder, `data-${tools}`), config });
    nodes.push(node);
    return {
      target: await openHttpTarget(`${node.url}/mcp`, `up__tool_${tools - 1}`),
      pid: node.pid,
    };
  };
  const ratios: number[] = [];
  try {
    const few = await open(1);
    const many = await open(1_000);
    for (let round = 0; round < rounds; round += 1) {
      const one = await driveOne(few, 8, ms);
      const thousand = await driveOne(many, 8, ms);
      ratios.push(thousand.cpuUs / one.cpuUs);
    }
    for (const { target } of [few, many]) target.close();
  } finally {
    await Promise.all(nodes.map((node) => node.stop()));
  }
  return [measure('gateway.catalogue_1000_to_1.cpu_ratio', quantile(ratios, 0.5), '×', 'lower', 1.2)];
}

interface StatusView {
  readonly memory: { readonly rssBytes: number };
  readonly learning: { readonly rssBytes: number | null; readonly pid?: number | null };
  readonly events: {
    readonly appendUs: { readonly p50: number; readonly p95: number };
    readonly ackMs: { readonly p50: number; readonly p95: number };
  };
}

async function readNode(node: NodeProcess, sdk: ChildProcess): Promise<Measure[]> {
  const { memory, learning, events } = await node.get<StatusView>('/api/v1/status');
  const mega = 1024 * 1024;
  return [
    measure('gateway.emission.p50_us', events.appendUs.p50, 'µs', 'lower'),
    measure('gateway.emission.p95_us', events.appendUs.p95, 'µs', 'lower', 1_000),
    measure('gateway.acknowledged.p50_ms', events.ackMs.p50, 'ms', 'lower'),
    measure('gateway.acknowledged.p95_ms', events.ackMs.p95, 'ms', 'lower'),
    measure('gateway.node.rss_mb', memory.rssBytes / mega, 'MB', 'lower', 200),
    measure('gateway.learner.rss_mb', (learning.rssBytes ?? 0) / mega, 'MB', 'lower'),
    measure('gateway.sdk.rss_mb', readRss(sdk.pid) / mega, 'MB', 'lower'),
  ];
}

async function start(name: 'bare' | 'sdk'): Promise<{ child: ChildProcess; port: number }> {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  const child = fork(fileURLToPath(new URL(`./servers/${name}${extension}`, import.meta.url)));
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve((message as { port: number }).port));
    child.once('exit', (code) => reject(new Error(`the ${name} server ended with code ${code}`)));
  });
  return { child, port };
}
