/**
 * Every machine there is, with its version and the events that tell of its edges. A new actor kind is one file and
 * one line here; the tests and the drawings then follow.
 */
import { breakerEdges, breakerMachine, breakerMachineVersion } from './breaker.machine.ts';
import { contextEdges, contextMachine, contextMachineVersion } from './context.machine.ts';
import { learningEdges, learningMachine, learningMachineVersion } from './learning.machine.ts';
import { nodeEdges, nodeMachine, nodeMachineVersion } from './node.machine.ts';
import { resourceEdges, resourceMachine, resourceMachineVersion } from './resource.machine.ts';
import { runEdges, runMachine, runMachineVersion } from './run.machine.ts';
import { sessionEdges, sessionMachine, sessionMachineVersion } from './session.machine.ts';
import { sopEdges, sopMachine, sopMachineVersion } from './sop.machine.ts';
import { supervisorEdges, supervisorMachine, supervisorMachineVersion } from './supervisor.machine.ts';
import { workerEdges, workerMachine, workerMachineVersion } from './worker.machine.ts';

/** By kind, in the order of the documentation. */
export const machines = {
  node: { machine: nodeMachine, version: nodeMachineVersion, edges: nodeEdges },
  session: { machine: sessionMachine, version: sessionMachineVersion, edges: sessionEdges },
  context: { machine: contextMachine, version: contextMachineVersion, edges: contextEdges },
  breaker: { machine: breakerMachine, version: breakerMachineVersion, edges: breakerEdges },
  resource: { machine: resourceMachine, version: resourceMachineVersion, edges: resourceEdges },
  supervisor: { machine: supervisorMachine, version: supervisorMachineVersion, edges: supervisorEdges },
  learning: { machine: learningMachine, version: learningMachineVersion, edges: learningEdges },
  worker: { machine: workerMachine, version: workerMachineVersion, edges: workerEdges },
  sop: { machine: sopMachine, version: sopMachineVersion, edges: sopEdges },
  run: { machine: runMachine, version: runMachineVersion, edges: runEdges },
} as const;

export type MachineKind = keyof typeof machines;
