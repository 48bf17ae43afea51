/** How often the learning layer ran when this node looked, hour by hour, so that a report can say how available it was. */
import { toPlainError } from '../../../machines/words/errors.ts';
import { systemNamespace } from '../../../machines/words/ids.ts';
import type { Boards, Clock, Log } from '../../actors/actors.ts';
import { toIso } from '../../actors/actors.ts';
import { addUptime, ensureNamespace } from '../../store/store.ts';
import type { Store } from '../../store/store.ts';
import type { Closers } from '../closers.ts';

export interface UptimeOptions {
  readonly boards: Boards;
  readonly store: Pick<Store, 'inNamespace'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly closers: Closers;
}

/** The board is brought up to date every five seconds. */
const lookMs = 5_000;
/** Looks that are written together. */
const looksPerCommit = 12;

/** Begins to look; ends with the node. */
export function watchUptime({ boards, store, clock, log, closers }: UptimeOptions): void {
  let [asked, answered] = [0, 0];
  let isStopped = false;
  let cancel = clock.schedule(lookMs, look);
  let writing: Promise<void> = Promise.resolve();

  function look(): void {
    asked += 1;
    if (boards.health.read().learner.engineStatus === 'running') answered += 1;
    if (asked >= looksPerCommit) writing = writing.then(write);
    if (!isStopped) cancel = clock.schedule(lookMs, look);
  }
  async function write(): Promise<void> {
    const some = { asked, answered, at: toIso(clock.now()) };
    if (some.asked === 0) return;
    try {
      await store.inNamespace(systemNamespace, async (trx) => {
        await ensureNamespace(trx);
        await addUptime(trx, some);
      });
      asked -= some.asked;
      answered -= some.answered;
    } catch (error) {
      // What was seen is kept until the database is back.
      log.debug({ err: toPlainError(error) }, 'the uptime of learning could not be noted');
    }
  }
  closers.push(async () => {
    isStopped = true;
    cancel();
    writing = writing.then(write);
    await writing;
  });
}
