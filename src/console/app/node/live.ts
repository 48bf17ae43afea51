/** Follows the node's events and health into the store, a frame's worth at a time, through restarts of the node. */
import { Problem } from './ask.ts';
import { live } from './live.store.ts';
import { keepReading } from './stream.ts';
import type { Health, ToldEvent } from './told.ts';

/** How much of the past is read when the page opens or is looked at again: as much as it shows. */
const pastMs = 10 * 60_000;
/** Events that wait for the next frame; older ones are let go. */
const waitingMax = 2_000;
const flushMs = 100;

let following = new AbortController();
let waiting: ToldEvent[] = [];
let flush: ReturnType<typeof setTimeout> | undefined;

function takeEvent(event: ToldEvent): void {
  waiting.push(event);
  if (waiting.length > waitingMax) waiting = waiting.slice(-waitingMax);
  flush ??= setTimeout(() => {
    flush = undefined;
    const events = waiting;
    waiting = [];
    live.trigger.eventsCame({ events });
  }, flushMs);
}

/** Begins to follow, or begins anew with another key or namespace. */
export function startFollowing(): void {
  following.abort();
  following = new AbortController();
  const { signal } = following;
  // What has not been shown yet was told to another key or of another namespace.
  clearTimeout(flush);
  flush = undefined;
  waiting = [];
  live.trigger.restarted();
  // From where the last stream broke, so that nothing is missed over a restart of the node, or in a tab that was hidden.
  let last = '';
  const toSince = (): string => {
    const earliest = new Date(Date.now() - pastMs).toISOString();
    return last > earliest ? last : earliest;
  };
  void keepReading(
    {
      path: () => `/events?since=${encodeURIComponent(toSince())}`,
      opened: () => live.trigger.opened(),
      take: (message) => {
        const event = message as ToldEvent;
        if (event.at > last) last = event.at;
        takeEvent(event);
      },
      broke,
    },
    signal,
  );
  void keepReading(
    {
      path: () => '/status/changes',
      opened: () => undefined,
      take: (message) => live.trigger.healthTold({ health: message as Health }),
      broke: () => live.trigger.healthLost(),
    },
    signal,
  );
}

function broke(error: unknown): void {
  const locked = error instanceof Problem && (error.status === 401 || error.status === 403);
  const sentence = error instanceof Error ? error.message : 'The connection to the node has ended.';
  live.trigger.broke({ locked, sentence });
}
