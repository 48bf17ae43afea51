/**
 * The directory: who lives on this node, by address. An actor is activated by its first message and put to rest when
 * it was used longest ago or not at all for a while; of one address there is never more than one here at a time.
 */
import { DreyError, toPlainError } from '../../machines/words/errors.ts';
import type { Address } from '../../machines/words/ids.ts';
import { toAddressText } from '../../machines/words/ids.ts';
import { limits } from '../../machines/words/limits.ts';
import type { Clock, Log } from './clock.ts';

/** An actor while it is in memory. */
export interface Resident<TMessage, TAnswer> {
  deliver(message: TMessage): Promise<TAnswer> | TAnswer;
  /** A busy one is not put to rest. */
  readonly isBusy: boolean;
  /** Keeps what must be kept and ends; a message that comes meanwhile waits for it. */
  leave(): Promise<void> | void;
}

export interface DirectoryOptions<TMessage, TAnswer, TResident extends Resident<TMessage, TAnswer>> {
  /** Brings an actor into memory; `ended` is called when it can take no more messages. */
  readonly open: (address: Address, ended: () => void) => Promise<TResident> | TResident;
  readonly clock: Pick<Clock, 'monotonic' | 'schedule'>;
  readonly log: Log;
  /** Actors in memory; default `limits.actorsMax`. */
  readonly residentsMax?: number;
  /** Unused for this long they are put to rest. */
  readonly idleMs?: number;
}

export interface Directory<TMessage, TAnswer, TResident> {
  /** Hands a message on, activating the actor if need be; throws `limit_reached` when all places are taken and busy. */
  deliver(address: Address, message: TMessage): Promise<TAnswer>;
  /** The actor if it is in memory; does not activate it. */
  find(address: Address): TResident | undefined;
  /** Puts one to rest now, after what it is doing. */
  passivate(address: Address): Promise<boolean>;
  addresses(): readonly string[];
  figures(): DirectoryFigures;
  close(): Promise<void>;
}

export interface DirectoryFigures {
  readonly residents: number;
  readonly activations: number;
  readonly passivations: number;
}

const idleMsDefault = 5 * 60_000;
/** Busy actors looked at before a newcomer is refused. */
const lookedAtMax = 1_000;

interface Place<TResident> {
  /** Undefined while it is being opened. */
  resident: TResident | undefined;
  opening: Promise<TResident> | undefined;
  /** Messages handed on and not answered. */
  open: number;
  usedAt: number;
}

interface Entered<TResident> {
  readonly place: Place<TResident>;
  readonly resident: TResident;
}

/** Opens an empty directory. */
export function openDirectory<TMessage, TAnswer, TResident extends Resident<TMessage, TAnswer>>(
  options: DirectoryOptions<TMessage, TAnswer, TResident>,
): Directory<TMessage, TAnswer, TResident> {
  return new OpenDirectory(options);
}

class OpenDirectory<TMessage, TAnswer, TResident extends Resident<TMessage, TAnswer>> implements Directory<
  TMessage,
  TAnswer,
  TResident
> {
  readonly #options: DirectoryOptions<TMessage, TAnswer, TResident>;
  readonly #residentsMax: number;
  readonly #idleMs: number;
  /** In the order of use: the first was used longest ago. */
  readonly #places = new Map<string, Place<TResident>>();
  readonly #leaving = new Map<string, Promise<void>>();
  /** Messages that wait for their actor, by address: the last of them. */
  readonly #entering = new Map<string, Promise<void>>();
  #activations = 0;
  #passivations = 0;
  #closed = false;
  #cancelSweep: () => void;

  constructor(options: DirectoryOptions<TMessage, TAnswer, TResident>) {
    this.#options = options;
    this.#residentsMax = options.residentsMax ?? limits.actorsMax;
    this.#idleMs = options.idleMs ?? idleMsDefault;
    this.#cancelSweep = this.#scheduleSweep();
  }

  async deliver(address: Address, message: TMessage): Promise<TAnswer> {
    const key = toAddressText(address);
    const place = this.#entering.has(key) ? undefined : this.#places.get(key);
    if (place?.resident !== undefined) return this.#hand(key, place, place.resident, message);
    // Who comes while somebody waits for the actor comes after it.
    const before = this.#entering.get(key) ?? Promise.resolve();
    const entering = this.#enterAfter(before, address, key);
    const settled = entering.then(ignore, ignore);
    this.#entering.set(key, settled);
    void settled.finally(() => {
      if (this.#entering.get(key) === settled) this.#entering.delete(key);
    });
    const entered = await entering;
    return this.#hand(key, entered.place, entered.resident, message);
  }

  find(address: Address): TResident | undefined {
    return this.#places.get(toAddressText(address))?.resident;
  }

  async passivate(address: Address): Promise<boolean> {
    const key = toAddressText(address);
    const place = this.#places.get(key);
    if (place === undefined) return false;
    await this.#rest(key, place);
    return true;
  }

  addresses(): readonly string[] {
    return [...this.#places.keys()];
  }

  figures(): DirectoryFigures {
    return {
      residents: this.#places.size,
      activations: this.#activations,
      passivations: this.#passivations,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelSweep();
    await Promise.all([...this.#places].map(async ([key, place]) => this.#rest(key, place)));
    await Promise.all(this.#leaving.values());
  }

  async #hand(
    key: string,
    place: Place<TResident>,
    resident: TResident,
    message: TMessage,
  ): Promise<TAnswer> {
    this.#touch(key, place);
    place.open += 1;
    try {
      return await resident.deliver(message);
    } finally {
      place.open -= 1;
    }
  }

  async #enterAfter(before: Promise<void>, address: Address, key: string): Promise<Entered<TResident>> {
    await before;
    return this.#enter(address, key);
  }

  async #enter(address: Address, key: string): Promise<Entered<TResident>> {
    // The one before it may still be writing what it must not lose.
    for (let leaving = this.#leaving.get(key); leaving !== undefined; leaving = this.#leaving.get(key)) {
      await leaving;
    }
    const place = this.#places.get(key) ?? this.#activate(address, key);
    const resident = place.resident ?? (await place.opening);
    if (resident === undefined) throw new DreyError('unexpected', `${key} was never opened`);
    return { place, resident };
  }

  #activate(address: Address, key: string): Place<TResident> {
    if (this.#closed) throw new DreyError('node_draining', 'this node takes no more messages');
    this.#makeRoom();
    const place: Place<TResident> = {
      resident: undefined,
      opening: undefined,
      open: 0,
      usedAt: this.#options.clock.monotonic(),
    };
    this.#places.set(key, place);
    this.#activations += 1;
    this.#open(address, key, place);
    return place;
  }

  #open(address: Address, key: string, place: Place<TResident>): void {
    const gone = (): void => {
      if (this.#places.get(key) === place) this.#places.delete(key);
    };
    try {
      const opened = this.#options.open(address, gone);
      if (!(opened instanceof Promise)) {
        place.resident = opened;
        return;
      }
      place.opening = opened;
      opened.then((resident) => (place.resident = resident)).catch(gone);
    } catch (error) {
      gone();
      throw error;
    }
  }

  #touch(key: string, place: Place<TResident>): void {
    place.usedAt = this.#options.clock.monotonic();
    if (this.#places.get(key) !== place) return;
    this.#places.delete(key);
    this.#places.set(key, place);
  }

  #makeRoom(): void {
    if (this.#places.size < this.#residentsMax) return;
    let lookedAt = 0;
    for (const [key, place] of this.#places) {
      if (isAtRest(place)) {
        void this.#rest(key, place);
        return;
      }
      lookedAt += 1;
      if (lookedAt >= lookedAtMax) break;
    }
    throw new DreyError(
      'limit_reached',
      `all ${this.#residentsMax} places for actors on this node are taken and busy`,
    );
  }

  #scheduleSweep(): () => void {
    return this.#options.clock.schedule(Math.max(10, this.#idleMs / 4), () => {
      const before = this.#options.clock.monotonic() - this.#idleMs;
      for (const [key, place] of this.#places) {
        if (place.usedAt > before) break;
        if (isAtRest(place)) void this.#rest(key, place);
      }
      if (!this.#closed) this.#cancelSweep = this.#scheduleSweep();
    });
  }

  async #rest(key: string, place: Place<TResident>): Promise<void> {
    if (this.#places.get(key) === place) this.#places.delete(key);
    this.#passivations += 1;
    const leave = async (): Promise<void> => {
      try {
        await (place.resident ?? (await place.opening))?.leave();
      } catch (error) {
        this.#options.log.error({ actor: key, err: toPlainError(error) }, 'an actor did not leave in order');
      }
    };
    const leaving = leave().finally(() => {
      if (this.#leaving.get(key) === leaving) this.#leaving.delete(key);
    });
    this.#leaving.set(key, leaving);
    await leaving;
  }
}

function isAtRest<TMessage, TAnswer>(place: Place<Resident<TMessage, TAnswer>>): boolean {
  return place.open === 0 && place.resident?.isBusy === false;
}

function ignore(): void {}
