/**
 * Newline-delimited messages on a byte stream: cuts lines out of chunks without copying more than it must, and never
 * holds more than one message of the named maximum.
 */

const newline = 0x0a;
const carriageReturn = 0x0d;

export interface LineCutter {
  /** Lines completed by this chunk, without their line ends; empty ones are skipped. `undefined` means: too long. */
  push(chunk: Buffer): readonly Buffer[] | undefined;
}

/** Makes a cutter for one stream. */
export function createLineCutter(bytesMax: number): LineCutter {
  let parts: Buffer[] = [];
  let size = 0;
  return {
    push: (chunk) => {
      const lines: Buffer[] = [];
      let start = 0;
      for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
        const tail = chunk.subarray(start, end);
        if (size + tail.length > bytesMax) return undefined;
        const line = withoutReturn(parts.length === 0 ? tail : Buffer.concat([...parts, tail]));
        if (line.length > 0) lines.push(line);
        parts = [];
        size = 0;
        start = end + 1;
      }
      const rest = chunk.subarray(start);
      size += rest.length;
      if (size > bytesMax) return undefined;
      if (rest.length > 0) parts.push(rest);
      return lines;
    },
  };
}

function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line;
}
