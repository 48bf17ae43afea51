// Streams of changes on one connection of 2026-07-28: what is watched for them, how many there may be, and that each ends.
import { describe, expect, it } from 'vitest';
import { listensMax, openStreamListens } from '../../../src/gateway/mcp/stream-listens.ts';
import type { CallOutcome } from '../../../machines/words/calls.ts';
import type { GatewayNeeds } from '../../../src/gateway/gateway.ts';
import { localPrincipal } from '../../support/gateway-needs.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { until } from '../../support/until.ts';

const done: CallOutcome = { outcome: 'finished', result: '{}', isError: false };

/** An ear for upstreams that takes its time. */
function open() {
  const watched = new Set<string>();
  const waiting: (() => void)[] = [];
  const hearing: GatewayNeeds['hearing'] = {
    watch: (uri) =>
      new Promise((resolve) => {
        waiting.push(() => {
          watched.add(uri);
          resolve(done);
        });
      }),
    unwatch: (uri) => {
      watched.delete(uri);
      return Promise.resolve(done);
    },
    setLevel: () => done,
    leave: () => watched.clear(),
  };
  const listens = openStreamListens(
    { hearing, log: quietLog } as GatewayNeeds,
    localPrincipal,
    () => undefined,
  );
  return {
    watched,
    asked: () => waiting.length,
    answer: () => waiting.splice(0).forEach((go) => go()),
    listen: (id: number, ...uris: string[]) =>
      listens.see({
        jsonrpc: '2.0',
        id,
        method: 'subscriptions/listen',
        params: { notifications: { resourceSubscriptions: uris } },
      }),
    cancel: (requestId: number) => listens.see({ method: 'notifications/cancelled', params: { requestId } }),
  };
}

describe('a stream of changes', () => {
  it('that is cancelled before its upstream answered leaves nothing watched', async () => {
    const at = open();
    at.listen(1, 'a:1', 'a:2');
    await until('the upstream was asked', () => at.asked() === 2);
    at.cancel(1);
    at.answer();
    await until('nothing is watched', () => at.asked() === 0 && at.watched.size === 0);
    at.listen(1, 'a:1');
    await until('the upstream was asked again', () => at.asked() === 1);
    at.answer();
    expect([...at.watched]).toEqual(['a:1']);
    at.cancel(1);
    await until('nothing is watched again', () => at.watched.size === 0);
  });

  it('shares what it watches with others, and each counts once, whatever its id is said twice', async () => {
    const at = open();
    at.listen(1, 'a:1');
    at.listen(1, 'a:2');
    at.listen(2, 'a:1');
    await until('the upstream was asked once', () => at.asked() === 1);
    at.answer();
    at.cancel(1);
    at.cancel(1);
    at.cancel(7);
    expect([...at.watched]).toEqual(['a:1']);
    at.cancel(2);
    await until('nothing is watched', () => at.watched.size === 0);
  });

  it('is one of a bounded number, also while none of them is answered yet', async () => {
    const at = open();
    const ids = Array.from({ length: listensMax + 5 }, (_, id) => id);
    for (const id of ids) at.listen(id, `a:${id}`);
    await until('the upstream was asked', () => at.asked() === listensMax);
    at.answer();
    expect(at.watched.size).toBe(listensMax);
    expect(at.watched.has(`a:${listensMax}`)).toBe(false);
    at.cancel(0);
    await until('there is room again', () => !at.watched.has('a:0'));
    at.listen(5_000, 'a:late');
    await until('the upstream was asked for it', () => at.asked() === 1);
  });
});
