/** An answer of the node as a page uses it: asked when shown, anew after a break, by the clock, and when told to. */
import { useSelector } from '@xstate/store-react';
import { useCallback, useEffect, useState } from 'react';
import { ask } from './ask.ts';
import { live } from './live.store.ts';

export interface Answer<T> {
  readonly data: T | undefined;
  readonly error: string;
  readonly reload: () => void;
}

/** Asks for a path; `undefined` asks nothing. What was told last stays until there is newer. */
export function useAnswer<T>(path: string | undefined, refreshMs = 0): Answer<T> {
  const epoch = useSelector(live, ({ context }) => context.epoch);
  const [told, setTold] = useState<{ path?: string; data?: T; error: string }>({ error: '' });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (path === undefined) return undefined;
    const over = new AbortController();
    const load = (): void => {
      ask<T>(path, over.signal).then(
        (data) => setTold({ path, data, error: '' }),
        (error: unknown) => {
          if (over.signal.aborted) return;
          const sentence = error instanceof Error ? error.message : String(error);
          setTold((before) => ({ ...(before.path === path ? before : {}), path, error: sentence }));
        },
      );
    };
    load();
    const again = refreshMs > 0 ? setInterval(() => !document.hidden && load(), refreshMs) : undefined;
    return () => {
      clearInterval(again);
      over.abort();
    };
  }, [path, refreshMs, epoch, turn]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  const current = told.path === path;
  return { data: current ? told.data : undefined, error: current ? told.error : '', reload };
}
