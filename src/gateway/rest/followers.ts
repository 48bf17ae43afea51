/**
 * Places for those who follow server-sent events over REST: so many on a node, each free again when its connection is
 * closed, whoever closed it and whenever. Nobody buffers for a follower that does not read.
 */
import type { ServerResponse } from 'node:http';
import { DreyError } from '../../../machines/words/errors.ts';

/** Followers one node serves at a time. */
export const followersMax = 100;
/** Bytes a follower may leave unread. */
const followerLagBytesMax = 4 * 1024 * 1024;
/** Who was cut off may read what is on its way for so long. */
const cutOffMs = 5_000;

/**
 * Takes a place until the connection closes, which the promise tells; undefined where it has closed already. Throws
 * `limit_reached`.
 */
export function takePlace(res: ServerResponse, followers: Set<ServerResponse>): Promise<void> | undefined {
  // Who left while it was let in is never heard to leave again.
  if (res.destroyed) return undefined;
  if (followers.size >= followersMax)
    throw new DreyError(
      'limit_reached',
      `${followersMax} followers are connected already; close one or try again later`,
    );
  followers.add(res);
  return new Promise((resolve) => {
    res.once('close', () => {
      followers.delete(res);
      resolve();
    });
  });
}

/** Writes to a follower that keeps up; one that does not is cut off, and one that is gone is left alone. */
export function writeTo(res: ServerResponse, message: string): void {
  if (res.destroyed || res.writableEnded) return;
  if (res.writableLength > followerLagBytesMax) endFollowing(res, 'you fell too far behind; connect again');
  else res.write(message);
}

/** Ends it with a word. */
export function endFollowing(res: ServerResponse, why: string): void {
  if (res.destroyed || res.writableEnded) return;
  cutOff(res, `: ${why}\n\n`);
}

/** Ends an answer; a reader that reads nothing would not read even that, and keep its place for good. */
export function cutOff(res: ServerResponse, lastWord = ''): void {
  // Nothing was said yet: an end would look like an empty answer.
  if (!res.headersSent) {
    res.destroy();
    return;
  }
  res.end(lastWord);
  setTimeout(() => res.destroy(), cutOffMs).unref();
}
