/** How good what is learned is: backtests, and the report, put together from counts of one namespace. */
import { systemNamespace } from '../../machines/words/ids.ts';
import type { InsightReport, TaskFigures } from '../../machines/words/reports.ts';
import { toAims } from '../../machines/words/reports.ts';
import { toIso } from '../actors/actors.ts';
import type { InsightNeed } from '../gateway/gateway.ts';
import { countLift, countPeriod, readUptime } from '../store/store.ts';
import type { LiftCounts } from '../store/store.ts';
import { type BacktestsOptions, createBacktests } from './learner/backtests.ts';
import { createReports } from './reports.ts';
import { type UptimeOptions, watchUptime } from './telemetry/uptime.ts';

export interface InsightOptions extends BacktestsOptions, UptimeOptions {
  readonly holdOutShare: number;
}

/** The gateway's `insight`. */
export function createInsight(options: InsightOptions): InsightNeed {
  watchUptime(options);
  return {
    ...toBound(createBacktests(options)),
    report: createReports(({ namespace, since }) => readReport(options, namespace, since), options.clock),
  };
}

/** Each of them as a function, whatever they are methods of. */
function toBound(backtests: ReturnType<typeof createBacktests>): ReturnType<typeof createBacktests> {
  return {
    startBacktest: (order) => backtests.startBacktest(order),
    readBacktest: (asked) => backtests.readBacktest(asked),
    listBacktests: (asked) => backtests.listBacktests(asked),
  };
}

async function readReport(
  { store, clock, holdOutShare }: InsightOptions,
  namespace: string,
  since: string,
): Promise<InsightReport> {
  const [{ counts, lift }, uptime] = await Promise.all([
    store.inNamespace(namespace, async (trx) => ({
      counts: await countPeriod(trx, since),
      lift: await countLift(trx, since),
    })),
    store.inNamespace(systemNamespace, (trx) => readUptime(trx, since)),
  ]);
  const { served, followed, told, succeeded, reports, helpful } = counts;
  const report = {
    namespace,
    since,
    until: toIso(clock.now()),
    sops: { discovered: counts.sopsDiscovered, applied: counts.sopsApplied },
    patterns: { discovered: counts.patternsDiscovered, applied: counts.patternsApplied },
    injections: { served, followed, told, succeeded, positive: toShare(succeeded, told) },
    feedback: { reports, helpful, share: toShare(helpful, reports) },
    availability: { ...uptime, share: toShare(uptime.answered, uptime.asked) },
    hold_out: {
      share: holdOutShare,
      served: toFigures(lift.find(({ isHeldOut }) => !isHeldOut)),
      held_out: toFigures(lift.find(({ isHeldOut }) => isHeldOut)),
    },
  };
  return { ...report, aims: toAims(report) };
}

const toShare = (part: number, whole: number) => (whole === 0 ? null : part / whole);

function toFigures(counts: LiftCounts | undefined): TaskFigures {
  if (counts === undefined) return { tasks: 0, told: 0, success: null, calls: null, seconds: null };
  const { tasks, told, successes, calls, seconds } = counts;
  return { tasks, told, success: toShare(successes, told), calls, seconds };
}
