// Every kind of canary, bare and in every wrapping, alone; the journey sends them through a whole node.
import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../../src/access/access.ts';
import { canaries } from '../../support/canaries.ts';

const redaction = createRedactor({ key: 'a key of this test' });
const redactor = redaction.in('default');

describe('a canary', () => {
  it('is of at least forty kinds', () => {
    expect(new Set(canaries.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(40);
  });

  it.each(canaries.map((canary) => [canary.kind, canary] as const))(
    'is hidden: %s',
    (_kind, { sent, traces }) => {
      const said = typeof sent === 'string' ? sent : JSON.stringify(sent);
      const shapes: unknown[] = [
        sent,
        { deep: [{ note: sent }] },
        { content: [{ type: 'text', text: JSON.stringify({ found: sent }) }] },
        `it says ${said} here`,
        `about ${said}/1`,
        ...(typeof sent === 'string' ? [`"${said}"`] : []),
      ];
      for (const shape of shapes) {
        const shown = JSON.stringify(redactor.redact(shape));
        for (const trace of traces) expect(shown).not.toContain(JSON.stringify(trace).slice(1, -1));
        expect(redactor.redact(redactor.redact(shape))).toEqual(redactor.redact(shape));
      }
    },
  );
});

describe('a token', () => {
  it('is equal for equal values of a namespace, however they are written, and not across namespaces', () => {
    const bare = redactor.redactText('4539578763621486');
    expect(redactor.redactText('4539 5787 6362 1486')).toBe(bare);
    expect(redactor.redact(4_539_578_763_621_486)).toBe(bare);
    expect(redaction.in('other').redactText('4539578763621486')).not.toBe(bare);
    expect(redactor.redactText('Ada@Example.com')).toBe(redactor.redactText('ada@example.com'));
  });

  it('is not made of what learning needs', () => {
    const kept = [
      '01a1fc70-c11d-7678-84f5-693dd5f9a9f3',
      '3f786850e387550fdab836ed7e6dc881de23001b',
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      '#W4817420',
      'credit_card_8105988',
      '1690000000000',
      '2026-11-21T10:00:00.000Z',
      '12:30:45',
      'src/rooms/GatewayHelperForTheV2Api/index3.ts',
      'getUserByIdAndName2ForTheWholeHouse',
      'git@github.com:org/repo.git',
      '10.0.0.1',
      'std::vector<int>',
    ];
    expect(kept.map((text) => redactor.redactText(text))).toEqual(kept);
  });
});

describe('rules of a configuration', () => {
  it('hide further forms and names, and keep what they are told to', () => {
    const own = createRedactor({
      key: 'k',
      names: ['patient number'],
      patterns: [{ kind: 'staff', pattern: 'EMP-\\d{4,8}' }],
      keep: ['contact'],
    });
    expect(own.redactText('ask EMP-12345 now')).toMatch(/^ask \[redacted:staff:[0-9a-f]{12}\] now$/);
    expect(JSON.stringify(own.redact({ patientNumber: 'abc' }))).not.toContain('abc');
    expect(own.redact({ contact: 'ada@example.com' })).toEqual({ contact: 'ada@example.com' });
  });
});
