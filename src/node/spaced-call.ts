/** Something that happens often, told once for each while: the first of a row begins to wait, the others join it. */
import type { Clock } from '../actors/actors.ts';

export interface SpacedCall {
  call(): void;
  listen(heard: () => void): () => void;
}

/** Makes one; a listener must not throw. */
export function createSpacedCall(clock: Pick<Clock, 'schedule'>, spaceMs: number): SpacedCall {
  const listeners = new Set<() => void>();
  let isWaiting = false;
  return {
    call: () => {
      if (isWaiting) return;
      isWaiting = true;
      clock.schedule(spaceMs, () => {
        isWaiting = false;
        for (const heard of listeners) heard();
      });
    },
    listen: (heard) => {
      listeners.add(heard);
      return () => void listeners.delete(heard);
    },
  };
}
