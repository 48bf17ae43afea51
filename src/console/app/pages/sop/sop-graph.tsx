/** A procedure drawn: steps from top to bottom; a step tells on hover where its arguments come from. */
import { BaseEdge, Controls, Handle, Position, ReactFlow } from '@xyflow/react';
import type { EdgeProps, NodeProps } from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import { useMemo } from 'react';
import type { Procedure } from '../../../../../machines/words/sops.ts';
import { Frame, hasMouse } from '../../parts/frame.tsx';
import { readTheme } from '../../parts/theme.ts';
import { layOut } from './layout.ts';
import type { FlowEdge, StepNode } from './layout.ts';
import { toOrigin, toToolParts, toTraits } from './wording.ts';

interface SopGraphProps {
  readonly procedure: Procedure;
  readonly chosen: number;
  readonly choose: (index: number) => void;
}

const kinds = { step: StepBox };
const ways = { flow: Flow };
const corner = 10;

export default function SopGraph({ procedure, chosen, choose }: SopGraphProps) {
  const { nodes, edges, middle, width, height } = useMemo(() => layOut(procedure), [procedure]);
  const shown = nodes.map((node) => ({
    ...node,
    selected: node.data.kind === 'step' && node.data.index === chosen,
  }));
  return (
    <Frame width={width} height={height} middle={middle}>
      <ReactFlow
        nodes={shown}
        edges={edges}
        nodeTypes={kinds}
        edgeTypes={ways}
        colorMode={readTheme()}
        onNodeClick={(_, { data }) => choose(data.index)}
        fitView
        fitViewOptions={{ padding: '16px', maxZoom: 1 }}
        panOnDrag={hasMouse()}
        minZoom={0.2}
        maxZoom={1.6}
        nodesFocusable
        edgesFocusable={false}
        preventScrolling={false}
        zoomOnScroll={false}
        aria-label="The steps of this procedure"
      >
        <Controls showInteractive={false} position="bottom-right" orientation="horizontal" />
      </ReactFlow>
    </Frame>
  );
}

/** Out to its lane, down beside the steps, and back in to the one that takes the value; its name stands where it comes in. */
function Flow({ sourceX, sourceY, targetX, targetY, data, label, markerEnd }: EdgeProps<FlowEdge>) {
  const lane = Math.max(data?.lane ?? 0, sourceX + 2 * corner, targetX + 2 * corner);
  const path =
    `M${sourceX},${sourceY} H${lane - corner} Q${lane},${sourceY} ${lane},${sourceY + corner} ` +
    `V${targetY - corner} Q${lane},${targetY} ${lane - corner},${targetY} H${targetX}`;
  return (
    <BaseEdge
      path={path}
      label={label}
      labelX={(lane + targetX) / 2}
      labelY={targetY - corner}
      labelBgPadding={[3, 1]}
      {...(markerEnd === undefined ? {} : { markerEnd })}
    />
  );
}

function StepBox({ data: { kind, name, step, index }, selected }: NodeProps<StepNode>) {
  if (kind === 'corner') return null;
  const { server, tool } = toToolParts(name);
  const isEnd = kind === 'start' || kind === 'end';
  const bindings = Object.entries(step?.args ?? {}).map(([arg, binding]) => `${arg}: ${toOrigin(binding)}`);
  const classes = [
    'step-node',
    isEnd ? 'end' : kind,
    step?.optional ? 'optional' : '',
    selected ? 'chosen' : '',
  ];
  return (
    <div className={classes.join(' ')} title={bindings.join('\n')}>
      <Handle type="target" id="order" position={Position.Top} />
      <Handle type="target" id="flow" position={Position.Right} />
      {isEnd ? (
        name
      ) : (
        <>
          <strong>
            {kind === 'step' ? `${index + 1}. ` : 'or '}
            {tool}
          </strong>
          <span className="soft">{server}</span>
          {step === undefined ? null : <Traits traits={toTraits(step)} />}
        </>
      )}
      <Handle type="source" id="flow" position={Position.Right} />
      <Handle type="source" id="order" position={Position.Bottom} />
    </div>
  );
}

function Traits({ traits }: { readonly traits: readonly string[] }) {
  return traits.length === 0 ? null : (
    <span className="marks">
      {traits.map((one) => (
        <span key={one} className="mark">
          {one}
        </span>
      ))}
    </span>
  );
}
