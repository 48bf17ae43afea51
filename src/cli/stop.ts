/** A command that goes on until a signal: asked between its rounds, and woken from its rest. */
import type { World } from './world.ts';

export interface Stop {
  readonly isAsked: () => boolean;
  /** Resolves after so long, or as soon as a signal comes. */
  readonly within: (waitMs: number) => Promise<void>;
  /** Stops listening. */
  readonly end: () => void;
}

/** Listens for a signal from now on. */
export function createStop(world: World): Stop {
  let asked = false;
  let wake = (): void => undefined;
  const end = world.onSignal(() => {
    asked = true;
    wake();
  });
  return {
    isAsked: () => asked,
    within: (waitMs) =>
      asked
        ? Promise.resolve()
        : new Promise((resolve) => {
            const timer = setTimeout(resolve, waitMs);
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
          }),
    end,
  };
}
