/** Boxes and lines, laid out by themselves: statecharts and links between memories. */
import { graphlib, layout } from '@dagrejs/dagre';
import { BaseEdge, Controls, Handle, MarkerType, Position, ReactFlow } from '@xyflow/react';
import type { Edge, EdgeProps, Node, NodeProps } from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import { useMemo } from 'react';
import { Frame, hasMouse } from './frame.tsx';
import { toShown } from './shown-text.ts';
import { readTheme } from './theme.ts';
import { unseen } from './unseen.ts';

export interface Box {
  readonly id: string;
  readonly title: string;
  readonly note?: string;
}

export interface Line {
  readonly from: string;
  readonly to: string;
  readonly label: string;
}

interface GraphProps {
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
  readonly lit: ReadonlySet<string>;
  readonly direction: 'TB' | 'LR';
  readonly label: string;
  readonly choose?: (id: string) => void;
}

type BoxNode = Node<Box & Record<string, unknown>, 'box' | 'corner'>;

interface WayFacts extends Record<string, unknown> {
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly x: number;
  readonly y: number;
}
type WayEdge = Edge<WayFacts, 'way'>;

/** Boxes that are drawn. */
export const boxesMax = 60;
const linesMax = 200;
const size = { width: 168, height: 56 };
const kinds = { box: BoxView, corner: Corner };
const ways = { way: Way };
/** Room for a label on its line. */
const labelSize = { perCharacter: 5.6, height: 18, charactersMax: 34 };

export default function Graph({ boxes, lines, lit, direction, label, choose }: GraphProps) {
  const { nodes, edges, left, width, height } = useMemo(
    () => place(boxes, lines, direction),
    [boxes, lines, direction],
  );
  const shown = nodes.map((node) => ({ ...node, selected: lit.has(node.id) }));
  const first = nodes.find(({ id }) => lit.has(id));
  const middle = first === undefined ? 0.5 : (first.position.x + size.width / 2 - left) / width;
  return (
    <Frame width={width} height={height} middle={middle}>
      <ReactFlow
        nodes={shown}
        edges={edges}
        nodeTypes={kinds}
        edgeTypes={ways}
        colorMode={readTheme()}
        onNodeClick={(_, { id, type }) => (type === 'box' ? choose?.(id) : undefined)}
        fitView
        fitViewOptions={{ padding: '16px', maxZoom: 1 }}
        panOnDrag={hasMouse()}
        minZoom={0.15}
        edgesFocusable={false}
        preventScrolling={false}
        zoomOnScroll={false}
        aria-label={label}
      >
        <Controls showInteractive={false} position="top-left" orientation="horizontal" />
      </ReactFlow>
    </Frame>
  );
}

function BoxView({ data: { title, note }, selected }: NodeProps<BoxNode>) {
  return (
    <div className={`box-node ${selected ? 'lit' : ''}`} title={title}>
      <Handle type="target" position={Position.Top} />
      <strong>{toShown(title, 48)}</strong>
      {note === undefined ? null : <span className="soft">{toShown(note, 40)}</span>}
      <Handle type="source" position={Position.Bottom} />
    </div>
  );
}

/** Nothing to be seen: lines that lead around the boxes lie between two of these, so that a fit shows them whole. */
function Corner() {
  return <span />;
}

/** A line as the layout found its way around the boxes. */
function Way({ data, label, markerEnd }: EdgeProps<WayEdge>) {
  const points = data?.points ?? [];
  const path = points.map(({ x, y }, index) => {
    const next = points[index + 1];
    if (index === 0) return `M${x},${y}`;
    return next === undefined ? `L${x},${y}` : `Q${x},${y} ${(x + next.x) / 2},${(y + next.y) / 2}`;
  });
  return (
    <BaseEdge
      path={path.join(' ')}
      label={label}
      labelX={data?.x ?? 0}
      labelY={data?.y ?? 0}
      labelBgPadding={[3, 1]}
      {...(markerEnd === undefined ? {} : { markerEnd })}
    />
  );
}

function place(
  boxes: readonly Box[],
  lines: readonly Line[],
  rankdir: 'TB' | 'LR',
): { nodes: BoxNode[]; edges: WayEdge[]; left: number; width: number; height: number } {
  const drawn = boxes.slice(0, boxesMax);
  const known = new Set(drawn.map(({ id }) => id));
  const kept = lines.filter(({ from, to }) => known.has(from) && known.has(to)).slice(0, linesMax);
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir, ranksep: 30, nodesep: 22, edgesep: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of drawn) graph.setNode(id, { ...size });
  for (const { from, to, label } of kept)
    if (from !== to)
      graph.setEdge(from, to, {
        width: toLabelWidth(label),
        height: labelSize.height,
        labelpos: 'c',
      });
  layout(graph);
  const nodes = drawn.map((box): BoxNode => {
    const { x = 0, y = 0 } = graph.node(box.id) as { x?: number; y?: number };
    return {
      id: box.id,
      type: 'box',
      data: { ...box },
      position: { x: x - size.width / 2, y: y - size.height / 2 },
      width: size.width,
      draggable: false,
      connectable: false,
    };
  });
  const edges = kept.flatMap(({ from, to, label }): WayEdge[] => {
    const way = graph.edge(from, to) as Partial<WayFacts> | undefined;
    if (way?.points === undefined) return [];
    const { points, x = 0, y = 0 } = way;
    return [
      {
        id: `${from}>${to}`,
        type: 'way',
        source: from,
        target: to,
        data: { points, x, y },
        label: toShown(label, labelSize.charactersMax),
        markerEnd: { type: MarkerType.ArrowClosed, width: 15, height: 15 },
      },
    ];
  });
  const height = Math.max(0, ...nodes.map(({ position }) => position.y)) + size.height;
  const all = [...nodes, ...toCorners(edges)];
  const left = Math.min(...all.map(({ position }) => position.x));
  const right = Math.max(...all.map(({ position, width = 0 }) => position.x + width));
  return { nodes: all, edges, left, width: right - left, height };
}

function toLabelWidth({ length }: string): number {
  return Math.min(length, labelSize.charactersMax) * labelSize.perCharacter + 8;
}

function toCorners(edges: readonly WayEdge[]): BoxNode[] {
  // What stands on a line is wider than the line.
  const xs = edges.flatMap(({ data, label }) => {
    if (data === undefined) return [];
    const half = toLabelWidth(typeof label === 'string' ? label : '') / 2;
    return [...data.points.map(({ x }) => x), data.x - half, data.x + half];
  });
  if (xs.length === 0) return [];
  return [Math.min(...xs), Math.max(...xs)].map((x, index) => ({
    id: `corner ${index}`,
    type: 'corner',
    data: { id: '', title: '' },
    position: { x, y: 0 },
    ...unseen,
  }));
}
