/**
 * Which notifications of a request its client gets. Progress always; log messages from the level on that it asked for:
 * with `logging/setLevel` in the older era, where a client that never asked hears all, with each request in the newer.
 */
import type { RawJson } from '../../../machines/words/calls.ts';
import { toLogRank } from '../../../machines/words/log-levels.ts';
import type { Era } from './call-frames.ts';
import { isRecord } from './parse-message.ts';
import type { Peer } from './peer.ts';

type Notify = ((notification: RawJson) => void) | undefined;

const levelKey = 'io.modelcontextprotocol/logLevel';

export interface Hears {
  readonly era: Era;
  readonly peer: Peer | undefined;
  /** The request's `_meta` as it came. */
  readonly meta: RawJson | undefined;
}

/** The same notify, behind the client's wish; the common case costs nothing. */
export function toHeard(notify: Notify, { era, peer, meta }: Hears): Notify {
  if (notify === undefined) return undefined;
  if (era === 'legacy') {
    const rank = peer?.logRank;
    return rank === undefined ? notify : filterLogs(notify, rank);
  }
  const wanted = meta?.includes(levelKey) === true ? readLevel(meta) : undefined;
  return filterLogs(notify, wanted === undefined ? Infinity : toLogRank(wanted));
}

function filterLogs(notify: NonNullable<Notify>, rank: number): NonNullable<Notify> {
  return (notification) => {
    const isLog = notification.includes('"notifications/message"');
    if (!isLog || readRank(notification) >= rank) notify(notification);
  };
}

function readRank(notification: RawJson): number {
  const parsed: unknown = JSON.parse(notification);
  if (!isRecord(parsed) || parsed['method'] !== 'notifications/message') return Infinity;
  return isRecord(parsed['params']) ? toLogRank(parsed['params']['level']) : -1;
}

function readLevel(meta: RawJson): unknown {
  const parsed: unknown = JSON.parse(meta);
  return isRecord(parsed) ? parsed[levelKey] : undefined;
}
