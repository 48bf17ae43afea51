/** Spans that come in pieces become one episode each, when their trace is whole, and nothing is kept back at the end. */
import { describe, expect, it } from 'vitest';
import type { ImportedEpisode } from '../../../machines/words/episodes.ts';
import { openTraceIntake } from '../../../src/node/telemetry/trace-intake.ts';
import { quietLog } from '../../support/quiet-log.ts';
import { until } from '../../support/until.ts';
import { turnedClock } from '../actors/fabric/clock.ts';

const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });

function tool(traceId: string, spanId: string, name: string, seconds: number) {
  const attributes = [
    attribute('gen_ai.operation.name', 'execute_tool'),
    attribute('gen_ai.tool.name', name),
  ];
  const startTimeUnixNano = `${1_772_445_600 + seconds}000000000`;
  return { traceId, spanId, parentSpanId: 'f0', name: `execute_tool ${name}`, startTimeUnixNano, attributes };
}

function root(traceId: string, task: string, events: readonly object[] = []) {
  const attributes = [attribute('gen_ai.operation.name', 'invoke_agent'), attribute('input.value', task)];
  return {
    traceId,
    spanId: 'f0',
    name: 'invoke_agent',
    startTimeUnixNano: '1772445600000000000',
    attributes,
    events,
  };
}

const passed = {
  name: 'gen_ai.evaluation.result',
  attributes: [
    attribute('gen_ai.evaluation.name', 'task_success'),
    attribute('gen_ai.evaluation.score.label', 'pass'),
  ],
};

function stage() {
  const clock = turnedClock();
  const taken: ImportedEpisode[] = [];
  let refused = 0;
  const state = { refuse: false };
  const intake = openTraceIntake({
    clock,
    log: quietLog,
    importEpisodes: async (_namespace, _principal, episodes) => {
      if (state.refuse) {
        refused += 1;
        throw new Error('the disk is full');
      }
      for await (const episode of episodes) taken.push(episode);
    },
  });
  const send = (...spans: object[]): number =>
    intake.receive('shop', 'ada', { resourceSpans: [{ scopeSpans: [{ spans }] }] });
  const notes = () =>
    taken.map(({ task, outcome, calls }) => [task, outcome, calls.map((call) => call.tool).join(' ')]);
  return { clock, intake, send, notes, state, refused: () => refused };
}

describe('the intake of traces', () => {
  it('waits for the root, and puts late spans and verdicts in their place', async () => {
    const { clock, send, notes } = stage();
    send(tool('a1', 'b2', 'refund', 2), tool('a1', 'b1', 'find', 1));
    clock.pass(30_000);
    await Promise.resolve();
    expect(notes()).toEqual([]);
    send(root('a1', 'refund an order'));
    clock.pass(5_000);
    await until('1 came in', () => notes().length === 1);
    send(tool('a1', 'b3', 'mail', 3), root('a1', '', [passed]));
    clock.pass(5_000);
    await until('2 came in', () => notes().length === 2);
    expect(notes()).toEqual([
      ['refund an order', 'unknown', 'find refund'],
      ['refund an order', 'success', 'find refund mail'],
    ]);
  });

  it('takes a trace without a root for whole after a minute of silence', async () => {
    const { clock, send, notes } = stage();
    send(tool('a1', 'b1', 'find', 1));
    for (let round = 0; round < 14; round += 1) {
      clock.pass(5_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(notes()).toEqual([['', 'unknown', 'find']]);
  });

  it('takes in what it has when it is closed', async () => {
    const { intake, send, notes } = stage();
    send(tool('a1', 'b1', 'find', 1));
    await intake.close();
    expect(notes()).toEqual([['', 'unknown', 'find']]);
  });

  it('tries again what could not be taken in', async () => {
    const { clock, send, notes, state, refused } = stage();
    state.refuse = true;
    send(tool('a1', 'b1', 'find', 1), root('a1', 'look'));
    clock.pass(5_000);
    await until('it was refused', () => refused() === 1);
    await new Promise((resolve) => setImmediate(resolve));
    state.refuse = false;
    clock.pass(5_000);
    await until('1 came in', () => notes().length === 1);
    expect(notes()).toEqual([['look', 'unknown', 'find']]);
  });

  it('counts spans that are none', () => {
    expect(stage().send({ traceId: 'a1' }, { spanId: 'b1' }, tool('a1', 'b1', 'find', 1))).toBe(2);
  });
});
