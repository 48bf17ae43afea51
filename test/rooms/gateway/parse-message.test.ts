// Bytes from anybody: whatever comes is one message or one refusal, and what is taken is what was sent.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from '../../../machines/words/limits.ts';
import { parseMessage } from '../../../src/gateway/mcp/parse-message.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const refusals = new Set([-32_700, -32_600, -32_602]);

/** Messages as clients send them. */
const message = fc.record(
  {
    jsonrpc: fc.constant('2.0'),
    id: fc.oneof(fc.maxSafeInteger(), fc.string({ maxLength: limits.requestIdMax, unit: 'grapheme' })),
    method: fc.constantFrom('tools/call', 'tools/list', 'ping', 'notifications/cancelled'),
    params: fc.record({ name: fc.string(), arguments: fc.dictionary(fc.string(), fc.jsonValue()) }),
  },
  { requiredKeys: ['jsonrpc', 'method'] },
);

describe('a message', () => {
  it('is taken as it was sent', () => {
    fc.assert(
      fc.property(message, (sent) => {
        const text = JSON.stringify(sent);
        expect(parseMessage(bytes(text))).toEqual({ ok: true, text, body: JSON.parse(text) });
      }),
    );
  });

  it('that somebody damaged is another message or a refusal, and never breaks anything', () => {
    const damage = fc.record({ at: fc.nat(), byte: fc.nat(255), what: fc.nat(3) });
    fc.assert(
      fc.property(message, fc.array(damage, { minLength: 1, maxLength: 4 }), (sent, damages) => {
        let damaged = [...bytes(JSON.stringify(sent))];
        for (const { at, byte, what } of damages) {
          const place = at % Math.max(1, damaged.length);
          if (what === 0) damaged.splice(place, 1);
          else if (what === 1) damaged.splice(place, 0, byte);
          else if (what === 2) damaged[place] = byte;
          else damaged = [...damaged, ...damaged.slice(place)];
        }
        const parsed = parseMessage(Uint8Array.from(damaged));
        if (parsed.ok) expect(JSON.parse(parsed.text)).toEqual(parsed.body);
        else expect(refusals).toContain(parsed.code);
      }),
      { numRuns: 500 },
    );
  });

  it('of any bytes at all is a refusal or an object', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (given) => {
        const parsed = parseMessage(given);
        expect(parsed.ok ? typeof parsed.body : refusals.has(parsed.code)).toBe(parsed.ok ? 'object' : true);
      }),
    );
  });

  it('that names a key twice is refused at any depth, however the key is written', () => {
    const key = fc.string({ minLength: 1, maxLength: 5 });
    const escaped = (name: string): string =>
      `"${[...name].map((one) => (one.length === 1 ? `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}` : one)).join('')}"`;
    fc.assert(
      fc.property(key, fc.nat(limits.messageDepthMax - 2), fc.boolean(), (name, depth, disguised) => {
        const twice = `{${JSON.stringify(name)}:1,${disguised ? escaped(name) : JSON.stringify(name)}:2}`;
        const text = `{"a":${'['.repeat(depth)}${twice}${']'.repeat(depth)}}`;
        expect(parseMessage(bytes(text))).toMatchObject({ ok: false, code: -32_600 });
      }),
    );
  });
});
