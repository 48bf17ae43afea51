/**
 * One resource as a member of a group: its own hands, wrapped so that the group knows of every failure. A failed start
 * takes down what it left behind, and a look at its health is never begun while the last one is still waiting.
 */
import { DreyError, toPlainError } from '../../../machines/words/errors.ts';
import type { PlainError } from '../../../machines/words/errors.ts';
import type { Announcer } from '../announcer.ts';
import type { Clock, Log } from '../clock.ts';
import { openResource } from './resource.ts';
import type { Resource, ResourceOptions } from './resource.ts';

export interface MemberOptions<T> extends Pick<
  ResourceOptions<T>,
  'name' | 'what' | 'start' | 'stop' | 'check' | 'checkEveryMs' | 'checkMs' | 'settings'
> {
  /** Names of what must be up before this is started, and is taken down only after it. */
  readonly after?: readonly string[];
  /** The group is ready without it, and says that it is degraded. */
  readonly isOptional?: boolean;
  /** Takes down what a start that failed left behind. */
  readonly abandon?: () => Promise<void> | void;
}

export interface MemberNeeds {
  readonly clock: Clock;
  readonly log: Log;
  readonly announcer: Announcer;
  readonly onChange: (state: string) => void;
}

export interface Member {
  readonly name: string;
  readonly after: readonly string[];
  readonly isOptional: boolean;
  readonly state: string;
  readonly isUp: boolean;
  /** What it is while it is up. */
  readonly current: unknown;
  /** Starts it; resolves when it is up, or when it failed for the first time. */
  open(): Promise<void>;
  /** Takes it down, within the bounds of its chart; gives what went wrong. */
  close(): Promise<PlainError | undefined>;
  /** Why its last start failed. */
  readonly failure: unknown;
}

/** A look that takes longer than this has failed. */
const checkMsDefault = 1_000;

/** Wraps the hands; nothing is started yet. */
export function createMember<T>(options: MemberOptions<T>, needs: MemberNeeds): Member {
  const { name, after = [], isOptional = false, abandon, check, start, stop } = options;
  const { clock, log, announcer } = needs;
  let resource: Resource<T> | undefined;
  let failure: unknown;
  let stopError: unknown;
  let stopping = 0;
  const open = (): Resource<T> =>
    openResource<T>({
      ...options,
      checkMs: options.checkMs ?? checkMsDefault,
      ...(check === undefined ? {} : { check: toSingleFlight(name, check) }),
      async start(broke) {
        try {
          return await start(broke);
        } catch (error) {
          failure = error;
          await abandon?.();
          throw error;
        }
      },
      async stop(thing) {
        stopping += 1;
        try {
          await stop(thing);
        } catch (error) {
          stopError = error;
          throw error;
        } finally {
          stopping -= 1;
        }
      },
      clock,
      log,
      announcer,
      onChange: () => needs.onChange(resource?.state ?? 'initializing'),
    });
  return {
    name,
    after,
    isOptional,
    get state() {
      return resource?.state ?? 'registered';
    },
    get isUp() {
      return resource?.current !== undefined;
    },
    get current() {
      return resource?.current;
    },
    get failure() {
      return failure ?? resource?.view().lastError ?? undefined;
    },
    async open() {
      resource = open();
      await resource.settled();
    },
    async close() {
      if (resource === undefined) return undefined;
      stopError = undefined;
      await resource.dispose();
      if (stopError !== undefined) return toPlainError(stopError);
      if (stopping === 0) return undefined;
      return toPlainError(
        new DreyError('call_timeout', `${name} was not taken down in time; it was left alone`),
      );
    },
  };
}

/** While one look hangs, the next ones fail at once and nothing piles up. */
function toSingleFlight<T>(name: string, check: (thing: T) => Promise<void>): (thing: T) => Promise<void> {
  let isLooking = false;
  return async (thing) => {
    if (isLooking) throw new DreyError('call_timeout', `the last look at ${name} is still waiting`);
    isLooking = true;
    try {
      await check(thing);
    } finally {
      isLooking = false;
    }
  };
}
