/** A procedure as nodes and lines: the order of the steps, ways around the optional ones, and where values flow. */
import { graphlib, layout } from '@dagrejs/dagre';
import type { Edge, Node } from '@xyflow/react';
import { MarkerType } from '@xyflow/react';
import type { Procedure, ProcedureStep } from '../../../../../machines/words/sops.ts';
import { toShown } from '../../parts/shown-text.ts';

export interface StepFacts extends Record<string, unknown> {
  readonly kind: 'start' | 'step' | 'alternative' | 'end';
  readonly index: number;
  readonly name: string;
  readonly step?: ProcedureStep;
}
export type StepNode = Node<StepFacts, 'step'>;

/** Steps that are drawn; more stand in the list. */
export const drawnMax = 60;
const size = { width: 232, height: 62 };
/** With its marks a step is taller. */
const markedHeight = 90;
/** What is optional stands beside the way that leaves it out. */
const asidePx = 26;
const endSize = { width: 150, height: 40 };

/** Lays a procedure out from top to bottom. */
export function layOut(procedure: Procedure): { nodes: StepNode[]; edges: Edge[]; height: number } {
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
  return { ...placed, edges: [...edges, ...toFlows(steps)] };
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

/** Lines for values that one step takes from another. */
function toFlows(steps: Procedure): Edge[] {
  return steps.flatMap(({ args }, index) =>
    Object.entries(args).flatMap(([name, { step, from }]) =>
      step === undefined || step >= index || (from !== 'result' && from !== 'argument')
        ? []
        : [
            {
              id: `f${step}-${index}-${name}`,
              source: `s${step}`,
              target: `s${index}`,
              sourceHandle: 'flow',
              targetHandle: 'flow',
              className: 'data',
              label: toShown(name, 24),
              zIndex: 2,
            },
          ],
    ),
  );
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
      draggable: false,
      connectable: false,
      selectable: data.kind === 'step',
    };
  });
  const middle = endSize.width / 2 + (nodes[0]?.position.x ?? 0);
  for (const { data, position } of nodes)
    if (data.step?.optional === true && data.step.alternatives.length === 0) position.x = middle + asidePx;
  const height = Math.max(0, ...nodes.map(({ position }) => position.y)) + size.height;
  return { nodes, height };
}

function toSize({ kind, step }: StepFacts): { width: number; height: number } {
  if (kind === 'start' || kind === 'end') return endSize;
  const isMarked = step !== undefined && (step.optional || step.repeated || step.alternatives.length > 0);
  return isMarked ? { ...size, height: markedHeight } : size;
}
