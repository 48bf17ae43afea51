// Who called a tool is found without looking through all cases; where it is not known, that is said.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { callerBounds, createCallers } from '../../../src/learning/keys/callers.ts';

const toCalls = (tools: readonly string[]) => tools.map((tool) => ({ tool }));

const notes = fc.array(
  fc.record({ id: fc.nat(4).map(String), tools: fc.subarray(['a', 'b', 'c']), taken: fc.option(fc.nat(20)) }),
  { maxLength: 30 },
);

it('knows all who called a tool, as notes come and are taken back', () => {
  fc.assert(
    fc.property(notes, fc.subarray(['a', 'b', 'c']), (given, asked) => {
      const callers = createCallers((tool) => tool !== 'c');
      const noted: { id: string; tools: string[] }[] = [];
      for (const { id, tools, taken } of given) {
        noted.push({ id, tools });
        callers.note(toCalls(tools), id, 1);
        const [back] = taken === null ? [] : noted.splice(taken % noted.length, 1);
        if (back !== undefined) callers.note(toCalls(back.tools), back.id, -1);
      }
      const wanted = asked.filter((tool) => tool !== 'c');
      const ids = noted
        .filter(({ tools }) => tools.some((tool) => wanted.includes(tool)))
        .map(({ id }) => id);
      expect(callers.of(new Set(asked))).toEqual(new Set(ids));
    }),
  );
});

it('says that it does not know where one tool was called by too many, until nobody has', () => {
  const callers = createCallers(() => true);
  const ids = Array.from({ length: callerBounds.namedMax + 1 }, (_, at) => `e${at}`);
  for (const id of ids) callers.note(toCalls(['busy', 'rare'].slice(0, id === 'e0' ? 2 : 1)), id, 1);
  expect(callers.of(new Set(['busy']))).toBeUndefined();
  expect(callers.of(new Set(['rare']))).toEqual(new Set(['e0']));
  for (const id of ids) callers.note(toCalls(['busy']), id, -1);
  callers.note(toCalls(['busy']), 'e1', 1);
  expect(callers.of(new Set(['busy']))).toEqual(new Set(['e1']));
});

it('lets go of tools that may not be told apart any more before it gives up', () => {
  let told = (_tool: string) => true;
  const callers = createCallers((tool) => told(tool));
  const note = (name: string, many: number) => {
    for (let at = 0; at < many; at += 1) callers.note(toCalls([`${name}${at}`]), 'e', 1);
  };
  note('old', callerBounds.toolsMax);
  told = (tool) => !tool.startsWith('old');
  note('new', 1);
  expect(callers.of(new Set(['new0']))).toEqual(new Set(['e']));
  note('more', callerBounds.toolsMax);
  expect(callers.of(new Set(['new0']))).toBeUndefined();
});
