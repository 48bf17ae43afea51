/** Taking a batch: a span for each event that belongs to a trace, ended by the commit or by what kept it away. */
import { expect, it } from 'vitest';
import type { AnyEvent } from '../../../machines/words/events.ts';
import { DreyError } from '../../../machines/words/errors.ts';
import { traceTaking } from '../../../src/actors/workers/traced-taking.ts';
import { createRecordingTracer, idOf } from '../../support/recording-tracer.ts';
import { createWorld } from './world.ts';

const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

function tell(traceparent: string | undefined): AnyEvent {
  const { announcer, events } = createWorld();
  announcer.announce(
    'session.closed',
    { namespace: 'acme', kind: 'session', id: 's-1' },
    {},
    { traceparent },
  );
  return events[0] as AnyEvent;
}

it('is a child of the emission, and lasts until the commit', async () => {
  const tracer = createRecordingTracer();
  const events = [tell(parent), tell(undefined), tell(parent)];
  const during: boolean[] = [];
  const taken = await traceTaking(tracer, events, async () => {
    during.push(...tracer.spans.map(({ ended }) => ended));
    return 'taken';
  });
  expect([taken, during]).toEqual(['taken', [false, false]]);
  expect(tracer.spans).toMatchObject(
    [events[0], events[2]].map((event) => ({
      name: 'learn session.closed',
      kind: 'consumer',
      parent: idOf(parent),
      facts: { 'messaging.batch.message_count': 3, 'messaging.message.id': event?.id },
      ended: true,
      failure: undefined,
    })),
  );
});

it('tells by its code what kept it away, and throws that on', async () => {
  const tracer = createRecordingTracer();
  const away = new DreyError('database_unavailable', 'a sentence with particulars');
  await expect(traceTaking(tracer, [tell(parent)], () => Promise.reject(away))).rejects.toBe(away);
  expect(tracer.spans).toMatchObject([{ ended: true, failure: 'database_unavailable' }]);
});
