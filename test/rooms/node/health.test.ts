// What keeps the health board true: the learner is asked, the lag's alarm is passed on; and what is told outside of it.
import { describe, expect, it } from 'vitest';
import type { EngineReport } from '../../../src/actors/actors.ts';
import { openBoards } from '../../../src/actors/actors.ts';
import { watchHealth } from '../../../src/node/telemetry/health.ts';
import { toHealthFacts } from '../../../src/node/telemetry/status.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { createDeferred, createSimulatedClock, settle } from '../actors/world.ts';

const report: EngineReport = {
  engineStatus: 'running',
  intake: 'flowing',
  lastRunAt: '2026-01-01T00:00:00.000Z',
  hasIntake: true,
  learners: 1,
  behind: 3,
  held: { episodes: 40, clusters: 9, share: 1 },
  workers: [{ name: 'intake', state: 'running', attempts: 1, lastError: null }],
  actors: [{ namespace: '_system', kind: 'worker', id: 'w-intake', states: ['running'] }],
};

function open(ask: () => Promise<EngineReport | null> = async () => report) {
  const clock = createSimulatedClock();
  const boards = openBoards(quietLog);
  const lags = new Set<(lag: { lagging: boolean; waiting: number }) => void>();
  const eventLog = {
    onLag: (heard: (lag: { lagging: boolean; waiting: number }) => void) => {
      lags.add(heard);
      return () => lags.delete(heard);
    },
  };
  const watch = watchHealth({ health: boards.health, ask, eventLog, clock });
  return { clock, boards, lags, watch };
}

describe('the watch over health', () => {
  it('asks the learner now and then, and tells only what changed', async () => {
    let answer: EngineReport | null = report;
    const { clock, boards, watch } = open(async () => answer);
    expect(boards.health.read().learner.engineStatus).toBe('unavailable');
    await clock.advance(5_000);
    const { actors: _actors, hasIntake: _hasIntake, ...view } = report;
    expect(boards.health.read()).toMatchObject({ version: 1, learner: view });
    await clock.advance(15_000);
    expect(boards.health.read().version).toBe(1);
    answer = null;
    await clock.advance(5_000);
    expect(boards.health.read()).toMatchObject({
      version: 2,
      learner: { engineStatus: 'unavailable', behind: null, workers: [] },
    });
    watch.stop();
    expect(clock.pending).toBe(0);
  });

  it('asks once for all who want to know at the same time, and anew for who comes later', async () => {
    const asked = [createDeferred<EngineReport | null>(), createDeferred<EngineReport | null>()];
    let times = 0;
    const { boards, watch } = open(() => {
      times += 1;
      return (asked[times - 1] ?? createDeferred<EngineReport | null>()).promise;
    });
    const both = [watch.refresh(), watch.refresh()];
    expect(times).toBe(1);
    asked[0]?.resolve(report);
    await Promise.all(both);
    const later = watch.refresh();
    expect(times).toBe(2);
    asked[1]?.resolve({ ...report, behind: 0 });
    await later;
    expect(boards.health.read().learner.behind).toBe(0);
    watch.stop();
  });

  it('asks at once when the learner process comes or goes', async () => {
    let times = 0;
    const { boards, watch } = open(async () => {
      times += 1;
      return report;
    });
    const tell = (state: string, id = 'r-learner') =>
      boards.health.send({
        type: 'resource.told',
        view: { id, what: 'learner process', state, lastError: null, code: null },
        at: 1,
      });
    tell('healthy', 'r-nats');
    expect(times).toBe(0);
    tell('healthy');
    await settle();
    expect([times, boards.health.read().learner.engineStatus]).toEqual([1, 'running']);
    tell('unhealthy');
    await settle();
    expect(times).toBe(2);
    watch.stop();
    tell('healthy');
    expect(times).toBe(2);
  });

  it('passes the alarm of the event log on, and tells nothing any more once it is stopped', async () => {
    const answer = createDeferred<EngineReport | null>();
    const { boards, lags, watch } = open(() => answer.promise);
    for (const heard of lags) heard({ lagging: true, waiting: 1_001 });
    expect(boards.health.read().lag).toEqual({ lagging: true, waiting: 1_001 });
    const asking = watch.refresh();
    watch.stop();
    answer.resolve(report);
    await asking;
    await settle();
    expect([boards.health.read().version, lags.size]).toEqual([1, 0]);
  });
});

describe('what is told outside', () => {
  it('is made of the boards, with waits counted from now', () => {
    const clock = createSimulatedClock();
    const boards = openBoards(quietLog);
    const at = clock.now();
    const tool = { name: 'a', server: 's', tool: 'a', definition: {}, stale: true };
    boards.catalogue.send({ type: 'listed', tools: [tool], at });
    for (const [id, retryAt] of [
      ['b-a', at + 40],
      ['b-b', at - 40],
      ['b-c', null],
    ] as const)
      boards.health.send({ type: 'breaker.told', view: { id, state: 'open', retryAt }, at });
    expect(toHealthFacts(boards, clock)).toEqual({
      health: { version: 3, changedAt: '2026-01-01T00:00:00.000Z' },
      resources: [],
      breakers: [
        { id: 'b-a', state: 'open', retryAfterMs: 40 },
        { id: 'b-b', state: 'open', retryAfterMs: 0 },
        { id: 'b-c', state: 'open', retryAfterMs: null },
      ],
      learning: {
        engine_status: 'unavailable',
        intake: null,
        last_learning_run: null,
        learners: null,
        behind: null,
        held: null,
        workers: [],
      },
      lag: { lagging: false, waiting: 0 },
      missing: [],
      catalogue: { version: 1, changedAt: '2026-01-01T00:00:00.000Z', tools: 1, stale: 1, held: 0 },
    });
  });
});
