/**
 * What the backtest process works at, in a thread of its own: reads a namespace's newest history from the archive, learns
 * from a part of it and asks about the rest. It writes nothing, and what it reads never leaves it.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { toPlainError } from '../../../machines/words/errors.ts';
import type { Episode } from '../../../machines/words/episodes.ts';
import { type Backtest, backtest, backtestBounds } from '../../learning/learning.ts';
import type { BacktestCard } from '../../../machines/words/backtests.ts';
import { findNewest, openStore, readEpisodes } from '../../store/store.ts';
import type { Store } from '../../store/store.ts';
import { type FromBacktest, ToBacktest } from './backtest-messages.ts';
import { openLog } from '../telemetry/log.ts';

const pageSize = 100;

function say(message: FromBacktest): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
  parentPort?.postMessage(message);
}

async function run({ databaseUrl, namespace }: ToBacktest): Promise<BacktestCard[]> {
  const log = openLog({ level: 'warn' });
  const store = await openStore({ url: databaseUrl, log, now: () => performance.now(), poolMax: 1 });
  try {
    const history = await readHistory(store, namespace);
    say({ type: 'read', episodes: history.length });
    const work = backtest(namespace, history);
    for (;;) {
      const { done, value } = work.next();
      if (done === true) return value.map(toCard);
    }
  } finally {
    await store.close();
  }
}

async function readHistory(store: Store, namespace: string): Promise<Episode[]> {
  const history: Episode[] = [];
  let after = await store.inNamespace(namespace, (trx) => findNewest(trx, backtestBounds.episodesMax));
  do {
    const page = await store.inNamespace(namespace, (trx) =>
      readEpisodes(trx, { limit: pageSize, ...(after === undefined ? {} : { after }) }),
    );
    history.push(...page.episodes);
    after = page.next;
  } while (after !== undefined && history.length < backtestBounds.episodesMax);
  return history;
}

function toCard({ heldOut, baselines, reliability, ...card }: Backtest): BacktestCard {
  return {
    ...card,
    held_out: heldOut,
    baselines: {
      most_frequent: baselines.mostFrequent,
      nearest: baselines.nearest,
      bigram: baselines.bigram,
    },
    reliability: { procedures: [...reliability.procedures], next_steps: [...reliability.nextSteps] },
  };
}

run(ToBacktest.parse(workerData)).then(
  (cards) => say({ type: 'done', cards }),
  (error: unknown) => {
    const { code, message } = toPlainError(error);
    say({ type: 'failed', code, message });
  },
);
