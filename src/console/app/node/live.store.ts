/**
 * What the console holds of the node's life: its health, the newest events, and calls counted by time. Everything has a
 * named maximum; what is older is let go.
 */
import { createStore } from '@xstate/store-react';
import type { Health, ToldEvent } from './told.ts';

export const eventsKeptMax = 300;
export const failuresKeptMax = 50;
/** Width of a bar of the charts, and how many are kept: ten minutes. */
export const bucketMs = 5_000;
export const bucketsMax = 120;
/** Times of calls kept for each bucket. */
const timesMax = 200;

export interface Bucket {
  readonly at: number;
  readonly calls: number;
  readonly failed: number;
  readonly times: readonly number[];
}

export type Connection = 'connecting' | 'live' | 'away' | 'locked';

export interface Live {
  readonly connection: Connection;
  readonly sentence: string;
  /** Grows with each connection, so that pages ask anew after a break. */
  readonly epoch: number;
  /** Grows with each change of key or namespace: what was told before is somebody else's. */
  readonly identity: number;
  readonly health: Health | null;
  readonly events: readonly ToldEvent[];
  readonly failures: readonly ToldEvent[];
  readonly buckets: readonly Bucket[];
  /** Events that came since the page was opened. */
  readonly seen: number;
}

const initial: Live = {
  connection: 'connecting',
  sentence: '',
  epoch: 0,
  identity: 0,
  health: null,
  events: [],
  failures: [],
  buckets: [],
  seen: 0,
};

/** The console's one store. */
export const live = createStore({
  context: initial,
  on: {
    opened: (context): Live => ({ ...context, connection: 'live', sentence: '', epoch: context.epoch + 1 }),
    broke: (context, event: { locked: boolean; sentence: string }): Live => ({
      ...context,
      connection: event.locked ? 'locked' : 'away',
      sentence: event.sentence,
    }),
    healthTold: (context, event: { health: Health }): Live => ({ ...context, health: event.health }),
    // What was healthy, or was not, before nobody could say any more is no news.
    healthLost: (context): Live => ({ ...context, health: null }),
    eventsCame: (context, event: { events: readonly ToldEvent[] }): Live => takeEvents(context, event.events),
    restarted: (context): Live => ({
      ...initial,
      epoch: context.epoch + 1,
      identity: context.identity + 1,
    }),
  },
});

/** Whether an event tells that something went wrong; what went wrong long ago, elsewhere, and was imported is no news. */
export function isBad({ type, data }: ToldEvent): boolean {
  if (data?.['imported'] === true) return false;
  if (type === 'call.finished') return data?.['isError'] === true;
  return /\.(failed|refused|gave_up|unhealthy|quarantined|raised)$|^breaker\.opened$/.test(type);
}

const toMark = ({ id, at }: ToldEvent): string => `${id} ${at}`;

function takeEvents(context: Live, came: readonly ToldEvent[]): Live {
  const known = new Set(context.events.map(toMark));
  const fresh = [...new Map(came.map((event) => [toMark(event), event]))]
    .filter(([mark]) => !known.has(mark))
    .map(([, event]) => event);
  const newest = fresh.toReversed();
  return {
    ...context,
    seen: context.seen + fresh.length,
    events: [...newest, ...context.events].slice(0, eventsKeptMax),
    failures: [...newest.filter(isBad), ...context.failures].slice(0, failuresKeptMax),
    buckets: countCalls(context.buckets, fresh),
  };
}

function countCalls(buckets: readonly Bucket[], events: readonly ToldEvent[]): readonly Bucket[] {
  const byTime = new Map(buckets.map((bucket) => [bucket.at, bucket]));
  for (const event of events) {
    if (!event.type.startsWith('call.') || event.data?.['imported'] === true) continue;
    const at = Math.floor(Date.parse(event.at) / bucketMs) * bucketMs;
    const { calls, failed, times } = byTime.get(at) ?? { calls: 0, failed: 0, times: [] };
    const took = event.data?.['durationMs'];
    byTime.set(at, {
      at,
      calls: calls + 1,
      failed: failed + (isBad(event) ? 1 : 0),
      times: typeof took === 'number' && times.length < timesMax ? [...times, took] : times,
    });
  }
  return [...byTime.values()].toSorted((one, other) => one.at - other.at).slice(-bucketsMax);
}
