/**
 * Watching learned procedures as MCP resources: who watches `sop://…` is told when that procedure has another version.
 * Procedures of other namespaces, and those that are not there, are told alike: there is no such resource.
 */
import { toPlainError } from '../../../machines/words/errors.ts';
import type { CallOutcome } from '../../../machines/words/calls.ts';
import { mayDo } from '../../../machines/words/scopes.ts';
import type { GatewayNeeds } from '../needs.ts';
import type { Listener } from '../offers-need.ts';
import { readSopUri } from './sop-names.ts';

/** Procedures that the clients of one node watch. */
export const sopsWatchedMax = 1_000;

interface Watch {
  readonly uri: string;
  readonly listener: Listener;
  /** What it was when it was last told. */
  stamp: string;
}

/** The same needs, where procedures can be watched beside what upstreams have. */
export function withSopWatches(needs: GatewayNeeds): {
  readonly needs: GatewayNeeds;
  readonly stop: () => void;
} {
  // Where nobody tells of changes there is nothing to watch.
  if (needs.sops.onChanged === undefined) return { needs, stop: () => undefined };
  const watches = new Set<Watch>();
  let isLooking = false;
  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    try {
      for (const watch of watches) {
        const stamp = await readStamp(needs, watch.uri, watch.listener);
        if (stamp === undefined || stamp === watch.stamp || !watches.has(watch)) continue;
        watch.stamp = stamp;
        watch.listener.updated({ uri: watch.uri });
      }
    } finally {
      isLooking = false;
    }
  };
  const stop = needs.sops.onChanged(() => {
    look().catch((error: unknown) =>
      needs.log.debug({ err: toPlainError(error) }, 'watched procedures could not be read'),
    );
  });
  const drop = (isMeant: (watch: Watch) => boolean): void => {
    for (const watch of watches) if (isMeant(watch)) watches.delete(watch);
  };
  const { hearing } = needs;
  const watching: GatewayNeeds = {
    ...needs,
    hearing: {
      watch: async (uri, listener) => {
        if (readSopUri(uri) === undefined) return hearing.watch(uri, listener);
        const stamp = await readStamp(needs, uri, listener);
        if (stamp === undefined) return refuse('argument_invalid', `there is no resource "${uri}"`);
        if (watches.size >= sopsWatchedMax)
          return refuse('limit_reached', 'too many clients watch procedures on this node');
        drop((watch) => watch.uri === uri && watch.listener === listener);
        watches.add({ uri, listener, stamp });
        return done;
      },
      unwatch: async (uri, listener) => {
        if (readSopUri(uri) === undefined) return hearing.unwatch(uri, listener);
        drop((watch) => watch.uri === uri && watch.listener === listener);
        return done;
      },
      setLevel: (level, listener) => hearing.setLevel(level, listener),
      leave: (listener) => {
        drop((watch) => watch.listener === listener);
        hearing.leave(listener);
      },
    },
  };
  return { needs: watching, stop };
}

/** What changes when the procedure does; undefined where there is none for this listener. */
async function readStamp(
  { sops }: Pick<GatewayNeeds, 'sops'>,
  uri: string,
  { principal }: Listener,
): Promise<string | undefined> {
  const named = readSopUri(uri);
  if (named === undefined || principal === undefined || !mayDo(principal, 'sop:read')) return undefined;
  if (named.namespace !== principal.namespace && !principal.mayNameNamespaces) return undefined;
  const sop = await sops.get(named.namespace, named.sopId);
  return sop === undefined ? undefined : `${sop.version} ${sop.status} ${sop.updatedAt}`;
}

const done: CallOutcome = { outcome: 'finished', result: '{}', isError: false };

function refuse(code: 'argument_invalid' | 'limit_reached', message: string): CallOutcome {
  return { outcome: 'refused', code, message, retryAfterMs: undefined };
}
