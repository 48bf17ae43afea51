/** Hints between the breakers of two nodes on one real bus: what is told, what is heard, and what is refused. */
import { randomBytes } from 'node:crypto';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openBoards } from '../../../src/actors/board.ts';
import { createBreakers } from '../../../src/actors/breaker/breakers.ts';
import type { Breakers } from '../../../src/actors/breaker/breakers.ts';
import type { BreakerConfig } from '../../../src/actors/breaker/breaker-config.ts';
import { openBreakerHints } from '../../../src/actors/breaker/breaker-hints.ts';
import type { BreakerHints } from '../../../src/actors/breaker/breaker-hints.ts';
import { createClock } from '../../../src/node/clock.ts';
import { openWire } from '../../../src/wire/wire.ts';
import type { Wire } from '../../../src/wire/wire.ts';
import { until } from '../../support/until.ts';
import { createWorld } from './world.ts';

const prefix = `H${randomBytes(4).toString('hex').toUpperCase()}`;
const stream = `${prefix}_COMMANDS`;
const subjectOf = (id: string): string => `${prefix.toLowerCase()}.command._system.breaker.${id}.hint`;
const config: BreakerConfig = { mode: 'consecutive', consecutive: 3, openMs: 20_000 };
/** Known to all nodes; each test takes one of its own. */
const ids = ['b-told', 'b-probed', 'b-restarted', 'b-echo', 'b-bad', 'b-late'] as const;

interface Node {
  readonly breakers: Breakers;
  readonly hints: BreakerHints;
  readonly wire: Wire;
  call(id: (typeof ids)[number], outcome: 'ok' | 'err'): void;
  stateOf(id: string): string | undefined;
}

const nodes: Node[] = [];

async function openNode(name: string, breakerConfig = config): Promise<Node> {
  const { announcer, log } = createWorld();
  const clock = createClock();
  const wire = await openWire({ url: inject('natsUrl'), name, log, now: Date.now, prefix });
  const breakers = createBreakers({ config: breakerConfig, clock, log, announcer, ...openBoards(log) });
  const guards = new Map(ids.map((id) => [id, breakers.open(id)] as const));
  const hints = await openBreakerHints({ wire, breakers, node: name, clock, log });
  const node: Node = {
    breakers,
    hints,
    wire,
    call(id, outcome) {
      const admission = guards.get(id)?.permit();
      if (admission?.ok === true) guards.get(id)?.done(admission.permit, outcome, 1);
    },
    stateOf: (id) => breakers.views().find((view) => view.id === id)?.state,
  };
  nodes.push(node);
  return node;
}

/** What lies in the stream for a breaker, read by a client of the test's own. */
async function readStored(id: string): Promise<readonly Record<string, unknown>[]> {
  const { host, username } = new URL(inject('natsUrl'));
  const bus = await connect({ servers: host, ...(username === '' ? {} : { token: username }) });
  try {
    const { streams } = await jetstreamManager(bus);
    const { state } = await streams.info(stream, { subjects_filter: subjectOf(id) });
    if (Object.keys(state.subjects ?? {}).length === 0) return [];
    const found: Record<string, unknown>[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
      const message = await streams.getMessage(stream, { seq });
      if (message?.subject === subjectOf(id)) found.push(message.json());
    }
    return found;
  } finally {
    await bus.close();
  }
}

/** Everything that was told to `node` before this has been heard by it. */
async function untilHeard(teller: Node, node: Node): Promise<void> {
  const before = node.hints.figures().unknown;
  await teller.wire.tell(toCommand('b-nobody', { node: 'n-test', forMs: 1 }));
  await until('the last command is heard', () => node.hints.figures().unknown > before);
}

let commands = 0;
function toCommand(id: string, data: unknown, at = new Date()): Parameters<Wire['tell']>[0] {
  commands += 1;
  const to = { namespace: '_system', kind: 'breaker', id } as const;
  return { id: `test-${commands}`, at: at.toISOString(), to, verb: 'hint', data, version: 1 };
}

describe('the breakers of two nodes on one bus', () => {
  let one: Node;
  let other: Node;

  beforeAll(async () => {
    one = await openNode('n-one');
    other = await openNode('n-other');
  });

  afterAll(async () => {
    await Promise.all(
      nodes.map(async ({ wire, hints, breakers }) => {
        await hints.stop();
        await wire.close();
        breakers.close();
      }),
    );
  });

  it('tell of an opening by a command in the stream, and the other then opens on its first failure', async () => {
    for (let time = 0; time < 3; time += 1) one.call('b-told', 'err');
    await until('the other has heard', () => other.hints.figures().taken === 1);
    const stored = await readStored('b-told');
    expect(stored).toMatchObject([
      {
        id: expect.stringMatching(/^v-/),
        to: { namespace: '_system', kind: 'breaker', id: 'b-told' },
        verb: 'hint',
        data: { node: 'n-one', forMs: expect.any(Number) },
      },
    ]);
    // What is left of the wait when it is told.
    const [forMs] = stored.map(({ data }) => (data as { forMs: number }).forMs);
    expect(forMs).toBeGreaterThan(0);
    expect(forMs).toBeLessThanOrEqual(20_000);
    expect(other.stateOf('b-told')).toBe('closed');
    other.call('b-told', 'err');
    expect(other.stateOf('b-told')).toBe('open');
    // An opening that a hint brought about is not told on, and nobody takes a hint of their own.
    await untilHeard(other, one);
    expect(await readStored('b-told')).toHaveLength(1);
    expect(one.hints.figures()).toMatchObject({ told: 1, taken: 0, moot: 0 });
  });

  it('tell of a failed probe, too', async () => {
    const short = await openNode('n-short', { mode: 'consecutive', consecutive: 1, openMs: 1, backoff: 10 });
    short.call('b-probed', 'err');
    await until('the probe has failed', () => {
      short.call('b-probed', 'err');
      return short.hints.figures().told > 1;
    });
    const stored = await readStored('b-probed');
    expect(stored.length).toBeGreaterThan(1);
    expect(new Set(stored.map(({ id }) => id)).size).toBe(stored.length);
  });

  it('say nothing of an opening that is a restart', async () => {
    const kept = { ...one.breakers.persist('b-restarted'), state: 'halfOpen' };
    expect(one.breakers.restore('b-restarted', kept)).toBe(true);
    expect(one.stateOf('b-restarted')).toBe('open');
    await untilHeard(one, other);
    expect(await readStored('b-restarted')).toEqual([]);
  });

  it('a success makes the other forget, as if nothing had been said', async () => {
    const { taken } = other.hints.figures();
    for (let time = 0; time < 3; time += 1) one.call('b-echo', 'err');
    await until('the other has heard', () => other.hints.figures().taken === taken + 1);
    for (const outcome of ['ok', 'err', 'err'] as const) other.call('b-echo', outcome);
    expect(other.stateOf('b-echo')).toBe('closed');
  });

  it('refuse what is malformed, absurd, late or for nobody; the good one behind it is taken', async () => {
    const { refused, taken, unknown } = other.hints.figures();
    const bad: readonly unknown[] = [
      undefined,
      'soon',
      { node: 'n-x' },
      { node: 'n-x', forMs: '1000' },
      { node: 'n-x', forMs: 0 },
      { node: 'n-x', forMs: -5 },
      { node: 'n-x', forMs: 1e300 },
      { node: 'n x.>', forMs: 1_000 },
    ];
    for (const data of bad) await one.wire.tell(toCommand('b-bad', data));
    await one.wire.tell(toCommand('b-unknown', { node: 'n-x', forMs: 1_000 }));
    await one.wire.tell(toCommand('b-bad', { node: 'n-x', forMs: 1_000 }, new Date(Date.now() - 61_000)));
    await one.wire.tell({ ...toCommand('b-bad', {}), verb: 'paint' });
    await one.wire.tell(toCommand('b-late', { node: 'n-x', forMs: 5_000 }));
    await until('the good one is taken', () => other.hints.figures().taken === taken + 1);
    expect(other.hints.figures()).toMatchObject({ refused: refused + bad.length + 1, unknown: unknown + 1 });
    other.call('b-bad', 'err');
    other.call('b-late', 'err');
    expect([other.stateOf('b-bad'), other.stateOf('b-late')]).toEqual(['closed', 'open']);
  });

  it('lose a hint while the bus is away, and go on', async () => {
    const { announcer, log } = createWorld();
    const breakers = createBreakers({ config, clock: createClock(), log, announcer, ...openBoards(log) });
    const guard = breakers.open('b-told');
    const wire = await openWire({
      url: 'nats://127.0.0.1:1',
      name: 'n-lonely',
      log,
      now: Date.now,
      prefix,
      openMs: 50,
    });
    const hints = await openBreakerHints({ wire, breakers, node: 'n-lonely', clock: createClock(), log });
    for (let time = 0; time < 3; time += 1) {
      const admission = guard.permit();
      if (admission.ok) guard.done(admission.permit, 'err', 1);
    }
    await until('the hint is lost', () => hints.figures().lost === 1);
    expect(breakers.views()).toMatchObject([{ state: 'open' }]);
    await hints.stop();
    await wire.close();
    breakers.close();
  });
});
