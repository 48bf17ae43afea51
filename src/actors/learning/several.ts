/** What several learning engines say, each for its part, put together as if one had said it. Pure. */
import { DreyError } from '../../../machines/words/errors.ts';
import type { RelearnCounts, RelearnReport } from '../../../machines/words/relearning.ts';
import type { EngineReport } from './learning.ts';
import { differencesMax } from './relearnings.ts';

type WorkerView = EngineReport['workers'][number];

/** From the best to the worst an intake can be. */
const intakes = ['flowing', 'pressed', 'paused'];

/** Whether all answered that share the work, as far as those know who did. */
export function isComplete(reports: readonly Pick<EngineReport, 'learners'>[]): boolean {
  return reports.length > 0 && reports.length >= Math.max(...reports.map(({ learners }) => learners));
}

/** One report of all that answered; undefined where nobody did. What nobody counted is not nothing: then `behind` is null. */
export function joinReports(reports: readonly EngineReport[]): EngineReport | undefined {
  const [first, ...others] = reports;
  if (first === undefined) return undefined;
  const hasIntake = reports.some((one) => one.hasIntake);
  const isCounted = hasIntake && isComplete(reports);
  if (others.length === 0) return isCounted ? first : { ...first, behind: null };
  const running = reports.find(({ engineStatus }) => engineStatus === 'running');
  const held = reports.flatMap((one) => one.held ?? []);
  return {
    engineStatus: (running ?? first).engineStatus,
    intake: reports
      .map(({ intake }) => intake)
      .reduce((a, b) => (intakes.indexOf(a) < intakes.indexOf(b) ? b : a)),
    lastRunAt:
      reports
        .flatMap(({ lastRunAt }) => lastRunAt ?? [])
        .toSorted()
        .at(-1) ?? null,
    hasIntake,
    behind: isCounted ? reports.reduce((sum, { behind }) => sum + (behind ?? 0), 0) : null,
    learners: Math.max(...reports.map(({ learners }) => learners)),
    held:
      held.length === 0
        ? null
        : {
            episodes: held.reduce((sum, { episodes }) => sum + episodes, 0),
            clusters: held.reduce((sum, { clusters }) => sum + clusters, 0),
            share: Math.min(...held.map(({ share }) => share)),
          },
    workers: joinWorkers(reports.flatMap(({ workers }) => workers)),
    actors: reports.flatMap(({ actors = [] }) => actors),
  };
}

/** One of each name: the one that had to be started most often, since that is what somebody has to look at. */
function joinWorkers(workers: readonly WorkerView[]): readonly WorkerView[] {
  const byName = new Map<string, WorkerView>();
  for (const worker of workers) {
    const known = byName.get(worker.name);
    if (known === undefined || worker.attempts > known.attempts) byName.set(worker.name, worker);
  }
  return [...byName.values()];
}

/**
 * One report of an order that each learner did for its part: running while one of them is, failed where one did. Throws
 * `resource_unavailable` where nobody has what the order is about.
 */
export function joinRelearned(reports: readonly RelearnReport[]): RelearnReport | undefined {
  const [first] = reports;
  if (first === undefined) return undefined;
  const find = (state: RelearnReport['state']): RelearnReport | undefined =>
    reports.find((one) => one.state === state);
  const state = (find('running') ?? find('failed') ?? first).state;
  const counts = reports.map((one) => one.counts).reduce(add);
  if (state === 'done' && first.namespace !== null && counts.namespaces === 0) {
    throw new DreyError(
      'resource_unavailable',
      `No learner has taken up ${first.namespace} yet; give the order again in a moment.`,
    );
  }
  const ends = reports.flatMap(({ endedAt }) => endedAt ?? []);
  return {
    ...first,
    state,
    startedAt: reports.map(({ startedAt }) => startedAt).toSorted()[0] ?? first.startedAt,
    endedAt: state === 'running' ? null : (ends.toSorted().at(-1) ?? null),
    counts,
    differences: reports.flatMap(({ differences }) => differences).slice(0, differencesMax),
    error: state === 'failed' ? (find('failed')?.error ?? null) : null,
  };
}

function add(a: RelearnCounts, b: RelearnCounts): RelearnCounts {
  return {
    namespaces: a.namespaces + b.namespaces,
    episodes: a.episodes + b.episodes,
    calls: a.calls + b.calls,
    mended: a.mended + b.mended,
    same: a.same + b.same,
    changed: a.changed + b.changed,
    new: a.new + b.new,
    gone: a.gone + b.gone,
    kept: a.kept + b.kept,
  };
}
