/** One tool's way: first the breaker, then the resource; each call is judged exactly once. */
import { describe, expect, it } from 'vitest';
import type { CallCommand, CallOutcome } from '../../../machines/words/calls.ts';
import type { Admission, Permit } from '../../../src/actors/breaker/breaker.ts';
import { createGuards } from '../../../src/actors/calls/guards.ts';
import { toRoute } from '../../../src/actors/calls/route.ts';
import type { Guarded } from '../../../src/actors/calls/route.ts';
import type { UpstreamCall } from '../../../src/upstream/upstream.ts';
import { createRecordingTracer, idOf } from '../../support/recording-tracer.ts';
import { createSimulatedClock } from './world.ts';

const command: CallCommand = {
  callId: 'k-1',
  name: 'fs__read',
  args: '{}',
  meta: undefined,
  traceparent: undefined,
  signal: new AbortController().signal,
  notify: undefined,
};

/** An upstream that notes who was asked in which order. */
function guard(
  answer: () => Promise<CallOutcome>,
  state = 'healthy',
  isOpen = false,
  heard: (asked: UpstreamCall) => void = () => undefined,
) {
  const asked: string[] = [];
  const clock = createSimulatedClock();
  const watched = {
    permit: (): Admission => {
      asked.push('permit');
      return isOpen ? { ok: false, retryAfterMs: 7 } : { ok: true, permit: { generation: 1, used: false } };
    },
    done: (_permit: Permit, verdict: string) => void asked.push(`done ${verdict}`),
  };
  const guarded: Guarded = {
    alias: 'fs',
    revivedAt: -Infinity,
    idempotent: [],
    startMs: 1_000,
    isEach: false,
    isApart: false,
    connections: { use: () => Promise.reject(new Error('nobody asked for one')) },
    guards: createGuards({ name: 'fs', breaker: watched, config: {}, clock, chance: () => 0 }),
    resource: {
      get current() {
        asked.push('resource');
        if (state !== 'healthy') return undefined;
        return {
          isModern: false,
          call: (given: UpstreamCall) => {
            asked.push('call');
            heard(given);
            return answer();
          },
        };
      },
      view: () => ({ id: 'r-fs', what: '', state, lastError: 'it fell over', code: null }),
      restart: () => void asked.push('restart'),
      arrive: () => Promise.resolve(undefined),
    },
  };
  return { asked, clock, route: toRoute(guarded, 'read', clock) };
}

const finished: CallOutcome = { outcome: 'finished', result: '{}', isError: true };
const failed = (countsAgainst: boolean): CallOutcome => ({
  outcome: 'failed',
  code: 'x',
  message: 'x',
  error: undefined,
  countsAgainst,
});

describe('the route of a tool', () => {
  it.each([
    ['ok', finished],
    ['err', failed(true)],
    ['ignored', failed(false)],
    ['ignored', { outcome: 'refused', code: 'limit_reached', message: '', retryAfterMs: 1 } as const],
  ])(
    'asks breaker, resource and upstream in this order and judges the call as %s',
    async (verdict, outcome) => {
      const { asked, route } = guard(async () => outcome);
      expect(await route.call(command, 'default')).toEqual(outcome);
      expect(asked).toEqual(['permit', 'resource', 'call', `done ${verdict}`]);
    },
  );

  it('gives the permit back when the call breaks, and says so', async () => {
    const { asked, route } = guard(async () => Promise.reject(new Error('a bug')));
    expect(await route.call(command, 'default')).toMatchObject({ outcome: 'failed', message: 'a bug' });
    expect(asked.at(-1)).toBe('done err');
  });

  it('refuses what the breaker refuses, without asking the resource', async () => {
    const { asked, route } = guard(async () => finished, 'healthy', true);
    expect(await route.call(command, 'default')).toMatchObject({ code: 'breaker_open', retryAfterMs: 7 });
    expect(asked).toEqual(['permit']);
  });

  it('refuses with the reason while the upstream is away, which says nothing to the breaker', async () => {
    const { asked, route } = guard(async () => finished, 'restarting');
    expect(await route.call(command, 'default')).toMatchObject({
      code: 'upstream_unavailable',
      message: 'the upstream "fs" is restarting: it fell over',
    });
    expect(asked).toEqual(['permit', 'resource', 'done ignored']);
  });

  it('makes each try a span, which is what the upstream names as its parent', async () => {
    const tracer = createRecordingTracer();
    const traced = async (outcome: () => Promise<CallOutcome>): Promise<string | undefined> => {
      let given: string | undefined;
      const { route } = guard(outcome, 'healthy', false, (asked) => (given = asked.traceparent));
      const span = tracer.start('the call');
      await route.call({ ...command, span, traceparent: span.traceparent }, 'default');
      return given;
    };
    const given = await traced(async () => finished);
    const [server, client] = tracer.spans;
    expect(client).toMatchObject({
      name: 'tools/call read',
      kind: 'client',
      parent: idOf(server?.traceparent),
      facts: { 'gen_ai.tool.name': 'read', 'drey.upstream': 'fs' },
      ended: true,
      failure: 'tool_error',
    });
    expect(given).toBe(client?.traceparent);
    await traced(async () => failed(true));
    await traced(async () => Promise.reject(new Error('a bug')));
    expect(tracer.spans.flatMap(({ kind, failure }) => (kind === 'client' ? [failure] : []))).toEqual([
      'tool_error',
      'x',
      'unexpected',
    ]);
  });

  it('passes a trace on untouched where nobody traces', async () => {
    let given: string | undefined;
    const { route } = guard(
      async () => finished,
      'healthy',
      false,
      (asked) => (given = asked.traceparent),
    );
    await route.call({ ...command, traceparent: '00-as-it-came' }, 'default');
    expect(given).toBe('00-as-it-came');
  });

  it('has an upstream that was given up started again, but not with every call', async () => {
    const { asked, clock, route } = guard(async () => finished, 'failed');
    await route.call(command, 'default');
    await route.call(command, 'default');
    expect(asked.filter((one) => one === 'restart')).toHaveLength(1);
    await clock.advance(30_001);
    await route.call(command, 'default');
    expect(asked.filter((one) => one === 'restart')).toHaveLength(2);
  });
});
