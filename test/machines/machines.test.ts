/** What holds for every machine: it can be made, drawn, walked, stored as JSON, and replayed from its causes. */
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createActor, initialTransition, transition } from 'xstate';
import type { AnyMachineSnapshot, EventObject } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { toContextCause } from '../../machines/context-events.ts';
import type { ContextEvent } from '../../machines/context-events.ts';
import { toEdges, toLifecycle } from '../../machines/edges.ts';
import type { LifecycleEdges } from '../../machines/edges.ts';
import { machines } from '../../machines/machines.ts';
import { toResourceCause } from '../../machines/resource.machine.ts';
import type { ResourceContext, ResourceEvent } from '../../machines/resource.machine.ts';
import { isEventType } from '../../machines/words/events.ts';
import { SopStatus } from '../../machines/words/sops.ts';
import { toDrawing } from './drawing.ts';
import { samples } from './samples.ts';
import type { Sample, Told } from './samples.ts';
import { toArrows, toDrawnEdges, toNodes } from './shape.ts';

const readme = readFileSync(new URL('../../machines/README.md', import.meta.url), 'utf8');

describe.each(samples)('the $kind machine', (sample) => {
  const { kind, machine, events } = sample;
  const edges: LifecycleEdges = machines[kind].edges;
  const paths = walk(sample);

  it('has a version and is listed under the name of its root', () => {
    expect(machines[kind].version).toBeGreaterThanOrEqual(1);
    expect(machine.id).toBe(kind);
  });

  it('names all of its actions and guards, and has each of them', () => {
    const { actions, guards } = machine.implementations;
    for (const action of toActions(sample)) expect(Object.keys(actions)).toContain(action);
    const named = toArrows(machine).flatMap(({ guard }) => guard ?? []);
    for (const guard of named) expect(Object.keys(guards)).toContain(guard);
    const used = new Set([...toActions(sample), ...named]);
    for (const name of [...Object.keys(actions), ...Object.keys(guards)]) expect(used).toContain(name);
  });

  it('reaches every one of its states', () => {
    const reached = new Set(paths.flatMap(({ state }) => toNames(state.value)));
    expect([...reached].sort()).toEqual(
      toNodes(machine)
        .map((node) => node.path.join('.'))
        .sort(),
    );
  });

  it('goes from every state with every event where its table says, with the actions it says', async () => {
    const byState = new Map(paths.toReversed().map((path) => [JSON.stringify(path.state.value), path]));
    const lines = [...byState.values()]
      .toReversed()
      .flatMap(({ state }) => [
        JSON.stringify(state.value),
        ...events.map((event) => `  ${JSON.stringify(event)} -> ${describeStep(sample, state, event)}`),
      ]);
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`../fixtures/machines/${kind}.table.txt`);
  });

  it('takes only lifecycle edges that its table of events knows, and all of them can be drawn', () => {
    expect([...toDrawnEdges(machine)].sort()).toEqual(Object.keys(edges).sort());
    for (const type of Object.values(edges)) expect(type === null || isEventType(type)).toBe(true);
    const taken = paths.flatMap(({ state }) =>
      events.flatMap((event) => toEdges(edges, state.value, step(sample, state, event).value)),
    );
    for (const { from, to } of taken) expect(Object.keys(edges)).toContain(`${from}>${to}`);
  });

  it('keeps a context that survives JSON unchanged, in every state', () => {
    for (const { state } of paths) expect(JSON.parse(JSON.stringify(state.context))).toEqual(state.context);
  });

  it('goes on the same after it was persisted as text and restored', () => {
    for (const { state } of paths) {
      const text = JSON.stringify(machine.getPersistedSnapshot(state));
      const revived = createActor(machine, { snapshot: JSON.parse(text), input: sample.input }).getSnapshot();
      expect(revived.value).toEqual(state.value);
      expect(revived.context).toEqual(state.context);
    }
  });

  it('makes a context without input, as pure transitions do', () => {
    expect(() => machine.getInitialSnapshot(undefined as never, undefined as never)).not.toThrow();
  });

  it('is drawn in the documentation as it is', () => {
    const title = `## ${kind}\n`;
    const section = readme.slice(readme.indexOf(title)).split('\n## ')[0] ?? '';
    expect(readme).toContain(title);
    expect(section).toContain(`\`\`\`mermaid\n${toDrawing(machine)}\n\`\`\``);
  });

  it('replays exactly: the causes of its edges alone lead through the same lifecycle', () => {
    if (kind === 'supervisor') return;
    fc.assert(
      fc.property(toToldArbitrary(sample), (told) => {
        const { recorded, path } = live(sample, edges, told);
        expect(fold(sample, recorded)).toEqual(path);
      }),
      { numRuns: 100 },
    );
  });

  it('replays exactly: every event it consumed leads to the same state and context', () => {
    fc.assert(
      fc.property(toToldArbitrary(sample), (told) => {
        const once = told.reduce((state, event) => step(sample, state, event), start(sample));
        const again = told.reduce((state, event) => {
          const kept = JSON.stringify(machine.getPersistedSnapshot(state));
          const revived = createActor(machine, {
            snapshot: JSON.parse(kept),
            input: sample.input,
          }).getSnapshot();
          return step(sample, revived, event);
        }, start(sample));
        expect([again.value, again.context]).toEqual([once.value, once.context]);
      }),
      { numRuns: 15 },
    );
  });
});

describe('the machines and the words', () => {
  it('call the states of a SOP by the words of its status', () => {
    expect(Object.keys(machines.sop.machine.states).sort()).toEqual([...SopStatus.options].sort());
  });

  it('are all sampled', () => {
    expect(samples.map(({ kind }) => kind)).toEqual(Object.keys(machines));
  });

  it('tell one lifecycle state a region', () => {
    expect(toLifecycle('closed')).toEqual(['closed']);
    expect(toLifecycle({ ready: 'idle' })).toEqual(['ready']);
    expect(toLifecycle({ engine: 'running', intake: 'flowing' })).toEqual(['running', 'flowing']);
  });
});

function walk({ machine, input, events, outline }: Sample): { state: AnyMachineSnapshot }[] {
  return getShortestPaths(machine, {
    input,
    events: events as never,
    limit: 50_000,
    serializeState: (state: AnyMachineSnapshot) =>
      JSON.stringify([state.value, outline(state.context as never)]),
  }) as { state: AnyMachineSnapshot }[];
}

function start({ machine, input }: Sample): AnyMachineSnapshot {
  return initialTransition(machine, input as never)[0];
}

function step({ machine }: Sample, state: AnyMachineSnapshot, event: EventObject): AnyMachineSnapshot {
  return transition(machine, state, event as never)[0];
}

function describeStep({ machine }: Sample, state: AnyMachineSnapshot, event: EventObject): string {
  const [next, actions] = transition(machine, state, event as never);
  const names = actions
    .filter(({ type }) => !/^xstate\.(raise|cancel)$/.test(type))
    .map(({ type, params }) => `${type}${JSON.stringify(params ?? {})}`);
  return [JSON.stringify(next.value), ...names].join(' ');
}

/** Plays events as they come and records the cause of each lifecycle edge, as hands do. */
function live(
  sample: Sample,
  edges: LifecycleEdges,
  told: readonly Told[],
): { recorded: EventObject[]; path: unknown[] } {
  const recorded: EventObject[] = [];
  const path: unknown[] = [];
  let state = start(sample);
  for (const event of told) {
    const next = step(sample, state, event);
    if (toEdges(edges, state.value, next.value).length > 0) {
      recorded.push(toCause(sample, state, event));
      path.push(toLifecycle(next.value));
    }
    state = next;
  }
  return { recorded, path };
}

function toCause({ kind }: Sample, state: AnyMachineSnapshot, event: EventObject): EventObject {
  if (kind === 'context') return toContextCause(event as ContextEvent);
  if (kind !== 'resource') return event;
  return toResourceCause(state.context as ResourceContext, event as ResourceEvent);
}

function fold(sample: Sample, recorded: readonly EventObject[]): unknown[] {
  let state = start(sample);
  return recorded.map((event) => {
    state = step(sample, state, event);
    return toLifecycle(state.value);
  });
}

/** The sample's events in any order, at moments that never go back. */
function toToldArbitrary({ events }: Sample): fc.Arbitrary<Told[]> {
  const one = fc.tuple(fc.constantFrom(...events), fc.nat(3_000));
  return fc.array(one, { maxLength: 40, size: 'max' }).map((steps) => {
    let at = 0;
    return steps.map(([event, laterMs]) => {
      at += laterMs;
      return 'at' in event ? { ...event, at } : event;
    });
  });
}

function toActions({ machine }: Sample): string[] {
  const ofTransitions = toArrows(machine).flatMap(({ actions }) => actions);
  const ofStates = [machine.root, ...toNodes(machine)].flatMap(({ entry, exit }) => [...entry, ...exit]);
  return (
    [...ofTransitions, ...ofStates]
      .map((action) => {
        if (typeof action === 'string') return action;
        const { type } = action as { type?: unknown };
        return typeof type === 'string' ? type : '(anonymous)';
      })
      // XState arms and cancels its own timers with these.
      .filter((name) => name !== 'xstate.raise' && name !== 'xstate.cancel')
  );
}

function toNames(value: AnyMachineSnapshot['value']): string[] {
  if (typeof value === 'string') return [value];
  return Object.entries(value).flatMap(([key, inner]) => [
    key,
    ...(inner === undefined ? [] : toNames(inner).map((name) => `${key}.${name}`)),
  ]);
}
