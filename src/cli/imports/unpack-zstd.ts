/**
 * Unpacks zstd as it comes in. Node's own zlib knows zstd only from 22.15 on, and its types there are not those of
 * Node 20: one decoder in JavaScript serves every version. A small packed file may stand for a huge one, so it is fed
 * in slices whose worst case fits into memory.
 */
import { Decompress } from 'fzstd';

/** One byte of zstd stands for 128 KiB at worst in blocks of four bytes: some 32 MB for a slice of nothing else. */
const sliceBytes = 1_024;

/** The unpacked bytes; fails with the code `ZSTD_SHORT` or `ZSTD_DAMAGED`. */
export async function* unpackZstd(
  packed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let unpacked: Uint8Array[] = [];
  const decompress = new Decompress((chunk) => unpacked.push(chunk));
  const push = (slice: Uint8Array, isLast: boolean): Uint8Array[] => {
    unpacked = [];
    try {
      decompress.push(slice, isLast);
    } catch (cause) {
      throw Object.assign(new Error('zstd', { cause }), { code: isLast ? 'ZSTD_SHORT' : 'ZSTD_DAMAGED' });
    }
    return unpacked;
  };
  for await (const chunk of packed) {
    for (let from = 0; from < chunk.length; from += sliceBytes) {
      // Copied: the decoder keeps what it could not use yet.
      yield* push(chunk.slice(from, from + sliceBytes), false);
    }
  }
  yield* push(new Uint8Array(), true);
}
