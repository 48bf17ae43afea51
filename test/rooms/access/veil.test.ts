/** Questions in the words of what was kept: real redaction, hidden and lifted again. */
import { describe, expect, it } from 'vitest';
import { createRedactor, createVeil } from '../../../src/access/access.ts';

const redactor = createRedactor({ key: 'test' }).in('acme');
const email = 'ada.lovelace@example.com';
const password = 'horse7staple';

describe('a veil', () => {
  it('hides a question as the history is hidden, and gives back what its tokens stood for', () => {
    const veil = createVeil(redactor);
    const task = `Write to ${email}, her password: ${password}.`;
    const hidden = veil.hideText(task);
    expect(hidden).toBe(redactor.redactText(task));
    expect(hidden).not.toContain(email);
    const [token = ''] = /\[redacted:email:[^\]]*\]/.exec(hidden) ?? [];
    expect(veil.lift(token)).toBe(email);
    expect(veil.hide({ to: email, password })).toEqual(redactor.redact({ to: email, password }));
  });

  it('finds secrets wherever they stand: in lists, as numbers, in JSON inside a text', () => {
    const veil = createVeil(redactor);
    const step = {
      people: [{ email }, { name: 'Bob' }],
      card: { cardNumber: 4_111_111_111_111_111 },
      told: `{"api_key":  "${password}", "n": 1}`,
    };
    const hidden = veil.hide(step) as typeof step;
    expect(veil.lift(hidden.people[0]?.email)).toBe(email);
    expect(veil.lift(hidden.card.cardNumber)).toBe(step.card.cardNumber);
    const told = JSON.parse(hidden.told) as { readonly api_key: string };
    expect(told.api_key).toMatch(/^\[redacted:/);
    expect(veil.lift(told.api_key)).toBe(password);
  });

  it('leaves alone what is harmless, and lifts no token of anybody else', () => {
    const veil = createVeil(redactor);
    const step = { path: 'a/b.md', count: 3 };
    expect(veil.hide(step)).toBe(step);
    expect(veil.lift('plain')).toBe('plain');
    expect(veil.lift(3)).toBe(3);
    expect(veil.lift(createVeil(redactor).hide({ token: password }))).toEqual(
      redactor.redact({ token: password }),
    );
    expect(veil.lift(redactor.redactText(email))).toBeUndefined();
  });

  it('does not guess where two secrets touch', () => {
    const veil = createVeil({
      ...redactor,
      redactText: () => 'a [redacted:x:00000000][redacted:y:11111111] b',
    });
    veil.hideText('a onetwo b');
    expect(veil.lift('[redacted:x:00000000]')).toBeUndefined();
  });
});
