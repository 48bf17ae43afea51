/**
 * Resources that need each other: brought up each after what it needs, taken down in exactly the reverse order of
 * coming up. Either all that are required are up or none is; one that hangs or fails while going down holds up nobody.
 */
import { DreyError, toPlainError } from '../../../machines/words/errors.ts';
import type { PlainError } from '../../../machines/words/errors.ts';
import type { Announcer } from '../announcer.ts';
import type { Clock, Log } from '../clock.ts';
import { createMember } from './resource-member.ts';
import type { Member, MemberOptions } from './resource-member.ts';
import { findCircle, toAllNeeds } from './resource-order.ts';

export interface ResourceGroupOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly announcer: Announcer;
  /** One failed too often and is left alone: for somebody above to decide what that means. */
  readonly onGaveUp?: (name: string) => void;
}

/** The way to a member: never what it was, always what it is. */
export interface Handle<T> {
  readonly name: string;
  /** Throws `resource_unavailable` while it is not up. */
  get(): T;
}

export interface Readiness {
  /** Every required member is up. */
  readonly ready: boolean;
  /** Members that are not as they should be, by name. */
  readonly degraded: readonly string[];
}

export interface MemberView {
  readonly name: string;
  /** Its own state, or `degraded` when it is up but something it needs is not. */
  readonly state: string;
  /** What it needs and is not up. */
  readonly lacks: readonly string[];
}

export interface CleanFault {
  readonly name: string;
  readonly error: PlainError;
}

/** Most members of one group. */
export const membersMax = 1_000;

/** Creates a group without members. */
export function createResourceGroup(options: ResourceGroupOptions): ResourceGroup {
  return new ResourceGroup(options);
}

/** One group. */
export class ResourceGroup {
  readonly #options: ResourceGroupOptions;
  readonly #members = new Map<string, Member>();
  readonly #needs = new Map<string, readonly string[]>();
  /** In the order in which they were begun, and in which they came up. */
  readonly #begun = new Set<Member>();
  readonly #cameUp = new Set<Member>();
  #starting: Promise<void> | undefined;
  #cleaning: Promise<readonly CleanFault[]> | undefined;
  /** Why nothing more may be started. */
  #halt: DreyError | undefined;

  constructor(options: ResourceGroupOptions) {
    this.#options = options;
  }

  /** Adds a member; throws `config_invalid` for a name that is taken and for a circle, with its path. */
  register<T>(options: MemberOptions<T>): Handle<T> {
    const { name, after = [] } = options;
    if (this.#starting !== undefined)
      throw new DreyError(
        'transition_refused',
        `${name} cannot be registered: the group was started already`,
      );
    if (this.#members.has(name))
      throw new DreyError(
        'config_invalid',
        `There is a resource "${name}" already; dispose of it first, or choose another name.`,
      );
    if (this.#members.size >= membersMax)
      throw new DreyError('limit_reached', `A group has at most ${membersMax} resources.`);
    const circle = findCircle(new Map([...this.#needs, [name, after]]), name);
    if (circle !== undefined)
      throw new DreyError('config_invalid', `Resources need each other in a circle: ${circle.join(' → ')}.`);
    const { clock, log, announcer } = this.#options;
    const onChange = (state: string): void => this.#changed(member, state);
    const member = createMember(options, { clock, log, announcer, onChange });
    this.#members.set(name, member);
    this.#needs.set(name, after);
    // The group keeps members of every kind; what this one is was said when it was registered.
    return { name, get: () => this.#get(member) as T };
  }

  /** Brings all up. If a required one fails or the deadline passes, all are taken down again, and it rejects. */
  start({ deadlineAt = Infinity }: { deadlineAt?: number } = {}): Promise<void> {
    if (this.#starting !== undefined)
      return Promise.reject(new DreyError('transition_refused', 'The resources were started already.'));
    const starting = this.#start(deadlineAt);
    this.#starting = starting.catch(() => undefined);
    return starting;
  }

  /** Takes all down in reverse and says what went wrong; waits for a start on its way. It never rejects. */
  async stop(): Promise<readonly CleanFault[]> {
    if (this.#starting === undefined) return [];
    this.#halt ??= new DreyError(
      'resource_unavailable',
      'The resources were stopped while they were started.',
    );
    await this.#starting;
    return this.#clean();
  }

  readiness(): Readiness {
    const members = [...this.#members.values()];
    return {
      ready: members.every(({ isUp, isOptional }) => isUp || isOptional),
      degraded: this.views().flatMap(({ name, state }) => (state === 'healthy' ? [] : [name])),
    };
  }

  views(): readonly MemberView[] {
    return [...this.#members.values()].map(({ name, state }) => {
      const lacks = [...toAllNeeds(this.#needs, name)].filter(
        (need) => this.#members.get(need)?.isUp !== true,
      );
      return { name, state: state === 'healthy' && lacks.length > 0 ? 'degraded' : state, lacks };
    });
  }

  async #start(deadlineAt: number): Promise<void> {
    const { clock } = this.#options;
    this.#requireAll();
    const leftMs = deadlineAt - clock.monotonic();
    const overdue = (): DreyError =>
      new DreyError('call_timeout', 'The resources were not up by their deadline.');
    if (leftMs <= 0) throw overdue();
    let cancel = (): void => undefined;
    const bound = new Promise<void>((resolve) => {
      if (leftMs === Infinity) return;
      cancel = clock.schedule(leftMs, () => {
        this.#halt ??= overdue();
        resolve();
      });
    });
    const started = new Map<string, Promise<void>>();
    await Promise.race([
      Promise.all([...this.#members.keys()].map((name) => this.#bring(name, started))),
      bound,
    ]);
    cancel();
    if (this.#halt === undefined) return;
    await this.#clean();
    throw this.#halt;
  }

  /** Each member is begun once, after all it needs have settled. */
  #bring(name: string, started: Map<string, Promise<void>>): Promise<void> {
    const known = started.get(name);
    if (known !== undefined) return known;
    const member = this.#members.get(name);
    const begun = Promise.all((member?.after ?? []).map((need) => this.#bring(need, started))).then(() =>
      member === undefined ? undefined : this.#open(member),
    );
    started.set(name, begun);
    return begun;
  }

  async #open(member: Member): Promise<void> {
    if (this.#halt !== undefined) return;
    this.#begun.add(member);
    await member.open();
    if (member.isUp || member.isOptional) return;
    const cause = member.failure;
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#halt ??= new DreyError(
      'resource_unavailable',
      `The resource "${member.name}" did not start: ${reason}`,
      {
        cause,
        details: { resource: member.name },
      },
    );
  }

  /** First what never came up, then the others, the last one first. */
  #clean(): Promise<readonly CleanFault[]> {
    this.#cleaning ??= this.#cleanAll();
    return this.#cleaning;
  }

  async #cleanAll(): Promise<readonly CleanFault[]> {
    const faults: CleanFault[] = [];
    const close = async (member: Member): Promise<void> => {
      const error = await member.close();
      if (error === undefined) return;
      faults.push({ name: member.name, error });
      this.#options.log.warn({ resource: member.name, err: error }, 'a resource was not taken down cleanly');
    };
    const closed = new Set<Member>();
    const next = (): Member | undefined => {
      const open = (members: Iterable<Member>) => [...members].filter((one) => !closed.has(one)).at(-1);
      return open([...this.#begun].filter((one) => !this.#cameUp.has(one))) ?? open(this.#cameUp);
    };
    for (let member = next(); member !== undefined; member = next()) {
      closed.add(member);
      await close(member);
    }
    return faults;
  }

  #changed(member: Member, state: string): void {
    if (state === 'healthy') this.#cameUp.add(member);
    if (state !== 'failed') return;
    try {
      this.#options.onGaveUp?.(member.name);
    } catch (error) {
      this.#options.log.error(
        { resource: member.name, err: toPlainError(error) },
        'the escalation of a resource threw',
      );
    }
  }

  #get(member: Member): unknown {
    if (member.isUp) return member.current;
    throw new DreyError('resource_unavailable', `The resource "${member.name}" is ${member.state}, not up.`, {
      details: { resource: member.name, state: member.state },
    });
  }

  #requireAll(): void {
    for (const { name, after } of this.#members.values()) {
      const missing = after.find((need) => !this.#members.has(need));
      if (missing !== undefined)
        throw new DreyError(
          'config_invalid',
          `The resource "${name}" needs "${missing}", which was never registered.`,
        );
    }
  }
}
