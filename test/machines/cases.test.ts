/** The runner of acceptance cases, and the breaker's cases: our own always, the shared ones where they lie. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseCases, runCases, runCommand } from '../contracts/cases.ts';

const own = new URL('../fixtures/cases/breaker.json', import.meta.url).pathname;
const shared = new URL('../../../shared/cases/breaker.json', import.meta.url).pathname;

function command(...args: string[]): { code: number; lines: string[] } {
  const lines: string[] = [];
  const code = runCommand(
    args,
    (line) => lines.push(line),
    (line) => lines.push(`! ${line}`),
  );
  return { code, lines };
}

describe("the breaker's own cases", () => {
  const text = readFileSync(own, 'utf8');

  it.each(parseCases(text).map(({ id, json }) => ({ id, json })))('$id holds', ({ json }) => {
    expect(runCases('breaker', JSON.stringify(json))).toEqual([{ id: expect.any(String), why: null }]);
  });
});

describe('the shared cases', () => {
  it.skipIf(!existsSync(shared))(
    'hold, all of them (skipped where ../shared/cases/breaker.json is absent)',
    () => {
      const failed = runCases('breaker', readFileSync(shared, 'utf8')).filter(({ why }) => why !== null);
      expect(failed).toEqual([]);
    },
  );
});

describe('the runner of cases', () => {
  it('prints a line for each case and the sum, and ends well', () => {
    const { code, lines } = command('breaker', own);
    expect(code).toBe(0);
    expect(lines[0]).toBe('ok D01');
    expect(lines.at(-1)).toBe('10 passed, 0 failed');
  });

  it('says which operation of a case failed and why', () => {
    const wrong = '{"id":"W1","ops":[["err",{"n":9}],["state","CLOSED"],["err"],["state","CLOSED"]]}';
    expect(runCases('breaker', wrong)).toEqual([{ id: 'W1', why: 'op 4 ["state","CLOSED"]: got "OPEN"' }]);
  });

  it.each([
    ['{"id":"W2","ops":[["wait",1]]}', 'op 1 ["wait",1]: is no known operation'],
    ['{"id":"W3","ops":[["done","x","ok"]]}', 'op 1 ["done","x","ok"]: there is no permit "x"'],
    ['{"id":"W4"}', 'the case has no list "ops"'],
    [
      '{"id":"W5","config":{"windowSize":0},"ops":[]}',
      "config: The breaker's windowSize is 0; it must be a whole number from 1 to 10000.",
    ],
  ])('never skips what it does not understand: %s', (json, why) => {
    expect(runCases('breaker', json)[0]?.why).toBe(why);
  });

  it.each([
    [[], 'Usage: npm run cases -- <kind> <file>'],
    [['breaker', '/nowhere/at/all.json'], 'the file cannot be read'],
    [['toaster', own], '"toaster" is no kind of case; known kinds: breaker'],
  ])('refuses a wrong start %j with one sentence and 2', (args, sentence) => {
    const { code, lines } = command(...args);
    expect(code).toBe(2);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(sentence);
  });

  it('names the line that is no case', () => {
    expect(() => parseCases('[\n{"id":"A","ops":[]},\n{"ops":[]}\n]')).toThrow('Line 3');
  });
});
