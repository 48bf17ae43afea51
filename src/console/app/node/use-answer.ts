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

/**
 * Asks for a path, once at a time; `undefined` asks nothing. What was told last stays until there is newer, also beside an
 * error and while the same is asked with another query, but never beyond a change of key or namespace.
 */
export function useAnswer<T>(path: string | undefined, refreshMs = 0): Answer<T> {
  const epoch = useSelector(live, ({ context }) => context.epoch);
  const identity = useSelector(live, ({ context }) => context.identity);
  const [told, setTold] = useState<Told<T>>({ error: '' });
  // Nobody sees with one key, or of one namespace, what was told for another.
  const of = `${identity} ${path ?? ''}`;
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (path === undefined) return undefined;
    const over = new AbortController();
    let busy = false;
    const load = async (): Promise<void> => {
      if (busy) return;
      busy = true;
      try {
        const data = await ask<T>(path, over.signal);
        if (!over.signal.aborted) setTold({ of, data, error: '' });
      } catch (error) {
        if (over.signal.aborted) return;
        const sentence = error instanceof Error ? error.message : String(error);
        setTold((before) => ({ ...(before.of === of ? before : {}), of, error: sentence }));
      } finally {
        busy = false;
      }
    };
    void load();
    const tick = (): void => {
      if (!document.hidden) void load();
    };
    const again = refreshMs > 0 ? setInterval(tick, refreshMs) : undefined;
    return () => {
      clearInterval(again);
      over.abort();
    };
  }, [path, of, refreshMs, epoch, turn]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  // A list that grows, or is narrowed, does not go away in between.
  const isShown = told.of !== undefined && withoutQuery(told.of) === withoutQuery(of);
  return { data: isShown ? told.data : undefined, error: told.of === of ? told.error : '', reload };
}

interface Told<T> {
  readonly of?: string;
  readonly data?: T;
  readonly error: string;
}

function withoutQuery(of: string): string {
  return of.split('?', 1)[0] ?? '';
}
