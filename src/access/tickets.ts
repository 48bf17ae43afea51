/**
 * Tickets for the node's own door: another node has admitted somebody and says so over the bus, and what it forwards
 * comes in here as that somebody. A ticket is good for one request on the node that made it.
 */
import { randomBytes } from 'node:crypto';
import type { Principal } from './principals.ts';

const scheme = 'Drey-Ticket ';
/** Tickets given out and not yet shown; the oldest goes first. */
export const ticketsMax = 4_096;

/** Tickets of one door. */
export class Tickets {
  readonly #held = new Map<string, Principal>();

  /** The value of `Authorization` that lets this principal in once. */
  give(principal: Principal): string {
    const ticket = randomBytes(32).toString('base64url');
    this.#held.set(ticket, principal);
    const [oldest] = this.#held.keys();
    if (this.#held.size > ticketsMax && oldest !== undefined) this.#held.delete(oldest);
    return `${scheme}${ticket}`;
  }

  /** Whose ticket it is; it is worth nothing afterwards. */
  take(authorization: string): Principal | undefined {
    if (!authorization.startsWith(scheme)) return undefined;
    const ticket = authorization.slice(scheme.length);
    const principal = this.#held.get(ticket);
    this.#held.delete(ticket);
    return principal;
  }
}
