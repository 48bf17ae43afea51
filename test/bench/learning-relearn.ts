/**
 * What those who ask wait while history is learned anew on the same cores: procedures, context and memories are asked for at
 * intended times, by turns in quiet, beside a foreign program that burns one core at the lowest priority and asks nobody for
 * anything (the control: what any work in the background costs on this machine), and while `drey relearn --dry-run` goes on, on a
 * real node with real servers. The history is generated and written to the archive as it is; it has been learned once before, so
 * that there is something to ask for.
 * Nothing is written the second time, so that no model is trained afterwards and each turn finds the same.
 */
import { spawn } from 'node:child_process';
import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { ensureNamespace, openStore, saveCalls, saveEpisode } from '../../src/store/store.ts';
import { startNodeProcess } from '../journeys/demo/node.ts';
import type { NodeProcess } from '../journeys/demo/node.ts';
import { createPlace } from '../journeys/rig/place.ts';
import { readStatus, untilHealthy } from '../journeys/rig/status.ts';
import { readAddresses } from '../journeys/rig/truth.ts';
import { quietLog } from '../support/quiet-log.ts';
import { makeEpisode } from './learning-cost.ts';
import { call } from './learning-soon.ts';
import { openRawSession } from './load.ts';
import type { RawSession } from './load.ts';
import { measure, quantile } from './measure.ts';
import type { Measure } from './measure.ts';
import { readCpuUs } from './process-figures.ts';

const namespace = 'default';
const perSecond = 40;
const memoriesCount = 300;
const episodesPerCommit = 200;
const warmMs = 10_000;
/** How long is asked while nothing is learned anew, before each time that it is. */
const quietMs = 12_000;
/** Work that has nothing to do with Drey, at the learner's priority. */
const foreignWork = `require('node:os').setPriority(19); for (;;);`;
/** A learner that uses less of a core than this has nothing left to do. */
const idleShare = 0.05;
const growthMsMax = 5;

interface Scene {
  readonly node: NodeProcess;
  readonly session: RawSession;
  readonly episodes: number;
}

const questions: readonly { kind: string; name: string; args: (task: string) => object }[] = [
  {
    kind: 'inject',
    name: 'acontext_inject_context',
    args: (task) => ({ current_task: task, recent_memories: [] }),
  },
  { kind: 'get_sops', name: 'acontext_get_sops', args: (task) => ({ trigger_pattern: task }) },
  {
    kind: 'memory_search',
    name: 'memory',
    args: (task) => ({ action: 'search', query: task.slice(0, 60) }),
  },
];

interface Waited {
  readonly kind: string;
  readonly ms: number;
}

/** Fills an archive, learns it, and asks before and during further times. */
export async function learningRelearnBench(episodes: number, quick: boolean): Promise<Measure[]> {
  const place = await createPlace({ limits: { profile: 'test' } });
  const node = await startNodeProcess({ ...place });
  const agent = new Agent({ keepAlive: true });
  try {
    await untilHealthy(node);
    await fill((await readAddresses(place.dataFolder)).databaseUrl, episodes);
    const session = await openRawSession(`${node.url}/mcp`, agent);
    for (let n = 0; n < memoriesCount; n += 1) {
      const content = `About the work on ${makeEpisode(n, episodes).task}`;
      await call(session, 'memory', { action: 'store', content });
    }
    const scene = { node, session, episodes };
    await relearn(node, false);
    await untilIdle(node);
    await ask(scene, pause(warmMs));
    const before: Waited[] = [];
    const beside: Waited[] = [];
    const during: Waited[] = [];
    let seconds = 0;
    for (let round = 0; round < (quick ? 2 : 3); round += 1) {
      before.push(...(await ask(scene, pause(quietMs))));
      beside.push(...(await ask(scene, burn(quietMs))));
      const begun = performance.now();
      during.push(...(await ask(scene, relearn(node, true))));
      seconds += (performance.now() - begun) / 1_000;
    }
    return [
      ...questions.flatMap(({ kind }) => compare(kind, { before, beside, during })),
      measure('learning.relearn.episodes', episodes, 'episodes', 'higher'),
      measure('learning.relearn.asked', during.length, 'questions', 'higher'),
      measure('learning.relearn.seconds', seconds, 's', 'lower'),
    ];
  } finally {
    agent.destroy();
    await node.stop();
    await place.remove();
  }
}

interface Turns {
  readonly before: readonly Waited[];
  readonly beside: readonly Waited[];
  readonly during: readonly Waited[];
}

/** Burns one core. */
async function burn(ms: number): Promise<void> {
  const foreign = spawn(process.execPath, ['-e', foreignWork], { stdio: 'ignore' });
  try {
    await pause(ms);
  } finally {
    foreign.kill('SIGKILL');
  }
}

function compare(kind: string, { before, beside, during }: Turns): Measure[] {
  const p = (all: readonly Waited[], q: number): number =>
    quantile(
      all.filter((one) => one.kind === kind).map(({ ms }) => ms),
      q,
    );
  const p95 = (all: readonly Waited[]): number => p(all, 0.95);
  const name = `learning.relearn.${kind}`;
  return [
    measure(`${name}.before_p50_ms`, p(before, 0.5), 'ms', 'lower'),
    measure(`${name}.before_p95_ms`, p95(before), 'ms', 'lower'),
    measure(`${name}.during_p95_ms`, p95(during), 'ms', 'lower'),
    measure(`${name}.control_growth_p95_ms`, p95(beside) - p95(before), 'ms', 'lower'),
    measure(`${name}.growth_p95_ms`, p95(during) - p95(before), 'ms', 'lower', growthMsMax),
  ];
}

async function fill(url: string, episodes: number): Promise<void> {
  const store = await openStore({ url, log: quietLog, now: () => performance.now() });
  try {
    for (let from = 0; from < episodes; from += episodesPerCommit) {
      await store.inNamespace(namespace, async (trx) => {
        await ensureNamespace(trx);
        for (let n = from; n < Math.min(from + episodesPerCommit, episodes); n += 1) {
          const episode = { ...makeEpisode(n, episodes), namespace };
          await saveEpisode(trx, episode);
          const { episodeId } = episode;
          await saveCalls(
            trx,
            episode.calls.map((each, position) => ({ ...each, episodeId, position })),
          );
        }
      });
    }
  } finally {
    await store.close();
  }
}

/** Orders it as `drey relearn` does, and waits for its end. */
async function relearn(node: NodeProcess, isTrial: boolean): Promise<void> {
  interface Report {
    readonly relearn_id: string;
    readonly state: string;
  }
  let report = await node.post<Report>(`/api/v1/relearn?namespace=${namespace}`, {
    from: 'archive',
    dry_run: isTrial,
  });
  while (report.state === 'running') {
    await pause(200);
    report = await node.get<Report>(`/api/v1/relearn/${report.relearn_id}?namespace=${namespace}`);
  }
  if (report.state !== 'done') throw new Error(`learning anew ended as ${JSON.stringify(report)}`);
}

/** The learner trains on what it learned when nothing else waits: that is no part of what is compared. */
async function untilIdle(node: NodeProcess): Promise<void> {
  const { learning } = await readStatus(node);
  const pid = learning.pid ?? undefined;
  for (let calm = 0; calm < 3;) {
    const [cpu, at] = [readCpuUs(pid), performance.now()];
    await pause(1_000);
    const share = (readCpuUs(pid) - cpu) / ((performance.now() - at) * 1_000);
    calm = share < idleShare ? calm + 1 : 0;
  }
}

/** Asks at intended times until this is over; who is late has waited since then. */
async function ask({ session, episodes }: Scene, end: Promise<unknown>): Promise<Waited[]> {
  const over = new AbortController();
  const ending = end.finally(() => over.abort());
  const begun = performance.now();
  const all: Promise<Waited>[] = [];
  for (let n = 0; !over.signal.aborted; n += 1) {
    const intended = begun + (n * 1_000) / perSecond;
    await pause(Math.max(0, intended - performance.now()));
    const { kind, name, args } = questions[n % questions.length] as (typeof questions)[number];
    const asked = call(session, name, args(makeEpisode(episodes + n, episodes).task));
    all.push(asked.then(() => ({ kind, ms: performance.now() - intended })));
  }
  await ending;
  return Promise.all(all);
}
