/** What the demo's agent works on, and with: a workshop of notes, three reference servers, and tasks one after the other. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import { workOn } from './agent.ts';
import type { TaskReport } from './agent.ts';
import { packageRoot } from './node.ts';
import type { NodeProcess } from './node.ts';
import { prepareWorkshop } from './tasks.ts';
import type { DemoTask } from './tasks.ts';
import type { LiveView, SopView } from './view.ts';

/** Writes notes and configuration into a folder. */
export async function furnish(folder: string): Promise<{ config: string; workshop: string }> {
  const workshop = join(folder, 'workshop');
  await prepareWorkshop(workshop);
  const config = join(folder, 'drey.json');
  await writeFile(config, JSON.stringify(toConfig(folder, workshop), undefined, 2));
  return { config, workshop };
}

function toConfig(folder: string, workshop: string): object {
  const server = (name: string, ...args: string[]): object => ({
    command: process.execPath,
    args: [join(packageRoot, 'node_modules/@modelcontextprotocol', name, 'dist/index.js'), ...args],
  });
  return {
    mcpServers: {
      fs: server('server-filesystem', workshop),
      memory: { ...server('server-memory'), env: { MEMORY_FILE_PATH: join(folder, 'memory.jsonl') } },
      every: server('server-everything'),
    },
    learning: { quietMs: 1_000 },
  };
}

export interface Work {
  readonly reports: readonly (TaskReport & { readonly kind: DemoTask['kind'] })[];
  /** From the third success of a kind to its visible SOP. */
  readonly visibleMs: number;
}

/** Works through the tasks; resolves when what was learned from them is active. */
export async function workThrough(
  node: NodeProcess,
  view: Pick<LiveView, 'say'>,
  tasks: readonly DemoTask[],
): Promise<Work> {
  const reports: (TaskReport & { kind: DemoTask['kind'] })[] = [];
  let visible: Promise<number> | undefined;
  for (const [index, task] of tasks.entries()) {
    view.say(`Task ${index + 1} of ${tasks.length}: ${task.wording}`);
    reports.push({ ...(await workOn(node.url, task)), kind: task.kind });
    const third = reports.filter((report) => report.kind === 'summarise').length === 3;
    if (third && visible === undefined) visible = untilVisible(node, performance.now());
    if (reports.length === 9) {
      view.say('Three runs of each kind are done. Waiting until what was learned from them is visible.');
      await visible;
    }
  }
  view.say('Waiting until what was learned from these runs is visible.');
  const visibleMs = await (visible ?? Promise.resolve(Number.NaN));
  await until(
    'three procedures are active',
    async () => {
      const { sops } = await node.get<{ sops: SopView[] }>('/api/v1/sops?min_confidence=0.7&limit=10');
      return sops.length >= 3 || undefined;
    },
    60_000,
  );
  return { reports, visibleMs };
}

async function untilVisible(node: NodeProcess, since: number): Promise<number> {
  await until(
    'the third success becomes a visible procedure',
    async () => {
      const { sops } = await node.get<{ sops: SopView[] }>('/api/v1/sops?min_confidence=0.7&limit=50');
      return sops.some((sop) => /notes|summar/i.test(sop.trigger)) || undefined;
    },
    60_000,
  );
  return performance.now() - since;
}
