/** What is under way, and telling it to stop: both are what they stand in for, in every order of things. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pending } from '../../machines/words/pending.ts';
import { Stop, toAbortSignal } from '../../machines/words/stop.ts';
import type { StopSignal } from '../../machines/words/stop.ts';

describe('what is under way', () => {
  const step = fc.record({
    what: fc.constantFrom('set', 'delete', 'clear'),
    id: fc.constantFrom('drey-1', 'drey-2', 'k-3', '__proto__', 'constructor', ''),
  });

  it('is kept as a map keeps it, whatever its ids are', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const pending = new Pending<{ at: number }>();
        const map = new Map<string, { at: number }>();
        for (const [at, { what, id }] of steps.entries()) {
          if (what === 'set') {
            const one = { at };
            pending.set(id, one);
            map.set(id, one);
          } else if (what === 'delete') expect(pending.delete(id)).toBe(map.delete(id));
          else if (at % 7 === 0) {
            pending.clear();
            map.clear();
          }
          expect(pending.size).toBe(map.size);
          expect(pending.get(id)).toBe(map.get(id));
          expect(pending.has(id)).toBe(map.has(id));
          expect(pending.entries()).toEqual([...map]);
          expect(pending.values()).toEqual([...map.values()]);
        }
      }),
    );
  });
});

describe('telling work to stop', () => {
  type Step = 'abort' | 'remove second' | 'add second' | 'add third';
  const play = (
    steps: readonly Step[],
    { signal, abort }: { signal: StopSignal; abort(why: string): void },
  ) => {
    const heard: string[] = [];
    const third = () => heard.push('third');
    const second = () => heard.push(`second ${String(signal.reason)} ${signal.aborted}`);
    const first = () => {
      heard.push('first');
      signal.removeEventListener('abort', third);
    };
    signal.addEventListener('abort', first);
    for (const [at, step] of steps.entries()) {
      if (step === 'abort') abort(`why ${at}`);
      else if (step === 'remove second') signal.removeEventListener('abort', second);
      else {
        const added = step === 'add second' ? second : third;
        signal.removeEventListener('abort', added);
        signal.addEventListener('abort', added);
      }
      heard.push(`${step}: ${signal.aborted}`);
    }
    return heard;
  };

  it('is what an AbortController does', () => {
    const step = fc.constantFrom<Step>('abort', 'remove second', 'add second', 'add third');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const controller = new AbortController();
        const real = { signal: controller.signal, abort: (why: string) => controller.abort(why) };
        const stop = new Stop();
        const ours = { signal: stop.signal, abort: (why: string) => stop.abort(why) };
        expect(play(steps, ours)).toEqual(play(steps, real));
      }),
    );
  });

  it('reaches who must have a real signal, before and after', () => {
    const stop = new Stop();
    const early = toAbortSignal(stop.signal);
    expect(early.aborted).toBe(false);
    stop.abort('enough');
    const late = toAbortSignal(stop.signal);
    expect([early.aborted, early.reason, late.aborted, late.reason]).toEqual([
      true,
      'enough',
      true,
      'enough',
    ]);
    expect(toAbortSignal(early)).toBe(early);
  });
});
