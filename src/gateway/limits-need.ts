/** What the gateway is given to keep callers within their rates; the budget is the verified principal's. */
import type { RateOperation, RateProfile } from '../../machines/words/rates.ts';

/** One deed that counts. */
export interface RateTake {
  readonly namespace: string;
  /** As it was admitted: nothing that a request says of itself chooses the budget. */
  readonly principal: { readonly id: string };
  readonly operation: RateOperation;
  /** What it counts for; 1 unless stated. */
  readonly points?: number;
}

export interface RateView {
  readonly operation: RateOperation;
  readonly max: number;
  readonly windowMs: number;
  readonly remaining: number;
  /** 0 while there is something left. */
  readonly retryAfterMs: number;
}

export interface LimitsNeed {
  /** Chosen when the node started. */
  readonly profile: RateProfile;
  /**
   * Counts a deed that is about to be done. Throws `limit_reached` with `details.retryAfterMs`, and
   * `database_unavailable` where a deed that writes cannot be counted.
   */
  take(take: RateTake): Promise<void>;
  /** One's own budget; takes nothing. */
  read(take: Omit<RateTake, 'points'>): Promise<RateView>;
}
