/**
 * Inputs that break databases, parsers and lists, as raw JSON, and ways to put one of them into an otherwise good body:
 * in the place of any value, as a further member, or as a whole. Raw, since most of them are not values of a program.
 */
import * as fc from 'fast-check';

const quote = (text: string): string => JSON.stringify(text);
const uuid = '01a1fc70-c11d-7678-84f5-693dd5f9a9f3';

/** Texts, also for paths and queries. */
export const hostileTexts: readonly string[] = [
  '',
  ' ',
  'a\0b',
  'x'.repeat(256),
  'x'.repeat(10_000),
  '\u{1F600}'.repeat(255),
  'e\u0301le\u0300ve',
  's\u0435arch',
  'a\u200bb',
  'a\u{E0041}\u{E0042}b',
  'a\u202Eb',
  '\u0130stanbul',
  '\uFF21\uFF22',
  '../../../etc/passwd',
  '%00',
  `'; drop table memories; --`,
  '${jndi:ldap://127.0.0.1/x}',
  '{{7*7}}',
  '<script>alert(1)</script>',
  '__proto__',
  'constructor',
  '_system',
  'no-such-namespace',
  'NaN',
  '-1',
  '1e400',
  '9007199254740993',
  '99999999999999999999999999',
  '2026-99-99T99:99:99Z',
  '+275760-09-13T00:00:00.001Z',
  '0000-00-00',
  uuid,
  ...['a', 'c', 'e', 'm', 'p', 's', 't', 'v'].map((kind) => `${kind}-${uuid}`),
  'm-00000000-0000-0000-0000-00000000000g',
  'eyJvZmZzZXQiOi0xfQ',
];

/** In the place of a value. */
export const hostileJson: readonly string[] = [
  ...hostileTexts.map(quote),
  String.raw`"\ud800"`,
  String.raw`"x\udc00y"`,
  'NaN',
  '-Infinity',
  '1e400',
  '-1e400',
  '9007199254740993',
  '9223372036854775808',
  '2147483648',
  '1000000000',
  '-1',
  '0',
  '-0',
  '1.5',
  'null',
  'true',
  '[]',
  '{}',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  String.raw`{"a\u0000b":1}`,
  String.raw`{"\ud800":1}`,
  `${'['.repeat(60)}${']'.repeat(60)}`,
  `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
  `{${Array.from({ length: 2_000 }, (_, n) => `"k${n}":${n}`).join()}}`,
  `[${Array.from({ length: 3_000 }, () => '""').join()}]`,
];

/** Bytes that are no body at all. */
const broken: readonly (string | Uint8Array)[] = [
  '',
  '{',
  '{"a":1,"a":2}',
  '\uFEFF{}',
  'null',
  '"text"',
  '[1,2]',
  '7',
  new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
];

/** Addresses of members, outermost first; the body itself is none of them. */
function listPlaces(value: unknown, above: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const place = [...above, name];
    return [place, ...listPlaces(inner, place)];
  });
}

const hole = '@@here@@';

/** The JSON of a value with this raw text at a place, or without what is there. */
function replaceAt(value: unknown, place: readonly string[], raw: string | undefined): string {
  const copy = structuredClone(value) as Record<string, unknown>;
  let at = copy;
  for (const name of place.slice(0, -1)) at = at[name] as Record<string, unknown>;
  const last = place.at(-1) ?? '';
  if (raw === undefined) delete at[last];
  else at[last] = hole;
  return JSON.stringify(copy).replace(quote(hole), () => raw ?? '');
}

/** A good body made bad in one place; what comes out is text, and now and then bytes that are none. */
export function toBroken(good: unknown): fc.Arbitrary<string | Uint8Array> {
  const places = listPlaces(good);
  const whole = fc.constantFrom(...broken, ...hostileJson.filter((raw) => raw !== 'NaN'));
  const further = fc
    .constantFrom(...hostileJson)
    .map((raw) => replaceAt({ ...(good as object) }, ['further'], raw));
  if (places.length === 0) return fc.oneof(whole, further);
  const place = fc.constantFrom(...places);
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(place, fc.constantFrom(...hostileJson))
        .map(([where, raw]) => replaceAt(good, where, raw)),
    },
    { weight: 1, arbitrary: place.map((where) => replaceAt(good, where, undefined)) },
    { weight: 1, arbitrary: further },
    { weight: 1, arbitrary: whole },
  );
}
