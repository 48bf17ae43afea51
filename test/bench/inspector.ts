/** What being visible costs an actor: unregistered, registered with nobody watching, after a watch, and while watched. */
import { sessionMachine } from '../../machines/session.machine.ts';
import { createInspection, createRoot, createRoots } from '../../src/actors/actors.ts';
import { quietLog } from '../support/quiet-log.ts';
import { measure, quantile } from './measure.ts';
import type { Bench } from './measure.ts';

const cases = ['unregistered', 'unwatched', 'after', 'watched'] as const;
type Case = (typeof cases)[number];

const settings = { callsMax: 64, idleMs: 1_000_000, drainMs: 1_000 };
const neverFires = { setTimeout: () => 0, clearTimeout: () => undefined };

/** CPU time in microseconds a message; ratios are of the best rounds, as what disturbs a round only ever adds. */
export const inspectorBench: Bench = {
  name: 'inspector',
  about: 'a message to a session actor, with and without somebody who watches',
  async run({ quick }) {
    const rounds = quick ? 5 : 60;
    const figures: Record<Case, number[]> = { unregistered: [], unwatched: [], after: [], watched: [] };
    // One round more, not counted: the first runs are the compiler's. Then each case comes first, second, … in turn.
    for (let round = -cases.length; round < rounds; round += 1) {
      for (let turn = 0; turn < cases.length; turn += 1) {
        const one = cases[(round + cases.length + turn) % cases.length] ?? 'unregistered';
        const figure = run(one, quick ? 2_500 : 6_000);
        if (round >= 0) figures[one].push(figure);
      }
    }
    const median = (one: Case): number => quantile(figures[one], 0.5);
    const best = (one: Case): number => quantile(figures[one], 0.1);
    return [
      ...cases.map((one) => measure(`inspector.${one}.us`, median(one), 'us', 'lower')),
      measure('inspector.unwatched.ratio', best('unwatched') / best('unregistered'), 'ratio', 'lower', 1.02),
      measure('inspector.after.ratio', best('after') / best('unregistered'), 'ratio', 'lower', 1.02),
    ];
  },
};

function run(which: Case, calls: number): number {
  const roots = createRoots();
  const inspection = createInspection({
    roots,
    redactor: { redact: (value) => value },
    clock: { now: () => 0 },
    log: quietLog,
  });
  const known = { roots, address: { namespace: 'bench', kind: 'session', id: 's-1' } } as const;
  const actor = createRoot(sessionMachine, {
    input: { sessionId: 's-1', settings },
    ...(which === 'unregistered' ? {} : known),
    clock: neverFires,
    onError: () => undefined,
    log: quietLog,
  });
  if (which === 'after') inspection.watch({}, () => undefined)();
  const stop = which === 'watched' ? inspection.watch({}, () => undefined) : () => undefined;
  actor.send({ type: 'opened', at: 0 });
  const begun = process.cpuUsage();
  for (let at = 0; at < calls; at += 1) {
    actor.send({ type: 'call.started', callId: 'k-1', at });
    actor.send({ type: 'call.ended', callId: 'k-1', outcome: 'finished', at });
  }
  const { user, system } = process.cpuUsage(begun);
  stop();
  actor.stop();
  return (user + system) / calls / 2;
}
