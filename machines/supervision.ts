/**
 * What a supervisor decides, as plain functions over its children: who falls with whom, who is stopped or started
 * next, how long to wait, and when it was too often. Children stand in their start order everywhere.
 */

export type Strategy = 'one_for_one' | 'rest_for_one' | 'one_for_all';
/** permanent: always restarted; transient: after an error only; temporary: never. */
export type RestartKind = 'permanent' | 'transient' | 'temporary';
export type ExitReason = 'normal' | 'error';

/** Children of one supervisor. */
export const supervisorChildrenMax = 50;

export interface ChildSpec {
  readonly id: string;
  readonly restart: RestartKind;
  /** Place in the start order: a child may need those before it. */
  readonly dependsOrder: number;
}

/** down: not there; waiting: due later; gone: nobody will start it again. */
export type ChildPhase = 'down' | 'waiting' | 'starting' | 'up' | 'stopping' | 'gone';

export interface Child extends ChildSpec {
  readonly phase: ChildPhase;
  /** Whether it should run; a child that should not is stopped in its turn. */
  readonly wanted: boolean;
  /** Stopped for another's sake, or by hand: it comes back when nobody waits who took it down. */
  readonly returns: boolean;
  /** Counts starts and so names the instance: timers and reports of an earlier one are stale. */
  readonly starts: number;
  /** Deaths in a row without a period of calm. */
  readonly fails: number;
  readonly upSince: number | null;
}

export interface SupervisorSettings {
  readonly strategy: Strategy;
  /** More restarts than these within the period end the supervisor. */
  readonly intensity: number;
  readonly periodMs: number;
  readonly restMs: number;
  readonly restFactor: number;
  readonly restMsMax: number;
  readonly startMs: number;
  readonly stopMs: number;
}

export const supervisorDefaults: SupervisorSettings = {
  strategy: 'one_for_one',
  intensity: 3,
  periodMs: 5_000,
  restMs: 100,
  restFactor: 2,
  restMsMax: 30_000,
  startMs: 10_000,
  stopMs: 5_000,
};

/** The children before anything began, in start order. */
export function toChildren(specs: readonly ChildSpec[]): readonly Child[] {
  return [...specs]
    .sort((a, b) => a.dependsOrder - b.dependsOrder)
    .slice(0, supervisorChildrenMax)
    .map((spec) => ({
      ...spec,
      phase: 'down',
      wanted: false,
      returns: false,
      starts: 0,
      fails: 0,
      upSince: null,
    }));
}

/** The child that must be stopped next: the last of those not wanted, one at a time. */
export function toStopNext(children: readonly Child[]): Child | undefined {
  if (children.some(({ phase }) => phase === 'stopping')) return undefined;
  return children.findLast(({ phase, wanted }) => !wanted && (phase === 'up' || phase === 'starting'));
}

/** The child that may be started next: the first that is due, one at a time and never while another stops. */
export function toStartNext(strategy: Strategy, children: readonly Child[]): Child | undefined {
  if (children.some(({ phase }) => phase === 'stopping' || phase === 'starting')) return undefined;
  if (toStopNext(children) !== undefined) return undefined;
  const held = new Set(
    children
      .filter(({ phase }) => phase === 'waiting')
      .flatMap(({ id }) => toAffected(strategy, children, id)),
  );
  return children.find(
    ({ id, phase, wanted, returns }) => phase === 'down' && (wanted || (returns && !held.has(id))),
  );
}

/** Whether a child that exited is to come back. */
export function comesBack(kind: RestartKind, reason: ExitReason): boolean {
  return kind === 'permanent' || (kind === 'transient' && reason === 'error');
}

/** Whoever falls with a child: itself, those after it, or all. */
export function toAffected(strategy: Strategy, children: readonly Child[], id: string): readonly string[] {
  if (strategy === 'one_for_one') return [id];
  const ids = children.map((child) => child.id);
  return strategy === 'one_for_all' ? ids : ids.slice(ids.indexOf(id));
}

/** The restarts still within the period at that moment. */
export function toRecent(
  settings: SupervisorSettings,
  restarts: readonly number[],
  at: number,
): readonly number[] {
  return restarts.filter((moment) => at - moment < settings.periodMs);
}

/** The wait before a child that died that often comes back. */
export function toRestMs(settings: SupervisorSettings, fails: number): number {
  return Math.min(settings.restMsMax, settings.restMs * settings.restFactor ** Math.max(0, fails - 1));
}

/** The child with other fields; the others as they were. */
export function withChild(children: readonly Child[], id: string, fields: Partial<Child>): readonly Child[] {
  return children.map((child) => (child.id === id ? { ...child, ...fields } : child));
}

/** A child that should come back died: it waits, and whoever falls with it is to be stopped first. */
export function fallTogether(
  settings: SupervisorSettings,
  children: readonly Child[],
  id: string,
  at: number,
): readonly Child[] {
  const affected = new Set(toAffected(settings.strategy, children, id));
  return children.map((child) => {
    if (child.id === id) {
      const calm = child.upSince !== null && at - child.upSince > settings.periodMs;
      return { ...child, phase: 'waiting', upSince: null, fails: calm ? 1 : child.fails + 1 };
    }
    if (!affected.has(child.id) || child.phase === 'gone') return child;
    // Temporary children are not brought back by another's restart either.
    return { ...child, wanted: false, returns: child.restart !== 'temporary' };
  });
}

/** A child is there no more, for another's sake or because it was told to stop. */
export function layDown(children: readonly Child[], id: string): readonly Child[] {
  return children.map((child) => {
    if (child.id !== id) return child;
    return { ...child, phase: child.wanted || child.returns ? 'down' : 'gone', upSince: null };
  });
}

/** Nobody is wanted any more: everything stops, last started first. */
export function unwant(children: readonly Child[]): readonly Child[] {
  return children.map((child) => ({
    ...child,
    wanted: false,
    returns: false,
    phase: child.phase === 'waiting' || child.phase === 'down' ? ('gone' as const) : child.phase,
  }));
}

/** Whether hands have something of it that can exit. */
export function isThere({ phase }: Child): boolean {
  return phase === 'starting' || phase === 'up' || phase === 'stopping';
}

/** Whether nothing is running or on its way. */
export function areAllDown(children: readonly Child[]): boolean {
  return !children.some(isThere);
}
