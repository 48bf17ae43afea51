/** A port that leads to the database: it can be cut and mended, and it counts what is asked. It changes nothing. */
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

export interface DatabaseWire {
  readonly url: string;
  /** Statements that were asked since it was opened. */
  statements(): number;
  /** Ends every connection and takes no more. */
  cut(): Promise<void>;
  /** Takes connections again. */
  mend(): Promise<void>;
  close(): Promise<void>;
}

/** A port that leads to the database. */
export async function openDatabaseWire(to: string): Promise<DatabaseWire> {
  const { hostname, port } = new URL(to);
  const sockets = new Set<Socket>();
  let asked = 0;
  const hold = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  };
  const server: Server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) hold(socket);
    near.on(
      'data',
      createCounter(() => (asked += 1)),
    );
    near.pipe(far).pipe(near);
    near.once('close', () => far.destroy());
    far.once('close', () => near.destroy());
  });
  const listen = (on: number): Promise<void> =>
    new Promise((resolve) => server.listen(on, '127.0.0.1', resolve));
  await listen(0);
  const { port: own } = server.address() as AddressInfo;
  const cut = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const url = new URL(to);
  url.hostname = '127.0.0.1';
  url.port = String(own);
  return {
    url: url.href,
    statements: () => asked,
    cut,
    mend: () => listen(own),
    close: () => (server.listening ? cut() : Promise.resolve()),
  };
}

/** Hears of each simple query and each executed statement in what a client sends (PostgreSQL's protocol, version 3). */
function createCounter(hear: () => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  let isBegun = false;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      // The first message has a length and no type.
      const at = isBegun ? 1 : 0;
      if (rest.length < at + 4) return;
      const size = at + rest.readUInt32BE(at);
      if (rest.length < size) return;
      if (isBegun && 'QE'.includes(String.fromCharCode(rest[0] ?? 0))) hear();
      isBegun = true;
      rest = rest.subarray(size);
    }
  };
}
