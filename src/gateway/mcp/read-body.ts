/**
 * Reads a request's body into memory, never more than a named maximum, and only while there is room for it. What is
 * larger is thrown away for a while before it is refused: a client that is cut off while it still sends hears of a reset
 * connection, not of the answer. What goes on beyond that is not read to its end; the answer closes the connection.
 */
import type { IncomingMessage } from 'node:http';

export type Body =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly why: 'too_large' | 'no_room' | 'broken_off' };

/** What is refused is read on for so many bytes and so long. */
const wastedBytesMax = 16 * 1024 * 1024;
const wastedMsMax = 2_000;

/** The whole body, or why it could not be had. `take` asks for room for what has come; announcing much holds none. */
export function readBody(
  req: IncomingMessage,
  bytesMax: number,
  take: (bytes: number) => boolean = () => true,
): Promise<Body> {
  // Its end is past, and nothing would tell of it any more.
  if (req.destroyed) return Promise.resolve({ ok: false, why: 'broken_off' });
  if (Number(req.headers['content-length'] ?? 0) > bytesMax) {
    return waste(req).then(() => ({ ok: false, why: 'too_large' }));
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (body: Body) => {
      req.off('data', keep).off('end', end).off('error', broken).off('close', broken);
      resolve(body);
    };
    const keep = (chunk: Buffer) => {
      size += chunk.length;
      const isTooLarge = size > bytesMax;
      if (!isTooLarge && take(chunk.length)) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      req.off('data', keep).off('end', end).off('error', broken).off('close', broken);
      void waste(req).then(() => resolve({ ok: false, why: isTooLarge ? 'too_large' : 'no_room' }));
    };
    const end = () => {
      const [only] = chunks;
      settle({ ok: true, bytes: chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks) });
    };
    const broken = () => settle({ ok: false, why: 'broken_off' });
    req.on('data', keep).on('end', end).on('error', broken).on('close', broken);
  });
}

/** Reads on and keeps nothing; at once where more is announced than would be read. */
function waste(req: IncomingMessage): Promise<void> {
  if (Number(req.headers['content-length'] ?? 0) > wastedBytesMax) return Promise.resolve();
  return new Promise((resolve) => {
    let left = wastedBytesMax;
    const count = (chunk: Buffer): void => {
      left -= chunk.length;
      if (left < 0) stop();
    };
    const stop = (): void => {
      clearTimeout(timer);
      req.off('data', count).off('end', stop).off('error', stop).off('close', stop).pause();
      resolve();
    };
    const timer = setTimeout(stop, wastedMsMax);
    req.on('data', count).on('end', stop).on('error', stop).on('close', stop);
  });
}
