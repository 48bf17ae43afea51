/** Whose a question or a log message is that names no request, by what is in flight. */
import { describe, expect, it } from 'vitest';
import type { Asker } from '../../../machines/words/calls.ts';
import { Exchanges } from '../../../src/upstream/exchanges.ts';

const asker = (session: string): Asker => ({
  session,
  capabilities: {},
  ask: () => Promise.resolve({ kind: 'result', result: {} }),
});

function open(
  exchanges: Exchanges,
  id: string,
  options: { asker?: Asker; isOurs?: boolean; heard?: string[] } = {},
) {
  const { heard, ...rest } = options;
  void exchanges.open(id, {
    signal: undefined,
    timeoutMs: 60_000,
    onGiveUp: () => undefined,
    onProgress: undefined,
    onNotification: (notification) => heard?.push(notification),
    ...rest,
  });
}

const cancelled = { kind: 'cancelled' } as const;

describe('a question', () => {
  it('is for the client on whose stream it came, or whose requests alone are in flight', () => {
    const exchanges = new Exchanges();
    const [ann, bob] = [asker('ann'), asker('bob')];
    expect(exchanges.whoIsAsked()).toEqual({ kind: 'nobody' });
    open(exchanges, 'list', { isOurs: true });
    expect(exchanges.whoIsAsked()).toEqual({ kind: 'nobody' });
    open(exchanges, 'a1', { asker: ann });
    open(exchanges, 'a2', { asker: ann });
    expect(exchanges.whoIsAsked()).toEqual({ kind: 'client', id: 'a2', asker: ann });
    open(exchanges, 'b', { asker: bob });
    expect(exchanges.whoIsAsked()).toEqual({ kind: 'several' });
    expect(exchanges.whoIsAsked('a1')).toEqual({ kind: 'client', id: 'a1', asker: ann });
    for (const id of ['a1', 'a2', 'b']) exchanges.settle(id, cancelled);
    open(exchanges, 'modern');
    expect(exchanges.whoIsAsked()).toEqual({ kind: 'deaf' });
    expect(exchanges.whoIsAsked('modern')).toEqual({ kind: 'deaf' });
    exchanges.settleAll(cancelled);
  });

  it('ends with its request, also when that is over already', () => {
    const exchanges = new Exchanges();
    let ended = 0;
    open(exchanges, 'a', { asker: asker('ann') });
    exchanges.onEnd('a', () => (ended += 1));
    expect(ended).toBe(0);
    exchanges.settle('a', cancelled);
    exchanges.onEnd('a', () => (ended += 1));
    expect(ended).toBe(2);
  });
});

it('a log message is of the only request that a client has in flight', () => {
  const exchanges = new Exchanges();
  const heard: string[] = [];
  open(exchanges, 'list', { isOurs: true });
  expect(exchanges.notifyOnly(() => 'lost')).toBe(false);
  open(exchanges, 'a', { heard });
  expect(exchanges.notifyOnly(() => 'mine')).toBe(true);
  open(exchanges, 'b', { heard });
  expect(exchanges.notifyOnly(() => 'whose')).toBe(false);
  expect(heard).toEqual(['mine']);
  exchanges.settleAll(cancelled);
});
