/**
 * Reads a request's body into memory, never more than a named maximum. What is larger is not read to its end: the
 * answer closes the connection instead.
 */
import type { IncomingMessage } from 'node:http';

export type Body =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly why: 'too_large' | 'broken_off' };

/** The whole body, or why it could not be had. */
export function readBody(req: IncomingMessage, bytesMax: number): Promise<Body> {
  if (Number(req.headers['content-length'] ?? 0) > bytesMax) {
    return Promise.resolve({ ok: false, why: 'too_large' });
  }
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (body: Body) => {
      req.off('data', take).off('end', end).off('error', broken).off('close', broken);
      resolve(body);
    };
    const take = (chunk: Buffer) => {
      size += chunk.length;
      if (size > bytesMax) {
        req.pause();
        settle({ ok: false, why: 'too_large' });
        return;
      }
      chunks.push(chunk);
    };
    const end = () => {
      const [only] = chunks;
      settle({ ok: true, bytes: chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks) });
    };
    const broken = () => settle({ ok: false, why: 'broken_off' });
    req.on('data', take).on('end', end).on('error', broken).on('close', broken);
  });
}
