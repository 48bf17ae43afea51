/** Imports one file of recorded episodes, when it lies beside the project, into a namespace of its own. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dreyBin, packageRoot } from './node.ts';
import type { NodeProcess } from './node.ts';
import { until } from '../../support/until.ts';
import type { LiveView, SopView } from './view.ts';

export interface Sample {
  readonly file: string;
  readonly episodes: number;
  readonly calls: number;
  readonly callsPerSecond: number;
  /** Procedures learned from it that are served. */
  readonly active: number;
  readonly best: readonly SopView[];
  readonly learnedMs: number;
}

const namespace = 'recorded';
const file = '../shared/data/tau_bench.jsonl.gz';

/** Undefined when the file is not there. */
export async function importSample(node: NodeProcess, view: LiveView): Promise<Sample | undefined> {
  const path = join(packageRoot, file);
  if (!existsSync(path)) return undefined;
  view.say(`Importing ${file} into the namespace ${namespace}.`);
  const report = await runImport(node, path);
  const since = performance.now();
  const read = (): Promise<{ sops: SopView[] }> =>
    node.get(`/api/v1/sops?namespace=${namespace}&min_confidence=0.7&limit=50`);
  const idle = await until(
    'the import is learned from',
    async () => {
      const { learning } = await node.get<{ learning: { behind: number } }>(
        `/api/v1/status?namespace=${namespace}`,
      );
      const { sops } = await read();
      return learning.behind === 0 && sops.length > 0 ? sops : undefined;
    },
    120_000,
  );
  return {
    ...report,
    file: 'tau_bench.jsonl.gz',
    active: idle.length,
    best: idle.slice(0, 3),
    learnedMs: performance.now() - since,
  };
}

async function runImport(
  node: NodeProcess,
  path: string,
): Promise<{ episodes: number; calls: number; callsPerSecond: number }> {
  const child = spawn(
    process.execPath,
    [dreyBin, 'import', path, '--json', '--namespace', namespace, '--url', node.url],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  if (code !== 0) throw new Error(`drey import ended with code ${code}`);
  return JSON.parse(output) as { episodes: number; calls: number; callsPerSecond: number };
}
