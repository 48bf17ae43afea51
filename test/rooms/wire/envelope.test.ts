import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../machines/words/limits.ts';
import { encodeEvent, parseEvent, readCommand, readEvent } from '../../../src/wire/wire.ts';
import { encodeDeadLetter } from '../../../src/wire/envelope.ts';
import { toTestEvent } from './events.ts';

const bytes = (value: unknown): Uint8Array =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

describe('an envelope', () => {
  it('is one line that reads back as the same event', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 500 }), (reason) => {
        const event = { ...toTestEvent(1), data: { reason } };
        const line = encodeEvent(event);
        expect(Buffer.from(line).includes('\n')).toBe(false);
        expect(parseEvent(line)).toEqual(event);
      }),
    );
  });

  it.each([
    ['malformed', 'no json'],
    ['malformed', '[]'],
    ['malformed', 'null'],
    ['unknown_version', { ...toTestEvent(1), version: 2 }],
    ['unknown_version', {}],
    ['unknown_type', { ...toTestEvent(1), type: 'memory.exploded' }],
    ['unknown_type', { ...toTestEvent(1), type: 'toString' }],
    ['refused_type', { ...toTestEvent(1), type: 'xstate.init' }],
    ['invalid', { ...toTestEvent(1), type: 7 }],
    ['invalid', { ...toTestEvent(1), data: { reason: 7 } }],
    ['invalid', { ...toTestEvent(1), namespace: 'a.b' }],
    ['invalid', { ...toTestEvent(1), id: 'with a blank' }],
    ['invalid', { ...toTestEvent(1), at: 'yesterday' }],
    ['too_large', `{"a":"${'x'.repeat(limits.envelopeBytesMax)}"}`],
  ])('that is %s is parked with the reason', (code, message) => {
    const parsed = readEvent(bytes(message));
    expect(parsed).toEqual({ parked: true, code, reason: expect.stringMatching(/./) });
    expect(() => parseEvent(bytes(message))).toThrow(expect.objectContaining({ code: 'envelope_invalid' }));
  });

  it('is not made of what a reader would refuse', () => {
    const refused = expect.objectContaining({ code: 'envelope_invalid' });
    expect(() =>
      encodeEvent({ ...toTestEvent(1), data: { reason: 'x'.repeat(limits.envelopeBytesMax) } }),
    ).toThrow(refused);
    // A type from outside of the vocabulary, as an untyped caller might send it.
    expect(() => encodeEvent({ ...toTestEvent(1), type: 'xstate.stop' as 'memory.forgotten' })).toThrow(
      refused,
    );
  });

  it('never makes its reader throw', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((json) => bytes(json)),
        ),
        (message) => {
          expect(readEvent(message).parked).toBe(true);
          expect(readCommand(message).parked).toBe(true);
        },
      ),
    );
  });
});

describe('a dead letter', () => {
  it('fits into a message, whatever the body', () => {
    const letter = {
      reason: 'r',
      code: 'c',
      stream: 'S',
      sequence: 1,
      subject: 's',
      by: 'b',
      attempts: 1,
      at: '2026-01-02T03:04:05.678Z',
    };
    for (const body of ['"', '\u0001', 'ü', 'x']) {
      expect(encodeDeadLetter(letter, bytes(body.repeat(limits.envelopeBytesMax))).length).toBeLessThan(
        1_000_000,
      );
    }
  });
});
