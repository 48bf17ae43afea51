/**
 * What a shared context holds and who may do what in it, as pure functions: a change of several keys at once, what it
 * expects, and the permissions that decide about it. A state is never changed, only replaced.
 */
import { everyone } from './words/contexts.ts';
import type { ContextCaller, ContextPermission } from './words/contexts.ts';

export type ContextState = Readonly<Record<string, unknown>>;

/** Several keys changed at once; what is not named stays as it is. */
export interface ContextChange {
  readonly changes: ContextState;
  /** JSON merge patches (RFC 7396) of single keys; one that is null removes its key. */
  readonly patches?: ContextState | undefined;
  readonly removed?: readonly string[] | undefined;
}

/** What must be so for a change to be made. */
export interface ContextExpectation {
  /** Null means: whatever the version is; 0: only if there is no context yet. */
  readonly expectedVersion: number | null;
  /** Keys that must have these values. */
  readonly expected?: ContextState | undefined;
  /** Keys that must not be there. */
  readonly absent?: readonly string[] | undefined;
}

/** A change as it turned out: whole values, no patches; and what the keys held before, where they were there. */
export interface ResolvedChange {
  readonly changes: ContextState;
  readonly removed: readonly string[];
  readonly was: ContextState;
}

export interface ContextAccess {
  /** Grows with each change of the rest; 0 before the context was created. */
  readonly version: number;
  /** '' for the house itself. */
  readonly creator: string;
  readonly everyone: readonly ContextPermission[];
  readonly grants: readonly ContextGrant[];
}

export interface ContextGrant {
  readonly principal: string;
  readonly permissions: readonly ContextPermission[];
}

export const noAccess: ContextAccess = { version: 0, creator: '', everyone: [], grants: [] };

/** What somebody may do; nothing at all for a stranger. */
export function permissionsOf(
  access: ContextAccess,
  { principal, isAdmin }: ContextCaller,
): readonly ContextPermission[] {
  if (isAdmin || principal === '' || principal === access.creator) return ['administer'];
  const own = access.grants.find((grant) => grant.principal === principal)?.permissions ?? [];
  return [...new Set([...own, ...access.everyone])];
}

/** Each permission lets its owner read, and who administers may do everything. */
export function isAllowed(
  access: ContextAccess,
  caller: ContextCaller,
  permission: ContextPermission,
): boolean {
  const permissions = permissionsOf(access, caller);
  if (permission === 'read') return permissions.length > 0;
  return permissions.includes(permission) || permissions.includes('administer');
}

/** The permissions after one agent, or everyone, was given these instead of what it had; none takes them away. */
export function withGrant(access: ContextAccess, { principal, permissions }: ContextGrant): ContextAccess {
  const version = access.version + 1;
  if (principal === everyone) return { ...access, version, everyone: permissions };
  const others = access.grants.filter((grant) => grant.principal !== principal);
  const grants = permissions.length === 0 ? others : [...others, { principal, permissions }];
  return { ...access, version, grants };
}

/** The state after a change. */
export function applyChange(
  state: ContextState,
  { changes, patches = {}, removed = [] }: ContextChange,
): ContextState {
  const next = new Map(Object.entries(state));
  for (const [key, value] of Object.entries(changes)) next.set(key, value);
  for (const [key, patch] of Object.entries(patches)) {
    if (patch === null) next.delete(key);
    else next.set(key, mergePatch(next.get(key), patch));
  }
  for (const key of removed) next.delete(key);
  return Object.fromEntries(next);
}

/** What a change did; keys that it left as they were are not named, unless it was told to write them. */
export function resolveChange(
  before: ContextState,
  after: ContextState,
  change: ContextChange,
): ResolvedChange {
  const { changes, patches = {}, removed = [] } = change;
  const touched = new Set([...Object.keys(changes), ...Object.keys(patches), ...removed]);
  const keys = [...touched];
  return {
    changes: pick(after, keys),
    removed: keys.filter((key) => Object.hasOwn(before, key) && !Object.hasOwn(after, key)),
    was: pick(before, keys),
  };
}

/** Some keys of a state, where they are there. */
export function pick(state: ContextState, keys: readonly string[]): ContextState {
  return Object.fromEntries(keys.flatMap((key) => (Object.hasOwn(state, key) ? [[key, state[key]]] : [])));
}

/** Whether single keys are as a change expects them. */
export function meetsExpectation(
  state: ContextState,
  { expected = {}, absent = [] }: ContextExpectation,
): boolean {
  return (
    absent.every((key) => !Object.hasOwn(state, key)) &&
    Object.entries(expected).every(([key, value]) => Object.hasOwn(state, key) && isSame(state[key], value))
  );
}

/** Equal as JSON, whatever the order of keys. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => isSame(item, b[index]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key]));
}

/** RFC 7396: objects are merged, null removes, everything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
