/** What opening the wire promises: it stands when it is handed out, unless the bus was away for as long as was allowed. */
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { openWire, type Wire } from '../../../src/wire/wire.ts';
import { quietLog } from '../../support/quiet-log.ts';

const left: (() => Promise<unknown>)[] = [];
let worlds = 0;

afterEach(async () => {
  for (const leave of left.splice(0).toReversed()) await leave();
});

async function open(url: string, openMs = 5_000): Promise<Wire> {
  const prefix = `O${process.pid}X${(worlds += 1)}`;
  const wire = await openWire({ url, name: 'test', log: quietLog, now: () => Date.now(), prefix, openMs });
  left.push(async () => wire.close());
  return wire;
}

/** A way to the server that treats its first guests as told, one after the other; who comes later gets through. */
async function badWay(...treatments: ((guest: Socket, server: Socket) => void)[]): Promise<string> {
  const { hostname, port, username } = new URL(inject('natsUrl'));
  const sockets = new Set<Socket>();
  const way = createServer((guest) => {
    const server = connect({ host: hostname, port: Number(port) });
    for (const one of [guest, server]) {
      sockets.add(one);
      one.on('error', () => undefined);
    }
    guest.on('close', () => server.destroy());
    server.on('close', () => guest.destroy());
    treatments.shift()?.(guest, server);
    guest.pipe(server);
    server.pipe(guest);
  });
  await new Promise<void>((resolve) => way.listen(0, '127.0.0.1', resolve));
  left.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => way.close(resolve));
  });
  const address = way.address();
  return `nats://${username}@127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

describe('opening the wire', () => {
  it('gives out one that stands although this process stood still meanwhile', async () => {
    const openMs = 1_500;
    const opening = open(inject('natsUrl'), openMs);
    const end = performance.now() + openMs * 1.5;
    while (performance.now() < end);
    expect((await opening).status).toBe('connected');
  });

  it('gives out one that stands although the line broke while the streams were looked at', async () => {
    let isBroken = false;
    const sendAway = (guest: Socket): void => void guest.destroy();
    const breakOff = (guest: Socket): void =>
      void guest.on('data', (chunk: Buffer) => {
        if (!chunk.includes('STREAM.INFO')) return;
        isBroken = true;
        guest.destroy();
      });
    const url = await badWay(breakOff, sendAway, sendAway, sendAway);
    expect((await open(url)).status).toBe('connected');
    expect(isBroken).toBe(true);
  });

  it('tries again where the server had no patience for the login', async () => {
    const url = await badWay((guest, server) => {
      guest.once('data', () => {
        server.unpipe(guest);
        guest.end("-ERR 'Authentication Timeout'\r\n");
      });
    });
    expect((await open(url)).status).toBe('connected');
  });
});
