import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AdmissionRequest, createDoor, type DoorOptions } from '../../../src/access/access.ts';

const token = 'drey-0123456789abcdef';
const open = (options: Partial<DoorOptions> = {}): ((request: AdmissionRequest) => unknown) => {
  const door = createDoor({
    requireToken: false,
    token,
    loopback: true,
    allowedHosts: [],
    allowedOrigins: [],
    port: 7333,
    ...options,
  });
  return (request) => {
    const admission = door.admit(request);
    if (admission instanceof Promise) throw new Error('nobody here needs to be waited for');
    return admission.ok ? admission.principal.local : admission.status;
  };
};
const here = { host: 'localhost:7333', remoteAddress: '127.0.0.1' };

describe('the door on loopback', () => {
  it('lets the local principal in and lets it name namespaces', () => {
    const door = createDoor({
      requireToken: false,
      token,
      loopback: true,
      allowedHosts: [],
      allowedOrigins: [],
      port: 7333,
    });
    expect(door.admit(here)).toEqual({
      ok: true,
      principal: {
        id: 'local',
        namespace: 'default',
        local: true,
        mayNameNamespaces: true,
        scopes: expect.arrayContaining(['sop:activate']),
      },
    });
  });

  it.each(['localhost:7333', '127.0.0.1:7333', '[::1]:7333', 'LOCALHOST:7333'])(
    'knows its own Host %s',
    (host) => {
      expect(open()({ ...here, host })).toBe(true);
    },
  );

  it.each([
    undefined,
    '',
    'evil.example',
    'evil.example:7333',
    'localhost.evil.com:7333',
    'localhost',
    'localhost:7334',
    'localhost:7333.evil.com',
    'localhost:7333@evil.com',
    '127.0.0.1.nip.io:7333',
    '0.0.0.0:7333',
    '2130706433:7333',
    ' localhost:7333',
  ])('refuses the Host %s, even with the token', (host) => {
    expect(open()({ ...here, host })).toBe(403);
    expect(open()({ ...here, host, authorization: `Bearer ${token}` })).toBe(403);
  });

  it.each(['http://localhost:7333', 'http://127.0.0.1:7333', 'http://[::1]:7333'])(
    'knows its own Origin %s',
    (origin) => {
      expect(open()({ ...here, origin })).toBe(true);
    },
  );

  it.each([
    'null',
    '',
    'https://evil.example',
    'http://localhost.evil.com',
    'http://localhost.evil.com:7333',
    'http://localhost',
    'http://localhost:7334',
    'http://localhost:73333',
    'https://localhost:7333',
    'http://localhost:7333.evil.com',
    'http://localhost:7333@evil.com',
    'http://evil.com#localhost:7333',
    'file://',
    'http://localhost:7333, http://evil.com',
  ])('refuses the Origin %s', (origin) => {
    expect(open()({ ...here, origin })).toBe(403);
    expect(open()({ ...here, origin, authorization: `Bearer ${token}` })).toBe(403);
  });

  it('takes the listed hosts and origins besides', () => {
    const admit = open({ allowedHosts: ['Drey.example'], allowedOrigins: ['https://drey.example'] });
    expect(admit({ ...here, host: 'drey.example', origin: 'https://drey.example' })).toBe(true);
    expect(admit({ ...here, host: 'drey.example.evil.com' })).toBe(403);
  });

  it('asks for the token when told to, and when the caller is not on this machine', () => {
    expect(open({ requireToken: true })(here)).toBe(401);
    expect(open({ requireToken: true })({ ...here, authorization: `Bearer ${token}` })).toBe(true);
    expect(open()({ ...here, remoteAddress: '192.168.1.20' })).toBe(401);
    expect(open()({ ...here, remoteAddress: '::ffff:127.0.0.1' })).toBe(true);
  });

  it('never takes a wrong Authorization for none', () => {
    for (const authorization of [
      '',
      'Bearer',
      'Bearer ',
      'Bearer wrong',
      `Basic ${token}`,
      token,
      `Bearer ${token}x`,
      `Bearer ${token} x`,
    ]) {
      expect(open()({ ...here, authorization })).toBe(401);
    }
    expect(open({ token: undefined })({ ...here, authorization: 'Bearer undefined' })).toBe(401);
    expect(open({ token: '' })({ ...here, authorization: 'Bearer ' })).toBe(401);
  });

  it('lets nobody in by guessing', () => {
    fc.assert(
      fc.property(fc.string(), (guess) => {
        fc.pre(guess !== token);
        expect(open({ requireToken: true })({ ...here, authorization: `Bearer ${guess}` })).toBe(401);
      }),
    );
  });
});

describe('the door on another address', () => {
  it('always asks for the token', () => {
    const admit = open({ loopback: false });
    const there = { host: 'drey.example:7333', remoteAddress: '192.168.1.20' };
    expect(admit(there)).toBe(401);
    expect(admit({ ...there, remoteAddress: '127.0.0.1' })).toBe(401);
    expect(admit({ ...there, authorization: `bearer ${token}` })).toBe(false);
  });
});
