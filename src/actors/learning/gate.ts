/** A gate: holds back whoever waits for it while it is closed. */

export interface Gate {
  /** Resolves while it is open. */
  readonly opened: Promise<void>;
  open(): void;
  close(): void;
}

/** Is open. */
export function createGate(): Gate {
  let opened: Promise<void> = Promise.resolve();
  let open: (() => void) | undefined;
  return {
    get opened() {
      return opened;
    },
    open() {
      open?.();
      open = undefined;
    },
    close() {
      // Closed twice is closed once: who waits already must not be forgotten.
      if (open === undefined) opened = new Promise((resolve) => (open = resolve));
    },
  };
}
