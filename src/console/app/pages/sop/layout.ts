/** A procedure as nodes and lines: the order of the steps, ways around the optional ones, and where values flow. */
import { graphlib, layout } from '@dagrejs/dagre';
import type { Edge, Node } from '@xyflow/react';
import { MarkerType } from '@xyflow/react';
import type { Procedure, ProcedureStep } from '../../../../../machines/words/sops.ts';
import { toShown } from '../../parts/shown-text.ts';
import { unseen } from '../../parts/unseen.ts';
import { toToolParts } from './wording.ts';

export interface StepFacts extends Record<string, unknown> {
  readonly kind: 'start' | 'step' | 'alternative' | 'end' | 'corner';
  readonly index: number;
  readonly name: string;
  readonly step?: ProcedureStep;
}
export type StepNode = Node<StepFacts, 'step'>;
/** A value handed on, and how far to the right of the steps its line runs. */
export type FlowEdge = Edge<{ readonly lane: number }, 'flow'>;

/** Steps that are drawn; more stand in the list. */
export const drawnMax = 60;
const size = { width: 232, height: 62 };
/** With its marks a step is taller, and with each further line of its name. */
const [markedHeight, lineHeight] = [90, 19];
/** Characters of a name in one line. */
const lineCharacters = 23;
/** What is optional stands beside the way that leaves it out. */
const asidePx = 26;
/** Between the lanes in which values are handed on. */
const laneGap = 30;
const endSize = { width: 150, height: 40 };

/** Lays a procedure out from top to bottom. */
export function layOut(procedure: Procedure): {
  nodes: StepNode[];
  edges: Edge[];
  /** Where the steps begin, as a share of the width. */
  middle: number;
  width: number;
  height: number;
} {
  const steps = procedure.slice(0, drawnMax);
  const facts: [string, StepFacts][] = [['start', { kind: 'start', index: -1, name: 'a task comes' }]];
  const edges: Edge[] = [];
  let before = ['start'];
  let open = 'start';
  for (const [index, step] of steps.entries()) {
    const id = `s${index}`;
    facts.push([id, { kind: 'step', index, name: step.tool, step }]);
    const others = step.alternatives
      .slice(0, 6)
      .map((name, way): [string, StepFacts] => [`${id}a${way}`, { kind: 'alternative', index, name }]);
    facts.push(...others);
    const all = [id, ...others.map(([one]) => one)];
    for (const from of before) for (const to of all) edges.push(toOrder(from, to));
    // Whoever leaves an optional step out goes on from where they were.
    before = step.optional ? [...new Set([...all, ...before])].slice(0, 8) : all;
    open = id;
  }
  facts.push([
    'end',
    { kind: 'end', index: steps.length, name: procedure.length > drawnMax ? 'more steps follow' : 'done' },
  ]);
  for (const from of before.length > 0 ? before : [open]) edges.push(toOrder(from, 'end'));
  const placed = place(facts, edges);
  const flows = toFlows(
    steps,
    Math.max(...placed.nodes.map(({ position, width = 0 }) => position.x + width)),
  );
  const rightmost = Math.max(0, ...flows.map(({ data }) => data?.lane ?? 0));
  const nodes = flows.length === 0 ? placed.nodes : [...placed.nodes, toCorner(rightmost + laneGap)];
  const left = Math.min(...nodes.map(({ position }) => position.x));
  const right = Math.max(...nodes.map(({ position, width = 0 }) => position.x + width));
  const middle = (endSize.width / 2 + (nodes[0]?.position.x ?? 0) - left) / (right - left);
  return { nodes, middle, width: right - left, height: placed.height, edges: [...edges, ...flows] };
}

/** Nothing to be seen: a fit shows the lanes at the side as well. */
function toCorner(x: number): StepNode {
  return {
    id: 'corner',
    type: 'step',
    data: { kind: 'corner', index: -1, name: '' },
    position: { x, y: 0 },
    ...unseen,
  };
}

function toOrder(source: string, target: string): Edge {
  return {
    id: `${source}-${target}`,
    source,
    target,
    sourceHandle: 'order',
    targetHandle: 'order',
    type: 'smoothstep',
    markerEnd: { type: MarkerType.ArrowClosed, width: 16, height: 16 },
  };
}

/** Lines for values that one step takes from another, beside the steps: a lane for each step that hands something on. */
function toFlows(steps: Procedure, right: number): FlowEdge[] {
  const lanes = new Map<number, number>();
  return steps.flatMap(({ args }, index) => {
    const names = new Map<number, string[]>();
    for (const [name, { step, from }] of Object.entries(args))
      if (step !== undefined && step < index && (from === 'result' || from === 'argument'))
        names.set(step, [...(names.get(step) ?? []), name]);
    return [...names].map(([step, handed]): FlowEdge => {
      const lane = lanes.get(step) ?? right + laneGap * (lanes.size + 1);
      lanes.set(step, lane);
      return {
        id: `f${step}-${index}`,
        type: 'flow',
        source: `s${step}`,
        target: `s${index}`,
        sourceHandle: 'flow',
        targetHandle: 'flow',
        className: 'data',
        data: { lane },
        label: toShown(handed.join(', '), 24),
        markerEnd: { type: MarkerType.ArrowClosed, width: 16, height: 16 },
        zIndex: 2,
      };
    });
  });
}

function place(
  facts: readonly [string, StepFacts][],
  edges: readonly Edge[],
): { nodes: StepNode[]; height: number } {
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: 'TB', ranksep: 44, nodesep: 36 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const [id, facts_] of facts) graph.setNode(id, { ...toSize(facts_) });
  for (const { source, target } of edges) graph.setEdge(source, target);
  layout(graph);
  const nodes = facts.map(([id, data]): StepNode => {
    const {
      x = 0,
      y = 0,
      width = 0,
      height = 0,
    } = graph.node(id) as Partial<Record<'x' | 'y' | 'width' | 'height', number>>;
    return {
      id,
      type: 'step',
      data,
      position: { x: x - width / 2, y: y - height / 2 },
      width,
      height,
      draggable: false,
      connectable: false,
      selectable: data.kind === 'step',
    };
  });
  const middle = endSize.width / 2 + (nodes[0]?.position.x ?? 0);
  for (const { data, position } of nodes)
    if (data.step?.optional === true && data.step.alternatives.length === 0) position.x = middle + asidePx;
  return { nodes, height: Math.max(0, ...nodes.map(({ position, height = 0 }) => position.y + height)) };
}

function toSize({ kind, index, name, step }: StepFacts): { width: number; height: number } {
  if (kind === 'start' || kind === 'end') return endSize;
  const isMarked = step !== undefined && (step.optional || step.repeated || step.alternatives.length > 0);
  const lines = Math.ceil(`${index + 1}. ${toToolParts(name).tool}`.length / lineCharacters);
  return { ...size, height: (isMarked ? markedHeight : size.height) + (lines - 1) * lineHeight };
}
