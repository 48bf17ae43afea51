/**
 * Who has what of a pool: leases, how many each namespace holds, and since when. A lease that is not known here any
 * more gives nothing back, so that a second release can never free what somebody else holds.
 */
import type { Clock } from '../clock.ts';
import type { Lease, PoolEvent } from './pool-options.ts';

interface Loan<E> {
  readonly entry: E;
  readonly since: number;
  readonly cancelAlarm: () => void;
  isLeak: boolean;
}

export interface LoansOptions {
  readonly leakMs: number;
  readonly clock: Pick<Clock, 'monotonic' | 'schedule'>;
  readonly onEvent: (event: PoolEvent) => void;
}

/** The leases of one pool. */
export class Loans<T, E extends { readonly thing: T }> {
  readonly #options: LoansOptions;
  readonly #loans = new Map<Lease<T>, Loan<E>>();
  readonly #held = new Map<string, number>();

  constructor(options: LoansOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#loans.size;
  }

  /** How many a namespace holds. */
  heldBy(namespace: string): number {
    return this.#held.get(namespace) ?? 0;
  }

  /** Lends it; `trace` was made where the caller asked. */
  lend(entry: E, namespace: string, trace: Error | undefined): Lease<T> {
    const { leakMs, clock, onEvent } = this.#options;
    const lease: Lease<T> = Object.freeze({ thing: entry.thing, namespace });
    const since = clock.monotonic();
    const alarm = (): void => {
      const loan = this.#loans.get(lease);
      if (loan === undefined) return;
      loan.isLeak = true;
      onEvent({ type: 'leaked', namespace, heldMs: clock.monotonic() - since, stack: trace?.stack ?? '' });
    };
    const cancelAlarm = Number.isFinite(leakMs) ? clock.schedule(leakMs, alarm) : () => undefined;
    this.#loans.set(lease, { entry, since, cancelAlarm, isLeak: false });
    this.#held.set(namespace, this.heldBy(namespace) + 1);
    return lease;
  }

  /** Ends a lease and gives what it was for; undefined when there is no such lease. */
  end(lease: Lease<T>): E | undefined {
    const loan = this.#loans.get(lease);
    if (loan === undefined) return undefined;
    const { namespace } = lease;
    this.#loans.delete(lease);
    loan.cancelAlarm();
    const left = this.heldBy(namespace) - 1;
    if (left === 0) this.#held.delete(namespace);
    else this.#held.set(namespace, left);
    if (loan.isLeak) {
      const heldMs = this.#options.clock.monotonic() - loan.since;
      this.#options.onEvent({ type: 'returned', namespace, heldMs });
    }
    return loan.entry;
  }

  /** Ends all leases. */
  endAll(): E[] {
    return [...this.#loans.keys()].flatMap((lease) => this.end(lease) ?? []);
  }
}
