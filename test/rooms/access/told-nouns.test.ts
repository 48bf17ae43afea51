/**
 * Secrets told with every noun in every spelling, so that the quick look never misses what the rules find; and sentences of
 * software work that speak of secrets, pins and keys and tell none.
 */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../../src/access/access.ts';
import { isSuspicious } from '../../../src/access/suspicion.ts';
import { createFinder } from '../../../src/access/find-secrets.ts';
import type { Look } from '../../../src/access/find-secrets.ts';
import {
  joinedNouns,
  keyNouns,
  passwordNouns,
  phraseNouns,
  pinNouns,
  unspacedNouns,
} from '../../../src/access/told-nouns.ts';

const redactor = createRedactor({ key: 'a key of this test' });
const impersonal = createRedactor({ key: 'a key of this test', personal: false });

const english = [
  'password',
  'passphrase',
  'passcode',
  'passwd',
  'secret',
  'client secret',
  'API token',
  'access_token',
  'token',
];
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const mixed = (text: string): string =>
  Array.from(text, (sign, at) => (at % 2 === 0 ? sign : sign.toUpperCase())).join('');
const spellings = [(text: string) => text, capital, (text: string) => text.toUpperCase(), mixed];
const verbs = [
  ' is ',
  ' is: ',
  ': ',
  ' = ',
  ' was ',
  ' is now ',
  ' ist ',
  ' lautet ',
  ' est ',
  ' es ',
  ' é ',
  ' for the lab is ',
  ' of bob: ',
];
const spoken = [...joinedNouns, ...passwordNouns, ...keyNouns, ...english];

/** What is told with a noun, and the secret in it. */
function tell(noun: string): (readonly [sentence: string, secret: string])[] {
  const told = spellings.flatMap((spell) =>
    verbs.map((verb) => [`${spell(noun)}${verb}hunter2x`, 'hunter2x'] as const),
  );
  return [...told, [`${noun} is "two2 words"`, 'two2 words']];
}

const changeable = [...joinedNouns, ...passwordNouns, 'password', 'passphrase', 'passcode'];
const all: readonly (readonly [sentence: string, secret: string])[] = [
  ...spoken.flatMap(tell),
  ...changeable.flatMap((noun) =>
    ['set', 'Change', 'changed', 'reset'].map(
      (verb) => [`${verb} the ${noun} of bob to hunter2x.`, 'hunter2x'] as const,
    ),
  ),
  ...pinNouns.flatMap((noun) =>
    spellings.flatMap((spell) =>
      [
        'my # is 4711',
        'the # for the gate is 123-456',
        '#: 4711',
        '#=471108',
        '# code: 4711',
        'use # 4711',
        'change the # to 4711',
      ].map((form) => [form.replace('#', spell(noun)), /\d[\d-]+/.exec(form)?.[0] ?? ''] as const),
    ),
  ),
  ...phraseNouns.flatMap((noun) =>
    spellings.map((spell) => [`${spell(noun)}: ozone drill grab fiber`, 'drill grab'] as const),
  ),
  ...unspacedNouns.flatMap((noun) =>
    ['是', ' 是 ', '为', '為', 'は', '는 ', ': ', '=', ' = '].map(
      (verb) => [`wifi ${noun}${verb}hunter2x`, 'hunter2x'] as const,
    ),
  ),
  ...['hasło to ', 'Hasło to ', 'HASŁO do wifi to ', 'Hasło: ', 'hasło jest '].map(
    (start) => [`${start}hunter2x`, 'hunter2x'] as const,
  ),
  ['the one time code is 998877', '998877'],
  ['Geheimzahl 4711', '4711'],
  ['cvv 123', '123'],
  ['mit PIN 4711', '4711'],
  ['Mein Benutzerkennwort lautet Sommer2024', 'Sommer2024'],
  ['la clave del wifi es sol2024luna', 'sol2024luna'],
  ['the wifi password is swordfish7', 'swordfish7'],
  ['the password is "swordfish"', 'swordfish'],
  ['secret: "open sesame"', 'sesame'],
  ["token = 'open sesame'", 'sesame'],
  ['the api key for bob: "open sesame"', 'sesame'],
];

const harmless = [
  // Where something goes.
  'Copy the secret to prod-eu1',
  'Add the API token to app-v2',
  'rotate the access key to us-east-1',
  'migrate the secret to vault2',
  'Pass the token to step3',
  'bind the token to user42',
  'mail the password to bob@example.com',
  'scale token to 4096',
  'Set the secret to prod-eu1 after the copy',
  'reset the password and send it to user42',
  'send the password to team-blue2 today',
  'forward the verification code to queue7',
  'change the password of the user according to policy2',
  'reset the password due to incident4711',
  'change the password back to bob@example.com',
  'move the api key to config2.yaml',
  'map the access token to user_id2',
  'limit the token to scope:read2',
  'the secret is to keep node22 warm',
  'the secret is to cache v2 of the schema',
  'the token is to be sent in step2',
  // Parts of other words, and keys of tables.
  'The enclave is sgx2-node1',
  'Enclave: sgx-node1',
  'The autoclave is 121C-hot',
  'clave: valor1',
  'la clave de la tabla es id_2024',
  'a resenha é 5estrelas',
  'the trapdoor code is in door2.ts',
  'the outdoor code is ABC123x',
  'the secretary is room2b',
  'opinion: 20244',
  // Hardware, releases and events.
  'GPIO pin 2040',
  'the GPIO pin is 2040',
  'gpio-pin: 2040',
  'pin 10000 rows',
  'PIN 2024 conference',
  'erlang otp 27000',
  'upgrade to OTP 27000 on all nodes',
  'the LED pin is GPIO17',
  'set the reset pin to GPIO4',
  'set the pin to OUTPUT1',
  'the TX pin is D13',
  'pin the version to 4.2.1',
  'use pin 13 for the LED',
  'use pin 4711 of the header',
  'spin: 4711',
  // What is said of it.
  'the token is 1024-bit',
  'the token is 24h old',
  'the token is 15min old',
  'the token is expired',
  'the token is expired since 2026-11-01',
  'password is required',
  'password: required',
  'the password is "expired"',
  'the access token is RS256 signed',
  'the token is RFC7519-compliant',
  'the token is sha256-based',
  'the secret is k8s-only',
  'the access token is user42’s',
  "the access token is user42's",
  'the api key is OPENAI_API_KEY_2',
  'the token is process.env.TOKEN_2',
  'the secret is vault:kv/app2',
  'the access key is us-east-1 only',
  'the token is "END"',
  'the next token is "identifier"',
  'the secret is "db-credentials"',
  'the token for step3 is invalid',
  'the token was 4096 bytes long',
  'the password is 12-word long',
  'the api key of app2 was rotated on 2026-11-01',
  'the password for db2 is in vault2',
  'the secret of node22 is its cache',
  // Key: value talk.
  'primary key: order_id2',
  'cache key: user42',
  'foreign key is order_id2',
  'sort key = created_at2',
  'public key: see docs2',
  'the key is user42 and the value is 17',
  'key: value2, other: value3',
  'status code: 4711',
  // Sentences about passphrases.
  'The passphrase is generated using diceware words',
  'the passphrase was rotated last week again',
  'the seed phrase is twelve words long',
  'passphrase: ask Bob',
];

describe('a secret that is told with any noun in any spelling', () => {
  it(`is hidden (${all.length} sentences)`, () => {
    const open = all.filter(([sentence, secret]) => {
      const shown = redactor.redactText(sentence);
      return shown.includes(secret) || !/\[redacted:/.test(shown) || redactor.redactText(shown) !== shown;
    });
    expect(open).toEqual([]);
  });

  it('is never called harmless', () => {
    const missed = all.filter(([sentence]) => redactor.isHarmless(JSON.stringify(sentence)));
    expect(missed).toEqual([]);
  });
});

describe('a sentence of software work', () => {
  it.each(harmless)('stays: %s', (sentence) => {
    for (const text of [sentence, `Please: ${sentence}.`, `${sentence}\nThanks`]) {
      expect(impersonal.redactText(text)).toBe(text);
    }
  });
});

describe('the quick look', () => {
  it('suspects every text in which a rule finds something', () => {
    const finder = createFinder({ names: [], patterns: [], personal: true });
    const look: Look = { nested: 0, kept: false, token: () => '#', isHiding: () => false };
    const nouns = [...spoken, ...pinNouns, ...phraseNouns, ...unspacedNouns].flatMap((noun) =>
      spellings.map((spell) => spell(noun)),
    );
    // Halves of nouns are no nouns, mostly: what is left alone by the look is not always plain.
    const halves = nouns.flatMap((noun) => [noun.slice(0, noun.length / 2), noun.slice(noun.length / 2)]);
    const part = fc.oneof(
      fc.constantFrom(...nouns),
      { weight: 4, arbitrary: fc.constantFrom(...halves) },
      {
        weight: 3,
        arbitrary: fc.constantFrom(...verbs, 'to', 'set', 'my', 'of', 'hunter2x', '4711', 'ozone drill grab'),
      },
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), fc.constantFrom('', ' '), (parts, blank) => {
        const text = parts.join(blank);
        if (!isSuspicious(text)) expect(finder.replace(text, look)).toBe(text);
      }),
      { numRuns: 5_000 },
    );
    for (const [sentence, secret] of all) {
      expect(finder.replace(sentence, look)).not.toContain(secret);
      expect(isSuspicious(sentence), sentence).toBe(true);
    }
  });

  it('takes time in proportion to the length of what is told, whatever is repeated', () => {
    const finder = createFinder({ names: [], patterns: [], personal: true });
    const look: Look = { nested: 0, kept: false, token: () => '#', isHiding: () => false };
    const seeds = [
      'set the password of a to ',
      'password of a of b ',
      'my pin to ',
      'passphrase: abc def ',
      'change pin for the ',
      'set set set password ',
    ];
    const timeOf = (text: string): number => {
      const { user } = process.cpuUsage();
      finder.replace(text, look);
      return process.cpuUsage().user - user;
    };
    for (const seed of seeds) {
      const short = seed.repeat(4_000 / seed.length);
      timeOf(short);
      const long = seed.repeat(64_000 / seed.length);
      // Sixteen times as long; were it squared, it would take 256 times as long.
      expect(timeOf(long) / Math.max(timeOf(short), 2_000), seed).toBeLessThan(100);
    }
  });
});
