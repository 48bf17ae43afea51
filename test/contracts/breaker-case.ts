/**
 * One acceptance case of a circuit breaker: a configuration and operations, played against the real breaker on a
 * simulated clock. An operation that is not understood fails the case; it is never skipped.
 */
import { isDeepStrictEqual } from 'node:util';
import { openBreaker } from '../../src/actors/breaker/breaker.ts';
import type { Breaker, BreakerEdge, CallOutcome, Permit } from '../../src/actors/breaker/breaker.ts';
import type { BreakerConfig } from '../../src/actors/breaker/breaker-config.ts';
import type { PersistedBreaker } from '../../src/actors/breaker/breaker-snapshot.ts';

interface Stage {
  breaker: Breaker;
  nowMs: number;
  readonly permits: Map<string, Permit>;
  /** `CLOSED>OPEN` and so on, from the beginning of the case. */
  readonly edges: string[];
  readonly restore: (snapshot: PersistedBreaker) => Breaker;
}

/** Null when it passed, otherwise `op 5 …why`. */
export function runBreakerCase(json: object): string | null {
  const { config, ops, t0 } = json as { config?: BreakerConfig; ops?: unknown; t0?: unknown };
  if (!Array.isArray(ops)) return 'the case has no list "ops"';
  let stage: Stage;
  try {
    stage = openStage(config ?? {}, typeof t0 === 'number' ? t0 : 0);
  } catch (error) {
    return `config: ${toMessage(error)}`;
  }
  for (const [index, op] of ops.entries()) {
    const why = play(stage, op);
    if (why !== null) return `op ${index + 1} ${JSON.stringify(op)}: ${why}`;
  }
  return null;
}

function openStage(config: BreakerConfig, startMs: number): Stage {
  const edges: string[] = [];
  const open = (snapshot?: PersistedBreaker): Breaker =>
    openBreaker({
      id: 'case',
      config,
      clock: { monotonic: () => stage.nowMs },
      onEdge: ({ from, to }: BreakerEdge) => edges.push(`${toWord(from)}>${toWord(to)}`),
      ...(snapshot === undefined ? {} : { snapshot }),
    });
  // The breaker reads the clock while it is made, so the stage exists before it.
  const stage = {
    nowMs: startMs,
    permits: new Map<string, Permit>(),
    edges,
    restore: open,
  } as unknown as Stage;
  stage.breaker = open();
  return stage;
}

function play(stage: Stage, op: unknown): string | null {
  if (!Array.isArray(op)) return 'an operation is a list';
  const [name, ...args] = op as unknown[];
  const perform = typeof name === 'string' && Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (perform === undefined) return 'is no known operation';
  try {
    return perform(stage, args);
  } catch (error) {
    return `threw: ${toMessage(error)}`;
  }
}

type Operation = (stage: Stage, args: readonly unknown[]) => string | null;

const byHand = ['isolate', 'release', 'open', 'halfOpen', 'reset', 'disable', 'metricsOnly'] as const;
type ByHand = (typeof byHand)[number];

const operations: Readonly<Record<string, Operation>> = {
  ok: (stage, args) => makeCalls(stage, 'ok', args[0]),
  err: (stage, args) => makeCalls(stage, 'err', args[0]),
  ignored: (stage, args) => makeCalls(stage, 'ignored', args[0]),
  adv(stage, [ms]) {
    stage.nowMs += Number(ms);
    return null;
  },
  permit(stage, [expected, name]) {
    const admission = stage.breaker.permit();
    if (admission.ok && typeof name === 'string') stage.permits.set(name, admission.permit);
    return differs(expected, admission.ok);
  },
  done(stage, [name, outcome, durationMs]) {
    const permit = stage.permits.get(String(name));
    if (permit === undefined) return `there is no permit "${String(name)}"`;
    if (!isOutcome(outcome)) return `"${String(outcome)}" is no outcome`;
    stage.breaker.done(permit, outcome, Number(durationMs ?? 0));
    return null;
  },
  state: (stage, [expected]) => differs(expected, toWord(stage.breaker.state)),
  metrics: (stage, [expected]) => differsInMetrics(stage.breaker, expected),
  retryAfter: (stage, [expected]) => differs(expected, stage.breaker.retryAfterMs()),
  events: (stage, [expected]) => differs(expected, stage.edges),
  restart(stage, [ms]) {
    // Through text, as a database would keep it.
    const kept = JSON.parse(JSON.stringify(stage.breaker.persist())) as PersistedBreaker;
    stage.breaker.close();
    stage.nowMs += Number(ms);
    stage.breaker = stage.restore(kept);
    return null;
  },
  throws(stage, [command]) {
    if (!isByHand(command)) return `"${String(command)}" is no command`;
    try {
      stage.breaker[command]();
    } catch {
      return null;
    }
    return 'did not throw';
  },
  ...Object.fromEntries(byHand.map((command) => [command, toCommand(command)])),
};

function toCommand(command: ByHand): Operation {
  return (stage) => {
    stage.breaker[command]();
    return null;
  };
}

function makeCalls(stage: Stage, outcome: CallOutcome, options: unknown): null {
  const { n = 1, d = 0 } = (options ?? {}) as { n?: number; d?: number };
  for (let call = 0; call < n; call += 1) {
    const admission = stage.breaker.permit();
    if (admission.ok) stage.breaker.done(admission.permit, outcome, d);
  }
  return null;
}

function differsInMetrics(breaker: Breaker, expected: unknown): string | null {
  const metrics: Readonly<Record<string, unknown>> = { ...breaker.metrics() };
  for (const [name, value] of Object.entries(expected ?? {})) {
    const actual = metrics[name];
    const near = typeof actual === 'number' && typeof value === 'number' && Math.abs(actual - value) < 1e-6;
    if (!near) return `${name} is ${String(actual)}, not ${String(value)}`;
  }
  return null;
}

function differs(expected: unknown, actual: unknown): string | null {
  return isDeepStrictEqual(actual, expected) ? null : `got ${JSON.stringify(actual)}`;
}

/** halfOpen as the cases write it: HALF_OPEN. */
function toWord(state: string): string {
  return state.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function isOutcome(value: unknown): value is CallOutcome {
  return value === 'ok' || value === 'err' || value === 'ignored';
}

function isByHand(value: unknown): value is ByHand {
  return byHand.some((command) => command === value);
}

function toMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
