/**
 * Orders to learn anew, one at a time, and their reports. Whoever ordered asks again how far it is: it may take minutes,
 * and an answer on the bus should not. What is asked for twice is done once.
 */
import { DreyError, toPlainError } from '../../../machines/words/errors.ts';
import { RelearnOrder } from '../../../machines/words/relearning.ts';
import type { RelearnReport, SopDifference } from '../../../machines/words/relearning.ts';
import type { Clock, Log } from '../clock.ts';
import { toIso } from '../clock.ts';
import type { Extractor } from '../workers/extractor.ts';
import { noCounts, relearn } from '../workers/relearn.ts';
import type { RelearnOptions } from '../workers/relearn.ts';

export interface Relearnings {
  /** Begins; throws `limit_reached` while another one is at work. */
  start(order: unknown): RelearnReport;
  /** How far it is; throws `relearn_unknown` for one that this process knows nothing of. */
  read(relearnId: unknown): RelearnReport;
}

export interface RelearningsOptions extends Omit<RelearnOptions, 'told' | 'extractor'> {
  /** Undefined while it is down. */
  readonly extractor: () => (RelearnOptions['extractor'] & Pick<Extractor, 'learners'>) | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Reports kept after their end. */
const reportsMax = 20;
/** Differences told in one report: it has to fit into one answer. */
export const differencesMax = 300;

/** Creates the book of orders. */
export function createRelearnings(options: RelearningsOptions): Relearnings {
  const { clock, log } = options;
  const reports = new Map<string, RelearnReport>();

  async function work(order: RelearnOrder, extractor: RelearnOptions['extractor']): Promise<void> {
    const id = order.relearnId;
    const differences: SopDifference[] = [];
    const note = (change: Partial<RelearnReport>): void => {
      const report = reports.get(id);
      if (report !== undefined) reports.set(id, { ...report, ...change });
    };
    try {
      await relearn(order, {
        ...options,
        extractor,
        told: (counts, found) => {
          differences.push(...found.slice(0, differencesMax - differences.length));
          note({ counts, differences: [...differences] });
        },
      });
      note({ state: 'done', endedAt: toIso(clock.now()) });
      log.info({ order, counts: reports.get(id)?.counts }, 'procedures were learned anew');
    } catch (error) {
      const { code, message } = toPlainError(error);
      note({ state: 'failed', endedAt: toIso(clock.now()), error: { code, message } });
      log.warn(
        { order, err: toPlainError(error) },
        'learning anew failed; what it did not reach is as it was',
      );
    }
  }

  return {
    start(asked) {
      const parsed = RelearnOrder.safeParse(asked);
      if (!parsed.success) throw new DreyError('argument_invalid', 'this is no order to learn anew');
      const order = parsed.data;
      const known = reports.get(order.relearnId);
      if (known !== undefined) return known;
      if ([...reports.values()].some(({ state }) => state === 'running'))
        throw new DreyError('limit_reached', 'Procedures are being learned anew already; wait for its end.');
      const extractor = options.extractor();
      if (extractor === undefined)
        throw new DreyError('resource_unavailable', 'The learner is just starting; try again in a moment.');
      const [oldest] = reports.keys();
      if (reports.size >= reportsMax && oldest !== undefined) reports.delete(oldest);
      const startedAt = toIso(clock.now());
      const { learners } = extractor;
      const report = { ...order, learners, state: 'running', startedAt, endedAt: null, error: null } as const;
      reports.set(order.relearnId, { ...report, counts: noCounts, differences: [] });
      void work(order, extractor);
      return { ...report, counts: noCounts, differences: [] };
    },
    read(relearnId) {
      const report = reports.get(String(relearnId));
      if (report !== undefined) return report;
      throw new DreyError(
        'relearn_unknown',
        'The learner knows nothing of this order, or was started anew meanwhile: give the order again.',
      );
    },
  };
}
