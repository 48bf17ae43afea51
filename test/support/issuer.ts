/** The part of an authorization server that a resource server meets: metadata, keys, and tokens signed with them. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, exportJWK } from 'jose';

export interface Issuer {
  readonly url: string;
  readonly kid: string;
  readonly publicPem: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  /** Signs; `exp` and `nbf` are seconds from then, `exp` an hour unless stated, and undefined leaves a claim out. */
  sign(claims: Readonly<Record<string, unknown>>, nowMs?: number): Promise<string>;
  close(): Promise<void>;
}

/** Starts one on a free port of loopback. */
export async function startIssuer(): Promise<Issuer> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const kid = randomBytes(8).toString('hex');
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' };
  const asked: string[] = [];
  const server = createServer((req, res) => {
    const path = req.url ?? '';
    asked.push(path);
    const documents: Readonly<Record<string, object>> = {
      '/.well-known/oauth-authorization-server': { issuer: url, jwks_uri: `${url}/jwks` },
      '/jwks': { keys: [jwk] },
    };
    const document = documents[path];
    res.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    res.end(JSON.stringify(document ?? {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    kid,
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    asked,
    sign: (claims, nowMs = Date.now()) => {
      const now = Math.floor(nowMs / 1_000);
      const all: Readonly<Record<string, unknown>> = { iss: url, exp: 3_600, ...claims };
      const { exp, nbf, ...rest } = all;
      const times = {
        ...(typeof exp === 'number' ? { exp: now + exp } : {}),
        ...(typeof nbf === 'number' ? { nbf: now + nbf } : {}),
      };
      const given = Object.entries({ ...rest, ...times }).filter(([, value]) => value !== undefined);
      return new SignJWT(Object.fromEntries(given))
        .setProtectedHeader({ alg: 'RS256', kid })
        .sign(privateKey);
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await Promise.resolve();
    },
  };
}
