/** Rules of redaction that hold for every value. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../../src/access/access.ts';
import { canaries } from './made-up-secrets.ts';

const redactor = createRedactor({ key: 'a key of this test', extraKeys: ['Patient-Number'] });

describe('redaction of any value', () => {
  const words = fc.constantFrom(
    ...Object.values(canaries),
    'password',
    '=',
    ': ',
    '"',
    ' ',
    'Bearer ',
    '://',
    '@',
    'a:b',
    '{',
    '\\',
    '-u ',
    '\n',
  );
  const texts = fc.oneof(
    fc.string(),
    fc.array(fc.oneof(words, fc.string({ maxLength: 6 })), { maxLength: 12 }).map((all) => all.join('')),
  );
  const names = fc.constantFrom(
    'password',
    'token',
    'a',
    'url',
    'text',
    '__proto__',
    'headers',
    'name',
    'value',
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      texts,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('tree'), { maxLength: 4 }),
      tie('object'),
    ),
    object: fc
      .array(fc.tuple(names, tie('tree')), { maxLength: 4 })
      .map((all) => Object.fromEntries(all) as unknown),
  }));

  it('judges a name that holds a secret itself the same once it is redacted', () => {
    const value = [{ name: `password${canaries.jwt}`, value: ' ' }, { [`password${canaries.jwt}`]: ' ' }];
    const once = redactor.redact(value);
    expect(redactor.redact(once)).toEqual(once);
  });

  it('judges a name that is a token by nothing', () => {
    const value = { name: `${canaries['slack']}${canaries['githubFine']}`, password: '0:', value: 'a:b' };
    const once = redactor.redact(value);
    expect(once).toMatchObject({ value: 'a:b' });
    expect(redactor.redact(once)).toEqual(once);
  });

  it('is the same twice as once', () => {
    fc.assert(
      fc.property(tree, (value) => {
        const once = redactor.redact(value);
        expect(redactor.redact(once)).toEqual(once);
      }),
      { numRuns: 500 },
    );
  });

  it('lets no known secret through, whatever stands around it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(canaries)),
        tree,
        fc.string({ maxLength: 5 }),
        (secret, value, around) => {
          const copy = redactor.redact([value, { found: [`${around} ${secret} ${around}`] }]);
          const shown = JSON.stringify(Array.isArray(copy) ? copy[1] : copy);
          expect(shown).not.toContain(JSON.stringify(secret).slice(1, -1));
        },
      ),
    );
  });

  it('calls harmless only what it would not change', () => {
    fc.assert(
      fc.property(tree, (value) => {
        const plain = createRedactor({ key: 'k' });
        const json = JSON.stringify(value);
        const expected: unknown = plain.isHarmless(json) ? JSON.parse(json) : plain.redact(JSON.parse(json));
        expect(plain.redact(JSON.parse(json))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});
