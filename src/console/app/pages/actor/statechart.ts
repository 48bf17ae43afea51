/** A machine's definition as boxes and lines: leaf states, and what leads from one to another. */
import type { Box, Line } from '../../parts/graph.tsx';

interface StateNode {
  readonly initial?: unknown;
  readonly type?: string;
  readonly states?: Readonly<Record<string, StateNode>>;
  readonly on?: Readonly<Record<string, unknown>>;
  readonly after?: Readonly<Record<string, unknown>>;
  readonly always?: unknown;
}

export interface Statechart {
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
}

/** Depth to which states are read. */
const depthMax = 6;
const labelNamesMax = 2;

/** Reads a definition as XState writes it; what is not understood is left out. */
export function toStatechart(definition: string): Statechart {
  const root = parse(definition);
  const leaves = new Map<string, StateNode>();
  const found: { from: string; to: string; label: string }[] = [];
  const walk = (node: StateNode, path: readonly string[]): void => {
    if (path.length > depthMax) return;
    const here = toLeaf(root, path).join('.');
    if (node.states === undefined && path.length > 0) leaves.set(path.join('.'), node);
    for (const [label, targets] of toTransitions(node))
      for (const target of targets) {
        const to = toLeaf(root, resolve(root, path, target)).join('.');
        if (to !== '' && here !== '') found.push({ from: here, to, label });
      }
    for (const [name, child] of Object.entries(node.states ?? {})) walk(child, [...path, name]);
  };
  walk(root, []);
  const byEnds = new Map<string, typeof found>();
  for (const one of found) {
    const ends = `${one.from}>${one.to}`;
    byEnds.set(ends, [...(byEnds.get(ends) ?? []), one]);
  }
  const lines = [...byEnds.values()].flatMap((those) => {
    const [first] = those;
    if (first === undefined || first.from === first.to) return [];
    const names = [...new Set(those.map(({ label }) => label))];
    const more = names.length > labelNamesMax ? ` +${names.length - labelNamesMax}` : '';
    return [{ from: first.from, to: first.to, label: names.slice(0, labelNamesMax).join(', ') + more }];
  });
  const boxes = [...leaves.keys()].map((id) => {
    const parts = id.split('.');
    return {
      id,
      title: parts.at(-1) ?? id,
      ...(parts.length > 1 ? { note: parts.slice(0, -1).join(' › ') } : {}),
    };
  });
  return { boxes, lines };
}

/** The leaf states of a snapshot's value. */
export function toLit(value: unknown): ReadonlySet<string> {
  const lit = new Set<string>();
  const walk = (at: unknown, path: readonly string[]): void => {
    if (typeof at === 'string') lit.add([...path, at].join('.'));
    else if (typeof at === 'object' && at !== null)
      for (const [name, child] of Object.entries(at)) {
        const isEmpty = typeof child === 'object' && child !== null && Object.keys(child).length === 0;
        if (isEmpty) lit.add([...path, name].join('.'));
        else walk(child, [...path, name]);
      }
  };
  walk(value, []);
  return lit;
}

/** The boxes of a state as its events name it: alone, of several regions, or with boxes inside of it. */
export function toLitThen({ boxes }: Statechart, told: string): ReadonlySet<string> {
  const names = new Set(told.split(/[ ,]+/));
  const ids = boxes.map(({ id }) => id);
  return new Set(ids.filter((id) => id === told || id.split('.').some((name) => names.has(name))));
}

function parse(definition: string): StateNode {
  try {
    return JSON.parse(definition) as StateNode;
  } catch {
    return {};
  }
}

function toTransitions({ on, after, always }: StateNode): [string, string[]][] {
  const named = Object.entries({ ...on });
  const timed = Object.entries({ ...after }).map(([ms, to]): [string, unknown] => [`after ${ms}`, to]);
  const direct: [string, unknown][] = always === undefined ? [] : [['at once', always]];
  return [...named, ...timed, ...direct].map(([label, to]) => [label, toTargets(to)]);
}

function toTargets(given: unknown): string[] {
  if (typeof given === 'string') return [given];
  if (Array.isArray(given)) return given.flatMap(toTargets);
  const target = (given as { target?: unknown } | null)?.target;
  return target === undefined ? [] : toTargets(target);
}

/** The path a target names: a sibling, a child (`.x`), or from the root (`#id.x`). */
function resolve(root: StateNode, path: readonly string[], target: string): readonly string[] {
  if (target.startsWith('#')) return target.split('.').slice(1);
  if (target.startsWith('.')) return [...path, ...target.slice(1).split('.')];
  const parent = path.slice(0, -1);
  const sibling = [...parent, ...target.split('.')];
  return find(root, sibling) === undefined ? target.split('.') : sibling;
}

function toLeaf(root: StateNode, path: readonly string[]): readonly string[] {
  let leaf = path;
  for (let depth = 0; depth < depthMax; depth += 1) {
    const node = find(root, leaf);
    const names = Object.keys(node?.states ?? {});
    if (names.length === 0) break;
    const initial = typeof node?.initial === 'string' ? node.initial : names[0];
    leaf = [...leaf, initial ?? ''];
  }
  return leaf;
}

function find(root: StateNode, path: readonly string[]): StateNode | undefined {
  return path.reduce<StateNode | undefined>((node, name) => node?.states?.[name], root);
}
