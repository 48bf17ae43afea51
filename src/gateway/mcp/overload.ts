/**
 * Whether more comes than is answered: nobody has come through quickly for a while (the standing queue of CoDel, Nichols
 * and Jacobson 2012). A burst that is worked off is none, and neither is a process that stood still once.
 */

/** Who waits no longer than this came through quickly. */
export const quickMs = 25;
/** Nobody came through quickly for so long: longer than a thousand calls at once take on a slow machine. */
export const standingMs = 3_000;
/** One comes through quickly after so long without anybody who did not: it is over. */
export const calmMs = 500;
/** What one step of waiting counts at most; a longer one is a standstill of the process or of the whole machine. */
const stepMsMax = 250;

export interface Overload {
  /** Somebody's turn has come after so many milliseconds. */
  note(waitedMs: number): void;
  readonly isOn: boolean;
}

/** Opens it; of `now`, in milliseconds, only differences count. */
export function openOverload(now: () => number): Overload {
  let isOn = false;
  /** For how long all have waited. */
  let standing = 0;
  let notedAt = now();
  let slowAt = Number.NEGATIVE_INFINITY;
  return {
    note: (waitedMs) => {
      const at = now();
      if (waitedMs <= quickMs) {
        standing = 0;
        if (at - slowAt > calmMs) isOn = false;
      } else {
        standing += Math.min(at - notedAt, stepMsMax);
        slowAt = at;
        if (standing >= standingMs) isOn = true;
      }
      notedAt = at;
    },
    get isOn() {
      return isOn;
    },
  };
}
