/**
 * Keeps the health board true in what nobody tells of itself: the learner, which may run on another machine, is asked
 * now and then and whenever somebody looks; the alarm of the event log is passed on. It decides nothing.
 */
import { silentLearner } from '../../../machines/health.store.ts';
import type { LearnerView } from '../../../machines/health.store.ts';
import type { Clock, EngineReport, HealthBoard } from '../../actors/actors.ts';
import type { EventLog } from '../../wire/wire.ts';

export interface HealthWatchOptions {
  readonly health: Pick<HealthBoard, 'send' | 'listen'>;
  /** Null when the learner does not answer in time. */
  readonly ask: () => Promise<EngineReport | null>;
  readonly eventLog: Pick<EventLog, 'onLag'>;
  readonly clock: Pick<Clock, 'now' | 'schedule'>;
}

export interface HealthWatch {
  /** Asks the learner now; whoever asks meanwhile gets the same answer. */
  refresh(): Promise<void>;
  stop(): void;
}

/** The learner process of this node, where it has one. */
const learnerResource = 'r-learner';
/** Between two questions to the learner that nobody waits for. */
const askEveryMs = 5_000;

/** Begins to watch. */
export function watchHealth({ health, ask, eventLog, clock }: HealthWatchOptions): HealthWatch {
  let asking: Promise<void> | undefined;
  let isStopped = false;
  let cancel = (): void => undefined;

  const askNow = async (): Promise<void> => {
    const report = await ask();
    if (!isStopped) health.send({ type: 'learner.told', view: toLearnerView(report), at: clock.now() });
  };
  const refresh = (): Promise<void> => {
    asking ??= askNow().finally(() => {
      asking = undefined;
    });
    return asking;
  };
  const askLater = (): void => {
    cancel = clock.schedule(askEveryMs, () => void refresh().then(askAgain, askAgain));
  };
  const askAgain = (): void => {
    if (!isStopped) askLater();
  };
  askLater();
  const forgets = [
    eventLog.onLag(({ lagging, waiting }) =>
      health.send({ type: 'lag.told', view: { lagging, waiting }, at: clock.now() }),
    ),
    // A process that came or went says before the next question that there is something to ask.
    health.listen(
      () => void refresh(),
      ({ resources }) => resources[learnerResource]?.state,
    ),
  ];

  return {
    refresh,
    stop() {
      isStopped = true;
      cancel();
      for (const forget of forgets) forget();
    },
  };
}

/** What of a report is the engine's health; the actors of its process are asked for by those who want them. */
function toLearnerView(report: EngineReport | null): LearnerView {
  if (report === null) return silentLearner;
  const { engineStatus, intake, lastRunAt, behind, learners, held, workers } = report;
  return { engineStatus, intake, lastRunAt, behind, learners, held, workers };
}
