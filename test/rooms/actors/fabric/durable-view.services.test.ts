// A durable actor in memory is seen like a live one: by its address, in the inspector's schema, and no longer than it is there.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createInspection, createRoots } from '../../../../src/actors/actors.ts';
import type { Fabric, InspectionMessage } from '../../../../src/actors/actors.ts';
import { createRedactor } from '../../../../src/access/access.ts';
import { quietLog } from '../../../support/quiet-log.ts';
import { realClock } from './clock.ts';
import { openStage } from './stage.ts';
import type { Stage } from './stage.ts';

describe('a durable actor that is looked at', () => {
  const roots = createRoots();
  const redactor = createRedactor({ key: 'test' });
  const inspection = createInspection({ roots, redactor, clock: realClock, log: quietLog });
  const name = { namespace: 'acme', contextId: 'c-seen' };
  let stage: Stage;
  let fabric: Fabric;

  beforeAll(async () => {
    stage = await openStage(inject('postgresUrl'));
    fabric = await stage.node({ roots });
  });
  afterAll(async () => stage.close());

  it('is in the register with its state while it is in memory', async () => {
    await fabric.contexts.commit({ ...name, changes: { a: 1 } });
    const seen = { namespace: 'acme', kind: 'context', id: 'c-seen', states: ['active'] };
    expect(roots.views()).toEqual([seen]);
    expect(await fabric.directory.passivate({ namespace: 'acme', kind: 'context', id: 'c-seen' })).toBe(true);
    expect(roots.views()).toEqual([]);
    await fabric.contexts.archive({ namespace: 'acme', contextId: 'c-seen' });
    expect(roots.views()).toEqual([{ ...seen, states: ['archived'] }]);
  });

  it('tells each committed step to who watches, late joiners from its present state, and nothing to nobody', async () => {
    const other = { namespace: 'acme', contextId: 'c-watched' };
    await fabric.contexts.commit({ ...other, changes: { password: 'hunter2hunter2' } });
    const heard: InspectionMessage[] = [];
    const leave = inspection.watch({ kind: 'context', id: 'c-watched' }, (message) => heard.push(message));
    expect(heard).toMatchObject([
      { type: '@xstate.actor', sessionId: 'acme/context/c-watched', snapshot: { context: { version: 1 } } },
    ]);
    await fabric.contexts.commit({ ...other, changes: { b: 2 } });
    expect(heard.slice(1)).toMatchObject([
      { type: '@xstate.event', event: { type: 'commit', changes: { b: 2 } } },
      { type: '@xstate.snapshot', snapshot: { value: { active: 'clean' }, context: { version: 2 } } },
    ]);
    expect(JSON.stringify(heard)).not.toContain('hunter2');
    expect(JSON.parse(heard[0]?.type === '@xstate.actor' ? heard[0].definition : '{}')).toMatchObject({
      id: 'context',
    });
    leave();
    expect(inspection.observed).toBe(0);
    await fabric.contexts.commit({ ...other, changes: { c: 3 } });
    expect(heard).toHaveLength(3);
  });
});
