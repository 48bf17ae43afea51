/** Places of those who follow over REST: who left before being let in takes none, and who reads nothing loses it. */
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AnyEvent } from '../../../machines/words/events.ts';
import { followersMax } from '../../../src/gateway/rest/followers.ts';
import { startGateway } from '../../support/gateway-server.ts';
import type { GatewayServer } from '../../support/gateway-server.ts';
import { until } from '../../support/until.ts';

let at: GatewayServer;
let letIn: () => void;
let waiting: number;
let gate: Promise<void> | undefined;
let isRevoked: boolean;
/** What happens between asking for events and following them. */
let beforeFollowing: () => Promise<void>;
beforeEach(async () => {
  waiting = 0;
  isRevoked = false;
  beforeFollowing = () => Promise.resolve();
  gate = new Promise((resolve) => (letIn = resolve));
  at = await startGateway((needs) => ({
    ...needs,
    admit: async (asked) => {
      waiting += 1;
      await gate;
      if (!isRevoked) return needs.admit(asked);
      return { ok: false, status: 401, code: 'principal_unknown', sentence: 'this key was revoked' };
    },
    followEvents: async (asked, onEvent) => {
      const following = await needs.followEvents(asked, onEvent);
      await beforeFollowing();
      return following;
    },
    // Of a context only that it may be read is asked here.
    contexts: { get: async () => ({}), onChanged: () => () => undefined } as never,
  }));
});
afterEach(() => at.close());

function follow(path: string, headers = {}) {
  return request({ port: at.port, host: '127.0.0.1', path: `/api/v1${path}`, agent: false, headers }).on(
    'error',
    () => undefined,
  );
}
const ann = { authorization: 'Bearer ann' };
const event: AnyEvent = {
  id: 'v-1',
  type: 'memory.forgotten',
  at: '2026-01-01T00:00:00.000Z',
  namespace: 'acme',
  actor: { kind: 'memory', id: 'm-1' },
  version: 1,
  data: { reason: 'x'.repeat(60_000) },
} as never;

it.each(['/events', '/status/changes'])(
  'no place of %s is taken by those who left before they were let in',
  async (path) => {
    const gone = Array.from({ length: followersMax }, () => follow(path));
    for (const one of gone) one.end();
    await until('all have asked', () => waiting === followersMax);
    for (const one of gone) one.destroy();
    await until('all have left', () => at.open() === 0);
    letIn();
    gate = undefined;
    const status = await new Promise((resolve) => {
      const one = follow(path).on('response', (res) => {
        resolve(res.statusCode);
        one.destroy();
      });
      one.end();
    });
    expect(status).toBe(200);
  },
);

it('a revoked follower that reads nothing loses its place all the same', async () => {
  letIn();
  const one = follow('/events', ann);
  const answer = new Promise<IncomingMessage>((resolve) => one.on('response', resolve));
  one.end();
  (await answer).pause();
  // More than the sockets between here and there hold, and less than it may leave unread.
  await until('it is behind', () => {
    for (let sent = 0; sent < 8; sent += 1) at.house.emit(event);
    return at.unread() > 1024 * 1024;
  });
  isRevoked = true;
  await until('its place is free', () => at.house.followerCount() === 0, 15_000);
  one.destroy();
}, 30_000);

it('a follower that is revoked before anything was said hears no empty answer', async () => {
  let goOn: () => void = () => undefined;
  beforeFollowing = () => new Promise((resolve) => (goOn = resolve));
  letIn();
  const one = follow('/contexts/c-1/changes', ann);
  const heard = new Promise((resolve) => one.on('response', resolve).on('error', resolve));
  one.end();
  await until('the bus is asked', () => at.house.followerCount() === 1);
  isRevoked = true;
  expect(await heard).toMatchObject({ code: 'ECONNRESET' });
  goOn();
  await until('nothing is followed', () => at.house.followerCount() === 0);
});

it('a change that comes before the answer has begun begins it, and nothing is followed when it ends', async () => {
  beforeFollowing = async () => {
    at.house.emit(event);
    await turn();
  };
  letIn();
  const one = follow('/contexts/c-1/changes', ann);
  const type = await new Promise((resolve) => {
    one.on('response', (res) => resolve(res.headers['content-type']));
    one.end();
  });
  expect(type).toContain('text/event-stream');
  one.destroy();
  await until('nothing is followed', () => at.house.followerCount() === 0);
});
