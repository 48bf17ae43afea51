// Letting sessions go, in simulated time: each waits for the bus for as long as it may, whatever came before it.
import { expect, it } from 'vitest';
import { openSessions } from '../../../src/actors/actors.ts';
import type { LiveSession } from '../../../src/actors/actors.ts';
import { createLettingGo } from '../../../src/node/letting-go.ts';
import { createWorld, somebody } from '../actors/world.ts';

/** Sessions of one node, a bus that takes what a test says, and the ids that were written as nobody's. */
function open() {
  const { clock, log, announcer, redactor } = createWorld();
  const eventLog = { waiting: 0 };
  const written: string[] = [];
  const rows = { letGo: async (session: LiveSession) => void written.push(session.id) };
  const sessions = openSessions({
    clock,
    log,
    announcer,
    redactor,
    routes: { resolve: () => undefined },
    changed: () => undefined,
  });
  const letGo = createLettingGo({ eventLog, rows, clock });
  const leave = (sessionId: string): void => {
    const rest = { transport: 'http', revision: '2025-11-25', client: 'test/1' } as const;
    void letGo(sessions.open({ principal: somebody('ann'), sessionId, ...rest }));
  };
  return { clock, eventLog, written, leave };
}

it('waits for the bus also where nothing waited when the first one went', async () => {
  const { clock, eventLog, written, leave } = open();
  leave('s-first');
  await clock.advance(1);
  expect(written).toEqual(['s-first']);
  eventLog.waiting = 5;
  leave('s-second');
  await clock.advance(500);
  expect(written).toEqual(['s-first']);
  eventLog.waiting = 0;
  await clock.advance(20);
  expect(written).toEqual(['s-first', 's-second']);
});

it('gives each its own time, and waits no longer than that', async () => {
  const { clock, eventLog, written, leave } = open();
  eventLog.waiting = 5;
  leave('s-first');
  await clock.advance(800);
  leave('s-late');
  await clock.advance(300);
  expect(written).toEqual(['s-first']);
  await clock.advance(800);
  expect(written).toEqual(['s-first', 's-late']);
});
