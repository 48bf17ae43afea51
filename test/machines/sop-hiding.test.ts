// Redacting a procedure, with the real redactor: values go, and where they come from stays.
import { describe, expect, it } from 'vitest';
import { hideInSop } from '../../machines/sop-hiding.ts';
import { ProcedureStep } from '../../machines/words/sops.ts';
import { toLines } from '../../machines/words/step-lines.ts';
import { createRedactor } from '../../src/access/access.ts';

const redactor = createRedactor({ key: 'a key for tests' });
const hide = (value: unknown) => redactor.redact(value);

const step: ProcedureStep = {
  tool: 'bank__log_in',
  optional: false,
  repeated: false,
  alternatives: [],
  support: 1,
  args: {
    user: { from: 'task', selector: 'word after "user"', support: 1 },
    password: { from: 'ask', selector: 'word', support: 1 },
    secret: {
      from: 'task',
      selector: 'word after "secret"',
      support: 0.75,
      against: 1,
      exceptions: ['k-019a7c3e-5f1b-7d20-a6d4-3c2f9b8e7a10'],
    },
    'headers/token': { from: 'result', step: 0, path: '/session/token', selector: 'only', support: 0.75 },
    api_key: { from: 'constant', value: 'hunter2-and-more', support: 1 },
  },
};

describe('a procedure whose arguments are named like secrets', () => {
  const hidden = hideInSop(
    { trigger: 'Log in with ghp_0123456789abcdefghijABCDEFGHIJ012345', procedure: [step] },
    hide,
  );

  it('keeps where their values come from, and is a procedure still', () => {
    const [first] = hidden.procedure;
    expect(ProcedureStep.safeParse(first).success).toBe(true);
    const { api_key: _value, ...others } = step.args;
    expect(first?.args).toMatchObject(others);
  });

  it('tells no value, and nothing that its own text should not', () => {
    expect(hidden.procedure[0]?.args['api_key']?.value).toMatch(/^\[redacted:/);
    expect(JSON.stringify(hidden)).not.toMatch(/hunter2|ghp_0123/);
  });

  it('says in its lines what its steps say, and hides what a person wrote', () => {
    const { api_key: _value, ...args } = step.args;
    const plain = { ...step, args };
    const lines = toLines([plain], ['']);
    expect(hideInSop({ steps: lines, procedure: [plain] }, hide).steps).toEqual(lines);
    const [line] = hideInSop({ steps: toLines([step], ['']), procedure: [step] }, hide).steps;
    expect(line).toContain('password: ask (word)');
    expect(line).not.toContain('hunter2');
    const [own] = hideInSop(
      { steps: ['1. Log in, the password is hunter2-and-more'], procedure: [plain] },
      hide,
    ).steps;
    expect(own).not.toContain('hunter2');
  });

  it('is the same hidden twice', () => {
    expect(hideInSop(hidden, hide)).toEqual(hidden);
  });
});
