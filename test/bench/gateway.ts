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
import { readFileSync } from 'node:fs';
import { packageRoot, startNodeProcess } from '../journeys/demo/node.ts';
import type { NodeProcess } from '../journeys/demo/node.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { drive, openHttpTarget, openStdioTarget } from './load.ts';
import type { Sample, Target } from './load.ts';
import { measure, quantile } from './measure.ts';
import type { Bench, Measure } from './measure.ts';

const concurrencies = [1, 32] as const;
const upstream = join(packageRoot, 'test/fixtures/upstreams/echo.mjs');

export const gatewayBench: Bench = {
  name: 'gateway',
  about: 'what a call costs through Drey, beside a bare HTTP server and the SDK',
  run: async ({ quick }) => {
    const folder = await temporaryFolder('drey-bench');
    const config = join(folder.path, 'drey.json');
    await writeFile(
      config,
      JSON.stringify({ mcpServers: { up: { command: process.execPath, args: [upstream] } } }),
    );
    const node = await startNodeProcess({ dataFolder: join(folder.path, 'data'), config });
    const servers = [await start('bare'), await start('sdk')] as const;
    try {
      const targets: Record<string, Target> = {
        stdio: await openStdioTarget(upstream, 'tool_0'),
        bare: await openHttpTarget(`http://127.0.0.1:${servers[0].port}/`, 'tool_0', false),
        sdk: await openHttpTarget(`http://127.0.0.1:${servers[1].port}/mcp`, 'tool_0'),
        drey: await openHttpTarget(`${node.url}/mcp`, 'up__tool_0'),
      };
      const measures = await runRounds(targets, quick ? 1 : 5, quick ? 500 : 3_000);
      for (const target of Object.values(targets)) target.close();
      return [...measures, ...(await readNode(node, servers[1].child))];
    } finally {
      for (const server of servers) server.child.kill();
      await node.stop();
      await folder.remove();
    }
  },
};

async function runRounds(targets: Record<string, Target>, rounds: number, ms: number): Promise<Measure[]> {
  const samples = new Map<string, Sample[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const concurrency of concurrencies) {
      for (const [name, target] of Object.entries(targets)) {
        const key = `${name}.c${concurrency}`;
        samples.set(key, [...(samples.get(key) ?? []), await drive(target, concurrency, ms)]);
      }
    }
  }
  const median = (key: string, read: (sample: Sample) => number): number =>
    quantile((samples.get(key) ?? []).map(read), 0.5);
  return concurrencies.flatMap((c) => {
    const p = (name: string, q: number): number =>
      median(`${name}.c${c}`, (sample) => quantile(sample.latenciesMs, q));
    const rate = (name: string): number => median(`${name}.c${c}`, (sample) => sample.callsPerSecond);
    const others = ['stdio', 'bare', 'sdk'].flatMap((name) => [
      measure(`gateway.${name}_c${c}.p50_ms`, p(name, 0.5), 'ms', 'lower'),
      measure(`gateway.${name}_c${c}.p95_ms`, p(name, 0.95), 'ms', 'lower'),
      measure(`gateway.${name}_c${c}.calls_per_s`, rate(name), 'calls/s', 'higher'),
    ]);
    return [
      measure(`gateway.c${c}.p50_ms`, p('drey', 0.5), 'ms', 'lower', ...(c === 1 ? [0.6] : [])),
      measure(`gateway.c${c}.p95_ms`, p('drey', 0.95), 'ms', 'lower'),
      measure(`gateway.c${c}.added_p50_ms`, p('drey', 0.5) - p('stdio', 0.5), 'ms', 'lower'),
      measure(`gateway.c${c}.added_p95_ms`, p('drey', 0.95) - p('stdio', 0.95), 'ms', 'lower'),
      measure(`gateway.c${c}.calls_per_s`, rate('drey'), 'calls/s', 'higher', ...(c === 32 ? [3_000] : [])),
      measure(`gateway.c${c}.ratio_to_sdk`, rate('drey') / rate('sdk'), '×', 'higher'),
      ...others,
    ];
  });
}

interface StatusView {
  readonly memory: { readonly rssBytes: number };
  readonly learning: { readonly rssBytes: number | null };
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

/** Resident bytes of a process; NaN where the system does not tell. */
function readRss(pid: number | undefined): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
  } catch {
    return Number.NaN;
  }
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
