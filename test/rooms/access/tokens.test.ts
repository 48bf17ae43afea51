// Access tokens without a database: a real authorization server's keys over HTTP, and every way a token can be wrong.
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { SignJWT, importPKCS8 } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TokenRing } from '../../../src/access/access.ts';
import type { Admission, IdentityRecord } from '../../../src/access/access.ts';
import { startIssuer } from '../../support/issuer.ts';
import type { Issuer } from '../../support/issuer.ts';
import { createSimulatedClock } from '../actors/world.ts';
import type { SimulatedClock } from '../actors/world.ts';

const resource = 'https://gw.example/mcp';
let issuer: Issuer;
beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer.close());

interface Options {
  readonly requiredScopes?: readonly string[];
  readonly namespaceClaim?: string;
  readonly audience?: readonly string[];
  readonly adopt?: boolean;
}

function open(options: Options = {}) {
  const clock: SimulatedClock = createSimulatedClock();
  const asked: string[][] = [];
  const adopted: string[] = [];
  const known: IdentityRecord[] = [
    { subject: 'ann', namespace: 'acme', agent: 'builder', isEnded: false },
    { subject: 'gone', namespace: 'acme', agent: 'gone', isEnded: true },
    { subject: 'both', namespace: 'acme', agent: 'b', isEnded: false },
    { subject: 'both', namespace: 'globex', agent: 'b', isEnded: false },
  ];
  const ring = new TokenRing({
    clock,
    settings: {
      issuer: issuer.url,
      audience: options.audience ?? [resource],
      resource,
      algorithms: ['RS256', 'ES256', 'EdDSA'],
      requiredScopes: options.requiredScopes ?? [],
      namespaceClaim: options.namespaceClaim,
    },
    find: async (subjects) => {
      asked.push([...subjects]);
      return known.filter(({ subject }) => subjects.includes(subject));
    },
    ...(options.adopt === true
      ? {
          adopt: async (subject: string) => {
            adopted.push(subject);
            const record = { subject, namespace: 'visitors', agent: 'oauth-1', isEnded: false };
            known.push(record);
            return record;
          },
        }
      : {}),
  });
  const make = (claims: Record<string, unknown> = {}) =>
    issuer.sign({ sub: 'ann', aud: resource, scope: 'tool:call nonsense', ...claims }, clock.now());
  return { ring, clock, asked, adopted, known, make };
}

const say = (admission: Admission) =>
  admission.ok ? admission.principal.id : `${admission.status} ${admission.sentence}`;

describe('a token of the issuer, for us, in time', () => {
  it('is the agent that the database says, with the scopes that we know', async () => {
    const { ring, make } = open();
    expect(await ring.admit(await make())).toEqual({
      ok: true,
      principal: {
        id: 'builder@acme',
        namespace: 'acme',
        local: false,
        mayNameNamespaces: false,
        scopes: ['tool:call'],
        agent: 'builder',
        credential: expect.stringMatching(/^token of [0-9a-f]{16}$/),
      },
    });
  });

  it('costs neither a signature nor a question the second time', async () => {
    const { ring, make, asked } = open();
    const token = await make();
    await ring.admit(token);
    expect(ring.admit(token)).not.toBeInstanceOf(Promise);
    expect(asked).toHaveLength(1);
  });

  it('has the scopes of a list, too', async () => {
    const { ring, make } = open();
    const token = await make({ scope: undefined, scp: ['sop:read', 7] });
    expect(await ring.admit(token)).toMatchObject({ principal: { scopes: ['sop:read'] } });
  });

  it.each([
    ['ann', undefined, 'builder@acme'],
    ['both', 'globex', 'b@globex'],
    ['both', 'acme', 'b@acme'],
  ])('of %s with the namespace %s is %s', async (sub, ns, id) => {
    const { ring, make } = open({ namespaceClaim: 'ns' });
    expect(say(await ring.admit(await make({ sub, ...(ns === undefined ? {} : { ns }) })))).toBe(id);
  });

  it.each([
    ['ann', 'globex'],
    ['both', undefined],
    ['both', 'elsewhere'],
    ['nobody', 'acme'],
    ['gone', 'acme'],
  ])('of %s with the namespace %s is nobody', async (sub, ns) => {
    const { ring, make } = open({ namespaceClaim: 'ns' });
    const refused = await ring.admit(await make({ sub, ...(ns === undefined ? {} : { ns }) }));
    expect(say(refused)).toMatch(/^401 nobody here is known by the subject/);
  });

  it('makes an agent of an unknown subject where that is wanted, once', async () => {
    const { ring, make, adopted } = open({ adopt: true });
    const token = await make({ sub: 'new' });
    expect(say(await ring.admit(token))).toBe('oauth-1@visitors');
    expect(say(await ring.admit(token))).toBe('oauth-1@visitors');
    expect(adopted).toEqual(['new']);
  });
});

describe('any other token is refused', () => {
  const cases: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
    ['for another audience', { aud: 'https://upstream.example/mcp' }, /"aud"/],
    ['for an address that begins like ours', { aud: 'https://gw.example/mcp.evil.example' }, /"aud"/],
    ['for us and for others', { aud: [resource, 'https://upstream.example'] }, /others/],
    ['for nobody', { aud: undefined }, /"aud"/],
    ['of another issuer', { iss: 'https://evil.example' }, /"iss"/],
    ['that has expired', { exp: -120 }, /expired/],
    ['that is not yet good', { nbf: 3_600 }, /"nbf"/],
    ['that never expires', { exp: undefined }, /"exp"/],
    ['of nobody', { sub: undefined }, /"sub"/],
    ['of a subject that is too long', { sub: 'x'.repeat(301) }, /subject/],
  ];
  it.each(cases)('%s', async (_, claims, why) => {
    const { ring, make, asked } = open();
    const refused = await ring.admit(await make(claims));
    expect(say(refused)).toMatch(/^401 the access token is of no use here/);
    expect(say(refused)).toMatch(why);
    expect(refused).toMatchObject({
      challenge: expect.stringMatching(
        /^Bearer error="invalid_token", resource_metadata="https:\/\/gw\.example\/\.well-known\/oauth-protected-resource\/mcp"$/,
      ),
    });
    expect(asked).toEqual([]);
  });

  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

  it('without a signature, and with one made of the public key', async () => {
    const { ring, make } = open();
    const [, body] = (await make()).split('.');
    const none = `${encode({ alg: 'none' })}.${body}.`;
    const header = encode({ alg: 'HS256', kid: issuer.kid });
    const sum = createHmac('sha256', issuer.publicPem).update(`${header}.${body}`).digest('base64url');
    for (const token of [none, `${header}.${body}.${sum}`])
      expect(say(await ring.admit(token))).toMatch(/^401 .*(?:algorithm|form)/);
  });

  it('with a byte changed, wherever', async () => {
    const { ring, make } = open();
    const token = await make();
    for (const part of [0, 1, 2]) {
      const parts = token.split('.');
      const text = parts[part] ?? '';
      parts[part] = `${text.slice(0, 5)}${text.charAt(5) === 'A' ? 'B' : 'A'}${text.slice(6)}`;
      expect(say(await ring.admit(parts.join('.')))).toMatch(/^401/);
    }
  });

  it('of a key that its issuer does not have, and the issuer is not asked again and again', async () => {
    const { ring, clock } = open();
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const foreign = await importPKCS8(
      privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      'RS256',
    );
    const before = issuer.asked.filter((path) => path === '/jwks').length;
    for (let turn = 0; turn < 20; turn += 1) {
      const token = await new SignJWT({ turn })
        .setProtectedHeader({ alg: 'RS256', kid: `unknown-${turn}` })
        .setSubject('ann')
        .setIssuer(issuer.url)
        .setAudience(resource)
        .setExpirationTime(Math.floor(clock.now() / 1_000) + 60)
        .sign(foreign);
      expect(say(await ring.admit(token))).toMatch(/^401 .*its key is not one of its issuer/);
    }
    expect(issuer.asked.filter((path) => path === '/jwks').length - before).toBeLessThanOrEqual(2);
  });

  it('too long, without being looked at', async () => {
    const { ring } = open();
    expect(ring.admit(`a.${'b'.repeat(9_000)}.c`)).toMatchObject({ status: 401 });
  });

  it('without the scopes that all must have, with a challenge that names them', async () => {
    const { ring, make } = open({ requiredScopes: ['tool:call', 'sop:read'] });
    const refused = await ring.admit(await make());
    expect(refused).toMatchObject({
      status: 403,
      code: 'permission_denied',
      challenge: expect.stringContaining('error="insufficient_scope"'),
    });
    expect(refused).toMatchObject({ challenge: expect.stringContaining('scope="tool:call sop:read"') });
  });
});

describe('while things change', () => {
  it('an agent that was shut out is refused at once where it is heard of', async () => {
    const { ring, make, known } = open();
    const token = await make();
    await ring.admit(token);
    known.splice(0, 1, { subject: 'ann', namespace: 'acme', agent: 'builder', isEnded: true });
    ring.forgetAll();
    expect(say(await ring.admit(token))).toMatch(/^401/);
  });

  it('a token that was good is refused when its time is over', async () => {
    const { ring, make, clock } = open();
    const token = await make({ exp: 60 });
    expect(say(await ring.admit(token))).toBe('builder@acme');
    await clock.advance(60_000 + 31_000);
    expect(say(await ring.admit(token))).toMatch(/expired/);
  });

  it('an issuer that cannot be reached is not the caller’s fault', async () => {
    const gone = await startIssuer();
    const clock = createSimulatedClock();
    const token = await gone.sign({ sub: 'ann', aud: resource }, clock.now());
    await gone.close();
    const ring = new TokenRing({
      clock,
      settings: {
        issuer: gone.url,
        audience: [resource],
        resource,
        algorithms: ['RS256'],
        requiredScopes: [],
      },
      find: async () => [],
    });
    expect(await ring.admit(token)).toMatchObject({ status: 503, code: 'upstream_unavailable' });
  });
});
