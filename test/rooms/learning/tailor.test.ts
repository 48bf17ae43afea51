// Procedures cut to a task: what may go, what may not, and that places in bindings follow.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProcedureStep } from '../../../machines/words/sops.ts';
import { tailor, toLine } from '../../../src/learning/foresight/tailor.ts';
import { likeness } from '../../../src/learning/likeness.ts';
import { narrow } from '../../../src/learning/narrow.ts';
import { toLines } from '../../../machines/words/step-lines.ts';

const tools = ['find', 'open', 'check', 'write', 'close'];

const anyStep = fc.record({
  tool: fc.constantFrom(...tools),
  optional: fc.boolean(),
  repeated: fc.boolean(),
  alternatives: fc.uniqueArray(fc.constantFrom('other', 'another'), { maxLength: 2 }),
});

const step = (tool: string, more: Partial<ProcedureStep> = {}): ProcedureStep => ({
  tool,
  optional: false,
  repeated: false,
  alternatives: [],
  support: 1,
  args: {},
  ...more,
});

describe('a procedure cut to a task', () => {
  it('keeps every required step in order, adds none, and never fits worse', () => {
    const anyWanted = fc.array(fc.constantFrom(...tools, 'other'), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 1, maxLength: 7 }), anyWanted, (steps, wanted) => {
        const worthOf = (line: readonly string[]) => likeness(line, wanted);
        const kept = tailor(steps, worthOf);
        expect(kept.length).toBeGreaterThan(0);
        const places = kept.map(({ at }) => at);
        expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
        steps.forEach(({ optional }, at) => expect(optional || places.includes(at)).toBe(true));
        for (const { at, tool } of kept)
          expect([steps[at]?.tool, ...(steps[at]?.alternatives ?? [])]).toContain(tool);
        expect(worthOf(toLine(kept))).toBeGreaterThanOrEqual(worthOf(toLine(steps)));
      }),
    );
  });

  it('leaves out what near tasks did not do and takes what stood in for a step', () => {
    const steps = [
      step('find'),
      step('check', { optional: true }),
      step('open', { alternatives: ['peek'] }),
      step('write', { optional: true }),
    ];
    const kept = tailor(steps, (line) => likeness(line, ['find', 'peek', 'write']));
    expect(toLine(kept)).toEqual(['find', 'peek', 'write']);
  });

  it('counts the steps of bindings anew and asks for what came out of a step that is gone', () => {
    const procedure = [
      step('Bash', { args: { command: { from: 'ask', support: 1 } } }),
      step('check', { optional: true }),
      step('open', {
        args: {
          id: { from: 'result', step: 1, path: '/id', support: 1 },
          name: { from: 'result', step: 0, path: '/name', support: 0.9 },
        },
      }),
      step('close', { args: { id: { from: 'argument', step: 2, path: '/id', support: 1 } } }),
    ];
    const lines = toLines(procedure, ['git status', '', '', '']);
    const kept = [0, 2, 3].map((at) => ({ at, tool: procedure[at]?.tool ?? '', repeated: false }));
    const narrowed = narrow({ steps: lines, procedure }, kept);
    expect(narrowed.leftOut).toEqual(['check']);
    expect(narrowed.steps).toEqual([
      '1. Bash (git status) — command: ask',
      '2. open — id: ask, name: from the result of step 1 /name',
      '3. close — id: same as step 2 /id',
    ]);
    expect(narrowed.procedure[2]?.args['id']).toEqual({ from: 'argument', step: 1, path: '/id', support: 1 });
  });

  it('counts anew what a step requires, and forgets what was left out or done by another tool', () => {
    const requirement = (at: number) => ({ step: at, support: 1, lift: 2, against: 0 });
    const procedure = [
      step('check', { optional: true }),
      step('find', { alternatives: ['look'] }),
      step('open'),
      step('write', { requires: [requirement(0), requirement(1), requirement(2)] }),
    ];
    const keep = (...kept: [number, string][]) =>
      narrow(
        { steps: toLines(procedure, []), procedure },
        kept.map(([at, tool]) => ({ at, tool, repeated: false })),
      ).procedure.at(-1);
    expect(keep([1, 'find'], [2, 'open'], [3, 'write'])?.requires).toEqual([requirement(0), requirement(1)]);
    expect(keep([1, 'look'], [2, 'open'], [3, 'write'])?.requires).toEqual([requirement(1)]);
    expect(keep([3, 'write'])).not.toHaveProperty('requires');
  });

  it('asks for the arguments of a step that stands in for another', () => {
    const procedure = [step('open', { alternatives: ['peek'], args: { id: { from: 'task', support: 1 } } })];
    const narrowed = narrow({ steps: toLines(procedure, ['']), procedure }, [
      { at: 0, tool: 'peek', repeated: false },
    ]);
    expect(narrowed.procedure).toEqual([step('peek', { alternatives: ['open'] })]);
    expect(narrowed.leftOut).toEqual([]);
  });
});
