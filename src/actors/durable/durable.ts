/**
 * The host of durable actors: one step at a time for each, thought through, committed in one transaction by
 * compare-and-set on the revision, and answered only then. A copy in memory is never trusted to refuse anything.
 */
import type { StepCommit, Store, Trx } from '../../store/store.ts';
import { commitStep, confirmStep } from '../../store/store.ts';
import { DreyError, isDreyError } from '../../../machines/words/errors.ts';
import type { Address } from '../../../machines/words/ids.ts';
import { toAddressText } from '../../../machines/words/ids.ts';
import type { Clock, Log } from '../clock.ts';
import { noCrash } from './crash-point.ts';
import type { CrashPoint } from './crash-point.ts';
import type { Resident } from '../directory.ts';
import type { Answer, Delivery, DurableKind, MachineEvent, Verdict } from './durable-kind.ts';
import { isUnborn, toDueEvent, toMachineEvent } from './durable-border.ts';
import { readCopy } from './durable-read.ts';
import { ToldView } from './durable-view.ts';
import { think, toInboxName } from './durable-step.ts';
import type { Copy, Thought } from './durable-step.ts';
import { toPureMachine } from './inert-scope.ts';
import type { PureMachine } from './inert-scope.ts';
import { openMailbox } from './mailbox.ts';
import type { Mailbox } from './mailbox.ts';
import type { Roots } from '../roots.ts';

/** What others do once a step is committed. */
export interface Committed {
  readonly address: Address;
  readonly revision: number;
  readonly events: number;
  readonly effects: number;
  /** The next moment this actor waits for. */
  readonly dueAt: string | null;
}

export interface DurableHostOptions {
  readonly kinds: readonly DurableKind[];
  readonly store: Pick<Store, 'inNamespace'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly onCommitted?: (committed: Committed) => void;
  readonly crashPoint?: CrashPoint;
  /** Where actors in memory are known by their address. */
  readonly roots?: Pick<Roots, 'add'> | undefined;
  /** Messages waiting for one actor; more are refused with `limit_reached`. */
  readonly mailboxMax?: number;
}

/** A durable actor's place in the directory. */
export interface DurableResident extends Resident<Delivery, Answer> {
  /** Somebody else may have committed: the next message reads the actor anew. */
  forget(): void;
  /** The revision of the copy in memory, and its machine's context; undefined while there is none. */
  peek(): { readonly revision: number; readonly context: unknown; readonly value: unknown } | undefined;
}

export interface DurableHost {
  readonly kinds: ReadonlyMap<string, DurableKind>;
  open(address: Address): DurableResident;
}

const mailboxDefault = 1_000;
/** Tries beside the first; with the row locked only a race for the first revision needs more than one. */
const triesMax = 4;

/** Opens the host; nothing is read before the first message. */
export function openDurableHost(options: DurableHostOptions): DurableHost {
  const kinds = new Map(options.kinds.map((kind) => [kind.kind as string, kind]));
  const machines = new Map(
    options.kinds.map((kind) => [kind.kind as string, toPureMachine(kind.machine, options.log)]),
  );
  return {
    kinds,
    open(address) {
      const kind = kinds.get(address.kind);
      const machine = machines.get(address.kind);
      if (kind === undefined || machine === undefined) {
        throw new DreyError('argument_invalid', `"${address.kind}" is no kind of durable actor`);
      }
      return new DurableActor(options, kind, machine, address);
    },
  };
}

interface Input {
  readonly delivery: Delivery;
  readonly event: MachineEvent | null;
  readonly at: number;
  /** True once a write was sent: a broken connection then leaves open whether it was stored. */
  inDoubt: boolean;
}

class DurableActor implements DurableResident {
  readonly #options: DurableHostOptions;
  readonly #kind: DurableKind;
  readonly #machine: PureMachine;
  readonly #address: Address;
  readonly #crash: CrashPoint;
  readonly #mailbox: Mailbox;
  readonly #view: ToldView;
  readonly #goUnseen: (() => void) | undefined;
  #copy: Copy | undefined;

  constructor(options: DurableHostOptions, kind: DurableKind, machine: PureMachine, address: Address) {
    this.#options = options;
    this.#kind = kind;
    this.#machine = machine;
    this.#address = address;
    this.#crash = options.crashPoint ?? noCrash;
    this.#mailbox = openMailbox(toAddressText(address), options.mailboxMax ?? mailboxDefault);
    this.#view = new ToldView(kind.machine, () => this.#copy?.snapshot, options.log);
    this.#goUnseen = options.roots?.add(address, this.#view);
  }

  get isBusy(): boolean {
    return this.#mailbox.waiting > 0;
  }

  async deliver(delivery: Delivery): Promise<Answer> {
    return this.#mailbox.take(async () => this.#handle(delivery));
  }

  forget(): void {
    this.#copy = undefined;
  }

  peek(): { readonly revision: number; readonly context: unknown; readonly value: unknown } | undefined {
    const copy = this.#copy;
    if (copy?.snapshot === undefined) return undefined;
    return { revision: copy.revision, context: copy.snapshot.context, value: copy.snapshot.value };
  }

  async leave(): Promise<void> {
    await this.#mailbox.whenEmpty();
    this.#copy = undefined;
    this.#goUnseen?.();
  }

  async #handle(delivery: Delivery): Promise<Answer> {
    this.#crash('command_received');
    const at = this.#options.clock.now();
    const input = { delivery, event: toMachineEvent(this.#kind, delivery, at), at, inDoubt: false };
    const copy = this.#copy;
    let broken = false;
    let tries = 0;
    for (;;) {
      const isFirst = tries === 0 && copy !== undefined;
      try {
        const answer = await this.#commit(input, isFirst ? copy : null);
        if (answer !== null) return answer;
      } catch (error) {
        if (broken || !isBroken(error)) throw input.inDoubt ? toUnknown(delivery, error) : error;
        broken = true;
      }
      tries += 1;
      if (tries > triesMax) {
        throw new DreyError(
          'revision_conflict',
          `${toAddressText(this.#address)} was changed ${triesMax} times by others; try again`,
        );
      }
    }
  }

  /**
   * One try, with the copy in memory or with the row read and locked: whoever holds the lock wins, so that trying
   * ends. Null when the copy was older than what stands.
   */
  async #commit(input: Input, known: Copy | null): Promise<Answer | null> {
    const { delivery, event, at } = input;
    this.#copy = undefined;
    const { store } = this.#options;
    const attempt = await store.inNamespace(this.#address.namespace, async (trx): Promise<Attempt> => {
      const copy = known ?? (await this.#read(trx));
      if (isUnborn(this.#kind, copy, delivery))
        return { outcome: 'unborn', copy, thought: null, consumed: null };
      const consumed = toDueEvent(copy, delivery) ?? event;
      const thought = consumed === null ? null : this.#think(copy, delivery, consumed, at);
      this.#crash('before_write');
      input.inDoubt = true;
      const outcome = await this.#write(trx, copy, delivery, thought);
      this.#crash('after_write');
      return { outcome, copy, thought, consumed };
    });
    // An old copy would answer with an old version.
    if (attempt.outcome === 'taken' && known !== null) return null;
    return this.#conclude(attempt, delivery);
  }

  #think(copy: Copy, delivery: Delivery, event: MachineEvent, at: number): Thought {
    const input = { kind: this.#kind, machine: this.#machine, address: this.#address };
    return think(copy, { ...input, delivery, event, at });
  }

  async #write(
    trx: Trx,
    copy: Copy,
    delivery: Delivery,
    thought: Thought | null,
  ): Promise<'written' | 'confirmed' | 'taken' | 'moved'> {
    const { kind, id } = this.#address;
    const inbox = { consumer: toInboxName(this.#address), id: delivery.id };
    if (thought === null || !thought.changes) {
      return confirmStep(trx, { kind, id, revision: copy.revision, inbox });
    }
    const commit: StepCommit = {
      kind,
      id,
      revision: copy.revision,
      snapshot: thought.kept,
      machineVersion: String(this.#kind.version),
      timers: thought.timers.length === 0 && copy.timers.length === 0 ? null : thought.timers,
      events: thought.events,
      effects: thought.effects,
      inbox,
    };
    const written = { delivery, before: copy.snapshot, after: thought.snapshot, beside: copy.beside };
    return (await this.#kind.write?.(trx, commit, written)) ?? commitStep(trx, commit);
  }

  #conclude({ outcome, copy, thought, consumed }: Attempt, delivery: Delivery): Answer | null {
    const { revision } = copy;
    if (outcome === 'moved') return null;
    if (outcome === 'unborn') {
      const code = this.#kind.opening?.code ?? 'argument_invalid';
      return { ok: false, code, revision, data: null };
    }
    if (outcome === 'taken') {
      this.#keep(copy);
      return { ok: true, revision, duplicate: true, data: this.#toKnown(copy) };
    }
    const standing = thought !== null && outcome === 'written' ? toCopy(copy, thought) : copy;
    this.#keep(standing);
    if (outcome === 'written' && thought !== null) {
      this.#announce(standing, thought);
      this.#view.tell(consumed, thought.snapshot);
    }
    return this.#toAnswer(standing, thought?.verdict ?? null, delivery);
  }

  #toAnswer(standing: Copy, verdict: Verdict | null, delivery: Delivery): Answer {
    const { revision } = standing;
    if (verdict?.ok === false) return { ok: false, code: verdict.code, revision, data: verdict.data ?? null };
    const data = verdict?.data ?? (delivery.from === 'command' ? this.#toKnown(standing) : null);
    return { ok: true, revision, duplicate: false, data };
  }

  #keep(copy: Copy): void {
    const isResting = copy.snapshot !== undefined && this.#kind.isResting?.(copy.snapshot) === true;
    if (!isResting) this.#copy = copy;
  }

  #announce(standing: Copy, thought: Thought): void {
    this.#crash('after_commit');
    const due = thought.timers.map(({ dueAt }) => dueAt).sort();
    this.#options.onCommitted?.({
      address: this.#address,
      revision: standing.revision,
      events: thought.events.length,
      effects: thought.effects.length,
      dueAt: due[0] ?? null,
    });
  }

  #toKnown({ snapshot }: Copy): unknown {
    return snapshot === undefined ? null : (this.#kind.toKnown?.(snapshot.context) ?? null);
  }

  async #read(trx: Trx): Promise<Copy> {
    const copy = await readCopy(trx, this.#kind, this.#machine, this.#address);
    this.#crash('actor_loaded');
    return copy;
  }
}

interface Attempt {
  readonly outcome: 'written' | 'confirmed' | 'taken' | 'moved' | 'unborn';
  readonly copy: Copy;
  readonly thought: Thought | null;
  readonly consumed: MachineEvent | null;
}

function toCopy({ revision, beside }: Copy, { snapshot, kept, timers }: Thought): Copy {
  return { revision: revision + 1, snapshot, kept, timers, beside };
}

/** The connection broke, or two transactions collided: the same id again is harmless, and finds out what happened. */
function isBroken(error: unknown): boolean {
  return isDreyError(error) && (error.code === 'database_unavailable' || error.code === 'revision_conflict');
}

function toUnknown({ id }: Delivery, cause: unknown): unknown {
  if (!isBroken(cause)) return cause;
  return new DreyError(
    'database_unavailable',
    'it is not known whether this was stored; the same command with the same id finds out',
    { cause, details: { id } },
  );
}
