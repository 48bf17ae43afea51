// Answers in pieces between two nodes: both sides learn when the other has given up, and listeners leave room for calls.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DreyError } from '../../../machines/words/errors.ts';
import { limits } from '../../../machines/words/limits.ts';
import type { AnswerSink, ForwardedRequest } from '../../../src/gateway/gateway.ts';
import { createClock } from '../../../src/node/clock.ts';
import { createForwardedBodies } from '../../../src/node/forwarded-bodies.ts';
import { createForwardedStreams, listensMax, streamsMax } from '../../../src/node/forwarded-streams.ts';
import type { ForwardedStreams } from '../../../src/node/forwarded-streams.ts';
import { answerForwarded, forward } from '../../../src/node/session-forwarding.ts';
import type { ForwardingOptions } from '../../../src/node/session-forwarding.ts';
import { localPrincipal } from '../../support/gateway-needs.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { until } from '../../support/until.ts';
import { createSimulatedClock, settle } from '../actors/world.ts';

type Ask = (verb: string, data: unknown) => Promise<unknown>;

const sink = (): AnswerSink => ({
  head: () => undefined,
  write: async () => undefined,
  gone: new Promise(() => undefined),
});

/** Two nodes with nothing but their streams between them; `look` lets two seconds pass. */
function createPair() {
  const nodes = new Map<string, ForwardedStreams>();
  const due = new Set<() => void>();
  const asked: string[] = [];
  const state = { broken: false };
  const create = (nodeId: string): ForwardedStreams => {
    const ask = async (to: { readonly id: string }, verb: string, data: unknown): Promise<unknown> => {
      asked.push(`${nodeId} ${verb}`);
      const node = nodes.get(to.id);
      if (state.broken) throw new DreyError('bus_unavailable', 'the bus is away');
      if (node === undefined) throw new DreyError('node_unreachable', 'nobody listens');
      return verb === 'alive' ? node.tellAlive(data) : node.take(data);
    };
    const schedule = (_ms: number, act: () => void) => {
      due.add(act);
      return () => void due.delete(act);
    };
    const streams = createForwardedStreams({
      wire: { ask },
      nodeId,
      clock: { schedule },
      log: quietLog,
    });
    nodes.set(nodeId, streams);
    return streams;
  };
  const look = (): void => {
    const acts = [...due];
    due.clear();
    for (const act of acts) act();
  };
  return { front: create('front'), owner: create('owner'), nodes, asked, state, look };
}

describe('a stream between nodes', () => {
  it('is lost to who expects it once its sender has given up, though that one lives on', async () => {
    const { front, owner, state, look } = createPair();
    const expected = front.expect('owner', sink(), true);
    const abort = owner.begin(expected.name, true);
    expected.begin();
    let write: (text: string) => void = () => undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        write = (text) => controller.enqueue(Buffer.from(text));
      },
    });
    const sent = owner.send(expected.name, body);
    state.broken = true;
    write('a sign of life');
    await sent;
    expect(abort.signal.aborted).toBe(true);
    state.broken = false;
    look();
    await expect(expected.lost).rejects.toMatchObject({ code: 'node_unreachable' });
    expected.close();
  });

  it('goes on while both know of it, whatever the looks', async () => {
    const { front, owner, look, asked } = createPair();
    const expected = front.expect('owner', sink(), true);
    const abort = owner.begin(expected.name, true);
    expected.begin();
    let end: () => void = () => undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => void (end = () => controller.close()),
    });
    const sent = owner.send(expected.name, body);
    for (const looks of [1, 2, 3]) {
      look();
      await until(
        'both have looked',
        () => asked.filter((one) => one.endsWith('alive')).length === 2 * looks,
      );
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(abort.signal.aborted).toBe(false);
    end();
    await sent;
    await expected.over;
    expected.close();
  });

  it.each(['gone', 'forgetful'] as const)(
    'is ended by its sender where the other node is %s',
    async (how) => {
      const { front, owner, nodes, look } = createPair();
      const expected = front.expect('owner', sink(), true);
      const abort = owner.begin(expected.name, true);
      const ended = new Promise((resolve) => abort.signal.addEventListener('abort', resolve));
      const body = new ReadableStream<Uint8Array>({
        start: (controller) =>
          abort.signal.addEventListener('abort', () => controller.error(new Error('aborted'))),
      });
      const sent = owner.send(expected.name, body);
      if (how === 'gone') nodes.delete('front');
      else expected.close();
      look();
      await ended;
      await sent;
      expect(owner.tellAlive({ node: 'front', sends: [expected.name.id], expects: [] }).sends).toEqual([]);
    },
  );

  it('of a listener leaves room for calls, and all to one node are one question', async () => {
    const { front, owner, asked, look } = createPair();
    const held = Array.from({ length: listensMax }, () => front.expect('owner', sink(), true));
    expect(() => front.expect('owner', sink(), true)).toThrow(/streams of listeners/);
    const calls = Array.from({ length: streamsMax - listensMax }, () => front.expect('owner', sink(), false));
    expect(() => front.expect('owner', sink(), false)).toThrow(/try again later/);
    for (const { name } of held) owner.begin(name, true);
    expect(() => owner.begin({ node: 'front', id: 'more' }, true)).toThrow(/streams of listeners/);
    look();
    expect(asked).toEqual(['front alive']);
    for (const one of [...held, ...calls]) one.close();
    front.expect('owner', sink(), true).close();
  });
});

const request: ForwardedRequest = {
  method: 'GET',
  sessionId: 's-1',
  principal: localPrincipal,
  path: '/mcp',
  headers: {},
  body: '',
};

describe('nodes of an older version', () => {
  it('pass no stream on, and a listener is told that there is none', async () => {
    const { front } = createPair();
    const ask: Ask = () => Promise.reject(new DreyError('unexpected', 'something went wrong'));
    const wire = { ask, answer: ask, readEvents: ask } as unknown as ForwardingOptions['wire'];
    await expect(forward({ wire, streams: front }, 'owner', request, sink())).rejects.toMatchObject({
      code: 'method_unknown',
    });
    const post = { ...request, method: 'POST' as const };
    await expect(forward({ wire, streams: front }, 'owner', post, sink())).rejects.toMatchObject({
      code: 'unexpected',
    });
  });

  it('are told at once that an answer is too long for one message', async () => {
    const server = createServer((_req, res) => res.end('"'.repeat(limits.envelopeBytesMax / 2)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { owner } = createPair();
    let answer: Ask = () => Promise.reject(new Error('nobody answers'));
    await answerForwarded({
      wire: {
        answer: async (_to: unknown, heard: (question: object) => Promise<unknown>) => {
          answer = (verb, data) => heard({ verb, data });
          return { stop: () => undefined };
        },
      },
      sessions: { find: () => ({}) },
      vouch: () => 'Bearer vouched',
      url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      nodeId: 'owner',
      streams: owner,
      clock: createClock(),
      log: quietLog,
    } as unknown as ForwardingOptions);
    await expect(answer('mcp', { ...request, method: 'POST', body: '{}' })).rejects.toMatchObject({
      code: 'body_too_large',
    });
  });
});

describe('a client that leaves while its long request is sent ahead', () => {
  it('has it neither sent on nor made, and the room is free at once', async () => {
    const { front } = createPair();
    const clock = createSimulatedClock();
    const bodies = createForwardedBodies({ clock });
    const asked: string[] = [];
    let leave: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => void (leave = resolve));
    const ask = async (_to: unknown, verb: string, data: unknown): Promise<unknown> => {
      asked.push(verb);
      if (verb === 'leave') return bodies.leave(data);
      if (verb !== 'body') return { status: 200, body: 'made nevertheless' };
      bodies.take(data);
      leave();
      return settle();
    };
    const wire = { ask, answer: ask, readEvents: ask } as unknown as ForwardingOptions['wire'];
    const post = { ...request, method: 'POST' as const, body: 'x'.repeat(1024 * 1024) };
    await forward({ wire, streams: front }, 'owner', post, { ...sink(), gone });
    await settle();
    expect(asked).toEqual(['body', 'leave']);
    expect(clock.pending).toBe(0);
  });
});
