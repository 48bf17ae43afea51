import { describe, expect, it } from 'vitest';
import { createRedactor, isSecretName } from '../../../src/access/access.ts';
import { canaries, jwt } from './made-up-secrets.ts';

const redactor = createRedactor({ key: 'a key of this test', extraKeys: ['Patient-Number'] });
const token = /\[redacted:[a-z]+:[0-9a-f]{12}\]/;

describe('redaction of text', () => {
  it.each(Object.entries(canaries))('finds a secret by its form: %s', (_name, secret) => {
    for (const text of [secret, `before ${secret} after`, `"${secret}"`, `x=${secret};y`]) {
      const shown = redactor.redactText(text);
      expect(shown).not.toContain(secret);
      expect(shown).toMatch(token);
    }
  });

  it.each([
    ['curl -H "Authorization: Bearer abc123def456ghi789" https://api.example.com', 'abc123def456ghi789'],
    ['curl -u admin:Tr0ub4dor3 https://api.example.com', 'Tr0ub4dor3'],
    ['Authorization: Basic YWRtaW46aHVudGVyMg==', 'YWRtaW46aHVudGVyMg'],
    ['Authorization: Digest username-and-more', 'username-and-more'],
    ['psql postgres://app:p4ssw0rd@db.example.com/x', 'p4ssw0rd'],
    ['amqp://guest:a@b@mq.example.com', 'a@b'],
    ['export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', 'wJalrXUtnFEMI'],
    ['GITHUB_TOKEN=abcdefgh12345678 make release', 'abcdefgh12345678'],
    ['mysql --password=hunter22 -h db', 'hunter22'],
    ['tool --token s3cr3tvalue run', 's3cr3tvalue'],
    ['{\\"password\\":\\"correct-horse\\"}', 'correct-horse'],
    ['password: correct-horse', 'correct-horse'],
    ['Set-Cookie: sid=31d4d96e407aad42; Path=/', '31d4d96e407aad42'],
    ['https://x.example.com/a?access_token=0123456789abcdef', '0123456789abcdef'],
  ])('finds a secret by what stands before it: %s', (text, secret) => {
    expect(redactor.redactText(text)).not.toContain(secret);
    expect(redactor.redactText(text)).toMatch(token);
  });

  it.each([
    'The task-definition-with-a-long-name was updated',
    'a basic understanding of the bearer of bad news',
    'https://example.com:8080/path@version',
    'max_tokens=4096 and next_page_token: string',
    'password: string',
    'TOKEN=$GITHUB_TOKEN',
    'git push -u origin main',
    'commit 3f786850e387550fdab836ed7e6dc881de23001b',
  ])('leaves alone what is no secret: %s', (text) => {
    expect(redactor.redactText(text)).toBe(text);
  });

  it('leaves an id alone whose digits could be an account, wherever it stands', () => {
    const id = 'af173334-5094-4ce6-b6fb-09e21292810e';
    for (const text of [
      id,
      `s-${id}`,
      `sop/${id}`,
      `drey.shop.session.s-${id}.started`,
      `see ${id}, ${id}`,
    ]) {
      expect(redactor.redactText(text)).toBe(text);
    }
    expect(redactor.redactText('IBAN DE89 3704 0044 0532 0130 00')).toMatch(/\[redacted:iban:/);
  });

  it('gives equal secrets equal tokens, and other keys other tokens', () => {
    expect(redactor.redact({ a: jwt, b: [jwt] })).toEqual({
      a: expect.stringMatching(/^\[redacted:jwt:/),
      b: [redactor.redactText(jwt)],
    });
    expect(redactor.redact({ token: jwt })).toEqual({ token: redactor.redactText(jwt) });
    expect(createRedactor({ key: 'another' }).redactText(jwt)).not.toBe(redactor.redactText(jwt));
  });

  it('reads a megabyte of anything in linear time', () => {
    const size = 1_000_000;
    const seeds = [
      'a',
      'eyJ',
      'eyJaaaaaa.',
      '-----BEGIN A-----',
      '://',
      '://a:',
      'password',
      'password=',
      'basic ',
      'bearer a',
    ];
    seeds.push(
      'sk-',
      'token',
      '_token',
      '-u ',
      '--user ',
      'SG.',
      'cookie:',
      ' ',
      '=',
      '\\',
      '"token":',
      'authorization: ',
      'github_pat_',
      'password of ',
      'the password of a b is ',
      'passphrase: word ',
      'pin is to ',
    );
    const read = (seed: string, characters: number): number => {
      const text = seed.repeat(Math.ceil(characters / seed.length));
      // Processor time: others work on this machine as well.
      const begun = process.cpuUsage();
      redactor.redactText(text);
      return process.cpuUsage(begun).user / 1_000;
    };
    // Eight times the text is 8 times the work, or 64 times where it is quadratic; what takes no time says nothing.
    for (const seed of seeds) {
      const small = Math.max(100, read(seed, size / 8));
      expect(read(seed, size) / small, `the seed ${seed}`).toBeLessThan(30);
    }
  }, 300_000);
});

describe('redaction of values', () => {
  it('hides what a name says is a secret, at any depth and of any type', () => {
    const value = {
      password: 'x',
      pin: 1,
      nested: [{ apiKey: 12_345, API_KEY: 'k', 'client-secret': { a: ['b'] } }],
      Authorization: 'Bearer x',
      patient_number: '4711',
      headers: [{ name: 'Cookie', value: 'sid=1' }],
      db_password_prod: 'y',
      sessionToken: 'z',
      empty: { password: '' },
      on: { password: true, secret: null },
    };
    const shown = JSON.stringify(redactor.redact(value));
    for (const secret of ['"x"', '12345', '"k"', '"b"', 'Bearer x', '4711', 'sid=1', '"y"', '"z"']) {
      expect(shown).not.toContain(secret);
    }
    expect(redactor.redact({ on: value.on, empty: value.empty, pin: 1 })).toEqual({
      on: value.on,
      empty: value.empty,
      pin: 1,
    });
  });

  it('hides a pin of digits by its name as it does in a sentence, and no pin of a board', () => {
    const [told] = /\[redacted:secret:\w+\]/.exec(redactor.redactText('my pin is 4711')) ?? [];
    expect(told).toBeDefined();
    const given = { pin: '4711', PIN: 4711, pin_code: 4711, pinCode: '4711', nested: [{ pin: ['4711'] }] };
    expect(redactor.redact(given)).toEqual({
      pin: told,
      PIN: told,
      pin_code: told,
      pinCode: told,
      nested: [{ pin: [told] }],
    });
    expect(redactor.isHarmless(JSON.stringify({ pin: 4711 }))).toBe(false);
    const kept = { pin: 1, pins: [4711, 4712], pin_count: 4711, pinCode: 'GPIO4', pin_code: 471, spin: 4711 };
    expect(redactor.redact(kept)).toEqual(kept);
    expect(redactor.redact({ pin: { number: 4711, board: 'A' } })).toEqual({
      pin: { number: 4711, board: 'A' },
    });
  });

  it('knows names of secrets from names about secrets', () => {
    expect(
      ['password', 'DB_PASSWORD', 'accessToken', 'x-api-key', 'set-cookie', 'SSH_KEY', 'clientSecret'].every(
        isSecretName,
      ),
    ).toBe(true);
    const others = [
      'page_token',
      'nextPageToken',
      'max_tokens',
      'secret_name',
      'passwordPolicy',
      'key',
      'author',
      'monkey',
      'token_count',
    ];
    expect(others.filter(isSecretName)).toEqual([]);
  });

  it('leaves the word beside a secret alone, and not the other half of one', () => {
    const whole = 'sk_live_4eC39HqLyjWDarjtT1zdp7dc';
    const shown = redactor.redact({ note: whole, plain: 'words' }) as Record<string, string>;
    expect([shown.note === whole, shown.plain]).toEqual([false, 'words']);
    const halves = redactor.redact({ a: whole.slice(0, 26), b: whole.slice(26) });
    expect(JSON.stringify(halves)).not.toContain(whole.slice(26));
  });

  it('leaves ids alone, whatever their digits look like', () => {
    const ids = ['t-01a1fe06-7edc-76bc-ae64-8b2410990109', '01a1fe06-7edc-76bc-ae64-8b2410990109'];
    expect(redactor.redact({ taskId: ids[0], other: ids[1] })).toEqual({ taskId: ids[0], other: ids[1] });
    expect(redactor.redact({ password: ids[0] })).not.toEqual({ password: ids[0] });
  });

  it('opens JSON inside of texts', () => {
    const inner = JSON.stringify({
      user: 'a',
      password: 'correct-horse',
      deep: JSON.stringify({ token: 'tok-value-1' }),
    });
    const shown = JSON.stringify(redactor.redact({ content: [{ type: 'text', text: inner }] }));
    expect(shown).not.toMatch(/correct-horse|tok-value-1/);
    expect(shown).toContain('user');
  });

  it('keeps a hostile __proto__ as data', () => {
    const copy = redactor.redact(JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":1}}'));
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"polluted":true},"constructor":{"prototype":1}}');
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect('polluted' in {}).toBe(false);
  });

  it('cuts what is nested without end', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    expect(JSON.stringify(redactor.redact(circle))).toContain('[cut:depth]');
  });

  it('is quick with usual arguments', () => {
    const lines = Array.from({ length: 20 }, (_, index) => ({
      path: `src/rooms/file-${index}.ts`,
      line: index,
      text: 'const a = list.map((item) => item.size);',
    }));
    const value = { query: 'find the size of a room', options: { deep: true, limit: 20 }, lines };
    // The best of some: others work on this machine as well.
    let microseconds = Infinity;
    for (let round = 0; round < 1_000; round += 1) {
      const begun = performance.now();
      redactor.redact(value);
      microseconds = Math.min(microseconds, (performance.now() - begun) * 1_000);
    }
    console.log(`redaction of ${JSON.stringify(value).length} bytes: ${microseconds.toFixed(1)} µs`);
    expect(microseconds).toBeLessThan(500);
  });
});
