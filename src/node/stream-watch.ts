/**
 * Looks after the nodes at the other end of streams: one question a node each two seconds, however many streams go there,
 * which asks whether it is there and which of them go on. It never ends a stream itself: it says that one is lost.
 */
import { z } from 'zod';
import { DreyError, isDreyError } from '../../machines/words/errors.ts';
import { toNodeAddress } from '../actors/actors.ts';
import type { Clock } from '../actors/actors.ts';
import type { Wire } from '../wire/wire.ts';

/** How often the other node is asked. */
const lookMs = 2_000;
const aliveMs = 1_000;
/** Streams that one question names; two bounds of one node. */
const namedMax = 2_000;

const Ids = z.array(z.string().max(128)).max(namedMax);

/** Which streams between the two nodes the one that asks still knows of: what the other sends, and what it expects. */
export const StreamsAsked = z.object({ node: z.string().min(1).max(128), sends: Ids, expects: Ids });
type StreamsAsked = z.infer<typeof StreamsAsked>;

/** Those of them that go on; left out by a node of a version that is not asked. */
const Going = z.object({ sends: Ids.optional(), expects: Ids.optional() });

/** What the other node does with a stream. */
type Part = 'sends' | 'expects';

export interface Watched {
  /** Rejects once the other node is gone, cannot be reached, or says that it knows no such stream. */
  readonly lost: Promise<never>;
  /** The other node knows of the stream by now; before that it is only asked whether it is there. */
  begin(): void;
  stop(): void;
}

export interface StreamWatch {
  watch(node: string, part: Part, id: string): Watched;
}

interface One {
  readonly part: Part;
  readonly id: string;
  isBegun: boolean;
  readonly lose: (reason: unknown) => void;
}

/** Opens the watch of one node over all others. */
export function createStreamWatch(options: {
  readonly wire: Pick<Wire, 'ask'>;
  readonly nodeId: string;
  readonly clock: Pick<Clock, 'schedule'>;
}): StreamWatch {
  const { clock } = options;
  const watched = new Map<string, { readonly ones: Set<One>; cancel: () => void }>();
  const again = (node: string): void => {
    const held = watched.get(node);
    if (held === undefined) return;
    held.cancel = clock.schedule(
      lookMs,
      () => void look(options, node, held.ones).finally(() => again(node)),
    );
  };
  return {
    watch: (node, part, id) => {
      const { promise, reject } = createPromise<never>();
      // Whoever is not waiting any more does not care.
      promise.catch(() => undefined);
      const one: One = { part, id, isBegun: false, lose: reject };
      const held = watched.get(node);
      if (held === undefined) {
        watched.set(node, { ones: new Set([one]), cancel: () => undefined });
        again(node);
      } else held.ones.add(one);
      return {
        lost: promise,
        begin: () => {
          one.isBegun = true;
        },
        stop: () => {
          const now = watched.get(node);
          if (now?.ones.delete(one) !== true || now.ones.size > 0) return;
          now.cancel();
          watched.delete(node);
        },
      };
    },
  };
}

/** Nobody listening under a node's name means that it is gone; one that is frozen may still come back. */
async function look(
  { wire, nodeId }: { readonly wire: Pick<Wire, 'ask'>; readonly nodeId: string },
  node: string,
  ones: ReadonlySet<One>,
): Promise<void> {
  const asked = [...ones].filter((one) => one.isBegun);
  const toIds = (part: Part): string[] => asked.filter((one) => one.part === part).map(({ id }) => id);
  const question: StreamsAsked = { node: nodeId, sends: toIds('sends'), expects: toIds('expects') };
  try {
    const answer = await wire.ask(toNodeAddress(node), 'alive', question, { timeoutMs: aliveMs });
    const going = Going.safeParse(answer);
    if (!going.success) return;
    const reason = new DreyError('node_unreachable', 'the other node knows nothing of this answer any more');
    for (const one of asked) if (going.data[one.part]?.includes(one.id) === false) one.lose(reason);
  } catch (error) {
    if (!isDreyError(error) || (error.code !== 'node_unreachable' && error.code !== 'bus_unavailable'))
      return;
    for (const one of ones) one.lose(error);
  }
}

/** A promise that is settled from outside. */
export function createPromise<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
} {
  let resolve: (value: T) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<T>((done, fail) => {
    resolve = done;
    reject = fail;
  });
  return { promise, resolve, reject };
}
