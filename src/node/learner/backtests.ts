/**
 * Backtests of this node: each a process of its own, one at a time, so that neither calls nor learning wait for it. The
 * last reports are kept in memory; nothing of them is written.
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BacktestReport } from '../../../machines/words/backtests.ts';
import { DreyError, toPlainError } from '../../../machines/words/errors.ts';
import { createId } from '../../../machines/words/ids.ts';
import type { Clock, Log } from '../../actors/actors.ts';
import { toIso } from '../../actors/actors.ts';
import type { InsightNeed } from '../../gateway/gateway.ts';
import { FromBacktest, heapMegabytesMax } from './backtest-messages.ts';
import type { ToBacktest } from './backtest-messages.ts';
import type { Closers } from '../closers.ts';

export interface BacktestsOptions {
  readonly databaseUrl: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly closers: Closers;
}

/** Orders that wait or run, and reports that are kept. */
const openMax = 8;
const keptMax = 32;
/** A backtest that takes longer is ended. */
const runMs = 20 * 60_000;

type Backtests = Pick<InsightNeed, 'startBacktest' | 'readBacktest' | 'listBacktests'>;

/** Starts with none. */
export function createBacktests(options: BacktestsOptions): Backtests {
  const backtests = new LiveBacktests(options);
  options.closers.push(() => backtests.close());
  return backtests;
}

class LiveBacktests implements Backtests {
  readonly #options: BacktestsOptions;
  readonly #kept = new Map<string, BacktestReport>();
  #child: ChildProcess | undefined;
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: BacktestsOptions) {
    this.#options = options;
  }

  async startBacktest({ namespace }: { readonly namespace: string }): Promise<BacktestReport> {
    const open = [...this.#kept.values()].filter((one) => one.ended_at === null);
    const same = open.find((one) => one.namespace === namespace);
    if (same !== undefined) return same;
    if (open.length >= openMax || this.#closed)
      throw new DreyError('limit_reached', `${openMax} backtests wait already; try again later`);
    const { clock } = this.#options;
    const report: BacktestReport = {
      backtest_id: createId('learning', clock),
      namespace,
      state: 'waiting',
      started_at: toIso(clock.now()),
      ended_at: null,
      episodes: 0,
      cards: [],
      error: null,
    };
    this.#keep(report);
    this.#last = this.#last.then(() => this.#run(report));
    return report;
  }

  async readBacktest({ namespace, id }: { readonly namespace: string; readonly id: string }) {
    const report = this.#kept.get(id);
    return report?.namespace === namespace ? report : undefined;
  }

  async listBacktests({ namespace }: { readonly namespace: string }) {
    const own = [...this.#kept.values()].filter((one) => one.namespace === namespace);
    return own.toSorted((one, other) => (one.started_at < other.started_at ? 1 : -1));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#child?.kill('SIGKILL');
    await this.#last;
  }

  #keep(report: BacktestReport): void {
    this.#kept.set(report.backtest_id, report);
    const [oldest] = [...this.#kept.values()].filter((one) => one.ended_at !== null);
    if (this.#kept.size > keptMax && oldest !== undefined) this.#kept.delete(oldest.backtest_id);
  }

  /** Never rejects. */
  async #run(ordered: BacktestReport): Promise<void> {
    const { clock, log } = this.#options;
    let report: BacktestReport = { ...ordered, state: 'running' };
    this.#keep(report);
    try {
      const cards = await this.#ask(ordered.namespace, (episodes) => {
        report = { ...report, episodes };
        this.#keep(report);
      });
      report = { ...report, state: 'done', cards };
    } catch (error) {
      const { code, message } = toPlainError(error);
      log.warn({ namespace: ordered.namespace, code }, 'a backtest failed');
      report = { ...report, state: 'failed', error: { code, message } };
    }
    this.#keep({ ...report, ended_at: toIso(clock.now()) });
  }

  async #ask(namespace: string, read: (episodes: number) => void): Promise<BacktestReport['cards']> {
    const { clock, databaseUrl } = this.#options;
    if (this.#closed) throw new DreyError('node_draining', 'the node ends');
    const child = fork(toProgram(), [], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [...process.execArgv, `--max-old-space-size=${heapMegabytesMax}`],
    });
    this.#child = child;
    const told: { cards?: BacktestReport['cards']; error?: DreyError } = {};
    const cancel = clock.schedule(runMs, () => {
      told.error = new DreyError('process_failed', `the backtest took longer than ${runMs / 60_000} minutes`);
      child.kill('SIGKILL');
    });
    child.on('message', (raw) => {
      const { success, data: message } = FromBacktest.safeParse(raw);
      if (!success) told.error = new DreyError('process_failed', 'the backtest said what nobody understands');
      else if (message.type === 'read') read(message.episodes);
      else if (message.type === 'done') told.cards = message.cards;
      else told.error = new DreyError('process_failed', `the backtest failed: ${message.message}`);
    });
    // Whoever cannot be started says so by its end.
    child.on('error', () => undefined);
    child.send({ databaseUrl, namespace } satisfies ToBacktest, () => undefined);
    const code = await new Promise<number | null>((resolve) =>
      child.once('close', resolve).once('error', () => resolve(null)),
    );
    cancel();
    this.#child = undefined;
    if (told.error !== undefined) throw told.error;
    if (told.cards === undefined)
      throw new DreyError('process_failed', `the backtest ended early (exit code ${code ?? 'none'})`);
    return told.cards;
  }
}

/** The built program, also when the sources themselves are run (in tests). */
function toProgram(): string {
  const isSource = import.meta.url.endsWith('.ts');
  return fileURLToPath(
    new URL(isSource ? '../../../dist/src/node/learner/backtest.js' : './backtest.js', import.meta.url),
  );
}
