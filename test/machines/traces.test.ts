/** The line that carries a trace: what is read, what is ignored, and that writing and reading agree. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTraceparent, toTraceparent } from '../../machines/words/traces.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

describe('a traceparent', () => {
  it.each([
    [`00-${traceId}-${spanId}-01`, { traceId, spanId, flags: 1 }],
    [`00-${traceId}-${spanId}-00`, { traceId, spanId, flags: 0 }],
    // A later version may say more; what is known of it counts.
    [`01-${traceId}-${spanId}-03-more`, { traceId, spanId, flags: 3 }],
    [`00-${traceId}-${spanId}-01-more`, undefined],
    [`ff-${traceId}-${spanId}-01`, undefined],
    [`00-${'0'.repeat(32)}-${spanId}-01`, undefined],
    [`00-${traceId}-${'0'.repeat(16)}-01`, undefined],
    [`00-${traceId.toUpperCase()}-${spanId}-01`, undefined],
    [`01-${traceId}-${spanId}-01-${'x'.repeat(100)}`, undefined],
    [`00-${traceId}-${spanId}`, undefined],
    ['', undefined],
    [undefined, undefined],
    [7, undefined],
  ])('%s', (text, read) => {
    expect(parseTraceparent(text)).toEqual(read);
  });

  it('is read as it was written', () => {
    const hex = (length: number) =>
      fc
        .array(fc.integer({ min: 0, max: 15 }), { minLength: length, maxLength: length })
        .map((digits) => digits.map((digit) => digit.toString(16)).join(''))
        .filter((text) => !/^0+$/.test(text));
    fc.assert(
      fc.property(
        fc.record({ traceId: hex(32), spanId: hex(16), flags: fc.integer({ min: 0, max: 255 }) }),
        (context) => {
          expect(parseTraceparent(toTraceparent(context))).toEqual(context);
        },
      ),
    );
  });
});
