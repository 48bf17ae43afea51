/** What a node and its backtest process say to each other over the pipe between them. */
import { z } from 'zod';
import { BacktestCard } from '../../../machines/words/backtests.ts';

/** Megabytes of memory of its work. */
export const heapMegabytesMax = 2_048;

/** Node to process, once. */
export const ToBacktest = z.object({ databaseUrl: z.string(), namespace: z.string() });
export type ToBacktest = z.infer<typeof ToBacktest>;

/** Process to node. */
export const FromBacktest = z.discriminatedUnion('type', [
  z.object({ type: z.literal('read'), episodes: z.number() }),
  z.object({ type: z.literal('done'), cards: z.array(BacktestCard) }),
  z.object({ type: z.literal('failed'), code: z.string(), message: z.string() }),
]);
export type FromBacktest = z.infer<typeof FromBacktest>;
