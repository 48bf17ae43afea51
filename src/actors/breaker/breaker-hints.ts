/**
 * Breakers learn from each other's openings: a node whose breaker opened by itself tells the others, and theirs of the
 * same id believe their next failure at once. A hint, never an order: it opens nothing by itself, waits for nobody, and
 * is lost where the bus is away. An opening that a hint brought about is not told on, or few failures would go round
 * among many nodes for ever.
 */
import { z } from 'zod';
import { toPlainError } from '../../../machines/words/errors.ts';
import { eventVersion } from '../../../machines/words/events.ts';
import { systemNamespace, toStableId, Token } from '../../../machines/words/ids.ts';
import type { Command, Wire } from '../../wire/wire.ts';
import { breakerHintMsMax } from './breaker-counters.ts';
import type { BreakerEdge } from './breaker.ts';
import type { Breakers } from './breakers.ts';
import type { Clock, Log } from '../clock.ts';
import { toIso } from '../clock.ts';

/** No breaker of a sane configuration stays open for longer. */
const forMsMax = 86_400_000;

const Hint = z.object({
  /** Whose breaker opened. */
  node: Token,
  /** How long it stays open. */
  forMs: z.number().int().min(1).max(forMsMax),
});

export interface BreakerHintsOptions {
  readonly wire: Pick<Wire, 'tell' | 'followCommands'>;
  readonly breakers: Pick<Breakers, 'onEdge' | 'hint'>;
  readonly node: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/** Hints by what became of them; `moot` ones met a breaker that was not closed, `unknown` ones none of that id. */
export type HintFigures = Readonly<
  Record<'told' | 'lost' | 'taken' | 'moot' | 'unknown' | 'refused', number>
>;

export interface BreakerHints {
  figures(): HintFigures;
  stop(): Promise<void>;
}

/** Tells and hears from now on. */
export async function openBreakerHints(options: BreakerHintsOptions): Promise<BreakerHints> {
  const { wire, breakers, node, clock, log } = options;
  const figures = { told: 0, lost: 0, taken: 0, moot: 0, unknown: 0, refused: 0 };
  /** Breakers whose hint is under way: one that opens again meanwhile has nothing new to say. */
  const telling = new Set<string>();

  const tell = async (command: Command): Promise<void> => {
    const { id } = command.to;
    if (telling.has(id)) return;
    telling.add(id);
    try {
      await wire.tell(command);
      figures.told += 1;
    } catch (error) {
      figures.lost += 1;
      log.debug({ breaker: id, err: toPlainError(error) }, 'a hint to other nodes is lost');
    } finally {
      telling.delete(id);
    }
  };
  const hear = ({ id, at, to, verb, data }: Command): void => {
    if (verb !== 'hint') return;
    const hint = Hint.safeParse(data);
    if (hint.success && hint.data.node === node) return;
    // An outage may have held it up. It counts from now on, since the clocks of nodes differ.
    const isLate = clock.now() - Date.parse(at) > breakerHintMsMax;
    const effect = hint.success && !isLate ? breakers.hint(to.id, hint.data.forMs) : 'refused';
    figures[effect] += 1;
    log.debug({ command: id, breaker: to.id, isLate, effect }, 'a hint about a breaker was heard');
  };

  const leave = breakers.onEdge((id, edge) => {
    const forMs = Math.min(forMsMax, Math.ceil(edge.retryAfterMs ?? 0));
    if (!isOwnOpening(edge) || forMs < 1) return;
    void tell({
      id: toStableId('event', 'breaker.hint', node, id, String(edge.cause.at)),
      at: toIso(clock.now()),
      to: { namespace: systemNamespace, kind: 'breaker', id },
      verb: 'hint',
      data: { node, forMs },
      version: eventVersion,
    });
  });
  const following = await wire.followCommands({
    to: { namespace: systemNamespace, kind: 'breaker' },
    from: 'new',
    onBatch: async (batch) => {
      for (const { command } of batch) hear(command);
    },
  });

  return {
    figures: () => ({ ...figures }),
    async stop() {
      leave();
      await following.stop();
    },
  };
}

/** By its own failures; not by hand, by a restart or by somebody else's hint. */
function isOwnOpening({ type, cause }: BreakerEdge): boolean {
  if (type !== 'breaker.opened') return false;
  if (cause.type === 'trip') return cause.hinted !== true;
  return cause.type === 'probes.failed' || cause.type === 'probes.overdue';
}
