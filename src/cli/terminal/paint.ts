/** Colours by meaning, only where somebody sees them: a terminal, unless NO_COLOR says otherwise. */
import picocolors from 'picocolors';
import type { Screen } from '../world.ts';

export type Paint = (text: string) => string;

export interface Paints {
  readonly good: Paint;
  readonly bad: Paint;
  readonly warn: Paint;
  readonly strong: Paint;
  readonly faint: Paint;
  readonly name: Paint;
}

/** Colours for one screen. */
export function createPaint(screen: Screen, env: Readonly<Record<string, string | undefined>>): Paints {
  const colours = picocolors.createColors(hasColours(screen, env));
  return {
    good: colours.green,
    bad: colours.red,
    warn: colours.yellow,
    strong: colours.bold,
    faint: colours.dim,
    name: colours.cyan,
  };
}

function hasColours(screen: Screen, env: Readonly<Record<string, string | undefined>>): boolean {
  if (env['NO_COLOR']) return false;
  if (env['FORCE_COLOR']) return env['FORCE_COLOR'] !== '0';
  return screen.isTTY === true && env['TERM'] !== 'dumb';
}

/** The colour of a lifecycle state. */
export function paintState(paints: Paints, state: string): Paint {
  if (/^(healthy|running|active|closed|ready|success|ok)/.test(state)) return paints.good;
  if (/^(unhealthy|failed|away|open$|breaker open|unavailable|quarantined|stopped|failure)/.test(state))
    return paints.bad;
  return paints.warn;
}
