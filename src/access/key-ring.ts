/**
 * API keys at the door: told apart from typos by their checksum, looked up by their id, proved by their digest. A key
 * stands for one agent of one namespace, and both come from the database, never from what the caller says.
 */
import type { Admission, Principal } from './principals.ts';
import { isKeyOf, readKeyId } from './api-keys.ts';
import { Confirmed } from './confirmed.ts';
import type { ConfirmedOptions, Found } from './confirmed.ts';
import { MissCounter } from './misses.ts';
import { cannotTell, refuse, sendAway } from './refusals.ts';
import { toPrincipalId } from './principal-id.ts';

/** A key as the database has it. */
export interface KeyRecord {
  readonly keyId: string;
  readonly namespace: string;
  readonly agent: string;
  /** In hexadecimal. */
  readonly digest: string;
  readonly scopes: readonly string[];
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number | undefined;
  /** Revoked, or its agent shut out. */
  readonly isEnded: boolean;
}

export interface KeyRingOptions {
  readonly find: (keyIds: readonly string[]) => Promise<readonly KeyRecord[]>;
  readonly clock: ConfirmedOptions<Held>['clock'] & { now(): number };
  readonly times?: ConfirmedOptions<Held>['times'];
}

/** A record, ready to be compared with what is shown. */
interface Held {
  readonly record: KeyRecord;
  readonly digest: Buffer;
  readonly principal: Principal;
}

/** A key that was used, and when. */
export interface KeyUse {
  readonly namespace: string;
  readonly keyId: string;
  readonly atMs: number;
}

/** Uses that wait to be written. */
const usesMax = 10_000;
const busyMs = 1_000;

/** The same for every key that does not open, so that nobody learns which of them exist. */
const unknown = refuse(
  401,
  'principal_unknown',
  'this key does not open the door: it is unknown, has expired or was revoked; ask for a new one',
);
const mistyped = refuse(
  401,
  'principal_unknown',
  'this is no whole key: a character is missing or wrong; copy it again from drey_ to its end',
);

/** The keys that were shown lately. */
export class KeyRing {
  readonly #clock: KeyRingOptions['clock'];
  readonly #keys: Confirmed<Held>;
  readonly #misses: MissCounter;
  #uses = new Map<string, KeyUse>();

  constructor({ find, clock, times }: KeyRingOptions) {
    this.#clock = clock;
    this.#misses = new MissCounter(() => clock.monotonic());
    this.#keys = new Confirmed<Held>({
      clock,
      ...(times === undefined ? {} : { times }),
      ask: async (ids) => new Map((await find(ids)).map((record) => [record.keyId, toHeld(record)] as const)),
    });
  }

  /** At once for a key that was shown a moment ago, and for what is no key. */
  admit(text: string, address: string): Admission | Promise<Admission> {
    const keyId = readKeyId(text);
    if (keyId === undefined) return mistyped;
    if (!this.#keys.has(keyId)) {
      const waitMs = this.#misses.waitMs(address);
      if (waitMs > 0) return sendAway(waitMs);
    }
    const found = this.#keys.look(keyId);
    return found instanceof Promise
      ? found.then((settled) => this.#judge(settled, text, address))
      : this.#judge(found, text, address);
  }

  /** A key changed somewhere. */
  forget(keyId: string): void {
    this.#keys.forget(keyId);
  }

  /** An agent changed somewhere. */
  forgetAgent(namespace: string, agent: string): void {
    this.#keys.forgetWhere(({ record }) => record.namespace === namespace && record.agent === agent);
  }

  /** What was used since the last time this was asked. */
  takeUses(): readonly KeyUse[] {
    const taken = [...this.#uses.values()];
    this.#uses = new Map();
    return taken;
  }

  close(): void {
    this.#keys.close();
  }

  #judge(found: Found<Held>, text: string, address: string): Admission {
    if (found.state === 'away') return cannotTell;
    if (found.state === 'busy') return sendAway(busyMs);
    if (found.state === 'known') {
      const { record, digest, principal } = found.value;
      const now = this.#clock.now();
      const isOver = record.isEnded || (record.expiresAtMs !== undefined && record.expiresAtMs <= now);
      if (isKeyOf(text, digest)) {
        // Who still shows a key that was good once has guessed nothing, and must not shut out who sits beside it.
        if (isOver) return unknown;
        this.#note(record, now);
        return { ok: true, principal };
      }
    }
    this.#misses.note(address);
    return unknown;
  }

  #note({ keyId, namespace }: KeyRecord, atMs: number): void {
    if (this.#uses.size < usesMax || this.#uses.has(keyId)) this.#uses.set(keyId, { namespace, keyId, atMs });
  }
}

function toHeld(record: KeyRecord): Held {
  const { namespace, agent, scopes, keyId } = record;
  return {
    record,
    digest: Buffer.from(record.digest, 'hex'),
    principal: {
      id: toPrincipalId(namespace, agent),
      namespace,
      local: false,
      mayNameNamespaces: false,
      scopes,
      agent,
      credential: `key ${keyId}`,
    },
  };
}
