/** One person who just works: twenty calls in one session, no task ever stated, no outcome told, nothing closed. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { DreyEvent } from '../../../machines/words/events.ts';
import { createAnnouncer, openForesights, openSessions, openShelf } from '../../../src/actors/actors.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { openTestStore } from '../../support/store.ts';
import type { TestStore } from '../../support/store.ts';
import { until } from '../../support/until.ts';
import { clock, openBus, openEngine, redactor } from './learning-stage.ts';
import { createSimulatedClock, somebody } from './world.ts';

let database: TestStore;
beforeAll(async () => {
  database = await openTestStore(inject('postgresUrl'));
});
afterAll(() => database.close());

const steps = ['disk__list', 'disk__read', 'sums__total', 'mail__draft'];

interface Made {
  readonly name: string;
  readonly folder: string;
}

/** So many calls of a week's work after another. */
function toWeeks(calls: number): Made[] {
  return Array.from({ length: calls }, (_, at) => ({
    name: steps[at % steps.length] ?? '',
    folder: `week-${Math.floor(at / steps.length)}`,
  }));
}

/** The events that the session leaves. */
async function workWithoutAWord(namespace: string, calls: readonly Made[]): Promise<DreyEvent[]> {
  const time = createSimulatedClock();
  const events: DreyEvent[] = [];
  const announcer = createAnnouncer({ append: (told) => void events.push(told), clock: time, log });
  const routes: Parameters<typeof openSessions>[0]['routes'] = {
    resolve(name) {
      const [server = '', tool = ''] = name.split('__');
      return {
        server,
        tool,
        call: async ({ args }) => ({ outcome: 'finished', result: `{"echo":${args}}`, isError: false }),
      };
    },
  };
  const sessions = openSessions({ clock: time, log, announcer, redactor, routes, changed: () => undefined });
  const principal = somebody('ada', namespace);
  const session = sessions.open({ principal, transport: 'stdio', revision: '', client: 'test' });
  for (const [at, { name, folder }] of calls.entries()) {
    await time.advance(1_000);
    await session.call({
      callId: `k-${namespace}-${at}`,
      name,
      args: JSON.stringify({ folder }),
      meta: undefined,
      traceparent: undefined,
      signal: new AbortController().signal,
      notify: undefined,
    });
  }
  return events;
}

/** Works, lets it be learned, and asks what a shelf serves. */
async function learnAndAsk(namespace: string, calls: readonly Made[]) {
  const { store } = database;
  const wire = await openBus();
  const { engine } = await openEngine({ wire, store });
  const foresights = openForesights({ store, clock, log });
  const shelf = openShelf({ store, clock, log, foresights, maxAgeMs: 0 });
  const ask = (task: string) => shelf.search({ namespace, task, minConfidence: 0.7, limit: 3 });
  await wire.publishAll(await workWithoutAWord(namespace, calls));
  await until('all is learned', async () => (await engine.report()).behind === 0, 20_000);
  return { ask };
}

test('twenty calls without a word about the task become a procedure that is served', async () => {
  const { ask } = await learnAndAsk('silent20', toWeeks(20));
  const question = 'list and read the folder on the disk, total the sums and draft a mail';
  const [sop, ...others] = await until(
    'a procedure is served',
    async () => {
      const found = await ask(question);
      return found.length > 0 && found;
    },
    20_000,
  );
  expect(others).toEqual([]);
  expect(sop?.procedure.map(({ tool }) => tool)).toEqual(steps);
  expect(sop?.confidence).toBeGreaterThanOrEqual(0.7);
  expect(sop?.triggerFrom).toBe('calls');
  expect(await ask('Book a flight from Lisbon to Oslo')).toEqual([]);
});

test('so do twenty as people make them: another one first, and one in between', async () => {
  const weeks = toWeeks(20);
  const other = (name: string): Made => ({ name, folder: '' });
  const made = [other('disk__roots'), ...weeks.slice(0, 6), other('mail__inbox'), ...weeks.slice(6)];
  const { ask } = await learnAndAsk('silent22', made);
  const [sop] = await until(
    'a procedure is served',
    async () => {
      const found = await ask('list and read the folder on the disk, total the sums and draft a mail');
      return found.length > 0 && found;
    },
    20_000,
  );
  const own = sop?.procedure.filter(({ tool }) => steps.includes(tool)).map(({ tool }) => tool);
  expect(own).toEqual(steps);
  expect(sop?.procedure[0]?.tool).toBe('disk__list');
});

test('eight calls do not: twice is no habit', async () => {
  const { ask } = await learnAndAsk('silent8', toWeeks(8));
  expect(await ask('list and read the folder on the disk, total the sums and draft a mail')).toEqual([]);
});
