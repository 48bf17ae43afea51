/** A machine as a Mermaid state diagram: what machines/README.md shows, and what the test compares it with. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { toArrows } from './shape.ts';
import type { Arrow } from './shape.ts';

/** The drawing of a whole machine; steps that stay in their state are left out. */
export function toDrawing(machine: AnyStateMachine): string {
  const arrows = toArrows(machine).flatMap((arrow) =>
    arrow.target === null || arrow.target === arrow.source ? [] : [toLine(arrow)],
  );
  return ['stateDiagram-v2', ...toStates(machine.root, '  '), ...new Set(arrows)].join('\n');
}

function toStates(parent: AnyStateNode, indent: string): string[] {
  const children = Object.values(parent.states);
  const start = parent.type === 'parallel' ? [] : toInitial(parent).map((key) => `${indent}[*] --> ${key}`);
  return [
    ...start,
    ...children.flatMap((child) =>
      Object.keys(child.states).length === 0
        ? [`${indent}${child.key}`]
        : [`${indent}state ${child.key} {`, ...toStates(child, `${indent}  `), `${indent}}`],
    ),
  ];
}

function toInitial(node: AnyStateNode): string[] {
  return node.initial.target.map((target: AnyStateNode) => target.key);
}

function toLine({ source, target, event, guard }: Arrow): string {
  const label = event === '' ? 'at once' : event.replace(/^xstate\.after\.([^.]+)\..*$/, 'after $1');
  return `  ${source.key} --> ${target?.key ?? ''}: ${label}${guard === null ? '' : ` [${guard}]`}`;
}
