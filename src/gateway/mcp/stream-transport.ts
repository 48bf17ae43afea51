/**
 * The two ends of one byte stream: lines in, frames out. Frames are written whole and in order; input waits while the
 * other side does not read, so that nothing piles up here.
 */
import type { Readable, Writable } from 'node:stream';
import { limits } from '../../../machines/words/limits.ts';
import { notificationBytesMax } from './http-answer.ts';
import { createLineCutter } from './lines.ts';

export interface StreamWires {
  onLine(line: Buffer): void;
  /** The other side will send nothing more. */
  onEnd(): void;
  /** The stream is gone in both directions. */
  onGone(): void;
  /** A line was longer than a message may be: the stream cannot be read any further. */
  onTooLong(): void;
}

export interface FrameStream {
  write(frame: string): void;
  /** Writes unless the other side is far behind. */
  writeIfRoom(frame: string): boolean;
  end(): void;
}

/** Reads lines off `input` and writes frames to `output`. */
export function openFrameStream(input: Readable, output: Writable, wires: StreamWires): FrameStream {
  const cutter = createLineCutter(limits.messageBytesMax);
  let ended = false;
  const take = (chunk: Buffer | string) => {
    const lines = cutter.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    if (lines === undefined) {
      stop();
      wires.onTooLong();
      return;
    }
    for (const line of lines) wires.onLine(line);
    if (output.writableNeedDrain) {
      input.pause();
      output.once('drain', () => input.resume());
    }
  };
  const stop = () => {
    input.off('data', take);
    input.resume(); // what still comes is thrown away
  };
  const end = () => {
    if (ended) return;
    ended = true;
    wires.onEnd();
  };
  const gone = () => {
    ended = true;
    wires.onGone();
  };
  input.on('data', take).on('end', end).on('error', gone).on('close', end);
  output.on('error', gone).on('close', gone);
  const write = (frame: string) => {
    if (output.destroyed || output.writableEnded) return;
    // White space only: inside of JSON strings line breaks are escaped.
    const line = frame.includes('\n') || frame.includes('\r') ? frame.replace(/[\r\n]+/g, ' ') : frame;
    output.write(`${line}\n`);
  };
  return {
    write,
    writeIfRoom: (frame) => {
      if (output.writableLength > notificationBytesMax) return false;
      write(frame);
      return true;
    },
    end: () => {
      if (!output.writableEnded && !output.destroyed) output.end();
    },
  };
}
