// API keys without a database: what they look like, what is asked about them, and what guessing costs.
import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyRing, createDoor, makeKey, toPrincipalId } from '../../../src/access/access.ts';
import type { Admission, KeyRecord } from '../../../src/access/access.ts';
import { missesMax } from '../../../src/access/misses.ts';
import { createSimulatedClock } from '../actors/world.ts';
import type { SimulatedClock } from '../actors/world.ts';

const random = () => randomBytes(16);

interface Stage {
  readonly ring: KeyRing;
  readonly clock: SimulatedClock;
  /** What was asked, question by question. */
  readonly asked: string[][];
  readonly records: Map<string, KeyRecord>;
  isAway: boolean;
  add(changes?: Partial<KeyRecord>): string;
}

function createStage(): Stage {
  const clock = createSimulatedClock();
  const records = new Map<string, KeyRecord>();
  const asked: string[][] = [];
  const stage: Stage = {
    clock,
    asked,
    records,
    isAway: false,
    ring: new KeyRing({
      clock,
      find: async (ids) => {
        asked.push([...ids]);
        if (stage.isAway) throw new Error('away');
        return ids.flatMap((id) => records.get(id) ?? []);
      },
    }),
    add: (changes = {}) => {
      const { keyId, digest, text } = makeKey(random);
      const usual = { namespace: 'acme', agent: 'builder', scopes: ['tool:call'], expiresAtMs: undefined };
      records.set(keyId, { keyId, digest, ...usual, isEnded: false, ...changes });
      return text;
    },
  };
  return stage;
}

const toId = (key: string): string => key.split('_')[1] ?? '';
const isPromise = (value: unknown): boolean => value instanceof Promise;
const status = async (admission: Admission | Promise<Admission>): Promise<number> => {
  const settled = await admission;
  return settled.ok ? 200 : settled.status;
};

describe('a key', () => {
  it('is told from every other text with one character changed, left out or added, without a question', async () => {
    const { ring, add, asked } = createStage();
    const key = add();
    const damaged = fc.oneof(
      fc
        .record({ at: fc.nat(key.length - 1), by: fc.constantFrom(...'abzAZ09_-. ') })
        .map(({ at, by }) => (key.charAt(at) === by ? `${key}x` : key.slice(0, at) + by + key.slice(at + 1))),
      fc.nat(key.length - 1).map((at) => key.slice(0, at) + key.slice(at + 1)),
      fc.nat(key.length).map((at) => `${key.slice(0, at)}0${key.slice(at)}`),
    );
    await fc.assert(
      fc.asyncProperty(damaged, async (text) => {
        expect(await status(ring.admit(text, 'a'))).toBe(401);
      }),
    );
    expect(asked).toEqual([]);
    expect(await status(ring.admit(key, 'a'))).toBe(200);
  });

  it('never comes twice, and nothing of its secret is in what is stored', () => {
    const made = Array.from({ length: 200 }, () => makeKey(random));
    expect(new Set(made.map(({ text }) => text)).size).toBe(200);
    for (const { text, keyId, digest } of made) {
      expect(text).toMatch(/^drey_[a-z2-7]{16}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/);
      expect(toId(text)).toBe(keyId);
      expect(digest).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it('gives its agent, namespace and scopes as the database has them', async () => {
    const { ring, add } = createStage();
    const key = add({ namespace: 'globex', agent: 'tester', scopes: ['sop:read'] });
    expect(await ring.admit(key, 'a')).toEqual({
      ok: true,
      principal: {
        id: 'tester@globex',
        namespace: 'globex',
        local: false,
        mayNameNamespaces: false,
        scopes: ['sop:read'],
        agent: 'tester',
        credential: `key ${toId(key)}`,
      },
    });
  });

  it.each([
    ['revoked', { isEnded: true }],
    ['over', { expiresAtMs: 1 }],
  ])('that is %s is refused like one that nobody knows', async (_, changes) => {
    const { ring, add } = createStage();
    const refused = await ring.admit(add(changes), 'a');
    expect(refused).toEqual(await ring.admit(makeKey(random).text, 'a'));
  });

  it('with the right id and another secret is refused, and costs no question', async () => {
    const { ring, add, asked, records } = createStage();
    const key = add();
    await ring.admit(key, 'a');
    const other = makeKey(random);
    records.set(other.keyId, { ...(records.get(toId(key)) as KeyRecord), keyId: other.keyId });
    expect(await status(ring.admit(other.text, 'a'))).toBe(401);
    expect(asked.flat()).toEqual([toId(key), other.keyId]);
    expect(isPromise(ring.admit(other.text, 'a'))).toBe(false);
    expect(asked).toHaveLength(2);
  });
});

describe('what is asked', () => {
  it('is nothing for a key that was shown a moment ago', async () => {
    const { ring, add, asked, clock } = createStage();
    const key = add();
    const first = ring.admit(key, 'a');
    expect(isPromise(first)).toBe(true);
    await first;
    for (let turn = 0; turn < 1_000; turn += 1) {
      expect(isPromise(ring.admit(key, 'a'))).toBe(false);
      await clock.advance(10);
    }
    // Ten seconds of use: it was confirmed in the background, not by those who came.
    expect(asked.length).toBeLessThan(10);
  });

  it('is one question for all who come at once, whatever they show', async () => {
    const { ring, add, asked, clock } = createStage();
    const keys = Array.from({ length: 300 }, () => add());
    const coming = [...keys, ...keys].map((key, at) => ring.admit(key, `address ${at}`));
    await clock.advance(1_000);
    expect(await Promise.all(coming.map(status))).toEqual(coming.map(() => 200));
    expect(asked.map(({ length }) => length)).toEqual([1, 299]);
  });

  it('is little while somebody guesses, and those with a key notice nothing', async () => {
    const { ring, add, asked, clock } = createStage();
    const key = add();
    await ring.admit(key, 'office');
    const before = asked.length;
    const seen = new Map<number, number>();
    for (let guess = 0; guess < 2_000; guess += 1) {
      const one = await status(ring.admit(makeKey(random).text, 'office'));
      seen.set(one, (seen.get(one) ?? 0) + 1);
      if (guess % 100 === 0) expect(await status(ring.admit(key, 'office'))).toBe(200);
      await clock.advance(1);
    }
    expect(seen.get(401)).toBeLessThanOrEqual(missesMax + 5);
    expect(seen.get(429)).toBeGreaterThan(1_900);
    expect(asked.slice(before).flat().length).toBeLessThan(missesMax + 20);
  });

  it('does not shut out the agents beside one that goes on showing a key that is over', async () => {
    const { ring, add, clock } = createStage();
    const over = add({ isEnded: true });
    for (let time = 0; time < 5 * missesMax; time += 1) {
      expect(await status(ring.admit(over, 'office'))).toBe(401);
      await clock.advance(20);
    }
    expect(await status(ring.admit(add(), 'office'))).toBe(200);
  });

  it('is free to be shown again seconds after any number of guesses at once', async () => {
    const { ring, add, clock } = createStage();
    const guesses = Array.from({ length: 20 * missesMax }, () => ring.admit(makeKey(random).text, 'office'));
    await clock.advance(100);
    for (const guess of guesses) await guess;
    const key = add();
    expect(await status(ring.admit(key, 'office'))).toBe(429);
    await clock.advance(6_000);
    expect(await status(ring.admit(key, 'office'))).toBe(200);
  });

  it('from many addresses comes in bounded questions, one after the other, and is refused beyond', async () => {
    const { ring, add, asked, clock } = createStage();
    const guesses = Array.from({ length: 6_000 }, (_, at) => ring.admit(makeKey(random).text, `bot ${at}`));
    const key = ring.admit(add(), 'office');
    await clock.advance(5_000);
    const seen = await Promise.all(guesses.map(status));
    expect(new Set(seen)).toEqual(new Set([401, 429]));
    expect(Math.max(...asked.map(({ length }) => length))).toBeLessThanOrEqual(500);
    expect(await status(key)).toBe(429);
    expect(await status(ring.admit(add(), 'office'))).toBe(200);
  });
});

describe('what changes', () => {
  it('counts at once where it is heard of', async () => {
    const { ring, add, records } = createStage();
    const key = add();
    await ring.admit(key, 'a');
    const keyId = toId(key);
    records.set(keyId, { ...(records.get(keyId) as KeyRecord), isEnded: true });
    expect(await status(ring.admit(key, 'a'))).toBe(200);
    ring.forget(keyId);
    expect(await status(ring.admit(key, 'a'))).toBe(401);
  });

  it('counts within five seconds where it is not, however often the key is shown meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 2_500 }), { minLength: 1 }), async (pauses) => {
        const { ring, add, records, clock } = createStage();
        const key = add();
        await ring.admit(key, 'a');
        let sinceMs = 0;
        records.set(toId(key), { ...(records.get(toId(key)) as KeyRecord), isEnded: true });
        for (const pause of pauses) {
          await clock.advance(pause);
          sinceMs += pause;
          const one = await status(ring.admit(key, 'a'));
          if (sinceMs > 4_000) expect(one).toBe(401);
        }
      }),
    );
  });

  it('shuts out every key of an agent', async () => {
    const { ring, add, records, clock } = createStage();
    const keys = [add(), add(), add({ agent: 'tester' })];
    const knock = async () => {
      const asked = keys.map((key) => status(ring.admit(key, 'a')));
      await clock.advance(100);
      return Promise.all(asked);
    };
    expect(await knock()).toEqual([200, 200, 200]);
    for (const [keyId, record] of records)
      if (record.agent === 'builder') records.set(keyId, { ...record, isEnded: true });
    ring.forgetAgent('acme', 'builder');
    expect(await knock()).toEqual([401, 401, 200]);
  });

  it('while it is being asked for is not remembered as it was', async () => {
    const { ring, add, records } = createStage();
    const key = add();
    const asking = ring.admit(key, 'a');
    records.set(toId(key), { ...(records.get(toId(key)) as KeyRecord), isEnded: true });
    ring.forget(toId(key));
    await asking;
    expect(await status(ring.admit(key, 'a'))).toBe(401);
  });
});

describe('while the database is away', () => {
  it('a key that was known lately opens for five minutes more; no other does', async () => {
    const stage = createStage();
    const { ring, add, clock } = stage;
    const known = add();
    await ring.admit(known, 'a');
    stage.isAway = true;
    for (let minute = 0; minute < 4; minute += 1) {
      await clock.advance(60_000);
      expect(await status(ring.admit(known, 'a'))).toBe(200);
      expect(await status(ring.admit(add(), 'b'))).toBe(503);
    }
    await clock.advance(61_000);
    expect(await status(ring.admit(known, 'a'))).toBe(503);
    stage.isAway = false;
    expect(await status(ring.admit(known, 'a'))).toBe(200);
  });

  it('one that the bus told to be revoked opens no more', async () => {
    const stage = createStage();
    const key = stage.add();
    await stage.ring.admit(key, 'a');
    stage.isAway = true;
    stage.ring.forget(toId(key));
    expect(await status(stage.ring.admit(key, 'a'))).toBe(503);
  });
});

describe('the door', () => {
  const open = (ring: KeyRing, requireToken = false) =>
    createDoor({
      requireToken,
      token: 'the-token-of-this-node-0123456789abcdef',
      loopback: true,
      allowedHosts: [],
      allowedOrigins: [],
      port: 7333,
      keys: ring,
    });
  const here = { host: 'localhost:7333', remoteAddress: '127.0.0.1' };

  it('lets the local principal in at once, beside those with keys, who are never local', async () => {
    const { ring, add } = createStage();
    const door = open(ring);
    expect(door.admit(here)).toMatchObject({ principal: { id: 'local', local: true } });
    const withKey = await door.admit({ ...here, authorization: `Bearer ${add()}` });
    expect(withKey).toMatchObject({
      principal: { id: 'builder@acme', local: false, mayNameNamespaces: false },
    });
    expect(await status(open(ring, true).admit(here))).toBe(401);
  });

  it('looks at Host and Origin before it looks at a key', async () => {
    const { ring, add, asked } = createStage();
    const authorization = `Bearer ${add()}`;
    expect(await status(open(ring).admit({ ...here, host: 'evil.example', authorization }))).toBe(403);
    expect(await status(open(ring).admit({ ...here, origin: 'https://evil.example', authorization }))).toBe(
      403,
    );
    expect(asked).toEqual([]);
  });

  it('takes a ticket of its own once, and nobody else’s', async () => {
    const { ring } = createStage();
    const door = open(ring, true);
    const principal = { id: 'x@acme', namespace: 'acme', local: false, mayNameNamespaces: false, scopes: [] };
    const authorization = door.vouch(principal);
    expect(await status(open(ring, true).admit({ ...here, authorization }))).toBe(401);
    expect(door.admit({ ...here, authorization })).toEqual({ ok: true, principal });
    expect(await status(door.admit({ ...here, authorization }))).toBe(401);
  });
});

describe('the id of an agent', () => {
  const namespace = fc.stringMatching(/^[a-z0-9_-]{1,255}$/);
  const agent = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,39}$/);

  it('is never the same for two, fits wherever ids are kept, and is never the local one', () => {
    fc.assert(
      fc.property(namespace, agent, namespace, agent, (a, x, b, y) => {
        const id = toPrincipalId(a, x);
        expect(id.length).toBeLessThanOrEqual(122);
        expect(id).not.toBe('local');
        expect(id === toPrincipalId(b, y)).toBe(a === b && x === y);
      }),
    );
  });
});
