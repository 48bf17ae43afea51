/** `POST /backtests`, `GET /backtests` and `GET /backtests/:id`: how well what is learned would have served this namespace's own history. */
import { z } from 'zod';
import { BacktestReport } from '../../../machines/words/backtests.ts';
import { DreyError } from '../../../machines/words/errors.ts';
import { sendValue } from './problem.ts';
import type { Resource } from './resource.ts';

export const startBacktest: Resource = {
  method: 'POST',
  path: '/backtests',
  scope: 'learning:control',
  docs: {
    summary: "Start a backtest of this namespace's history",
    description:
      'It runs in a process of its own, one at a time, changes nothing and answers with figures only. While one of ' +
      'this namespace waits or runs, that one is the answer. Reports are kept by the node that was asked.',
    answer: BacktestReport,
    status: 202,
  },
  answer: async ({ needs, res, namespace }) =>
    sendValue(res, 202, await needs.insight.startBacktest({ namespace })),
};

/** Reports in one answer; the node keeps few. */
const listedMax = 10;

export const backtests: Resource = {
  method: 'GET',
  path: '/backtests',
  scope: 'sop:read',
  docs: {
    summary: 'List the backtests of this namespace, the newest first',
    description: 'Those that the asked node still knows of.',
    answer: z.object({ backtests: z.array(BacktestReport).max(listedMax) }),
  },
  answer: async ({ needs, res, namespace }) => {
    const known = await needs.insight.listBacktests({ namespace });
    sendValue(res, 200, { backtests: known.slice(0, listedMax) });
  },
};

export const oneBacktest: Resource = {
  method: 'GET',
  path: '/backtests/:id',
  scope: 'sop:read',
  docs: { summary: 'Tell how far a backtest is, and what it found', answer: BacktestReport },
  answer: async ({ needs, res, namespace, id }) => {
    const report = await needs.insight.readBacktest({ namespace, id });
    if (report === undefined)
      throw new DreyError('backtest_unknown', 'This node knows of no such backtest in this namespace.');
    sendValue(res, 200, report);
  },
};
