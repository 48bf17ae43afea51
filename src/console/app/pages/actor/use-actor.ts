/** One actor as the node tells of it: its chart, its state and what it holds now, live; and its stored events. */
import { useSelector } from '@xstate/store-react';
import { useEffect, useState } from 'react';
import { request, toQuery } from '../../node/ask.ts';
import { live } from '../../node/live.store.ts';
import { keepReading, readMessages } from '../../node/stream.ts';
import type { ToldEvent } from '../../node/told.ts';

/** Stored events of one actor that are held; older ones are let go. */
export const historyMax = 500;

export interface ActorNow {
  readonly definition: string;
  readonly value: unknown;
  readonly context: unknown;
}

interface Address {
  readonly namespace: string;
  readonly kind: string;
  readonly id: string;
}

interface Message {
  readonly type: string;
  readonly sessionId: string;
  readonly definition?: string;
  readonly snapshot?: unknown;
}

/** Reads `namespace/kind/id`. */
export function parseAddress(text: string): Address {
  const [namespace = '', kind = '', ...id] = text.split('/');
  return { namespace, kind, id: id.join('/') };
}

/** The actor as it is now, for as long as the page shows it. */
export function useActorNow(address: string): { readonly now: ActorNow | undefined; readonly error: string } {
  const identity = useSelector(live, ({ context }) => context.identity);
  const [state, setState] = useState<{ of?: number; now?: ActorNow; error: string }>({ error: '' });
  useEffect(() => {
    setState({ of: identity, error: '' });
    const over = new AbortController();
    void keepReading(
      {
        path: () => `/inspector/feed${toQuery({ ...parseAddress(address) })}`,
        opened: () => setState((before) => ({ ...before, error: '' })),
        take: (message) => {
          const { sessionId, definition, snapshot } = message as Message;
          if (sessionId !== address) return;
          setState((before) => ({ ...before, error: '', now: toNow(before.now, definition, snapshot) }));
        },
        broke: (error) =>
          setState((before) => ({ ...before, error: error instanceof Error ? error.message : '' })),
      },
      over.signal,
    );
    return () => over.abort();
  }, [address, identity]);
  const isOurs = state.of === identity;
  return { now: isOurs ? state.now : undefined, error: isOurs ? state.error : '' };
}

function toNow(before: ActorNow | undefined, definition: string | undefined, told: unknown): ActorNow {
  const snapshot = (typeof told === 'string' ? parse(told) : told) as
    | { value?: unknown; context?: unknown }
    | undefined;
  return {
    definition: definition ?? before?.definition ?? '{}',
    value: snapshot?.value ?? before?.value,
    context: snapshot?.context ?? before?.context,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Its stored events, the oldest first. */
export function useHistory(
  address: string,
  turn: number,
): { readonly events: readonly ToldEvent[] | undefined; readonly error: string } {
  const identity = useSelector(live, ({ context }) => context.identity);
  const [state, setState] = useState<{ of?: number; events?: readonly ToldEvent[]; error: string }>({
    error: '',
  });
  useEffect(() => {
    const over = new AbortController();
    const { namespace, kind, id } = parseAddress(address);
    const read = async (): Promise<void> => {
      const answer = await request(`/events${toQuery({ namespace, kind, id, until: 'now' })}`, {
        signal: over.signal,
      });
      let events: ToldEvent[] = [];
      await readMessages(answer, (message) => {
        events.push(message as ToldEvent);
        if (events.length > 2 * historyMax) events = events.slice(-historyMax);
      });
      setState({ of: identity, events: events.slice(-historyMax), error: '' });
    };
    read().catch((error: unknown) => {
      if (over.signal.aborted) return;
      const sentence = error instanceof Error ? error.message : String(error);
      setState((before) => ({ ...(before.of === identity ? before : {}), of: identity, error: sentence }));
    });
    return () => over.abort();
  }, [address, turn, identity]);
  const isOurs = state.of === identity;
  return { events: isOurs ? state.events : undefined, error: isOurs ? state.error : '' };
}
