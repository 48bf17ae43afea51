/** Guided runs in memory for the gateway's tests: the run's own chart, told without a bus, and everything that was told. */
import { initialTransition, transition } from 'xstate';
import { runMachine } from '../../machines/run.machine.ts';
import { runLimits } from '../../machines/words/runs.ts';
import { toListedRun } from '../../src/actors/actors.ts';
import type { RunsNeed, RunStanding } from '../../src/gateway/gateway.ts';

type Told = Parameters<RunsNeed['tell']>[1];

export interface SmallRuns extends RunsNeed {
  readonly told: Told[];
  /** What `countOpen` answers; undefined: the truth. */
  open: number | undefined;
  /** Calls whose process is gone, by id. */
  readonly gone: Set<string>;
}

/** Runs that nobody began yet. */
export function createSmallRuns(): SmallRuns {
  const snapshots = new Map<string, ReturnType<typeof begin>>();
  const standings = () => [...snapshots.values()].map(toStanding);
  const runs: SmallRuns = {
    told: [],
    open: undefined,
    gone: new Set(),
    node: 'n-1',
    life: 'n-1-life',
    isGone: ({ callId }) => Promise.resolve(runs.gone.has(callId)),
    moving: new Set(),
    tell: ({ runId }, command) => {
      runs.told.push(command);
      const [next] = transition(runMachine, snapshots.get(runId) ?? begin(runId), { ...command, at: 0 });
      snapshots.set(runId, next);
      return Promise.resolve(toStanding(next));
    },
    writeDown: () => Promise.resolve(),
    read: (_namespace, runId) => {
      const found = snapshots.get(runId);
      return Promise.resolve(found === undefined ? undefined : toStanding(found));
    },
    list: () => Promise.resolve(standings().map(({ state, context }) => toListedRun(state, context).summary)),
    countOpen: () => {
      const ended = new Set(['done', 'failed', 'cancelled']);
      return Promise.resolve(runs.open ?? standings().filter(({ state }) => !ended.has(state)).length);
    },
  };
  return runs;
}

function begin(runId: string) {
  const { waitMs, callMs } = runLimits;
  return initialTransition(runMachine, { runId, sopId: '', waitMs, callMs })[0];
}

function toStanding({ value, context }: ReturnType<typeof begin>): RunStanding {
  return { state: value, context };
}
