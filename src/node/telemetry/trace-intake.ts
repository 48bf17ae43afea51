/**
 * Spans that exporters send, gathered into traces until they are whole and then taken in like any import. Exporters
 * export what has ended, parents last: a trace is whole with its root, or after a minute of silence. What is not whole
 * yet lives in memory only: telemetry is no promise, and a node that ends in good order takes in what it has.
 */
import { toPlainError } from '../../../machines/words/errors.ts';
import type { ImportedEpisode } from '../../../machines/words/episodes.ts';
import type { Clock, Log } from '../../actors/actors.ts';
import { createTraces, otelSource, readSpan, toSpans } from '../../importers/importers.ts';
import type { TraceBatch, Traces } from '../../importers/importers.ts';

/** How often whole traces are taken in. */
const intakeMs = 5_000;
/** Namespaces and principals whose traces are followed at a time. */
const followedMax = 32;
/** Values kept of the traces of one of them, in characters. */
const charsMax = 8 * 1024 * 1024;
/** Episodes kept while the bus or the disk takes nothing. */
const keptMax = 1_000;

export interface TraceIntakeOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly importEpisodes: (
    namespace: string,
    principal: string,
    episodes: AsyncIterable<ImportedEpisode>,
  ) => Promise<unknown>;
}

export interface TraceIntake {
  /** Takes a batch and gives back how many of its spans are none. */
  readonly receive: (namespace: string, principal: string, batch: TraceBatch) => number;
  /** Takes in what there is, whole or not. */
  readonly close: () => Promise<void>;
}

interface Followed {
  readonly namespace: string;
  readonly principal: string;
  readonly traces: Traces;
  ready: ImportedEpisode[];
}

/** Opens the intake; nothing happens until spans come. */
export function openTraceIntake({ clock, log, importEpisodes }: TraceIntakeOptions): TraceIntake {
  const all = new Map<string, Followed>();
  let working: Promise<void> = Promise.resolve();
  let cancel: (() => void) | undefined;

  const follow = (namespace: string, principal: string): Followed => {
    const key = `${namespace}/${principal}`;
    const followed = all.get(key) ?? {
      namespace,
      principal,
      traces: createTraces(otelSource, { charsMax }),
      ready: [],
    };
    all.delete(key);
    all.set(key, followed);
    const [oldest] = all.values();
    if (all.size > followedMax && oldest !== undefined) {
      all.delete(`${oldest.namespace}/${oldest.principal}`);
      oldest.ready.push(...oldest.traces.closeAll());
      void takeIn([oldest]);
    }
    return followed;
  };

  const takeIn = (which: readonly Followed[]): Promise<void> => {
    working = inTurn(working, which);
    return working;
  };

  const inTurn = async (before: Promise<void>, which: readonly Followed[]): Promise<void> => {
    await before;
    for (const followed of which) await send(followed);
  };

  const send = async (followed: Followed): Promise<void> => {
    const episodes = followed.ready.splice(0);
    if (episodes.length === 0) return;
    try {
      await importEpisodes(followed.namespace, followed.principal, toStream(episodes));
    } catch (error) {
      // Tried again with the next ones; what is there already is a duplicate then.
      followed.ready.unshift(...episodes);
      const dropped = followed.ready.splice(keptMax).length;
      const { namespace } = followed;
      log.warn({ namespace, dropped, err: toPlainError(error) }, 'traces could not be taken in');
    }
  };

  const tick = (): void => {
    cancel = undefined;
    for (const followed of all.values()) followed.ready.push(...followed.traces.settled());
    void takeIn([...all.values()]).then(schedule);
  };
  const schedule = (): void => {
    const isWaiting = [...all.values()].some(({ ready, traces }) => ready.length > 0 || traces.waiting() > 0);
    if (isWaiting) cancel ??= clock.schedule(intakeMs, tick);
  };

  return {
    receive: (namespace, principal, batch) => {
      const followed = follow(namespace, principal);
      let rejected = 0;
      for (const span of toSpans(batch, () => (rejected += 1))) {
        followed.ready.push(...followed.traces.take(readSpan(span)));
      }
      schedule();
      return rejected;
    },
    close: async () => {
      cancel?.();
      for (const followed of all.values()) followed.ready.push(...followed.traces.closeAll());
      await takeIn([...all.values()]);
    },
  };
}

async function* toStream(episodes: readonly ImportedEpisode[]): AsyncGenerator<ImportedEpisode> {
  yield* episodes;
}
