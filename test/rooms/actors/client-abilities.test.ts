// What a client can do, as a session's row keeps it: the same after writing and reading, and bounded.
import { assert, constantFrom, dictionary, object, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  abilitiesCharactersMax,
  readAbilities,
  toBoundedAbilities,
  writeAbilities,
} from '../../../src/actors/session/client-abilities.ts';

const abilities = dictionary(constantFrom('roots', 'sampling', 'elicitation', 'extensions'), object());

describe('abilities of a client', () => {
  it('are read as they were written', () => {
    assert(
      property(abilities, (can) => {
        const text = writeAbilities(can);
        expect(readAbilities(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('that are too long say still whether the client can be asked', () => {
    const long = { roots: { listChanged: true }, extensions: { filler: 'x'.repeat(abilitiesCharactersMax) } };
    expect(toBoundedAbilities(long)).toEqual({ roots: {} });
    expect(toBoundedAbilities({ roots: { listChanged: true } })).toEqual({ roots: { listChanged: true } });
  });

  it('are unknown where a row says nothing, or nothing that can be read', () => {
    for (const text of ['', '{', '[]', 'null', '7']) expect(readAbilities(text)).toBeUndefined();
    expect(writeAbilities(undefined)).toBe('');
  });
});
