/**
 * Golden histories: events of real actors of a real node, recorded by `test/journeys/record-histories.ts`. A machine that
 * was changed must still lead through them, or its version must change and the histories be recorded anew.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readEvent } from '../../src/wire/envelope.ts';
import { isMachineKind, replayEvents } from '../../src/actors/replay.ts';
import type { RecordedEvent } from '../../src/actors/replay.ts';

interface GoldenEvent extends RecordedEvent {
  readonly namespace: string;
  readonly actor: { readonly kind: string; readonly id: string };
}

const folder = new URL('../fixtures/histories/', import.meta.url);
const kinds = readdirSync(folder).flatMap((name) => (name.endsWith('.jsonl') ? [name.slice(0, -6)] : []));

function read(kind: string): Map<string, GoldenEvent[]> {
  const text = readFileSync(new URL(`${kind}.jsonl`, folder), 'utf8');
  const events = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as GoldenEvent);
  const lives = new Map<string, GoldenEvent[]>();
  for (const event of events) lives.set(event.actor.id, [...(lives.get(event.actor.id) ?? []), event]);
  return lives;
}

it('are there for every kind that lives in a node', () => {
  expect(kinds.sort()).toEqual(['breaker', 'learning', 'node', 'resource', 'session', 'worker']);
});

describe.each(kinds)('the histories of %s', (kind) => {
  const lives = [...read(kind)];

  it('are events as the bus has them', () => {
    for (const event of lives.flatMap(([, events]) => events)) {
      const parsed = readEvent(Buffer.from(JSON.stringify({ version: 1, ...event })));
      expect(parsed, JSON.stringify(event)).toMatchObject({ parked: false });
    }
  });

  it.each(lives)('lead %s through exactly the recorded states', (_id, events) => {
    if (!isMachineKind(kind)) throw new Error(`${kind} has no machine`);
    const { transitions, differences, states } = replayEvents(kind, events);
    const edges = events.filter(({ data }) => 'cause' in data);
    expect(differences).toEqual([]);
    expect(transitions.map(({ from, to }) => `${from} > ${to}`)).toEqual(
      edges.map(({ data }) => `${String(data['from'])} > ${String(data['to'])}`),
    );
    const last = events.at(-1);
    if (last !== undefined && 'to' in last.data) expect(states).toContain(last.data['to']);
  });

  it('pass through these states', async () => {
    if (!isMachineKind(kind)) throw new Error(`${kind} has no machine`);
    const lines = lives.map(([, events]) => {
      const { transitions, states } = replayEvents(kind, events);
      const path = transitions.map(({ event, to, begins }) => `${begins ? '| ' : ''}${event} > ${to}`);
      return [...path, `= ${states.join(', ')}`].join('\n  ');
    });
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`../fixtures/histories/${kind}.paths.txt`);
  });
});
