/**
 * A procedure's bindings the other way round: from the task and the steps already taken to the arguments of the next
 * one. A value that cannot be told for certain is missing; nothing is guessed.
 */
import type { Binding, ProcedureStep } from '../../machines/words/sops.ts';
import { bounds } from './bounds.ts';
import { toLeaves, toPointer } from './leaves.ts';
import type { Primitive } from './leaves.ts';
import { isTelling, type Known, select, toPlace } from './selectors.ts';
import { readTask } from './task-words.ts';
import { isRedacted } from './terms.ts';
import { toComparable } from './texts.ts';

/** A step that was taken, by its place in the procedure. */
export interface TakenStep {
  readonly step: number;
  readonly args: unknown;
  readonly result?: unknown;
}

export interface Filled {
  /** Values by leaf path. */
  readonly values: ReadonlyMap<string, Primitive>;
  /** Leaf paths without a value. */
  readonly missing: readonly string[];
}

/** Fills a step's arguments. */
export function fillArguments(
  step: Pick<ProcedureStep, 'args'>,
  task: string,
  taken: readonly TakenStep[],
): Filled {
  const values = new Map<string, Primitive>();
  const missing: string[] = [];
  const known = { task: toComparable(task), used: toUsed(taken) };
  for (const [path, binding] of Object.entries(step.args)) {
    const value = find(binding, task, taken, known);
    if (value === undefined || (typeof value === 'string' && isRedacted(value))) missing.push(path);
    else values.set(path, value);
  }
  return { values, missing };
}

function find(
  binding: Binding,
  task: string,
  taken: readonly TakenStep[],
  known: Known,
): Primitive | undefined {
  const { from, selector } = binding;
  if (from === 'constant') return toPrimitive(binding.value);
  if (from === 'task') return selector === undefined ? undefined : readTask(task, selector);
  if (from === 'ask' || binding.path === undefined) return undefined;
  const source = taken.findLast(({ step }) => step === binding.step);
  if (source === undefined) return undefined;
  if (from === 'argument') return findLeaf(source.args, binding.path, '', known);
  return findLeaf(source.result, binding.path, selector ?? '', known);
}

/** Paths name places in lists as 0: the selector says which element is meant. */
function findLeaf(value: unknown, path: string, selector: string, known: Known): Primitive | undefined {
  const leaves = toLeaves(value, bounds.resultLeavesMax).filter(
    (leaf) => toPointer(leaf.path) === path || toPlace(leaf) === path,
  );
  return select(selector, leaves, known);
}

/** What calls were given already. */
function toUsed(taken: readonly TakenStep[]): Set<string> {
  const used = new Set<string>();
  for (const { args } of taken)
    for (const { value } of toLeaves(args, bounds.argumentLeavesMax))
      if (isTelling(value)) used.add(toComparable(String(value)));
  return used;
}

function toPrimitive(value: unknown): Primitive | undefined {
  const isOne = value === null || ['string', 'number', 'boolean'].includes(typeof value);
  return isOne ? (value as Primitive) : undefined;
}

/** Own names that would reach beyond an object. */
const forbidden = new Set(['__proto__', 'constructor', 'prototype']);
/** Places of one list that a path may name. */
const placesMax = 1_000;

/** Leaf paths (`edits/0/oldText`) and values as the arguments they stand for. */
export function toArguments(values: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of values) {
    const parts = path.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    if (parts.some((part) => forbidden.has(part) || (/^\d+$/.test(part) && Number(part) >= placesMax)))
      continue;
    put(root, parts, value);
  }
  return root;
}

function put(root: Record<string, unknown>, parts: readonly string[], value: unknown): void {
  let at: object = root;
  for (const [index, part] of parts.entries()) {
    const next = parts[index + 1];
    // A list has places and nothing else: not its length either.
    if (Array.isArray(at) && !/^\d+$/.test(part)) return;
    if (next === undefined) {
      Reflect.set(at, part, value);
      return;
    }
    const known: unknown = Object.hasOwn(at, part) ? Reflect.get(at, part) : undefined;
    const inner: object = typeof known === 'object' && known !== null ? known : /^\d+$/.test(next) ? [] : {};
    Reflect.set(at, part, inner);
    at = inner;
  }
}

/** The other way round: each leaf of arguments by its path. */
export function toPaths(args: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const paths: Record<string, unknown> = {};
  const walk = (value: unknown, path: string): void => {
    const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
    if (inner.length === 0) paths[path] = value;
    for (const [name, item] of inner) {
      const part = name.replaceAll('~', '~0').replaceAll('/', '~1');
      walk(item, path === '' ? part : `${path}/${part}`);
    }
  };
  for (const [name, value] of Object.entries(args))
    walk(value, name.replaceAll('~', '~0').replaceAll('/', '~1'));
  return paths;
}
