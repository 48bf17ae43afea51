/**
 * What the machines are fed in tests: an input, events with everything they can say, and what of the context tells two
 * situations apart (the rest would make the walk endless).
 */
import type { AnyStateMachine, EventObject } from 'xstate';
import { machines } from '../../machines/machines.ts';
import type { MachineKind } from '../../machines/machines.ts';
import { resourceDefaults } from '../../machines/resource.machine.ts';
import { learningDefaults } from '../../machines/learning.machine.ts';
import { supervisorDefaults } from '../../machines/supervision.ts';
import { toTimerEvents } from './shape.ts';

/** An event with whatever it says. */
export type Told = EventObject & Readonly<Record<string, unknown>>;

export interface Sample {
  readonly kind: MachineKind;
  readonly machine: AnyStateMachine;
  readonly input: object;
  readonly events: readonly Told[];
  /** The part of the context that matters for where it can go. */
  readonly outline: (context: never) => unknown;
}

const error = {
  code: 'upstream_failed',
  kind: 'dependency_failed',
  message: 'gone',
  retry: 'later',
} as const;
const at = 0;
const ann = { principal: 'ann', isAdmin: true };
const ben = { principal: 'ben', isAdmin: false };

function sample<K extends MachineKind>(
  kind: K,
  input: object,
  events: readonly Told[],
  outline: (
    context: ReturnType<(typeof machines)[K]['machine']['getInitialSnapshot']>['context'],
  ) => unknown = () => 0,
): Sample {
  // The walk over ten machines of ten types is untyped; each machine's own test is typed.
  const machine = machines[kind].machine as unknown as AnyStateMachine;
  return { kind, machine, input, events: [...events, ...toTimerEvents(machine)], outline };
}

/** For a step that no walk reaches: it is somebody else's. */
const offer = { tool: 'files__read', args: {}, missing: [], approval: null };

export const samples: readonly Sample[] = [
  sample(
    'node',
    { nodeId: 'n-1', drainMs: 1_000 },
    [
      { type: 'booted', missing: [], at },
      { type: 'booted', missing: ['bus'], at },
      { type: 'boot.failed', reason: 'no port', at },
      { type: 'parts.checked', missing: [], at },
      { type: 'parts.checked', missing: ['store'], at },
      { type: 'drain', reason: 'stop', at },
      { type: 'drained', at },
    ],
    ({ missing }) => missing,
  ),
  sample(
    'session',
    { sessionId: 's-1', settings: { callsMax: 2, idleMs: 1_000, drainMs: 500 } },
    [
      { type: 'opened', at },
      { type: 'call.started', callId: 'k-1', at },
      { type: 'call.started', callId: 'k-2', at },
      { type: 'call.started', callId: 'k-3', at },
      { type: 'call.ended', callId: 'k-1', outcome: 'finished', at },
      { type: 'call.ended', callId: 'k-2', outcome: 'failed', at },
      { type: 'task.start', taskId: 't-1', at },
      { type: 'task.finish', taskId: 't-1', at },
      { type: 'drain', at },
      { type: 'drain', goesOn: true, at },
      { type: 'close', reason: 'gone', at },
      { type: 'resume', at },
      { type: 'restored', at },
    ],
    ({ inFlight, task }) => [[...inFlight].sort(), task],
  ),
  sample(
    'context',
    { contextId: 'c-1', settings: { pendingMax: 2, retryMs: 10 } },
    [
      { type: 'load.done', version: 1, state: {}, at },
      { type: 'load.failed', code: 'database_unavailable', at },
      { type: 'commit', requestId: 'q-1', changes: { a: 1 }, expectedVersion: null, at },
      { type: 'commit', requestId: 'q-2', changes: { b: 1 }, expectedVersion: 1, at },
      { type: 'commit', requestId: 'q-3', changes: { c: 1 }, expectedVersion: null, at },
      { type: 'commit', requestId: 'q-4', changes: {}, expectedVersion: null, mayCreate: false, at },
      { type: 'commit', requestId: 'q-5', changes: {}, expectedVersion: null, by: ann, at },
      { type: 'commit', requestId: 'q-6', changes: {}, expectedVersion: null, by: ben, at },
      { type: 'share', requestId: 'q-7', principal: 'ben', permissions: ['read'], at },
      { type: 'share', requestId: 'q-8', principal: '*', permissions: [], by: ben, at },
      { type: 'commit.done', version: 2, at },
      { type: 'commit.conflict', version: 3, state: { x: 1 }, at },
      { type: 'commit.failed', code: 'database_unavailable', at },
      { type: 'passivate', at },
      { type: 'passivate', settled: true, at },
      { type: 'activate', at },
      { type: 'archive', at },
      { type: 'archive', by: ben, at },
      { type: 'restored', at },
    ],
    ({ access, version, pending, tries }) => [
      version,
      pending.map(({ requestId }) => requestId),
      tries,
      access.grants,
    ],
  ),
  sample(
    'breaker',
    {
      breakerId: 'b-1',
      times: { openMs: 100, backoff: 2, openMaxMs: 400, halfOpenMaxMs: 50 },
    },
    [
      { type: 'trip', failureRate: 60, slowRate: 0, at },
      { type: 'probe', at: 10 },
      { type: 'probe', at: 10_000 },
      { type: 'probes.passed', at },
      { type: 'probes.failed', failureRate: 100, slowRate: 0, at },
      { type: 'probes.overdue', at },
      { type: 'probes.overdue', at: 20_000 },
      ...['isolate', 'release', 'open', 'halfOpen', 'reset', 'disable', 'metricsOnly', 'restored'].map(
        (type) => ({ type, at }),
      ),
    ],
    ({ isolations }) => Math.min(isolations, 3),
  ),
  sample(
    'resource',
    { resourceId: 'r-1', settings: { ...resourceDefaults, restMs: 10 } },
    [
      { type: 'start', at },
      { type: 'init.done', at },
      { type: 'init.failed', error, at },
      { type: 'check.passed', at },
      { type: 'check.failed', error, at },
      { type: 'restart', at },
      { type: 'dispose', reason: 'removed', at },
      { type: 'clean.done', at },
      { type: 'clean.failed', error, at },
    ],
    ({ restarts, failures, successes, ending }) => [
      restarts.length,
      Math.min(failures, 2),
      Math.min(successes, 2),
      ending,
    ],
  ),
  sample(
    'supervisor',
    {
      supervisorId: 'l-1',
      settings: { ...supervisorDefaults, strategy: 'rest_for_one', intensity: 1 },
      specs: [
        { id: 'a', restart: 'permanent', dependsOrder: 1 },
        { id: 'b', restart: 'transient', dependsOrder: 2 },
      ],
    },
    [
      { type: 'start', at },
      ...['a', 'b'].flatMap((id) => [
        { type: 'child.started', id, at },
        { type: 'child.exited', id, reason: 'error', at },
        { type: 'child.exited', id, reason: 'normal', at },
        { type: 'rest.over', id, n: 1, at },
        { type: 'start.overdue', id, n: 1, at },
        { type: 'stop.overdue', id, n: 1, at },
      ]),
      { type: 'child.restart', id: 'a', at },
      { type: 'stop', at },
    ],
    ({ children, restarts }) => [
      restarts.length,
      children.map(({ phase, wanted, returns, starts }) => [phase, wanted, returns, Math.min(starts, 2)]),
    ],
  ),
  sample(
    'learning',
    { engineId: 'l-1', settings: learningDefaults },
    [
      { type: 'start', at },
      { type: 'workers.up', at },
      { type: 'workers.down', at },
      { type: 'workers.failed', reason: 'writer gave up', at },
      { type: 'drain', at },
      ...[0, 500, 5_000, 50_000].map((lag) => ({ type: 'lag.measured', lag, at })),
      { type: 'pause', reason: 'by hand', at },
      { type: 'resume', at },
    ],
    ({ held }) => held,
  ),
  sample('worker', { name: 'scorer', heartbeatMs: 1_000 }, [
    ...['start', 'started', 'heartbeat', 'give.up', 'stop', 'stopped'].map((type) => ({ type, at })),
    { type: 'crashed', error, at },
  ]),
  sample('sop', { sopId: 'p-1', activeFrom: 0.7 }, [
    { type: 'shadow', confidence: 0.6, at },
    { type: 'activate', by: 'evidence', confidence: 0.5, at },
    { type: 'activate', by: 'evidence', confidence: 0.7, at },
    { type: 'activate', by: 'approval', confidence: 0.4, at },
    { type: 'revise', version: 2, confidence: 0.8, at },
    { type: 'revise', version: 3, confidence: 0.8, reason: 'by hand', who: 'ada', at },
    { type: 'approve', who: 'ada', version: 3, confidence: 0.8, at },
    { type: 'report', who: 'bob', helpful: true, confidence: 0.85, at },
    { type: 'quarantine', reason: 'drift', at },
    { type: 'withdraw', confidence: 0.4, reason: 'an episode was forgotten', at },
    { type: 'deprecate', at },
    { type: 'retire', at },
  ]),
  sample(
    'run',
    { runId: 'u-1', sopId: 'p-1', waitMs: 1_000, callMs: 500 },
    [
      { type: 'start', at },
      { type: 'step.skipped', deviates: 'skipped', at },
      { type: 'call.lost', needs: 'approval', at },
      { type: 'call.lost', needs: 'call', at },
      { type: 'next', needs: 'call', offer: { ...offer, step: 90 }, at },
      ...['input', 'approval', 'call', 'nothing'].map((needs) => ({ type: 'next', needs, at })),
      { type: 'input.given', needs: 'call', at },
      { type: 'input.given', needs: 'approval', at },
      { type: 'approval.given', at },
      { type: 'approval.denied', reason: 'no', at },
      { type: 'call.done', at },
      { type: 'call.failed', reason: 'timeout', at },
      { type: 'check.failed', reason: 'gone', at },
      { type: 'cancel', reason: 'enough', at },
    ],
    ({ steps, at: step }) => [Math.min(steps, 2), Math.min(step, 2)],
  ),
];
