/**
 * A budget for retries: when everything fails at once, trying everything again would be the second half of the outage.
 * Only so large a share of the tries in flight may be retries; below a floor of tries nobody minds.
 */
import { DreyError } from '../../../machines/words/errors.ts';

export interface RetryBudgetConfig {
  /** The share of the tries in flight that may be retries, from 0 to 1. */
  readonly rate?: number;
  /** Below so many tries in flight a retry is always allowed. */
  readonly floor?: number;
}

export const retryBudgetDefaults = { rate: 0.2, floor: 3 } as const;

/** Ends what was begun; a second time it does nothing. */
export type End = () => void;

export interface RetryBudget {
  readonly inFlight: number;
  readonly retries: number;
  /** A first try; these are always allowed. */
  begin(): End;
  /** One more try, or undefined when there are too many of these already. */
  beginRetry(): End | undefined;
}

/** Creates a budget, shared by all calls of one upstream; throws `config_invalid`. */
export function createRetryBudget(config: RetryBudgetConfig = {}): RetryBudget {
  const { rate, floor } = { ...retryBudgetDefaults, ...config };
  if (!(rate >= 0 && rate <= 1)) throw refuse('rate', rate, 'a share from 0 to 1');
  if (!(floor >= 0)) throw refuse('floor', floor, 'a number from 0 up');
  let inFlight = 0;
  let retries = 0;
  const enter = (retry: 0 | 1): End => {
    inFlight += 1;
    retries += retry;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      inFlight -= 1;
      retries -= retry;
    };
  };
  return {
    get inFlight() {
      return inFlight;
    },
    get retries() {
      return retries;
    },
    begin: () => enter(0),
    beginRetry: () => (inFlight < floor || retries < rate * inFlight ? enter(1) : undefined),
  };
}

function refuse(name: string, value: number, right: string): DreyError {
  return new DreyError('config_invalid', `The retry budget's ${name} is ${value}; it must be ${right}.`, {
    details: { field: name },
  });
}
