/** What tests of learning share: a bus of their own, an engine, and a kind of task that is done the same way each time. */
import { inject, onTestFinished } from 'vitest';
import type { ImportedEpisode } from '../../../machines/words/episodes.ts';
import type { DreyEvent } from '../../../machines/words/events.ts';
import { createRedactor } from '../../../src/access/access.ts';
import { announceImport, createAnnouncer, openLearning, openSessions } from '../../../src/actors/actors.ts';
import type { LearningEngine } from '../../../src/actors/actors.ts';
import { silenceMs } from '../../../src/actors/workers/assemble.ts';
import { createTurnSource, type TurnSource } from '../../../src/actors/workers/turn-source.ts';
import { createClock } from '../../../src/node/clock.ts';
import { addDue } from '../../../src/store/store.ts';
import type { Store } from '../../../src/store/store.ts';
import type { Wire } from '../../../src/wire/wire.ts';
import { openStandingWire } from '../../support/standing-wire.ts';
import { quietLog as log } from '../../support/quiet-log.ts';
import { until } from '../../support/until.ts';
import { createSimulatedClock, somebody } from './world.ts';

type LearningOptions = Parameters<typeof openLearning>[0];

export const clock = createClock();
export const redactor = createRedactor({ key: 'test' });
let worlds = 0;

/** A bus of its own; closed with the test. */
export async function openBus(): Promise<Wire> {
  worlds += 1;
  const prefix = `L${process.pid}X${worlds}`;
  const wire = await openStandingWire({ url: inject('natsUrl'), log, now: clock.now, prefix });
  onTestFinished(() => wire.close());
  return wire;
}

/** Collects what is announced, to be published when the test says so. */
export function createVoice(): {
  readonly announcer: ReturnType<typeof createAnnouncer>;
  take(): DreyEvent[];
} {
  let events: DreyEvent[] = [];
  return {
    announcer: createAnnouncer({ append: (told) => void events.push(told), clock, log }),
    take() {
      const taken = events;
      events = [];
      return taken;
    },
  };
}

/** A customer is looked up, an invoice written and sent. */
export const invoice = (n: number): ImportedEpisode => ({
  source: 'test',
  key: String(n),
  task: `Send an invoice to customer C-${n}00`,
  outcome: 'success',
  agent: 'test',
  startedAt: `2026-02-0${n}T10:00:00Z`,
  calls: [
    {
      server: 'crm',
      tool: 'find',
      args: { id: `C-${n}00` },
      result: { mail: `c${n}@example.com` },
      error: false,
    },
    {
      server: 'books',
      tool: 'invoice',
      args: { customer: `C-${n}00` },
      result: { number: `I-${n}` },
      error: false,
    },
    {
      server: 'mail',
      tool: 'send',
      args: { to: `c${n}@example.com`, about: `I-${n}` },
      result: 'ok',
      error: false,
    },
  ],
});

export const invoiceTools = ['crm__find', 'books__invoice', 'mail__send'];

export function toEvents(namespace: string, ...episodes: readonly ImportedEpisode[]): DreyEvent[] {
  const { announcer, take } = createVoice();
  for (const one of episodes)
    announceImport(one, { namespace, principal: 'ada', announcer, redactor, clock });
  return take();
}

/** A tool that answers at once; `crm__lost` fails. */
const routes: Parameters<typeof openSessions>[0]['routes'] = {
  resolve(name) {
    const [server = '', tool = ''] = name.split('__');
    const isError = tool === 'lost';
    return {
      server,
      tool,
      call: async ({ args }) => ({ outcome: 'finished', result: `{"echo":${args}}`, isError }),
    };
  },
};

/**
 * What sessions of a namespace leave when they work in every way there is: tasks that end well, badly, untold, or by
 * the next one; work without a task; calls that fail and are tried again; a session that stays open.
 */
export async function tellStory(namespace: string): Promise<DreyEvent[]> {
  const time = createSimulatedClock();
  const events: DreyEvent[] = [];
  const announcer = createAnnouncer({ append: (told) => void events.push(told), clock: time, log });
  const sessions = openSessions({ clock: time, log, announcer, redactor, routes, changed: () => undefined });
  const open = (name: string) =>
    sessions.open({ principal: somebody(name, namespace), transport: 'stdio', revision: '', client: 'test' });
  let calls = 0;
  const work = async (session: ReturnType<typeof open>, names: readonly string[], id: string) => {
    for (const name of names) {
      await time.advance(1_000);
      await session.call({
        callId: `k-${namespace}-${(calls += 1)}`,
        name,
        args: JSON.stringify({ id }),
        meta: undefined,
        traceparent: undefined,
        signal: new AbortController().signal,
        notify: undefined,
      });
    }
  };
  const ada = open('ada');
  const bob = open('bob');
  const silent = open('ada');
  for (let n = 1; n <= 7; n += 1) {
    ada.startTask(`Archive the order O-${n}00 of this year`, 'task');
    await work(ada, ['crm__find', ...(n % 3 === 0 ? ['crm__lost'] : []), 'store__pack'], `O-${n}00`);
    bob.startTask(`Tell customer C-${n}00 what the delivery costs`, 'task');
    await work(bob, ['crm__find', 'rates__get', 'mail__send'], `C-${n}00`);
    await work(silent, ['disk__list', 'disk__read', 'disk__sum'], `d-${n}`);
    // The one ends untold with the next task, the other is told; and once it is told that it failed.
    if (n % 2 === 0) ada.finishTask('success');
    bob.finishTask(n === 4 ? 'failure' : 'success');
    if (n === 4) await time.advance(silenceMs + 60_000);
  }
  bob.close('over');
  return events;
}

/** Turns of a learner of its own; given back with the test. */
export function openSource(store: Pick<Store, 'openTurns'>): TurnSource {
  const source = createTurnSource(store, 'learning');
  onTestFinished(() => source.stop());
  return source;
}

/** Notes that these episodes are to be learned from, as the intake does. */
export const noteDue = (store: Store, namespace: string, ...episodeIds: readonly string[]): Promise<void> =>
  store.inNamespace(namespace, (trx) =>
    addDue(
      trx,
      episodeIds.map((episodeId) => ({ episodeId, open: false, isRetried: false })),
    ),
  );

/** An engine that runs; stopped with the test. */
export async function openEngine(
  options: Pick<LearningOptions, 'wire' | 'store'> & Partial<LearningOptions>,
): Promise<{ readonly engine: LearningEngine; readonly failures: readonly string[] }> {
  const failures: string[] = [];
  const engine = await openLearning({
    clock,
    log,
    announcer: createVoice().announcer,
    quietMs: 200,
    isShared: () => false,
    failed: (reason) => void failures.push(reason),
    ...options,
  });
  onTestFinished(() => engine.stop());
  await until('the engine runs', async () => (await engine.report()).engineStatus === 'running', 20_000);
  return { engine, failures };
}
