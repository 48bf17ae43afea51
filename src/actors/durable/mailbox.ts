/** A mailbox: one message at a time, in order, and a named maximum of those that wait. */
import { DreyError } from '../../../machines/words/errors.ts';

export interface Mailbox {
  readonly waiting: number;
  /** Runs when everything before it has ended; throws `limit_reached` when too many wait. */
  take<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when nothing is left of what was taken until now. */
  whenEmpty(): Promise<void>;
}

/** Opens an empty mailbox; `owner` is named in the refusal. */
export function openMailbox(owner: string, waitingMax: number): Mailbox {
  let waiting = 0;
  let tail: Promise<unknown> = Promise.resolve();
  return {
    get waiting() {
      return waiting;
    },
    async take(work) {
      if (waiting >= waitingMax) {
        throw new DreyError('limit_reached', `${waitingMax} messages already wait for ${owner}`);
      }
      waiting += 1;
      const turn = tail.then(work);
      tail = turn.catch(() => undefined);
      try {
        return await turn;
      } finally {
        waiting -= 1;
      }
    },
    async whenEmpty() {
      await tail;
    },
  };
}
