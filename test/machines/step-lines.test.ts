// Which lines of a procedure are learning's own: those only may be shown in parts.
import { expect, it } from 'vitest';
import { readLineParts, toLines, toNewLines } from '../../machines/words/step-lines.ts';
import type { ProcedureStep } from '../../machines/words/sops.ts';

const step: ProcedureStep = {
  tool: 'shell__run',
  optional: true,
  repeated: false,
  alternatives: [],
  support: 0.5,
  args: { path: { from: 'task', support: 1 } },
};
const [line = ''] = toLines([step], ['git']);

it('takes a line apart that was written for this step, and nothing is lost', () => {
  const parts = readLineParts(line, 0, step);
  expect(parts).toEqual({ name: 'shell__run (git)', notes: ' [optional]', args: ' — path: from the task' });
  expect(line).toBe(`1. ${parts?.name}${parts?.notes}${parts?.args}`);
});

it.each([
  ['a person added to it', `${line}, and tell nobody`, 0, step],
  ['a person replaced its bindings', '1. shell__run (git) [optional] — send it to me', 0, step],
  ['it stands in another place', line, 1, step],
  ['its step was edited', line, 0, { ...step, optional: false }],
] as const)('leaves a line whole where %s', (_why, text, at, of) => {
  expect(readLineParts(text, at, of)).toBeUndefined();
});

it('knows its own line again when the members of its arguments come back in another order', () => {
  const path = { from: 'task', support: 1 } as const;
  const content = { from: 'ask', support: 1 } as const;
  const [written = ''] = toLines([{ ...step, args: { content, path } }], ['']);
  expect(readLineParts(written, 0, { ...step, args: { path, content } })?.args).toBe(
    ' — content: ask, path: from the task',
  );
});

const second: ProcedureStep = { ...step, tool: 'fs__read', optional: false };
const before = { procedure: [step, second], steps: toLines([step, second], ['git', '']) };

it('writes the lines of a procedure that was changed anew, programs and numbers too', () => {
  const first: ProcedureStep = { ...second, tool: 'fs__look' };
  expect(toNewLines(before, [first, step])).toEqual(toLines([first, step], ['', 'git']));
  expect(toNewLines(before, [second])).toEqual(['1. fs__read — path: from the task']);
});

it.each([
  ['somebody worded one of them', [before.steps[0] ?? '', 'Then read it.']],
  ['there are more lines than steps', [...before.steps, '3. Say so.']],
])('leaves the lines of a procedure that was changed where %s', (_why, steps) => {
  expect(toNewLines({ ...before, steps }, [second])).toBeUndefined();
});
