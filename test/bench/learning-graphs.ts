/**
 * How well what procedures require agrees with graphs that say what a goal really requires. The procedures are learned as
 * always, from everything; the graphs are looked at by the bench alone.
 */
import type { LearnedSop } from '../../machines/words/sops.ts';
import type { Scores } from '../../src/learning/learning.ts';
import type { RecordedEpisode } from './learning-recorded.ts';

/** A node is a tool with its arguments, or how the nodes below it hang together; a connection leads to what is needed. */
interface Graph {
  readonly nodes: readonly (string | readonly [string, unknown])[];
  readonly connections: readonly (readonly [number, number])[];
}

type Pairs = Set<string>;

/** What a goal's graphs say: pairs `earlier\nlater`. */
interface Truth {
  readonly target: string;
  /** Pairs in any graph, branches of which one is enough included. */
  readonly allowed: Pairs;
  /** Pairs that half of the goal's tasks require, without a choice. */
  readonly required: Pairs;
}

interface Counts {
  predicted: number;
  right: number;
  required: number;
  found: number;
}

const goalOf = (one: RecordedEpisode): string =>
  JSON.stringify([(one as { readonly domain?: string }).domain, one.meta?.['user_goal']]);
const shouldSucceed = (one: RecordedEpisode) => one.meta?.['action_should_succeed'] === true;

/**
 * Precision and recall of the pairs, into the goal's own call and all, beside those of mere order: in the same procedure
 * (`order`) and in the goal's most frequent line (`frequent`). `taught` must be what the procedures were learned from, in that order.
 */
export function scoreRequires(
  sops: readonly LearnedSop[],
  taught: readonly RecordedEpisode[],
  tasks: readonly RecordedEpisode[],
  isCounted: (goal: string) => boolean = () => true,
): Scores {
  const truths = toTruths(tasks);
  const seen = toSeen(taught);
  const counts = new Map<string, Counts>();
  const of = (name: string) => {
    const found = counts.get(name) ?? { predicted: 0, right: 0, required: 0, found: 0 };
    counts.set(name, found);
    return found;
  };
  let goals = 0;
  for (const [goal, truth] of truths) {
    const sop = isCounted(goal) ? findSop(goal, truth.target, sops, taught) : undefined;
    if (sop === undefined) continue;
    goals += 1;
    const told = seen.get(goal) ?? new Set();
    for (const [rule, pairs] of [
      ['requires', toRequired(sop)],
      ['order', toOrdered(sop.procedure.map(({ tool }) => tool))],
      ['frequent', toOrdered(findMostFrequent(goal, taught))],
    ] as const) {
      count(of(`${rule}_all`), pairs, truth, told, () => true);
      count(of(`${rule}_target`), pairs, truth, told, (pair) => pair.endsWith(`\n${truth.target}`));
    }
  }
  const scores: Record<string, number> = { graph_goals: goals };
  for (const [name, { predicted, right, required, found }] of counts) {
    const precision = right / Math.max(1, predicted);
    const recall = found / Math.max(1, required);
    scores[`${name}_p`] = precision;
    scores[`${name}_r`] = recall;
    scores[`${name}_f1`] = (2 * precision * recall) / Math.max(1e-9, precision + recall);
  }
  return scores;
}

function count(
  into: Counts,
  pairs: Pairs,
  truth: Truth,
  told: ReadonlySet<string>,
  counts: (pair: string) => boolean,
) {
  for (const pair of pairs) {
    if (!counts(pair)) continue;
    into.predicted += 1;
    if (truth.allowed.has(pair)) into.right += 1;
  }
  for (const pair of truth.required) {
    if (!counts(pair) || !pair.split('\n').every((tool) => told.has(tool))) continue;
    into.required += 1;
    if (pairs.has(pair)) into.found += 1;
  }
}

/** The procedure with most episodes that was learned mostly from this goal and does what the goal is. */
function findSop(
  goal: string,
  target: string,
  sops: readonly LearnedSop[],
  taught: readonly RecordedEpisode[],
): LearnedSop | undefined {
  const isOurs = (callId: string) => {
    const one = taught[Number(callId.split('-')[1])];
    return one !== undefined && goalOf(one) === goal;
  };
  return sops
    .filter(({ procedure }) => procedure.some(({ tool }) => tool === target))
    .filter(({ evidence }) => evidence.filter(isOurs).length * 2 > evidence.length)
    .toSorted((a, b) => b.occurrences - a.occurrences || (a.sopId < b.sopId ? -1 : 1))[0];
}

/** With what follows from each other: the procedure itself leaves that out. */
function toRequired({ procedure }: LearnedSop): Pairs {
  const reached = procedure.map(() => new Set<number>());
  procedure.forEach(({ requires = [] }, at) => {
    for (const { step } of requires)
      for (const each of [step, ...(reached[step] ?? [])]) reached[at]?.add(each);
  });
  return toPairs(
    procedure.map(({ tool }) => tool),
    (earlier, later) => reached[later]?.has(earlier) === true,
  );
}

const toOrdered = (tools: readonly string[]): Pairs => toPairs(tools, () => true);

/** The line that most successes of a goal took. */
function findMostFrequent(goal: string, taught: readonly RecordedEpisode[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const one of taught) {
    if (one.success !== true || !shouldSucceed(one) || goalOf(one) !== goal) continue;
    const line = one.steps.map(({ tool }) => tool).join('\n');
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return most?.[0].split('\n') ?? [];
}

function toPairs(tools: readonly string[], holds: (earlier: number, later: number) => boolean): Pairs {
  const pairs: Pairs = new Set();
  tools.forEach((tool, later) => {
    if (tools.indexOf(tool) < later) return;
    tools.slice(0, later).forEach((other, earlier) => {
      if (other !== tool && holds(earlier, later)) pairs.add(`${other}\n${tool}`);
    });
  });
  return pairs;
}

/** Tools of each goal's successes. */
function toSeen(taught: readonly RecordedEpisode[]): Map<string, Set<string>> {
  const seen = new Map<string, Set<string>>();
  for (const one of taught) {
    if (one.success !== true || !shouldSucceed(one)) continue;
    const tools = seen.get(goalOf(one)) ?? new Set();
    for (const { tool } of one.steps) tools.add(tool);
    seen.set(goalOf(one), tools);
  }
  return seen;
}

function toTruths(tasks: readonly RecordedEpisode[]): Map<string, Truth> {
  const perGoal = new Map<string, Graph[]>();
  for (const task of tasks.filter(shouldSucceed)) {
    const graph = task.meta?.['graph'] as Graph | undefined;
    if (graph !== undefined) perGoal.set(goalOf(task), [...(perGoal.get(goalOf(task)) ?? []), graph]);
  }
  return new Map([...perGoal].map(([goal, graphs]) => [goal, toTruth(graphs)]));
}

function toTruth(graphs: readonly Graph[]): Truth {
  const allowed: Pairs = new Set();
  const times = new Map<string, number>();
  for (const graph of graphs) {
    for (const pair of toNeeded(graph, true)) allowed.add(pair);
    for (const pair of toNeeded(graph, false)) times.set(pair, (times.get(pair) ?? 0) + 1);
  }
  const required = [...times].filter(([, often]) => often * 2 >= graphs.length).map(([pair]) => pair);
  return { target: toName(graphs[0]?.nodes[0]) ?? '', allowed, required: new Set(required) };
}

const toName = (node: Graph['nodes'][number] | undefined) => (typeof node === 'object' ? node[0] : undefined);

/** Pairs of a tool and one that it needs, through any nodes in between; without choices where they are not wanted. */
function toNeeded({ nodes, connections }: Graph, choices: boolean): Pairs {
  const pairs: Pairs = new Set();
  nodes.forEach((node, from) => {
    const later = toName(node);
    if (later === undefined) return;
    const open = [from];
    const visited = new Set(open);
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (nodes[at] === 'or' && !choices && connections.filter(([a]) => a === at).length > 1) continue;
      for (const [a, b] of connections) {
        if (a !== at || visited.has(b)) continue;
        visited.add(b);
        open.push(b);
        const earlier = toName(nodes[b]);
        if (earlier !== undefined && earlier !== later) pairs.add(`${earlier}\n${later}`);
      }
    }
  });
  return pairs;
}
