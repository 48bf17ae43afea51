// Long requests between two nodes: they arrive as they were, in bounded room, or not at all.
import { describe, expect, it } from 'vitest';
import {
  bodiesBytesMax,
  bodyBytesMax,
  createForwardedBodies,
  sendBody,
} from '../../../src/node/forwarded-bodies.ts';
import { createSimulatedClock } from '../actors/world.ts';

const name = (id: string) => ({ node: 'front', id });

function open() {
  const clock = createSimulatedClock();
  const bodies = createForwardedBodies({ clock });
  const sizes: number[] = [];
  const ask = async (_to: unknown, _verb: string, data: unknown): Promise<unknown> => {
    sizes.push(JSON.stringify(data).length);
    return bodies.take(data);
  };
  const send = (id: string, body: string) => sendBody({ ask }, 'owner', name(id), body, () => true);
  return { clock, bodies, sizes, send };
}

describe('a long request between nodes', () => {
  it('arrives as it was, in pieces that one message holds each, and is handed out once', async () => {
    const { bodies, sizes, send, clock } = open();
    const body = `{"text":"${'\u{1F43F}é\\u0000'.repeat(200_000)}"}`;
    const bytes = await send('f-1', body);
    expect(Math.max(...sizes)).toBeLessThan(512 * 1024);
    expect(bodies.claim(name('f-1'), bytes) === body).toBe(true);
    expect(() => bodies.claim(name('f-1'), bytes)).toThrow('missing');
    expect(clock.pending).toBe(0);
  });

  it('is refused where a piece is missing or comes twice', async () => {
    const { bodies, send } = open();
    const bytes = await send('f-1', 'x'.repeat(1_000));
    expect(() => bodies.take({ name: name('f-1'), at: 0, bytes: 'eA==' })).toThrow('missing');
    expect(() => bodies.take({ name: name('f-2'), at: 1, bytes: 'eA==' })).toThrow('missing');
    expect(() => bodies.claim(name('f-1'), bytes + 1)).toThrow('missing');
  });

  it('may have what a front door takes; all together find bounded room, which comes free', async () => {
    const { bodies, send, clock } = open();
    await expect(send('f-long', 'x'.repeat(bodyBytesMax + 1))).rejects.toThrow('may have');
    await clock.advance(30_000);
    const most = 'x'.repeat(bodyBytesMax);
    const count = bodiesBytesMax / bodyBytesMax;
    for (let n = 0; n < count; n += 1) await send(`f-${n}`, most);
    await expect(send('f-more', 'x')).rejects.toThrow('try again later');
    expect(bodies.claim(name('f-0'), bodyBytesMax)).toHaveLength(bodyBytesMax);
    await send('f-more', 'x');
    // What nobody comes for is forgotten.
    await clock.advance(30_000);
    expect(clock.pending).toBe(0);
    expect(() => bodies.claim(name('f-1'), bodyBytesMax)).toThrow('missing');
    for (let n = 0; n < count; n += 1) await send(`g-${n}`, most);
  });

  it('makes room at once where whoever sends it leaves', async () => {
    const { bodies, send, clock } = open();
    const bytes = await send('f-1', 'x'.repeat(1_000));
    bodies.leave(name('f-1'));
    expect(clock.pending).toBe(0);
    expect(() => bodies.claim(name('f-1'), bytes)).toThrow('missing');
  });
});
