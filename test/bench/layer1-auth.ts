/**
 * What admission costs: a key and an access token that were shown a moment ago, and the node's own user, in microseconds.
 * The first showing of each is timed beside it; questions go to a map, so that no database is part of the figure.
 */
import { randomBytes } from 'node:crypto';
import { KeyRing, TokenRing, createDoor, makeKey } from '../../src/access/access.ts';
import type { AdmissionRequest, Door, KeyRecord } from '../../src/access/access.ts';
import { createClock } from '../../src/node/clock.ts';
import { startIssuer } from '../support/issuer.ts';

export interface AdmissionFigure {
  readonly p50Us: number;
  readonly p95Us: number;
  readonly firstUs: number;
}

export interface AuthFigures {
  readonly local: AdmissionFigure;
  readonly key: AdmissionFigure;
  readonly token: AdmissionFigure;
}

const audience = 'https://gw.example/mcp';
const here = { host: 'localhost:7333', remoteAddress: '127.0.0.1' };

/** Measures so many admissions of each kind, spread over so many keys. */
export async function measureAuth({ rounds = 20_000, keys = 1_000 } = {}): Promise<AuthFigures> {
  const clock = createClock();
  const issuer = await startIssuer();
  const records = new Map<string, KeyRecord>();
  const texts = Array.from({ length: keys }, () => {
    const { keyId, digest, text } = makeKey(() => randomBytes(16));
    const usual = { namespace: 'acme', agent: 'bench', scopes: [], expiresAtMs: undefined, isEnded: false };
    records.set(keyId, { keyId, digest, ...usual });
    return text;
  });
  const ring = new KeyRing({ clock, find: async (ids) => ids.flatMap((id) => records.get(id) ?? []) });
  const tokens = new TokenRing({
    clock,
    settings: {
      issuer: issuer.url,
      audience: [audience],
      resource: audience,
      algorithms: ['RS256'],
      requiredScopes: [],
    },
    find: async (subjects) =>
      subjects.map((subject) => ({ subject, namespace: 'acme', agent: 'bench', isEnded: false })),
  });
  const door = createDoor({
    requireToken: false,
    token: undefined,
    loopback: true,
    allowedHosts: [],
    allowedOrigins: [],
    port: 7333,
    keys: ring,
    tokens,
  });
  try {
    const token = await issuer.sign({ sub: 'bench', aud: audience, scope: 'tool:call' });
    return {
      local: await measure(door, [here], rounds),
      key: await measure(
        door,
        texts.map((text) => ({ ...here, authorization: `Bearer ${text}` })),
        rounds,
      ),
      token: await measure(door, [{ ...here, authorization: `Bearer ${token}` }], rounds),
    };
  } finally {
    ring.close();
    tokens.close();
    await issuer.close();
  }
}

async function measure(
  door: Door,
  requests: readonly AdmissionRequest[],
  rounds: number,
): Promise<AdmissionFigure> {
  const [first] = requests;
  if (first === undefined) throw new Error('nothing to measure');
  const begun = performance.now();
  await admit(door, first);
  const firstUs = (performance.now() - begun) * 1_000;
  await Promise.all(requests.map((request) => admit(door, request)));
  const times = new Float64Array(rounds);
  for (let round = 0; round < rounds; round += 1) {
    const request = requests[round % requests.length] ?? first;
    const from = performance.now();
    const admission = door.admit(request);
    if (admission instanceof Promise) await admission;
    times[round] = performance.now() - from;
  }
  times.sort();
  const at = (share: number): number => Math.round((times[Math.floor(rounds * share)] ?? 0) * 100_000) / 100;
  return { p50Us: at(0.5), p95Us: at(0.95), firstUs: Math.round(firstUs * 100) / 100 };
}

async function admit(door: Door, request: AdmissionRequest): Promise<void> {
  const admission = await door.admit(request);
  if (!admission.ok) throw new Error(`was not admitted: ${admission.sentence}`);
}
