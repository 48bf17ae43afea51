// What a session remembers of its open episode, and how much at most.
import { expect, it } from 'vitest';
import { openSessions } from '../../../src/actors/actors.ts';
import { StepNotes, stepNotesBounds } from '../../../src/actors/session/session-steps.ts';
import { createRedactor } from '../../../src/access/access.ts';
import { createWorld, somebody } from './world.ts';

it('reads back what passed, results as learning sees them, and what cannot be read as nothing', () => {
  const notes = new StepNotes();
  notes.add('a', '{"x":1}', '{"content":[{"type":"text","text":"{\\"y\\":2}"}]}', false);
  notes.add('b', '{', 'not json', true);
  expect(notes.read()).toEqual([
    { tool: 'a', args: { x: 1 }, result: { y: 2 }, error: false },
    { tool: 'b', args: undefined, result: undefined, error: true },
  ]);
  notes.clear();
  expect(notes.read()).toEqual([]);
});

it('keeps the newest calls, no long text, and never more text than its bound', () => {
  const notes = new StepNotes();
  const { stepsMax, textMax, textInAllMax } = stepNotesBounds;
  for (let n = 0; n < stepsMax * 2; n += 1) notes.add(`t${n}`, '{}', '1', false);
  expect(notes.read()).toHaveLength(stepsMax);
  expect(notes.read().at(-1)?.tool).toBe(`t${stepsMax * 2 - 1}`);
  notes.add('long', '{}', JSON.stringify('x'.repeat(textMax)), false);
  expect(notes.read().at(-1)).toMatchObject({ tool: 'long', result: undefined });
  for (let n = 0; n < stepsMax; n += 1)
    notes.add('wide', '{}', JSON.stringify('x'.repeat(textMax - 2)), false);
  const kept = JSON.stringify(notes.read());
  expect(kept.length).toBeLessThan(textInAllMax * 1.1);
  expect(notes.read().length).toBeGreaterThan(5);
});

it('begins anew with each task, and leaves out calls that never reached a tool', async () => {
  const { clock, log, announcer } = createWorld();
  const redactor = createRedactor({ key: 'test' });
  const routes: Parameters<typeof openSessions>[0]['routes'] = {
    resolve: (name) =>
      name === 'nowhere'
        ? undefined
        : {
            server: 's',
            tool: name,
            call: async () => ({ outcome: 'finished', result: '{"ok":1}', isError: false }),
          },
  };
  const sessions = openSessions({ clock, log, announcer, redactor, routes, changed: () => undefined });
  const principal = somebody('ada', 'acme');
  const session = sessions.open({ principal, transport: 'stdio', revision: '', client: 'test' });
  const call = (name: string) =>
    session.call({
      callId: `k-${name}`,
      name,
      args: '{"a":1}',
      meta: undefined,
      traceparent: undefined,
      signal: new AbortController().signal,
      notify: undefined,
    });
  const tools = () => session.readSteps().map(({ tool }) => tool);
  session.startTask('first', 'task');
  await call('one');
  await call('nowhere');
  await call('two');
  expect(tools()).toEqual(['one', 'two']);
  expect(session.readSteps()[0]).toEqual({ tool: 'one', args: { a: 1 }, result: { ok: 1 }, error: false });
  session.startTask('second', 'task');
  expect(tools()).toEqual([]);
  await call('three');
  session.finishTask('success');
  expect(tools()).toEqual([]);
});
