/** Secrets that are told in a sentence, and sentences about secrets that tell none. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../../src/access/access.ts';

const redactor = createRedactor({ key: 'a key of this test' });

const told: readonly (readonly [sentence: string, secret: string])[] = [
  ['the password of the wifi is hunter2secret', 'hunter2secret'],
  ['The password for the guest network upstairs is: Tr0ub4dor', 'Tr0ub4dor'],
  ['my password is hunter2.', 'hunter2'],
  ['the password is now Summer2024!', 'Summer2024'],
  ['I changed the password of the router to n3wpass99, please remember', 'n3wpass99'],
  ['password for bob: s3cretvalue', 's3cretvalue'],
  ['the wifi password is "swordfish"', 'swordfish'],
  ['the pass phrase is „offenes sesam“', 'offenes sesam'],
  ['passphrase: correct horse', 'horse'],
  ['passphrase: correct horse battery staple', 'staple'],
  ['the recovery phrase is ozone drill grab fiber curtain grace', 'curtain'],
  ['the passphrase is correct-horse-battery-staple', 'correct-horse-battery-staple'],
  ['log in as bob with password hunter2secret', 'hunter2secret'],
  ['my pin is 4711', '4711'],
  ['use pin 4711 at the gate', '4711'],
  ['the PIN for the alarm is 12345', '12345'],
  ['PIN: 4711', '4711'],
  ['the cvv is 123', '123'],
  ['the door code is 4711A', '4711A'],
  ['The verification code for my bank is 998877.', '998877'],
  ['the api key for the weather service is abc123def', 'abc123def'],
  ['Das Passwort für das WLAN ist hunter2geheim', 'hunter2geheim'],
  ['Mein Kennwort lautet Sommer2024', 'Sommer2024'],
  ['Passwort: sommer2024', 'sommer2024'],
  ['die Geheimzahl ist 4711', '4711'],
  ['le mot de passe du wifi est soleil2024', 'soleil2024'],
  ['la contraseña de la red es sol2024luna', 'sol2024luna'],
  ['a senha do wifi é sol2024luna', 'sol2024luna'],
  ['la password del wifi è sole2024', 'sole2024'],
  ['het wachtwoord van de wifi is zon2024', 'zon2024'],
  ['пароль от вайфая: solnce2024', 'solnce2024'],
  ['wifi的密码是hunter2secret', 'hunter2secret'],
  ['パスワードはhunter2secretです', 'hunter2secret'],
];

const harmless = [
  'the password of the wifi is on the fridge',
  'the password is wrong!',
  'the password is required',
  'the password of the account was changed on 2024-05-01',
  'the password is 12-16 characters long',
  'the password is 12345678 characters long',
  'the password must be at least 8 characters',
  'the password is "required"',
  'reset the password of user mia_li_3668 and tell her',
  'change the password of the user to something better',
  'the password is sha256-hashed',
  'the password for the database is in config/db2.yaml',
  'the password file is ./secrets/db1.txt',
  'Enter the password for user: bob1234',
  'the pin is bent',
  'pin 13 of the board drives the LED',
  'pin version 4.2.1 of the library',
  'a shopping spin of 4711 turns',
  'the passphrase is stored encrypted elsewhere',
  'passphrase is not set for the key',
  'the secret of success is 90% sweat',
  'the api key for the service is read from the environment',
  'the token limit for the model is 128k',
  'the access code was sent to the customer by mail',
  'the password is out-of-the-box',
  'das Passwort ist falsch',
  'das Passwort für das WLAN hängt am Kühlschrank',
  'le mot de passe est incorrect',
  'la contraseña es obligatoria',
  'wachtwoord is verplicht',
  'a key for the door is under the mat',
  'the zip code is 12345 and the error code is 4711',
];

describe('a secret in a sentence', () => {
  it.each(told)('is hidden: %s', (sentence, secret) => {
    for (const text of [sentence, `Hello! ${sentence}`, `${sentence}\nThanks.`, `ONE ${sentence}`]) {
      const shown = redactor.redactText(text);
      expect(shown).not.toContain(secret);
      expect(redactor.redactText(shown)).toBe(shown);
      expect(redactor.isHarmless(JSON.stringify(text))).toBe(false);
    }
  });

  it.each(harmless)('is not seen where there is none: %s', (sentence) => {
    expect(redactor.redactText(sentence)).toBe(sentence);
    expect(redactor.redact({ task: sentence })).toEqual({ task: sentence });
  });

  it('has the same token in every sentence, with the full stop outside', () => {
    const one = redactor.redactText('the password of the wifi is hunter2secret.');
    expect(one).toMatch(/is \[redacted:secret:[0-9a-f]{12}\]\.$/);
    expect(redactor.redactText('my password is hunter2secret')).toContain(/\[[^\]]+\]/.exec(one)?.[0]);
    const named = redactor.redact({ password: 'hunter2secret' }) as { readonly password: string };
    expect(one).toContain(named.password);
  });

  it('is hidden once and for all, whatever is said around it', () => {
    const words = fc.constantFrom(
      ...told.flatMap(([sentence]) => sentence.split(' ')),
      ...harmless.flatMap((sentence) => sentence.split(' ')),
      'is',
      'of',
      'the',
      ':',
      '"',
      '\n',
      'hunter2',
      '4711',
      'bob@example.com',
      'https://a:b@c.example.com',
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 24 }), fc.constantFrom(' ', '  ', ''), (all, blank) => {
        const text = all.join(blank);
        const once = redactor.redactText(text);
        expect(redactor.redactText(once)).toBe(once);
        if (redactor.isHarmless(JSON.stringify(text))) expect(once).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });
});
