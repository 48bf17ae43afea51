/**
 * Newline framing of a child's output. One line is one message; a line beyond the maximum is never held in memory: it
 * is skipped, and only its beginning and end are reported.
 */

export interface LineEvents {
  readonly onLine: (line: string) => void;
  readonly onOversize: (head: string, tail: string) => void;
}

const newline = 0x0a;
/** How much of an oversized line is kept at each end: enough to find whose answer it was. */
const endBytes = 256;

/** Cuts chunks of bytes into lines. */
export class LineReader {
  #bytesMax: number;
  #events: LineEvents;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #skipped: { head: string; tail: Buffer } | undefined;

  constructor(bytesMax: number, events: LineEvents) {
    this.#bytesMax = bytesMax;
    this.#events = events;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      this.#hold(chunk.subarray(start, end));
      this.#endLine();
      start = end + 1;
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start));
  }

  #hold(part: Buffer): void {
    if (this.#skipped !== undefined) {
      this.#skipped.tail = Buffer.concat([this.#skipped.tail, part.subarray(-endBytes)]).subarray(-endBytes);
      return;
    }
    this.#held.push(part);
    this.#heldBytes += part.length;
    if (this.#heldBytes <= this.#bytesMax) return;
    const all = Buffer.concat(this.#held, this.#heldBytes);
    this.#skipped = { head: all.toString('utf8', 0, endBytes), tail: Buffer.from(all.subarray(-endBytes)) };
    this.#held = [];
    this.#heldBytes = 0;
  }

  #endLine(): void {
    const skipped = this.#skipped;
    if (skipped !== undefined) {
      this.#skipped = undefined;
      this.#events.onOversize(skipped.head, skipped.tail.toString('utf8'));
      return;
    }
    const [first] = this.#held;
    const line =
      this.#held.length === 1 && first !== undefined ? first : Buffer.concat(this.#held, this.#heldBytes);
    this.#held = [];
    this.#heldBytes = 0;
    this.#events.onLine(line.toString('utf8'));
  }
}
