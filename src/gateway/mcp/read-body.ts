/**
 * Reads a request's body into memory, never more than a named maximum, and only while there is room for it. What is
 * larger is not read to its end: the answer closes the connection instead.
 */
import type { IncomingMessage } from 'node:http';

export type Body =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly why: 'too_large' | 'no_room' | 'broken_off' };

/** The whole body, or why it could not be had. `take` asks for room for what has come; announcing much holds none. */
export function readBody(
  req: IncomingMessage,
  bytesMax: number,
  take: (bytes: number) => boolean = () => true,
): Promise<Body> {
  // Its end is past, and nothing would tell of it any more.
  if (req.destroyed) return Promise.resolve({ ok: false, why: 'broken_off' });
  if (Number(req.headers['content-length'] ?? 0) > bytesMax) {
    return Promise.resolve({ ok: false, why: 'too_large' });
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
      req.pause();
      settle({ ok: false, why: isTooLarge ? 'too_large' : 'no_room' });
    };
    const end = () => {
      const [only] = chunks;
      settle({ ok: true, bytes: chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks) });
    };
    const broken = () => settle({ ok: false, why: 'broken_off' });
    req.on('data', keep).on('end', end).on('error', broken).on('close', broken);
  });
}
