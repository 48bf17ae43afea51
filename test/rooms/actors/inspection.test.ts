/** The inspector's hub: who is told what, what late joiners get, what is never shown, and that nobody watching costs nothing. */
import { describe, expect, it } from 'vitest';
import { createActor, setup } from 'xstate';
import { breakerMachine } from '../../../machines/breaker.machine.ts';
import { createRedactor } from '../../../src/access/access.ts';
import { createInspection, createRoot, createRoots } from '../../../src/actors/actors.ts';
import type { InspectionFilter, InspectionMessage } from '../../../src/actors/actors.ts';
import { quietLog } from '../../support/quiet-log.ts';

const times = { openMs: 100, backoff: 1, openMaxMs: null, halfOpenMaxMs: null };
const secret = 'sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789';

function openHouse() {
  const roots = createRoots();
  let redactions = 0;
  const redactor = createRedactor({ key: 'test' });
  const inspection = createInspection({
    roots,
    redactor: {
      redact: (value) => {
        redactions += 1;
        return redactor.redact(value);
      },
    },
    clock: { now: () => 1_000 },
    log: quietLog,
  });
  const open = (id: string, namespace = '_system') =>
    createRoot(breakerMachine, {
      input: { breakerId: id, times },
      roots,
      address: { namespace, kind: 'breaker', id },
      onError: () => undefined,
      log: quietLog,
    });
  const watch = (filter: InspectionFilter = {}) => {
    const messages: InspectionMessage[] = [];
    return { messages, stop: inspection.watch(filter, (message) => messages.push(message)) };
  };
  return { roots, inspection, open, watch, redactions: () => redactions };
}

describe('the hub', () => {
  it('tells of an actor in the words of the inspector’s page', () => {
    const { open, watch } = openHouse();
    const breaker = open('b-1');
    const { messages } = watch();
    breaker.send({ type: 'trip', failureRate: 60, slowRate: 0, at: 5 });
    const frame = {
      sessionId: '_system/breaker/b-1',
      rootId: '_system/breaker/b-1',
      createdAt: '1000',
      id: null,
      _version: '0.7.2',
    };
    const event = { type: 'trip', failureRate: 60, slowRate: 0, at: 5 };
    expect(messages).toEqual([
      {
        type: '@xstate.actor',
        ...frame,
        name: '_system/breaker/b-1',
        parentId: undefined,
        definition: expect.stringContaining('"halfOpen"') as string,
        snapshot: expect.objectContaining({ status: 'active', value: 'closed' }) as object,
      },
      { type: '@xstate.event', ...frame, event, sourceId: undefined },
      {
        type: '@xstate.snapshot',
        ...frame,
        event,
        snapshot: expect.objectContaining({ value: 'open' }) as object,
      },
    ]);
    expect(JSON.parse((messages[0] as { definition: string }).definition)).toMatchObject({ id: 'breaker' });
  });

  it('begins for a late joiner with every registration and the present snapshot', () => {
    const { open, watch } = openHouse();
    const breakers = ['b-1', 'b-2'].map((id) => open(id));
    watch();
    for (let round = 0; round < 300; round += 1) {
      breakers[0]?.send({ type: 'isolate', at: round });
      breakers[0]?.send({ type: 'reset', at: round });
    }
    breakers[0]?.send({ type: 'disable', at: 301 });
    const { messages } = watch();
    expect(messages.map((message) => [message.type, message.sessionId, toValue(message)])).toEqual([
      ['@xstate.actor', '_system/breaker/b-1', 'disabled'],
      ['@xstate.actor', '_system/breaker/b-2', 'closed'],
    ]);
  });

  it('tells of actors that come later, and lets go of those that end', () => {
    const { inspection, open, roots, watch } = openHouse();
    const { messages } = watch();
    const breaker = open('b-1');
    expect(messages[0]).toMatchObject({ type: '@xstate.actor', sessionId: '_system/breaker/b-1' });
    expect(inspection.observed).toBe(1);
    breaker.stop();
    expect([inspection.observed, roots.views()]).toEqual([0, []]);
  });

  it.each([
    [{ namespaces: ['acme'] }, ['acme/breaker/b-2']],
    [{ kind: 'session' }, []],
    [{ kind: 'breaker', id: 'b-1' }, ['_system/breaker/b-1']],
    [{}, ['_system/breaker/b-1', 'acme/breaker/b-2']],
  ])('keeps to the filter %j', (filter, expected) => {
    const { inspection, open, watch } = openHouse();
    const breakers = [open('b-1'), open('b-2', 'acme')];
    const { messages } = watch(filter);
    for (const breaker of breakers) breaker.send({ type: 'disable', at: 1 });
    expect([...new Set(messages.map((message) => message.sessionId))]).toEqual(expected);
    expect(inspection.observed).toBe(expected.length);
  });

  it('does nothing at all while nobody watches, before and after', () => {
    const { inspection, open, redactions, watch } = openHouse();
    const breaker = open('b-1');
    breaker.send({ type: 'disable', at: 1 });
    expect([inspection.observed, redactions()]).toEqual([0, 0]);
    const { messages, stop } = watch();
    stop();
    const [told, redacted] = [messages.length, redactions()];
    breaker.send({ type: 'reset', at: 2 });
    expect([inspection.observed, messages.length, redactions()]).toEqual([0, told, redacted]);
  });

  it('goes on for the others when one leaves', () => {
    const { inspection, open, watch } = openHouse();
    const breaker = open('b-1');
    const [first, second] = [watch(), watch()];
    first.stop();
    const told = second.messages.length;
    breaker.send({ type: 'disable', at: 1 });
    expect([inspection.observed, second.messages.length - told]).toEqual([1, 2]);
  });

  it('shows no secret: not in the definition, not in events, not in snapshots', () => {
    const { inspection, roots } = openHouse();
    const machine = setup({
      types: { events: {} as { type: 'go'; password: string } },
    }).createMachine({
      id: 'leaky',
      // A static context stands in the chart itself.
      context: { apiKey: secret, note: `key ${secret}` },
      on: { go: {} },
    });
    const actor = createRoot(machine, {
      roots,
      address: { namespace: 'acme', kind: 'session', id: 's-1' },
      onError: () => undefined,
      log: quietLog,
    });
    const messages: InspectionMessage[] = [];
    inspection.watch({}, (message) => messages.push(message));
    actor.send({ type: 'go', password: 'hunter2hunter2' });
    const text = JSON.stringify(messages);
    expect(messages).toHaveLength(3);
    expect(text).not.toContain(secret);
    expect(text).not.toContain('hunter2');
    expect(text).toContain('[redacted:');
  });

  it('lets no watcher break an actor', () => {
    const { inspection, open } = openHouse();
    const breaker = open('b-1');
    inspection.watch({}, () => {
      throw new Error('watching');
    });
    breaker.send({ type: 'disable', at: 1 });
    expect(breaker.getSnapshot().value).toBe('disabled');
  });

  it('tells of what is too large without its content', () => {
    const { inspection, roots } = openHouse();
    const machine = setup({ types: { context: {} as { text: string } } }).createMachine({
      context: { text: 'x'.repeat(300_000) },
    });
    const actor = createActor(machine).start();
    roots.add({ namespace: 'acme', kind: 'session', id: 's-1' }, actor);
    const messages: InspectionMessage[] = [];
    inspection.watch({}, (message) => messages.push(message));
    expect(messages[0]).toMatchObject({ snapshot: { cut: true } });
  });
});

function toValue(message: InspectionMessage): unknown {
  return 'snapshot' in message ? (message.snapshot as { value: unknown }).value : undefined;
}

describe('the register of live actors', () => {
  it('knows of each kind how many live, and how many have come', () => {
    const roots = createRoots();
    expect([...roots.figures()]).toEqual([]);
    const open = (id: string) =>
      createRoot(breakerMachine, {
        input: { breakerId: id, times },
        roots,
        address: { namespace: '_system', kind: 'breaker', id },
        onError: () => undefined,
        log: quietLog,
      });
    open('b-1');
    open('b-2').stop();
    expect([...roots.figures()]).toEqual([['breaker', { live: 1, activations: 2 }]]);
  });
});
